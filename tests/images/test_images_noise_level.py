"""The estimate finds the noise that was added, and nothing where there is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ddrm_cli.images.noise_level import estimate_noise
from ddrm_cli.images.reading import read_picture

PHOTOS = Path(__file__).parents[1] / "data" / "photos"
NAMES = ["chelsea", "coffee", "astronaut"]
OWN = {"chelsea": 0.002, "coffee": 0.004, "astronaut": 0.006}  # seen in their smooth backgrounds


def photo(name: str) -> np.ndarray:
    return read_picture(PHOTOS / f"{name}.png").pixels


def with_noise(pixels: np.ndarray, sigma: float, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal(pixels.shape)
    return pixels + sigma * noise


def on_file(pixels: np.ndarray) -> np.ndarray:
    """As a file holds it: clipped to [0, 1] and rounded to 8 bits."""
    return np.asarray(np.rint(pixels.clip(0, 1) * 255) / 255, dtype=np.float32)


def sigma_of(pixels: np.ndarray, known: np.ndarray | None = None) -> float:
    return estimate_noise(pixels, known).sigma


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("sigma", [0.001, 0.02, 0.3])
def test_pure_noise_is_measured_without_bias(sigma: float, channels: int) -> None:
    flat = np.full((200, 200, channels), 0.5)
    estimates = [estimate_noise(with_noise(flat, sigma, seed)) for seed in range(20)]
    # A single estimate errs by 4 % (two quantiles of 75 groups), the mean of 20 by one; the larger
    # of the dark and the bright half is taken, half a standard deviation more than their mean.
    assert np.mean([level.sigma for level in estimates]) == pytest.approx(sigma, rel=0.04)
    assert not any(level.coarse for level in estimates)


def test_a_linear_ramp_is_not_noise() -> None:
    ramp = np.add.outer(np.linspace(0.1, 0.5, 160), np.linspace(0, 0.4, 180))[..., None]
    assert sigma_of(ramp) < 1e-9  # rounding of float64


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("sigma", [0.01, 0.02, 0.05, 0.1])
def test_noise_on_photographs_is_found_within_15_percent(name: str, sigma: float) -> None:
    # What is left of it after clipping, together with the photograph's own.
    noisy = on_file(with_noise(photo(name), sigma))
    total = np.hypot(OWN[name], (noisy - photo(name)).std())
    assert sigma_of(noisy) == pytest.approx(total, rel=0.15)


@pytest.mark.parametrize("name", NAMES)
def test_texture_of_clean_photographs_is_not_noise(name: str) -> None:
    # Two grey levels are 0.0078. The median over the whole band says 0.006 to 0.012 here.
    assert sigma_of(photo(name)) < 0.0055


@pytest.mark.parametrize("name", NAMES)
def test_texture_of_photographs_made_small_is_not_noise(name: str) -> None:
    image = Image.fromarray(np.rint(photo(name) * 255).astype(np.uint8))
    small = np.asarray(image.resize((100, 100), Image.Resampling.BICUBIC), np.float32) / 255
    assert sigma_of(small) < 0.006  # 0.02 to 0.04 without the differences of the channels


def test_noise_that_the_channels_share_is_found() -> None:
    """Film grain of a toned photograph: the differences of the channels have none of it."""
    grain = with_noise(np.zeros((256, 256, 1)), 0.03)
    toned = photo("coffee") + grain * [1.0, 0.9, 0.8]
    # The channel in the middle has 0.9 of it.
    assert sigma_of(on_file(toned)) == pytest.approx(0.027, rel=0.15)


@pytest.mark.parametrize("level", [0, 90, 255])
@pytest.mark.parametrize("name", NAMES)
def test_drawn_areas_hide_no_noise(name: str, level: int) -> None:
    noisy = on_file(with_noise(photo(name), 0.03))
    framed = np.full((400, 400, 3), level / 255, np.float32)
    framed[100:356, 72:328] = noisy  # bars on all sides, more than half of the picture
    # Up to which coefficients are grouped together, the groups are the same.
    assert sigma_of(framed) == pytest.approx(sigma_of(noisy), rel=0.1)


def test_clipped_areas_do_not_hide_the_noise() -> None:
    half_black = np.full((200, 200, 3), 0.5)
    half_black[:, :100] = -1  # noise on it is cut off completely
    assert sigma_of(on_file(with_noise(half_black, 0.05))) == pytest.approx(0.05, rel=0.1)


def enlarged(pixels: np.ndarray, factor: float) -> np.ndarray:
    size = tuple(round(side * factor) for side in pixels.shape[1::-1])
    planes = [
        Image.fromarray(plane.astype(np.float32)).resize(size, Image.Resampling.BICUBIC)
        for plane in np.moveaxis(pixels, -1, 0)
    ]
    return np.stack([np.asarray(plane) for plane in planes], axis=-1)


@pytest.mark.parametrize("name", NAMES)
def test_noise_that_was_enlarged_is_called_coarse_and_found_whole(name: str) -> None:
    clean = photo(name)
    noise = with_noise(np.zeros_like(clean), 0.05)
    level = estimate_noise(on_file(enlarged(clean + noise, 2)))
    assert level.coarse
    # The finest octave alone has a tenth of it. Its spectrum is taken for a Gaussian, which falls
    # sooner than that of the interpolation: 8 % too much.
    assert level.sigma == pytest.approx(enlarged(noise, 2).std(), rel=0.15)


def test_noise_that_grows_with_brightness_is_found() -> None:
    """A sensor's: its variance is proportional to the light. Its level is the mean variance's."""
    clean = photo("coffee").clip(0.02, None)
    noise = np.random.default_rng(0).standard_normal(clean.shape) * np.sqrt(clean)
    noise *= 0.05 / np.sqrt((noise**2).mean())
    # Dark flat areas have less of it than the mean; without two halves of brightness it is 0.
    assert sigma_of(on_file(clean + noise)) == pytest.approx(0.05, rel=0.2)


def test_unknown_pixels_are_not_looked_at() -> None:
    rng = np.random.default_rng(0)
    pixels = with_noise(np.full((200, 200, 3), 0.5), 0.05)
    known = np.ones((200, 200), bool)
    known[20:90, 30:120] = False
    wild = np.where(known[..., None], pixels, rng.random(pixels.shape))
    wild[25:30, 40:50] = 0.5
    assert estimate_noise(wild, known) == estimate_noise(pixels, known)
    assert sigma_of(wild, known) == pytest.approx(0.05, rel=0.1)
    assert sigma_of(pixels, np.zeros((200, 200), bool)) == 0


@pytest.mark.parametrize("name", ["chelsea", "coffee"])
def test_scattered_holes_leave_enough_to_see_the_noise(name: str) -> None:
    """With half of the pixels missing, one block of 2 x 2 in 16 is whole."""
    known = np.random.default_rng(1).random((256, 256)) < 0.5
    noisy = on_file(with_noise(photo(name), 0.05))
    assert sigma_of(noisy, known) == pytest.approx(0.05, rel=0.15)


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (4, 4), (44, 44)])
def test_too_small_to_say_is_zero(size: tuple[int, int]) -> None:
    assert sigma_of(np.random.default_rng(0).random((*size, 3))) == 0


@settings(max_examples=40, deadline=None)
@given(
    height=st.integers(1, 150),
    width=st.integers(1, 150),
    channels=st.sampled_from([1, 3]),
    value=st.sampled_from([0.0, 0.25, 1.0]),
)
def test_a_constant_picture_of_any_size_is_free_of_noise(
    height: int, width: int, channels: int, value: float
) -> None:
    pixels = np.full((height, width, channels), value, np.float32)
    assert sigma_of(pixels) < 1e-7  # the rounding of float32


@settings(max_examples=40, deadline=None)
@given(height=st.integers(1, 150), width=st.integers(1, 150), seed=st.integers(0, 99))
def test_the_estimate_is_a_finite_number_at_any_size_and_mask(
    height: int, width: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    known = rng.random((height, width)) < rng.random()
    sigma = sigma_of(rng.random((height, width, 3), dtype=np.float32), known)
    # The standard deviation of uniform noise is 0.29.
    assert 0 <= sigma < 0.5
