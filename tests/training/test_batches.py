"""What the network is shown: the shares of the recipe, one seed, and the same for any number."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import binomtest, kstest
from torch import Generator, Tensor

from ddrm_cli.training.augmentation import augment
from ddrm_cli.training.batches import Batch, Batches, draw_timestep
from ddrm_cli.training.recipe import SCRATCH, Crops, Recipe

from .conftest import RECIPE, toy_tiles

CROPS = Crops(32, 4)
PLAIN = replace(SCRATCH, permuted=0.0, grey=0.0, stretched=0.0, flat=0.0)
SURE = 1e-6  # how rarely a test of chance may fail for nothing


def same(one: Batch, other: Batch) -> bool:
    pairs = zip(vars(one).values(), vars(other).values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_a_step_is_drawn_from_seed_and_number_alone(photos: Path) -> None:
    tiles = toy_tiles(photos)
    batches = Batches(tiles, RECIPE, seed=3, timesteps=1000)
    first, second = batches.draw(CROPS, 7), batches.draw(CROPS, 8)
    assert same(first, Batches(tiles, RECIPE, seed=3, timesteps=1000).draw(CROPS, 7))
    assert not same(first, second)
    assert not same(first, Batches(tiles, RECIPE, seed=4, timesteps=1000).draw(CROPS, 7))


def test_processes_share_one_batch(photos: Path) -> None:
    batches = Batches(toy_tiles(photos), RECIPE, 0, 1000)
    whole = batches.draw(CROPS, 5)
    parts = [batches.draw(CROPS, 5, rank=rank, of=2) for rank in range(2)]
    for name in vars(whole):
        assert torch.equal(getattr(whole, name)[0::2], getattr(parts[0], name))
        assert torch.equal(getattr(whole, name)[1::2], getattr(parts[1], name))


def test_crops_are_on_the_range_of_pictures_and_noise_is_standard_normal(photos: Path) -> None:
    batches = Batches(toy_tiles(photos), SCRATCH, 0, 1000)
    drawn = [batches.draw(Crops(64, 8), step) for step in range(4)]
    assert all(batch.x.shape == (8, 3, 64, 64) for batch in drawn)
    assert max(float(batch.x.abs().max()) for batch in drawn) <= 1
    assert kstest(torch.cat([b.noise for b in drawn]).flatten().numpy(), "norm").pvalue > SURE


def timesteps(low_noise: float) -> np.ndarray:
    crops = Crops(1, 8, low_noise)
    generator = Generator().manual_seed(0)
    return np.array(
        [draw_timestep(crops, i % 8, 1000, generator) for i in range(8000)], dtype=float
    )


def test_timesteps_are_the_mixture_of_the_recipe() -> None:
    """P(t < 1000 z) = 0.6 sqrt(z) + 0.4 z; a timestep is rounded down, so half a one is added."""
    drawn = (timesteps(0.6) + 0.5) / 1000
    assert kstest(drawn, lambda z: 0.6 * np.sqrt(z) + 0.4 * z).pvalue > SURE
    assert drawn.min() > 0
    assert drawn.max() < 1


def test_timesteps_of_a_batch_are_stratified() -> None:
    batches = timesteps(0.0).reshape(-1, 8)
    assert ((batches // 125) == np.arange(8)).all()


def test_tiles_are_drawn_by_their_activity(photos: Path) -> None:
    tiles = toy_tiles(photos)
    tiles.activity = torch.tensor([0.1, 6.0, 50.0])  # clipped to 1 .. 12
    batches = Batches(tiles, SCRATCH, 0, 1000)
    weights = np.array([1, 6, 12]) ** 0.7
    assert batches._shares.diff().tolist() == pytest.approx((weights / weights.sum())[1:].tolist())


def views(x: Tensor) -> list[Tensor]:
    """The eight symmetries of a square."""
    return [torch.rot90(each, k, (1, 2)) for each in (x, x.flip(2)) for k in range(4)]


def test_flips_and_turns_are_the_eight_of_a_square_equally_often() -> None:
    x = torch.arange(12.0).reshape(3, 2, 2) / 12
    generator = Generator().manual_seed(0)
    counts = np.zeros(8, dtype=int)
    for _ in range(800):
        turned = augment(x, PLAIN, generator)
        (place,) = (i for i, view in enumerate(views(x)) if torch.equal(view, turned))
        counts[place] += 1
    assert all(binomtest(int(count), 800, 1 / 8).pvalue > SURE for count in counts)


@pytest.mark.parametrize("change", ["permuted", "grey", "stretched", "flat"])
def test_each_change_is_as_frequent_as_the_recipe_says(change: str) -> None:
    """The one in six permutations that change nothing are counted for the permuted ones."""
    recipe: Recipe = replace(PLAIN, **{change: 0.3})  # type: ignore[arg-type]
    x = torch.rand(3, 4, 4, generator=Generator().manual_seed(1)) - 0.5
    generator = Generator().manual_seed(0)
    changed = 0
    for _ in range(1000):
        seen = augment(x, recipe, generator)
        changed += not any(torch.equal(view, seen) for view in views(x))
        assert float(seen.abs().max()) <= 1
    assert binomtest(changed, 1000, 0.3 * (5 / 6 if change == "permuted" else 1)).pvalue > SURE


def test_grey_has_equal_channels_and_flat_no_detail_across_a_ramp() -> None:
    x = torch.rand(3, 4, 4) * 2 - 1
    grey = augment(x, replace(PLAIN, grey=1.0), Generator().manual_seed(0))
    assert torch.equal(grey[0], grey[1])
    flat = augment(x, replace(PLAIN, flat=1.0), Generator().manual_seed(0))
    steps = [flat.diff(dim=axis) for axis in (1, 2)]
    # One direction is constant, and along the other all steps are the same.
    assert any(float(step.abs().max()) == 0 for step in steps)
    assert all(torch.allclose(step, step[:, :1, :1].expand_as(step), atol=1e-6) for step in steps)
