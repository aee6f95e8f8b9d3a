"""What happened to a photograph is found where it shows, and nothing where it does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ddrm_cli.errors import ImageReadError, UsageError
from ddrm_cli.images.measurement import MeasurementInfo, write_measurement
from ddrm_cli.inspection.findings import Bars
from ddrm_cli.inspection.inspect import inspect

from .pictures import NAMES, blurred, enlarged, from_array, noisy, once_jpeg, photo


@pytest.mark.parametrize("name", NAMES)
def test_an_untouched_photograph_shows_nothing(name: str) -> None:
    found = inspect(photo(name))
    assert (found.width, found.height, found.channels, found.grey) == (256, 256, 3, False)
    assert found.jpeg is None
    assert found.degradation is None
    assert not found.bars
    assert found.noise.sigma < 0.0055  # its own, see the tests of the estimate
    assert found.detail == "sharp"


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("quality", [10, 30, 50, 75, 92, 100])
def test_a_jpeg_says_its_quality_and_subsampling(
    tmp_path: Path, quality: int, subsampling: str
) -> None:
    photo("coffee").save(tmp_path / "photo.jpg", quality=quality, subsampling=subsampling)
    jpeg = inspect(tmp_path / "photo.jpg").jpeg
    assert jpeg is not None
    assert jpeg.in_file
    assert (jpeg.quality, jpeg.subsampling, jpeg.understood) == (quality, subsampling, True)


def test_a_jpeg_of_strange_colours_is_not_promised_to_be_restored(tmp_path: Path) -> None:
    photo("coffee").convert("CMYK").save(tmp_path / "photo.jpg", quality=40)
    jpeg = inspect(tmp_path / "photo.jpg").jpeg
    assert jpeg is not None
    assert not jpeg.understood


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("quality", [20, 60, 85])
def test_pixels_tell_that_they_were_a_jpeg(name: str, quality: int) -> None:
    jpeg = inspect(once_jpeg(photo(name), quality)).jpeg
    assert jpeg is not None
    assert not jpeg.in_file
    # Neighbouring qualities may round to the same steps where coefficients are not zero.
    assert abs(jpeg.quality - quality) <= 1


def test_grey_pixels_tell_it_too() -> None:
    jpeg = inspect(once_jpeg(photo("chelsea").convert("L"), 60, subsampling=0)).jpeg
    assert jpeg is not None
    assert jpeg.quality == 60


def test_blocks_that_moved_are_not_taken_for_a_quality() -> None:
    """After a crop the multiples are gone, where another quality might be read into the rest."""
    assert inspect(once_jpeg(photo("coffee"), 50).crop((3, 5, 256, 256))).jpeg is None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("factor", [2, 4])
def test_an_enlargement_is_told_from_a_blur(name: str, factor: int) -> None:
    whole = photo(name).crop((32, 32, 224, 224))
    soft = inspect(enlarged(whole, factor)).softness
    assert soft is not None
    assert factor in soft.factors  # of the coffee, which is soft itself, 1 is as likely as 2
    assert soft.blur[0] < 1


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("sigma", [1.25, 2.0])
def test_the_width_of_a_blur_is_in_the_range_that_is_given(name: str, sigma: float) -> None:
    found = inspect(blurred(photo(name), sigma))
    assert found.detail == "blurred"
    assert found.softness is not None
    low, high = found.softness.blur
    # The photograph's own softness, about half a pixel, adds to it in squares; models stand a
    # quarter or half of a pixel apart.
    assert low - 0.25 <= np.hypot(sigma, 0.5) <= high + 0.25


@pytest.mark.parametrize("name", NAMES)
def test_noise_does_not_hide_that_a_photograph_is_sharp(name: str) -> None:
    found = inspect(noisy(photo(name), 0.05))
    assert found.detail == "sharp"
    assert found.noise.sigma == pytest.approx(0.05, rel=0.15)
    assert not found.noise.coarse


def test_a_jpeg_of_low_quality_says_that_softness_may_be_its_own() -> None:
    assert inspect(once_jpeg(blurred(photo("coffee"), 2), 30)).detail == "soft"


@pytest.mark.parametrize("value", [0.0, 0.37, 1.0])
def test_bars_of_any_value_are_found_and_left_out(value: float) -> None:
    inner = np.asarray(noisy(photo("chelsea"), 0.03)) / 255
    framed = np.full((256 + 30 + 20, 256 + 12, 3), value)
    framed[30:286, 12:] = inner
    found, alone = inspect(from_array(framed)), inspect(from_array(inner))
    assert found.bars == Bars(top=30, bottom=20, left=12, right=0)
    assert (found.noise, found.softness) == (alone.noise, alone.softness)


def test_bars_are_found_in_a_jpeg(tmp_path: Path) -> None:
    framed = np.zeros((320, 256, 3))
    framed[32:288] = np.asarray(photo("coffee")) / 255
    from_array(framed).save(tmp_path / "film.jpg", quality=60)
    bars = inspect(tmp_path / "film.jpg").bars
    # 32 divides into units of 16 pixels, so that the picture does not ring into the bars; but
    # decoders smooth the colours across units, by a pixel.
    assert (bars.top, bars.bottom) == (31, 31)


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_picture_of_one_colour_is_no_bar(value: float) -> None:
    found = inspect(np.full((128, 128, 3), value))
    assert not found.bars
    assert found.noise.sigma == 0
    assert found.softness is None


def test_grey_in_three_channels_is_grey() -> None:
    grey = photo("astronaut").convert("L")
    for image, channels in ((grey, 1), (grey.convert("RGB"), 3)):
        found = inspect(image)
        assert (found.grey, found.channels) == (True, channels)


def test_files_images_and_arrays_are_looked_at_alike(tmp_path: Path) -> None:
    image = noisy(photo("coffee"), 0.02)
    image.save(tmp_path / "photo.png")
    found = inspect(tmp_path / "photo.png")
    assert inspect(str(tmp_path / "photo.png")) == found
    assert inspect(image) == found
    assert inspect(np.asarray(image)) == found
    assert inspect(np.asarray(image) / 255) == found


@pytest.mark.parametrize("size", [(1, 1), (7, 300), (95, 95)])
def test_a_small_picture_says_less(size: tuple[int, int]) -> None:
    found = inspect(np.random.default_rng(0).random((*size, 3)))
    assert found.detail == "unknown"


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no picture"):
        inspect(3)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="shape"):
        inspect(np.zeros((4, 4, 2)))
    with pytest.raises(ImageReadError):
        inspect(tmp_path / "nothing.png")


def test_a_measurement_says_how_it_was_made(tmp_path: Path) -> None:
    info = MeasurementInfo("sr4", {}, 0.0, 0, (64, 64), 3, "1")
    write_measurement(tmp_path / "y.png", np.zeros((16, 16, 3)), info)
    assert inspect(tmp_path / "y.png").degradation == "sr4"
