"""The estimate finds the noise that was added, and nothing where there is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ddrm_cli.images.noise_level import estimate_sigma
from ddrm_cli.images.reading import read_picture

PHOTOS = Path(__file__).parents[1] / "data" / "photos"


def with_noise(pixels: np.ndarray, sigma: float, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal(pixels.shape)
    return pixels + sigma * noise


def on_file(pixels: np.ndarray) -> np.ndarray:
    """As a file holds it: clipped to [0, 1] and rounded to 8 bits."""
    return np.asarray(np.rint(pixels.clip(0, 1) * 255) / 255, dtype=np.float32)


@pytest.mark.parametrize("sigma", [0.001, 0.02, 0.3])
def test_pure_noise_is_measured_without_bias(sigma: float) -> None:
    estimates = [
        estimate_sigma(with_noise(np.full((128, 128, 1), 0.5), sigma, seed)) for seed in range(20)
    ]
    # About 400 coefficients each: 6 % for one estimate (1.17 / sqrt(400)), 1.3 % for their mean.
    assert np.mean(estimates) == pytest.approx(sigma, rel=0.04)


def test_a_linear_ramp_is_not_noise() -> None:
    ramp = np.add.outer(np.linspace(0.1, 0.5, 96), np.linspace(0, 0.4, 80))[..., None]
    assert estimate_sigma(ramp) < 1e-9  # rounding of float64


@pytest.mark.parametrize("name", ["chelsea", "coffee", "astronaut"])
@pytest.mark.parametrize(("sigma", "tolerance"), [(0.02, 0.1), (0.05, 0.07), (0.1, 0.1)])
def test_noise_on_photographs(name: str, sigma: float, tolerance: float) -> None:
    # The photographs' own noise (up to 0.005) raises the smallest, clipping lowers the largest.
    photo = read_picture(PHOTOS / f"{name}.png").pixels
    estimate = estimate_sigma(on_file(with_noise(photo, sigma)))
    assert estimate == pytest.approx(sigma, rel=tolerance)


@pytest.mark.parametrize("name", ["chelsea", "coffee", "astronaut"])
def test_texture_of_clean_photographs_is_not_noise(name: str) -> None:
    # The median over the whole band, without choosing flat blocks, says 0.006 to 0.012 here.
    assert estimate_sigma(read_picture(PHOTOS / f"{name}.png").pixels) < 0.0055


def test_clipped_areas_do_not_hide_the_noise() -> None:
    half_black = np.full((128, 128, 3), 0.5)
    half_black[:, :64] = -1  # noise on it is cut off completely
    assert estimate_sigma(on_file(with_noise(half_black, 0.05))) == pytest.approx(0.05, rel=0.1)


def test_unknown_pixels_are_not_looked_at() -> None:
    rng = np.random.default_rng(0)
    pixels = with_noise(np.full((128, 128, 3), 0.5), 0.05)
    known = np.ones((128, 128), bool)
    known[20:90, 30:120] = False
    wild = np.where(known[..., None], pixels, rng.random(pixels.shape))
    wild[25:30, 40:50] = np.nan
    assert estimate_sigma(wild, known) == estimate_sigma(pixels, known)
    assert estimate_sigma(wild, known) == pytest.approx(0.05, rel=0.1)
    assert estimate_sigma(pixels, np.zeros((128, 128), bool)) == 0


@pytest.mark.parametrize("size", [(1, 1), (3, 5000), (5000, 3), (4, 4), (16, 16)])
def test_too_small_to_say_is_zero(size: tuple[int, int]) -> None:
    assert estimate_sigma(np.random.default_rng(0).random((*size, 3))) == 0


@settings(max_examples=40, deadline=None)
@given(
    height=st.integers(1, 80),
    width=st.integers(1, 80),
    channels=st.sampled_from([1, 3]),
    value=st.sampled_from([0.0, 0.25, 1.0]),
)
def test_a_constant_picture_of_any_size_is_free_of_noise(
    height: int, width: int, channels: int, value: float
) -> None:
    pixels = np.full((height, width, channels), value, np.float32)
    assert estimate_sigma(pixels) < 1e-7  # the rounding of float32


@settings(max_examples=40, deadline=None)
@given(height=st.integers(1, 90), width=st.integers(1, 90), seed=st.integers(0, 99))
def test_the_estimate_is_a_finite_number_at_any_size_and_mask(
    height: int, width: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    known = rng.random((height, width)) < rng.random()
    estimate = estimate_sigma(rng.random((height, width, 3), dtype=np.float32), known)
    # The standard deviation of uniform noise is 0.29.
    assert 0 <= estimate < 0.5
