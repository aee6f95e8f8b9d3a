"""Missing pixels filled smoothly, from a pyramid of means: where inpainting begins."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .base import Start

__all__ = ["fill", "hole_scale", "missing_pixels"]


def fill(y: Tensor, known: Tensor) -> Tensor:
    """Fill the pixels that are not known.

    Known pixels are averaged over 2 x 2, again and again until nothing is missing; then each level
    fills the holes of the one below it, enlarged bilinearly.

    Args:
        y: Shape (B, C, H, W).
        known: Shape (H, W), True at least once.

    Returns:
        Shape (B, C, H, W), unchanged where known.
    """
    if bool(known.all()):
        return y
    weight = known.to(y)[None, None]
    share = F.avg_pool2d(weight, 2, ceil_mode=True, count_include_pad=False)
    means = F.avg_pool2d(y * weight, 2, ceil_mode=True, count_include_pad=False)
    coarser = fill(means / share.clamp_min(torch.finfo(y.dtype).tiny), share[0, 0] > 0)
    filled = torch.empty_like(y)
    for channel in range(y.shape[1]):  # one by one: torch needs twice the room of what it enlarges
        one = coarser[:, channel : channel + 1]
        smooth = F.interpolate(one, size=y.shape[2:], mode="bilinear", align_corners=False)
        torch.where(known, y[:, channel], smooth[:, 0], out=filled[:, channel])
    return filled


def hole_scale(known: Tensor) -> float:
    """Width of the holes in pixels: the side of the block in which a known pixel is found.

    The geometric mean over all missing pixels; 2 for single ones, 1 where none is missing.

    Args:
        known: Shape (H, W), True at least once.
    """
    missing = ~known
    total = int(missing.sum())
    doublings, empty = 0, missing[None, None].float()
    for level in range(known.numel()):
        if not bool(empty.any()):
            break
        # In a block of this side that is empty, the missing pixels have to look further.
        blocks = empty[0, 0].bool().repeat_interleave(2**level, 0).repeat_interleave(2**level, 1)
        doublings += int((blocks[: known.shape[0], : known.shape[1]] & missing).sum())
        means = F.avg_pool2d(empty, 2, ceil_mode=True, count_include_pad=False)
        empty = (means == 1).float()
    return float(2 ** (doublings / total)) if total else 1.0


def missing_pixels(known: Tensor) -> Start:
    """Where to begin if pixels are missing: the wider the holes, the more has to drown.

    Args:
        known: Shape (H, W), True at least once.
    """
    return Start(level=min(1.0, max(0.3, 0.3 * (hole_scale(known) / 4) ** 0.87)), steps=16)
