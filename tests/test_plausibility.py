"""Doubts are told where there is reason for them, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import ddrm_cli
from ddrm_cli.plausibility import ALIASED, aliasing, doubts, ripples, total_variation
from ddrm_cli.problem import pose

PHOTOS = sorted((Path(__file__).parent / "data" / "photos").glob("*.png"))


def photograph(path: Path) -> torch.Tensor:
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB"), np.float32) / 255
    height, width = (side // 12 * 12 for side in pixels.shape[:2])
    return torch.from_numpy(pixels[:height, :width].copy()).permute(2, 0, 1)[None]


@pytest.mark.parametrize("path", PHOTOS, ids=lambda path: path.stem)
@pytest.mark.parametrize("factor", [3, 4])
@pytest.mark.parametrize("sigma", [0.0, 0.02])
def test_only_pictures_reduced_without_a_filter_show_aliasing(
    path: Path, factor: int, sigma: float
) -> None:
    """Also where there is noise. At 2 there is little to fold: these photographs are soft."""
    x = photograph(path)
    for stem in ("sr_bicubic", "sr_lanczos", "sr_bilinear"):
        assert aliasing(ddrm_cli.degrade(x, f"{stem}{factor}", sigma=sigma), sigma) < ALIASED
    assert aliasing(ddrm_cli.degrade(x, f"sr_nearest{factor}", sigma=sigma), sigma) > ALIASED


def test_a_flat_or_small_picture_shows_nothing() -> None:
    assert aliasing(torch.full((1, 3, 64, 64), 0.5), 0.0) == 0
    # A level that float32 rounds, so that the mean is not quite taken off.
    assert aliasing(torch.full((1, 3, 64, 64), 200 / 255), 0.0) == 0
    assert aliasing(torch.rand(1, 3, 31, 64), 0.0) == 0


def test_total_variation_is_that_of_rows_and_columns() -> None:
    step = torch.zeros(1, 1, 4, 5)
    step[..., 2:] = 1
    assert total_variation(step) == pytest.approx(1 / 4)  # one of four differences in each row
    assert ripples(3 * step, step) == pytest.approx(3)
    assert ripples(torch.ones(1, 1, 4, 4), torch.zeros(1, 1, 4, 4)) == 0


def test_only_a_deblurring_is_doubted_for_ripples() -> None:
    y = torch.rand(1, 3, 16, 16)
    wild = 9 * y
    (doubt,) = doubts(pose(y, "deblur_uni", sigma=0.1), wild)
    assert "9.0 times" in doubt
    assert doubts(pose(y, "deblur_uni", sigma=0.1), y) == []
    assert doubts(pose(y, "deno", sigma=0.1), wild) == []
    assert doubts(pose(y, pose(y, "deblur_uni", sigma=0.1).operator, sigma=0.1), wild) == []
