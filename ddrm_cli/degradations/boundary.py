"""What a filter sees beyond the frame of a picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["BOUNDARIES", "fold_index"]

BOUNDARIES = ("reflect", "zero")


def fold_index(
    index: NDArray[np.integer[Any]], size: int, boundary: str
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Where samples beyond 0 .. size - 1 are taken from, and whether they count at all.

    ``reflect`` mirrors about the edge of the outermost pixel, which is repeated
    (``c b a | a b c``), as often as it takes; ``zero`` is dark beyond the frame.

    Args:
        index: Positions, any integers.
        size: Number of samples.
        boundary: One of `BOUNDARIES`.

    Returns:
        Positions within the samples, and True where they count.
    """
    if boundary not in BOUNDARIES:
        raise ValueError(f"boundary is one of {BOUNDARIES}, not {boundary!r}")
    inside = (index >= 0) & (index < size)
    period = index % (2 * size)
    folded = np.minimum(period, 2 * size - 1 - period).astype(np.intp)
    return folded, inside | (boundary == "reflect")
