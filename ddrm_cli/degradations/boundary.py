"""What a filter sees beyond the frame of a picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["BOUNDARIES", "filter_matrix", "fold_index"]

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


def filter_matrix(
    taps: NDArray[np.float64], size: int, factor: int = 1, boundary: str = "reflect"
) -> NDArray[np.float64]:
    """One-dimensional filter that keeps one of ``factor`` samples, shape (size / factor, size).

    ``y_i = sum_j k_j x_(factor i + j - (n - factor) // 2)`` for n taps k: their middle lies on
    the middle of the i-th block of ``factor`` samples, or half a sample after it.

    Args:
        taps: k.
        size: Number of samples, which ``factor`` divides.
        factor: Length of a block.
        boundary: One of `BOUNDARIES`.
    """
    rows = np.arange(size // factor)[:, None]
    columns = factor * rows + np.arange(len(taps)) - (len(taps) - factor) // 2
    index, inside = fold_index(columns, size, boundary)
    matrix = np.zeros((size // factor, size))
    np.add.at(matrix, (np.broadcast_to(rows, index.shape), index), np.where(inside, taps, 0.0))
    return matrix
