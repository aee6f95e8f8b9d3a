"""A denoiser for pictures larger or smaller than the network takes.

The picture is covered by overlapping windows, each is denoised by itself, and the
predictions are blended with smooth weights at every step. The operator never sees the windows, so
the measurement holds across the whole picture.
"""

from __future__ import annotations

import math
from typing import Generic, TypeVar

import torch
from torch import Tensor

from ddrm_cli.errors import Notice, OutOfMemoryError, Progress, is_out_of_memory

from .ddrm import Denoise

__all__ = [
    "SMALLEST_TILE",
    "TiledDenoiser",
    "blend_weights",
    "mirror_index",
    "window_starts",
]

OVERLAP = 1 / 8  # of the window's side: what neighbours share
SMALLEST_TILE = 64  # below it a network sees too little to say anything


def window_starts(size: int, tile: int, overlap: int) -> list[int]:
    """Where windows of length ``tile`` begin, so that neighbours share at least ``overlap``.

    The first begins at 0, the last ends at ``size``, and they are spread evenly.

    Args:
        size: Length to cover, at least ``tile``.
        tile: Length of a window.
        overlap: Less than ``tile``.
    """
    count = 1 + math.ceil((size - tile) / (tile - overlap))
    return [round(i * (size - tile) / max(1, count - 1)) for i in range(count)]


def blend_weights(start: int, size: int, tile: int, overlap: int) -> Tensor:
    """Weight of each sample of one window: one inside, a raised cosine towards its neighbours.

    Towards the frame of the picture there is no neighbour and the weight stays one.
    All are positive.

    Returns:
        Shape (tile,), float32.
    """
    weights = torch.ones(tile)
    ramp = torch.sin(math.pi / 2 * (torch.arange(overlap) + 0.5) / overlap) ** 2
    if start > 0:
        weights[:overlap] *= ramp
    if start + tile < size:
        weights[tile - overlap :] *= ramp.flip(0)
    return weights


def mirror_index(size: int, padded: int) -> Tensor:
    """Indices that continue ``size`` samples to ``padded`` by mirroring, as often as it takes."""
    period = torch.arange(padded) % (2 * size)
    return torch.minimum(period, 2 * size - 1 - period)


_Denoise = TypeVar("_Denoise", bound=Denoise)


class TiledDenoiser(Generic[_Denoise]):
    """Denoiser for any size, from one that takes windows.

    Sides shorter than a window are continued by mirroring to the next multiple of ``multiple``, at
    least ``smallest``. When memory runs out, fewer windows at once and then smaller ones are tried.

    Args:
        denoiser: ``D(x, sigma)`` for windows.
        tile: Longest side of a window, a multiple of ``multiple``.
        multiple: What the sides of a window are multiples of.
        smallest: Shortest side of a window that the network was made for.
        least_tile: Down to which longest side windows may shrink when memory runs out.
        batch_size: Windows that are denoised at once.
        notice: Told when memory ran out.
        progress: Told after each group of windows which share of the evaluation is done.
    """

    def __init__(
        self,
        denoiser: _Denoise,
        *,
        tile: int,
        multiple: int,
        smallest: int,
        least_tile: int = SMALLEST_TILE,
        batch_size: int = 1,
        notice: Notice | None = None,
        progress: Progress | None = None,
    ) -> None:
        assert tile % multiple == 0
        self.denoiser = denoiser
        self.tile = tile
        self.multiple = multiple
        self.smallest = smallest
        self.least_tile = least_tile
        self.batch_size = batch_size
        self.notice = notice
        self.progress = progress

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        """Predict the picture: shape (B, C, H, W), any H and W, to the same shape.

        Raises:
            OutOfMemoryError: Even the smallest window does not fit.
        """
        while True:
            try:
                return self._blend(x, sigma)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
            self._shrink()
            # What the device's allocator holds on to is of the size that was too large.
            getattr(torch.get_device_module(x.device), "empty_cache", lambda: None)()

    def windows(self, size: int) -> tuple[int, list[int]]:
        """Length of the windows along a side of the picture, and where they begin."""
        whole = math.ceil(size / self.multiple) * self.multiple
        length = min(self.tile, max(whole, self.smallest))
        return length, window_starts(max(size, length), length, int(length * OVERLAP))

    def _blend(self, x: Tensor, sigma: float) -> Tensor:
        height, width = x.shape[-2:]
        (tile_h, tops), (tile_w, lefts) = self.windows(height), self.windows(width)
        padded_h, padded_w = max(height, tile_h), max(width, tile_w)
        if (padded_h, padded_w) != (height, width):
            x = x[..., mirror_index(height, padded_h).to(x.device), :]
            x = x[..., mirror_index(width, padded_w).to(x.device)]
        if (padded_h, padded_w) == (tile_h, tile_w):
            parts = torch.split(x, self.batch_size)
            denoised = [
                self._evaluate(part, sigma, i / len(parts)) for i, part in enumerate(parts, 1)
            ]
            return torch.cat(denoised)[..., :height, :width]

        overlap_h, overlap_w = int(tile_h * OVERLAP), int(tile_w * OVERLAP)
        corners = [(image, top, left) for image in range(len(x)) for top in tops for left in lefts]
        total = torch.zeros_like(x)
        weight = x.new_zeros(padded_h, padded_w)
        for first in range(0, len(corners), self.batch_size):
            group = corners[first : first + self.batch_size]
            windows = torch.stack(
                [x[i, :, top : top + tile_h, left : left + tile_w] for i, top, left in group]
            )
            predictions = self._evaluate(windows, sigma, (first + len(group)) / len(corners))
            for (image, top, left), prediction in zip(group, predictions, strict=True):
                w = torch.outer(
                    blend_weights(top, padded_h, tile_h, overlap_h),
                    blend_weights(left, padded_w, tile_w, overlap_w),
                ).to(x)
                rows, columns = slice(top, top + tile_h), slice(left, left + tile_w)
                total[image, :, rows, columns] += w * prediction
                if image == 0:
                    weight[rows, columns] += w
        return (total / weight)[..., :height, :width]

    def _evaluate(self, windows: Tensor, sigma: float, share: float) -> Tensor:
        predictions = self.denoiser(windows, sigma)
        if self.progress is not None:
            self.progress(share)
        return predictions

    def _shrink(self) -> None:
        if self.batch_size > 1:
            self.batch_size //= 2
            what = f"{self.batch_size} tiles at once"
        else:
            smaller = self.tile // 2 // self.multiple * self.multiple
            if smaller < max(self.least_tile, self.multiple):
                raise OutOfMemoryError(
                    f"Not even a tile of {self.tile} x {self.tile} pixels fits in memory.",
                    "Close other programs, or restore a smaller picture.",
                )
            self.tile = smaller
            what = f"tiles of {smaller} x {smaller} pixels"
        if self.notice is not None:
            self.notice(f"Memory ran out; going on with {what}.")
