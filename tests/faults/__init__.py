"""Faults thrown at an installed ``ddrm``; see `run`."""
