"""What is done to a crop so that the prior does not learn the photographs by heart."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from .recipe import Recipe

__all__ = ["augment", "random"]

STRETCH = (1.5, 3.0)  # factors of the contrast


def augment(x: Tensor, recipe: Recipe, generator: Generator) -> Tensor:
    """One crop, turned and mirrored at random, and now and then otherwise changed.

    Flips and quarter turns are the eight of a square, equally often; the other changes have each
    their own share.

    Args:
        x: A square on [-1, 1], shape (3, S, S).
        recipe: How often what is done.
        generator: Of all that is random.

    Returns:
        A square on [-1, 1] of the same shape.
    """
    if random(generator) < recipe.flat:
        x = _flat(x.shape[-1], generator)
    turns, mirrored = divmod(int(8 * random(generator)), 2)
    x = torch.rot90(x, turns, (1, 2))
    x = x.flip(2) if mirrored else x
    if random(generator) < recipe.permuted:
        x = x[torch.randperm(3, generator=generator)]
    if random(generator) < recipe.grey:
        x = x.mean(dim=0, keepdim=True).expand(3, -1, -1)
    if random(generator) < recipe.stretched:
        low, high = STRETCH
        x = (x * (low + (high - low) * random(generator))).clamp(-1, 1)
    return x


def random(generator: Generator) -> float:
    """A number on [0, 1)."""
    return float(torch.rand((), generator=generator, dtype=torch.float64))


def _flat(side: int, generator: Generator) -> Tensor:
    """One colour, or a ramp from one to another, equally often; shape (3, S, S)."""
    first, last = (2 * torch.rand(2, 3, 1, 1, generator=generator) - 1).unbind()
    if random(generator) < 0.5:
        last = first
    return (first + (last - first) * torch.linspace(0, 1, side)).expand(3, side, side)
