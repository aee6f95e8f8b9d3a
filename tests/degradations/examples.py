"""Any degradation of the table with what it needs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ddrm_cli.degradations.table import Degradation, get_entry

# Neither symmetric, nor square, nor an outer product.
KERNEL: NDArray[np.float64] = np.arange(1.0, 13).reshape(3, 4) ** 2
KERNEL /= KERNEL.sum()


def example(name: str, seed: int = 1) -> Degradation:
    """A degradation of a name, with a seed where it takes one and all that it needs."""
    values = {"seed": seed, "kernel": KERNEL, "blur": 5.0, "quality": 20}
    entry = get_entry(name)
    keys = {"seed"} & {*entry.takes} | {need.partition("|")[0] for need in entry.needs}
    return Degradation(name, {key: values[key] for key in keys})
