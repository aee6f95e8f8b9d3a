"""Numbers and names as text that loses nothing, and that every file can hold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

__all__ = ["encodable", "finite_json", "short_number"]


def short_number(value: float) -> str:
    """A number in few digits where they are exact, and in full where not: numbers stay apart.

    ``0.05``, ``1`` and ``1e-05``, but ``0.05000001``.
    """
    short = f"{value:g}"
    return short if float(short) == value else repr(float(value))


def encodable(text: str) -> str:
    r"""The same text, with ``\udcXX`` written out for each byte of a name that is no UTF-8.

    A file's name may have such bytes, UTF-8 has no place for what Python makes of them.
    """
    return text.encode(errors="backslashreplace").decode()


def finite_json(value: Any) -> Any:
    """The same value with infinities and NaN as text, which JSON has no numbers for."""
    if isinstance(value, Mapping):
        return {key: finite_json(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite_json(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
