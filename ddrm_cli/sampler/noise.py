"""Random numbers: one generator a picture, on the CPU.

So the same seed gives the same picture in any batch, on any device, tiled or not.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

__all__ = ["ImageNoise"]


class ImageNoise:
    """Standard normal draws for a batch, each picture from a generator of its own.

    Args:
        seeds: One seed a picture.
    """

    def __init__(self, seeds: Iterable[int]) -> None:
        self._generators = [torch.Generator().manual_seed(seed) for seed in seeds]

    def __call__(self, shape: tuple[int, ...]) -> Tensor:
        """Draw the next numbers: shape (B, *shape), float32, on the CPU."""
        return torch.stack([torch.randn(shape, generator=each) for each in self._generators])
