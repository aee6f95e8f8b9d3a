"""Where inpainting begins: holes filled smoothly, and how wide they are."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ddrm_cli.degradations.filling import fill, hole_scale
from ddrm_cli.degradations.inpainting import Inpainting


def holes(width: int, size: int = 64) -> torch.Tensor:
    """Squares of a width that are missing, on a grid of twice the width."""
    known = torch.ones(size, size, dtype=torch.bool)
    for top in range(0, size - width, 2 * width):
        for left in range(0, size - width, 2 * width):
            known[top : top + width, left : left + width] = False
    return known


@pytest.mark.parametrize("shape", [(64, 64), (63, 50), (1, 40), (5, 1)])
def test_what_is_known_stays_and_flat_stays_flat(shape: tuple[int, int]) -> None:
    known = torch.from_numpy(np.random.default_rng(0).random(shape) < 0.3)
    known[0, 0] = True
    y = torch.rand((2, 3, *shape), generator=torch.Generator().manual_seed(1))
    filled = fill(y, known)
    assert torch.equal(filled[..., known], y[..., known])
    # Whatever stands in the holes is not looked at.
    assert torch.equal(fill(torch.where(known, y, 7.0), known), filled)
    flat = fill(torch.full((1, 1, *shape), 0.3), known)
    torch.testing.assert_close(flat, torch.full_like(flat, 0.3))
    # Means are never beyond what is averaged.
    assert filled.min() >= y[..., known].min()
    assert filled.max() <= y[..., known].max()


def test_a_single_pixel_fills_the_picture() -> None:
    known = torch.zeros(33, 20, dtype=torch.bool)
    known[7, 3] = True
    filled = fill(torch.full((1, 1, 33, 20), 0.6), known)
    torch.testing.assert_close(filled, torch.full_like(filled, 0.6))


def test_the_scale_is_the_width_of_the_holes() -> None:
    """Of squares on a grid of their width, twice that: the first block with a known pixel."""
    scales = [hole_scale(holes(width)) for width in (1, 2, 4, 8, 16)]
    assert scales == pytest.approx([2, 4, 8, 16, 32])
    assert hole_scale(torch.ones(4, 4, dtype=torch.bool)) == 1.0
    half = torch.from_numpy(np.random.default_rng(0).random((64, 64)) < 0.5)
    # A neighbour in the same block of four is missing as well with 1/8: mostly 2, seldom more.
    assert 2 <= hole_scale(half) < 2.3


@pytest.mark.parametrize(("width", "level"), [(1, 0.3), (2, 0.3), (8, 1.0), (16, 1.0)])
def test_scattered_pixels_start_low_and_holes_higher(width: int, level: float) -> None:
    operator = Inpainting((3, 64, 64), ~holes(width).numpy())
    assert operator.start.level == pytest.approx(level, rel=0.02)


def test_pinholes_beside_a_hole_do_not_hide_it() -> None:
    """The level is for most of the missing pixels, and those are in the hole."""
    known = holes(1, 128)
    known[14:114, 14:114] = False
    assert Inpainting((1, 128, 128), ~known.numpy()).start.level == 1.0
