"""Maps of lines, applied to the rows and the columns of pictures."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["LineMap", "map_lines"]

AT_ONCE = 2**17  # numbers that are mapped at a time: they stay in the processor's cache
LEAST = 16  # lines at a time: a column's neighbours come with it anyway, 64 bytes at once

LineMap = Callable[[Tensor], Tensor]
"""From lines (..., n) to as many of the same length."""


def map_lines(rows: LineMap, columns: LineMap, x: Tensor, out: Tensor | None = None) -> Tensor:
    """Apply a map along the height and another along the width, a few lines at a time.

    Beside x and the result nothing of their size is made.

    Args:
        rows: What happens to the columns of pixels, each a line along the height.
        columns: What happens to the rows of pixels, each a line along the width.
        x: Shape (B, C, H, W).
        out: Where the result is written, of the shape of x; a new tensor unless given.

    Returns:
        Shape (B, C, H, W).
    """
    out = torch.empty_like(x, memory_format=torch.contiguous_format) if out is None else out
    _map_last_axis(columns, x, out)
    _map_last_axis(rows, out.mT, out.mT)
    return out


def _map_last_axis(line_map: LineMap, x: Tensor, out: Tensor) -> None:
    lines = max(LEAST, AT_ONCE // (math.prod(x.shape[:-2]) * x.shape[-1]))
    for first in range(0, x.shape[-2], lines):
        part = (..., slice(first, first + lines), slice(None))
        out[part] = line_map(x[part])
