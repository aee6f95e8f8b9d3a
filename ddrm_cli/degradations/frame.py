"""From a picture to the same with a margin at the bottom and on the right, and back."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .boundary import fold_index

__all__ = ["MARGIN", "cut_frame", "mirror_frame"]

MARGIN = 3  # kernels: one that sees each edge, and one between them


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
