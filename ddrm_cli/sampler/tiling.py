"""A denoiser for pictures larger or smaller than the network takes.

The picture is covered by overlapping windows, each is denoised by itself, and the
predictions are blended with smooth weights at every step. The operator never sees the windows, so
the measurement holds across the whole picture.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

import torch
from torch import Tensor

from ddrm_cli.errors import Notice, OutOfMemoryError, Progress, is_out_of_memory

from .ddrm import Denoise

__all__ = [
    "Side",
    "TiledDenoiser",
    "blend_weights",
    "mirror_index",
    "windows",
]


def windows(
    size: int, *, tile: int, overlap: int, multiple: int, smallest: int
) -> tuple[int, list[int]]:
    """Length of the windows along a side of a picture, and where they begin.

    They are as few as ``tile`` allows, and no longer than so many must be, but for ``smallest``.
    The first begins at 0, the last ends where the side does, and they are spread evenly.

    Args:
        size: Of the side.
        tile: Longest window, a multiple of ``multiple``.
        overlap: What neighbours share at least, less than ``tile``.
        multiple: What the length is a multiple of.
        smallest: Shortest window, unless ``tile`` is shorter; it may be longer than the side.
    """
    count = max(1, math.ceil((size - overlap) / (tile - overlap)))
    needed = math.ceil((size + (count - 1) * overlap) / count)
    length = min(tile, max(smallest, math.ceil(needed / multiple) * multiple))
    spread = (size - length) / max(1, count - 1)
    return length, [round(i * spread) for i in range(count)]


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


@dataclass(frozen=True, eq=False)
class Side:
    """How one side of a picture is covered by windows.

    Args:
        size: Its length.
        length: That of each window.
        starts: Where windows begin.
        overlap: What neighbours share at least.
        device: Where the picture is.
    """

    size: int
    length: int
    starts: Sequence[int]
    overlap: int
    device: torch.device

    @cached_property
    def indices(self) -> list[Tensor]:
        """What each window sees: rows or columns, mirrored beyond the end."""
        index = mirror_index(self.size, max(self.size, self.length)).to(self.device)
        return [index[start : start + self.length] for start in self.starts]

    @cached_property
    def weights(self) -> list[Tensor]:
        """Of each window's predictions that lie in the picture; they sum to one everywhere."""
        padded = max(self.size, self.length)
        total = torch.zeros(padded)
        each = [blend_weights(at, padded, self.length, self.overlap) for at in self.starts]
        for at, weights in zip(self.starts, each, strict=True):
            total[at : at + self.length] += weights
        return [
            (weights / total[at : at + self.length])[: self.size - at].to(self.device)
            for at, weights in zip(self.starts, each, strict=True)
        ]


_Denoise = TypeVar("_Denoise", bound=Denoise)


class TiledDenoiser(Generic[_Denoise]):
    """Denoiser for any size, from one that takes windows.

    Windows are as long as they must be and as few as they can be; sides shorter than ``smallest``
    are continued by mirroring. Where windows lie hangs on the picture's size alone, never on the
    machine: when memory runs out, fewer windows are denoised at once, and no smaller ones.

    Args:
        denoiser: ``D(x, sigma)`` for windows.
        tile: Longest side of a window, a multiple of ``multiple``.
        overlap: What neighbours share at least, less than ``tile``.
        multiple: What the sides of a window are multiples of.
        smallest: Shortest side of a window that the network was made for.
        batch_size: Windows that are denoised at once.
        notice: Told when memory ran out.
        progress: Told after each group of windows which share of the evaluation is done.
    """

    def __init__(
        self,
        denoiser: _Denoise,
        *,
        tile: int,
        overlap: int,
        multiple: int,
        smallest: int,
        batch_size: int = 1,
        notice: Notice | None = None,
        progress: Progress | None = None,
    ) -> None:
        assert tile % multiple == 0
        self.denoiser = denoiser
        self.tile = tile
        self.overlap = overlap
        self.multiple = multiple
        self.smallest = smallest
        self.batch_size = batch_size
        self.notice = notice
        self.progress = progress

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        """Predict the picture: shape (B, C, H, W), any H and W, to the same shape.

        Raises:
            OutOfMemoryError: Not even one window fits.
        """
        while True:
            try:
                return self._blend(x, sigma)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
            self._take_fewer()
            # What the device's allocator holds on to is of the size that was too large.
            getattr(torch.get_device_module(x.device), "empty_cache", lambda: None)()

    def windows(self, size: int) -> tuple[int, list[int]]:
        """Length of the windows along a side of the picture, and where they begin."""
        return windows(
            size,
            tile=self.tile,
            overlap=self.overlap,
            multiple=self.multiple,
            smallest=self.smallest,
        )

    def _blend(self, x: Tensor, sigma: float) -> Tensor:
        rows, columns = (
            Side(size, *self.windows(size), self.overlap, x.device) for size in x.shape[-2:]
        )
        counts = len(x), len(rows.starts), len(columns.starts)
        places = itertools.product(*map(range, counts))
        blended = torch.zeros_like(x)
        done = 0
        while group := list(itertools.islice(places, self.batch_size)):
            seen = torch.stack(
                [x[i, :, rows.indices[j][:, None], columns.indices[k]] for i, j, k in group]
            )
            predictions = self.denoiser(seen, sigma)
            done += len(group)
            if self.progress is not None:
                self.progress(done / math.prod(counts))
            for (i, j, k), prediction in zip(group, predictions, strict=True):
                weight = torch.outer(rows.weights[j], columns.weights[k])
                height, width = weight.shape
                top, left = rows.starts[j], columns.starts[k]
                inside = blended[i, :, top : top + height, left : left + width]
                inside.addcmul_(weight, prediction[:, :height, :width])
        return blended

    def _take_fewer(self) -> None:
        if self.batch_size == 1:
            raise OutOfMemoryError(
                f"Not even one tile of {self.tile} x {self.tile} pixels fits in memory.",
                "Close other programs, or take smaller tiles with --tile.",
            )
        self.batch_size //= 2
        if self.notice is not None:
            what = "one tile" if self.batch_size == 1 else f"{self.batch_size} tiles"
            self.notice(f"Memory ran out; going on with {what} at once.")
