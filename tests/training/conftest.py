"""Photographs and networks so small that a training takes a second."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ddrm_cli.networks.configurations import PlainUNetConfig
from ddrm_cli.networks.plain_unet import PlainUNet
from ddrm_cli.sampler.schedule import NoiseSchedule
from ddrm_cli.training import held_out
from ddrm_cli.training import train as train_module
from ddrm_cli.training.batches import Batches
from ddrm_cli.training.budget import Budget
from ddrm_cli.training.learner import Learner
from ddrm_cli.training.loop import Loop
from ddrm_cli.training.photographs import sort_photographs
from ddrm_cli.training.recipe import Crops, Recipe, Stage, View
from ddrm_cli.training.record import Record
from ddrm_cli.training.team import Team
from ddrm_cli.training.tiles import Tiles

TOY = PlainUNetConfig(16, (8, 16), (1, 1), (1,), embedding=8)
STEP = 4 * 32**2 / 1e6  # megapixels of a step of the recipe below
RECIPE = Recipe(
    stages=(Stage(1, 3e-3, 1e-3), Stage(1, 1e-3, 1e-5, decay=0.99)),
    views=(View(1, Crops(32, 4)), View(1, Crops(32, 4), third=Crops(64, 1, low_noise=0.0))),
)
ALONE = Team(0, 1, torch.device("cpu"))


def draw_photograph(path: Path, seed: int, size: tuple[int, int] = (256, 256)) -> Path:
    """Write a smooth picture with some texture, of (width, height)."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (9, 9, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize(size, Image.Resampling.BICUBIC), dtype=np.float64)
    pixels = smooth + 10 * rng.standard_normal(smooth.shape)
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path)
    return path


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache, empty; the user's own tables are out of reach."""
    monkeypatch.setenv("DDRM_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("ddrm_cli.weights.registry.user_models_path", lambda: tmp_path / "no.toml")
    return tmp_path / "cache"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Four pictures of 256 x 256."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed, name in enumerate("abcd"):
        draw_photograph(folder / f"{name}.png", seed)
    return folder


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Held-out photographs are small, and not compared with `photo-small`, which takes a second."""
    make_quick(monkeypatch.setattr)


def make_quick(replace: Callable[[object, str, object], None]) -> None:
    """The same for any way to replace an attribute."""
    replace(held_out, "TILE_SIDE", 32)
    replace(
        train_module,
        "_reference",
        lambda held_out, learner: Record(held_out.noisy(), held_out.noisy()),
    )


def toy_learner(
    recipe: Recipe = RECIPE,
    team: Team = ALONE,
    precision: torch.dtype = torch.float32,
    network: PlainUNetConfig = TOY,
) -> Learner:
    """A learner with random weights, always the same."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        made = PlainUNet(network)
    return Learner(made.to(team.device), NoiseSchedule.from_betas(), "v", recipe, precision, team)


def toy_tiles(photos: Path) -> Tiles:
    """The tiles of all photographs of a folder but one."""
    sorted_out = sort_photographs([str(photos)], max_pixels=10**8, notice=_fail)
    return Tiles(sorted_out.tiles)


def toy_loop(
    photos: Path,
    steps: float,
    *,
    recipe: Recipe = RECIPE,
    notice: Callable[[str], None] | None = None,
) -> Loop:
    """A training of so many steps."""
    return Loop(
        toy_learner(recipe),
        Batches(toy_tiles(photos), recipe, 0, 1000),
        recipe,
        Budget(steps * STEP, "megapixels"),
        ALONE,
        notice or _fail,
    )


def _fail(sentence: str) -> None:
    raise AssertionError(sentence)
