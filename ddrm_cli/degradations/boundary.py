"""What a filter sees beyond the frame of a picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["BOUNDARIES", "MARGIN", "cut_frame", "fold_index", "mirror_frame"]

BOUNDARIES = ("reflect", "zero")
MARGIN = 3  # kernels: one that sees each edge, and one between them


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


def mirror_frame(x: Tensor, margin: tuple[int, int]) -> Tensor:
    """Continue pictures into a margin so that a circular blur sees mirrored borders.

    The first third of the margin mirrors the picture's end, the last mirrors its beginning, where
    the wrap leads, and the middle fades from one to the other.

    Args:
        x: Shape (B, C, H, W).
        margin: Rows and columns to add, from `frame_margin`.

    Returns:
        Shape (B, C, H + rows, W + columns).
    """
    for axis, extra in zip((2, 3), margin, strict=True):
        if extra == 0:
            continue
        size, third = x.shape[axis], extra // MARGIN
        t = np.arange(extra)
        after, _ = fold_index(size + t, size, "reflect")
        before, _ = fold_index(t - extra, size, "reflect")
        fade = torch.from_numpy(((t - third + 0.5) / third).clip(0, 1)).to(x)
        end = x.index_select(axis, torch.from_numpy(after))
        beginning = x.index_select(axis, torch.from_numpy(before))
        shaped = fade[:, None] if axis == 2 else fade
        x = torch.cat([x, end + shaped * (beginning - end)], dim=axis)
    return x


def cut_frame(x: Tensor, margin: tuple[int, int]) -> Tensor:
    """The picture without its margin, shape (B, C, H + rows, W + columns) to (B, C, H, W)."""
    if margin == (0, 0):
        return x
    height, width = x.shape[-2:]
    return x[..., : height - margin[0], : width - margin[1]]
