"""What the network is shown: clean crops, timesteps and noise, all drawn from one seed.

Each sample has a generator of its own, seeded by the seed of the training, the number of the step
and its place in the batch. So a training that goes on needs no state of a generator, and any
number of processes draw the same batch, each only its part.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Generator, Tensor

from .augmentation import augment, random
from .recipe import Crops, Recipe
from .tiles import TILE_SIDE, Tiles

__all__ = ["Batch", "Batches", "draw_timestep"]


@dataclass(frozen=True)
class Batch:
    """Part of what is shown in one step.

    Args:
        x: Clean crops on [-1, 1], shape (B, 3, S, S).
        timesteps: Shape (B,), int64.
        noise: Standard normal, shape (B, 3, S, S).
    """

    x: Tensor
    timesteps: Tensor
    noise: Tensor

    def to(self, device: torch.device) -> Batch:
        """The same on a device."""
        return Batch(self.x.to(device), self.timesteps.to(device), self.noise.to(device))


class Batches:
    """Draws batches.

    Args:
        tiles: Where crops are taken from, by their activity.
        recipe: How often which tiles, and what is done to them.
        seed: Of the training.
        timesteps: Of the diffusion.
    """

    def __init__(self, tiles: Tiles, recipe: Recipe, seed: int, timesteps: int) -> None:
        self.tiles = tiles
        self.recipe = recipe
        self.seed = seed
        self.timesteps = timesteps
        weights = tiles.activity.double().clamp(*recipe.activity_range) ** recipe.activity_power
        self._shares = weights.cumsum(0)
        self._shares /= self._shares[-1].clone()

    def draw(self, crops: Crops, step: int, *, rank: int = 0, of: int = 1) -> Batch:
        """The part of the batch of a step that falls to one of several processes.

        Args:
            crops: Size and number of the crops, and which timesteps.
            step: Number of the step.
            rank: Of the process,
            of: how many; it divides the batch.
        """
        samples = [self._sample(crops, step, place) for place in range(rank, crops.batch, of)]
        x, timesteps, noise = zip(*samples, strict=True)
        return Batch(torch.stack(x), torch.tensor(timesteps), torch.stack(noise))

    def _sample(self, crops: Crops, step: int, place: int) -> tuple[Tensor, int, Tensor]:
        generator = _generator(self.seed, step, place)
        tile = self.tiles[int(torch.searchsorted(self._shares, random(generator)))]
        top, left = (int(random(generator) * (TILE_SIDE - crops.side + 1)) for _ in "yx")
        crop = tile[:, top : top + crops.side, left : left + crops.side]
        x = augment(crop, self.recipe, generator)
        timestep = draw_timestep(crops, place, self.timesteps, generator)
        return x, timestep, torch.randn(x.shape, generator=generator)


def draw_timestep(crops: Crops, place: int, count: int, generator: Generator) -> int:
    """The timestep of one sample of a batch: ``count u``, or for low noise ``count u^2``.

    u is uniform on [0, 1) and stratified: each of equal parts of it, as many as there are samples,
    has one of them.
    """
    u = (place + random(generator)) / crops.batch
    return int(count * (u**2 if random(generator) < crops.low_noise else u))


def _generator(*numbers: int) -> Generator:
    (seed,) = np.random.SeedSequence(numbers).generate_state(1, np.uint64)
    return Generator().manual_seed(int(seed) >> 1)  # torch takes 63 bits
