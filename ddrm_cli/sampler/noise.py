"""Random numbers: one generator a picture, on the CPU.

So the same seed gives the same noise in any batch, on any device, tiled or not, and pictures that
agree to rounding.
"""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral

import torch
from torch import Tensor

from ddrm_cli.errors import UsageError

from .settings import LARGEST_SEED

__all__ = ["GREY", "MEASUREMENT", "SAMPLER", "ImageNoise", "seeds_from"]

# What the numbers are for. Two purposes must not draw the same ones although the user gives one
# seed: noise of the measurement that came back as noise of the sampler would be no noise to it.
SAMPLER, MEASUREMENT, GREY = range(3)
_PURPOSES = 4  # with one to spare

CPU = torch.device("cpu")


def seeds_from(first: int, count: int) -> list[int]:
    """The seeds of a batch: the first, and those that follow it.

    Raises:
        UsageError: The first is no seed.
    """
    first = _checked(first)
    return list(range(first, first + count))


def _checked(seed: object) -> int:
    if not isinstance(seed, Integral) or not 0 <= int(seed) <= LARGEST_SEED:
        raise UsageError(
            f"The seed {seed} is not possible.",
            f"Choose a whole number from 0 to {LARGEST_SEED}.",
        )
    return int(seed)


class ImageNoise:
    """Standard normal draws for a batch, each picture from a generator of its own.

    Args:
        seeds: One seed a picture.
        purpose: `SAMPLER`, `MEASUREMENT` or `GREY`.
        device: Where the numbers go; they are drawn on the CPU.

    Raises:
        UsageError: A seed that is negative or above `LARGEST_SEED`.
    """

    def __init__(
        self, seeds: Iterable[int], purpose: int = SAMPLER, device: torch.device = CPU
    ) -> None:
        self._device = device
        self._generators = [
            torch.Generator().manual_seed(_PURPOSES * _checked(seed) + purpose) for seed in seeds
        ]

    def __call__(self, shape: tuple[int, ...]) -> Tensor:
        """Draw the next numbers: a new tensor of shape (B, *shape), float32."""
        # CUDA fetches from pinned memory by itself while the CPU goes on.
        pinned = self._device.type == "cuda"
        drawn = torch.empty((len(self._generators), *shape), pin_memory=pinned)
        for numbers, generator in zip(drawn, self._generators, strict=True):
            numbers.normal_(generator=generator)
        return drawn.to(self._device, non_blocking=pinned)
