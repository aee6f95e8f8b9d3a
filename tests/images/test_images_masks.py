"""Masks of the user's own: what is painted is missing, however it was painted."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from ddrm_cli.errors import ImageReadError, MeasurementError, UsageError
from ddrm_cli.images.masks import Mask, to_mask
from ddrm_cli.images.picture import Picture

SIZE = (48, 32)
MISSING = np.zeros((32, 48), bool)
MISSING[8:14, 10:40] = True


def photograph(seed: int = 0) -> Image.Image:
    """Something in many colours, smooth as photographs are, nowhere near black."""
    random = np.random.default_rng(seed)
    small = random.integers(60, 200, (8, 12, 1)) + random.integers(0, 50, (8, 12, 3))
    return Image.fromarray(np.uint8(small)).resize(SIZE, Image.Resampling.BICUBIC)


PHOTO = photograph()


def mask_of(
    drawn: Any, grow: int = 0, invert: bool = False, told: list[str] | None = None
) -> NDArray[np.bool_]:
    told = [] if told is None else told
    return to_mask(Mask(drawn, grow, invert), Picture.from_pil(PHOTO).pixels, told.append)


def painted(on: Image.Image, colour: Any) -> Image.Image:
    drawn = on.copy()
    drawn.paste(colour, (10, 8, 40, 14))
    return drawn


# --- the rule: largest channel times alpha above 0.1 ---


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "P", "RGBA", "I;16"])
def test_white_is_missing_in_every_mode(tmp_path: Path, mode: str) -> None:
    if mode == "I;16":
        image = Image.fromarray(MISSING.astype(np.uint16) * 65535)
    else:
        image = Image.fromarray(MISSING).convert(mode)
    image.save(tmp_path / "mask.png")
    mask = mask_of(tmp_path / "mask.png")
    assert mask.dtype == np.bool_
    assert np.array_equal(mask, MISSING)


@pytest.mark.parametrize("colour", ["red", "blue", "white", "#1b0000"])
def test_strokes_of_any_colour_on_black_are_missing(colour: str) -> None:
    assert np.array_equal(mask_of(painted(Image.new("RGB", SIZE), colour)), MISSING)


@pytest.mark.parametrize("hidden", [(0, 0, 0), (255, 255, 255)])
def test_strokes_on_transparency_are_missing_and_what_it_hides_is_not(hidden: Any) -> None:
    drawn = painted(Image.new("RGBA", SIZE, (*hidden, 0)), (255, 0, 0, 255))
    assert np.array_equal(mask_of(drawn), MISSING)


def test_a_tenth_parts_what_is_painted_from_what_is_not() -> None:
    """0.1 is 25.5 of 255, of the product of channel and alpha; half-covered pixels count."""
    row = np.array([[[255, 0, 0, 25], [255, 0, 0, 26], [9, 25, 9, 255], [9, 26, 9, 255],
                     [128, 128, 128, 128], [0, 0, 0, 255]]], np.uint8)  # fmt: skip
    mask = to_mask(Image.fromarray(row), np.ones((1, 6, 3), np.float32))
    assert mask.tolist() == [[False, True, False, True, True, False]]


def test_soft_edges_are_missing() -> None:
    soft = painted(Image.new("L", SIZE), 255).filter(ImageFilter.GaussianBlur(2))
    assert (mask_of(soft) >= MISSING).all()


@pytest.mark.parametrize("quality", [50, 75, 95])
def test_a_mask_that_was_a_jpeg_is_the_same_but_for_its_edges(quality: int) -> None:
    stream = io.BytesIO()
    painted(Image.new("RGB", SIZE), "white").save(stream, "JPEG", quality=quality)
    mask = mask_of(Image.open(stream))
    assert (mask >= MISSING).all()
    # A JPEG rings within its blocks of 16 x 16: nothing changes outside of those of the stroke.
    near = np.zeros_like(MISSING)
    near[0:16, 0:48] = True
    assert not mask[~near].any()


# --- numbers ---


@pytest.mark.parametrize(
    "numbers",
    [
        MISSING,
        MISSING.astype(np.uint8),
        MISSING.astype(np.uint8) * 255,
        MISSING.astype(np.int64),
        MISSING * 0.3,
        MISSING.tolist(),
        torch.from_numpy(MISSING),
        torch.from_numpy(MISSING * 1.0).requires_grad_(),
    ],
    ids=lambda numbers: f"{type(numbers).__name__}-{getattr(numbers, 'dtype', '')}",
)
def test_numbers_are_missing_where_they_are_not_zero_whatever_they_count_to(numbers: Any) -> None:
    assert np.array_equal(mask_of(numbers), MISSING)
    assert np.array_equal(mask_of(numbers, invert=True), ~MISSING)


@pytest.mark.parametrize(
    "numbers",
    [
        np.ones((32, 48, 3)),
        np.full((32, 48), np.nan),
        [[1, 0], [1]],
        [["a"]],
        5,
        None,
        np.zeros((0, 4)),
        {"mask": 1},
    ],
)
def test_what_is_no_mask_is_refused(numbers: Any) -> None:
    with pytest.raises(MeasurementError, match="The mask"):
        mask_of(numbers)


# --- what is done with it ---


def test_inverting_takes_what_is_not_fully_painted() -> None:
    black_on_white = painted(Image.new("L", SIZE, 255), 0)
    assert np.array_equal(mask_of(black_on_white, invert=True), MISSING)
    soft = black_on_white.filter(ImageFilter.GaussianBlur(2))
    assert (mask_of(soft, invert=True) >= MISSING).all()


@pytest.mark.parametrize("pixels", [0, 1, 3, 100])
def test_growing_takes_all_pixels_within_that_many_rows_and_columns(pixels: int) -> None:
    dot = np.zeros((32, 48), bool)
    dot[4, 20] = True
    rows, columns = np.indices(dot.shape)
    expected = np.maximum(abs(rows - 4), abs(columns - 20)) <= pixels
    if expected.all():
        with pytest.raises(MeasurementError, match="every pixel is missing"):
            mask_of(dot, pixels)
    else:
        assert np.array_equal(mask_of(dot, pixels), expected)


@pytest.mark.parametrize("pixels", [-1, 1.5, "2", None])
def test_masks_do_not_grow_by_what_is_no_number_of_pixels(pixels: Any) -> None:
    with pytest.raises(UsageError, match="cannot be grown"):
        Mask("mask.png", grow=pixels)


# --- photographs as masks ---


def test_a_photograph_with_holes_is_missing_there() -> None:
    alpha = Image.fromarray(np.uint8(~MISSING * 255))
    cut_out = PHOTO.copy()
    cut_out.putalpha(alpha)
    told: list[str] = []
    assert np.array_equal(mask_of(cut_out, told=told), MISSING)
    assert "transparent pixels" in told[0]


@pytest.mark.parametrize("quality", [None, 95, 75])
def test_a_photograph_that_was_painted_over_is_missing_there(quality: int | None) -> None:
    """Also where the copy was saved as a JPEG, but for the pixels beside the stroke."""
    drawn = painted(PHOTO, "red")
    stream = io.BytesIO()
    drawn.save(stream, "PNG" if quality is None else "JPEG", quality=quality or 0)
    told: list[str] = []
    mask = mask_of(Image.open(stream), told=told)
    assert "painted over" in told[0]
    inside, near = np.zeros_like(MISSING), np.zeros_like(MISSING)
    inside[9:13, 11:39] = True
    near[0:18] = True  # the blocks of the stroke, 16 x 16 in colour, and what is interpolated
    assert mask[inside].all()
    assert not mask[~near].any()


def test_photographs_that_say_nothing_of_holes_are_refused() -> None:
    """The photograph itself, and another one."""
    for drawn in (PHOTO, photograph(1)):
        with pytest.raises(MeasurementError, match="is a photograph, or in too many colours"):
            mask_of(drawn)


def test_a_scanned_page_that_was_painted_over_is_missing_there() -> None:
    """In three colours; black strokes on white over the same page are a drawing."""
    page = Image.new("RGB", SIZE, "white")
    for row in range(2, 30, 4):
        page.paste("black", (4, row, 44, row + 1))
    missing = to_mask(painted(page, "red"), Picture.from_pil(page).pixels)
    near = np.zeros_like(MISSING)
    near[7:15, 9:41] = True  # by the mean over 3 x 3 pixels
    assert (missing >= MISSING).all()
    assert not missing[~near].any()
    drawing = painted(Image.new("RGB", SIZE, "white"), "black")
    assert np.array_equal(to_mask(drawing, Picture.from_pil(page).pixels), ~MISSING)


def test_a_drawing_in_few_colours_is_none_however_much_is_painted() -> None:
    """Two thirds are painted, in three colours: it is done, and the share is said."""
    drawn = Image.new("RGB", SIZE, "yellow")
    drawn.paste("black", (0, 0, 16, 32))
    draw = ImageDraw.Draw(drawn)
    draw.ellipse((20, 5, 40, 25), fill="red")
    assert mask_of(drawn).mean() == pytest.approx(2 / 3)


# --- what does not fit ---


def test_masks_that_do_not_fit(tmp_path: Path) -> None:
    Image.new("L", SIZE, 255).save(tmp_path / "white.png")
    Image.new("L", SIZE, 0).save(tmp_path / "black.png")
    Image.new("L", (5, 7), 255).save(tmp_path / "small.png")
    with pytest.raises(MeasurementError, match=r"small\.png' is 5 x 7, the photograph 48 x 32"):
        mask_of(tmp_path / "small.png")
    with pytest.raises(MeasurementError, match=r"white\.png' says that every pixel is missing"):
        mask_of(tmp_path / "white.png")
    with pytest.raises(MeasurementError, match=r"black\.png' says that nothing is missing"):
        mask_of(tmp_path / "black.png")
    with pytest.raises(ImageReadError):
        mask_of(tmp_path / "missing.png")
    with pytest.raises(MeasurementError, match="5 x 7, the photograph 48 x 32"):
        mask_of(np.eye(7, 5))


def test_a_mask_of_a_photograph_that_viewers_show_turned() -> None:
    """Its maker did not look at the orientation that the photograph carries."""
    lying = painted(Image.new("L", SIZE), 255).transpose(Image.Transpose.ROTATE_90)
    with pytest.raises(MeasurementError, match="Turn the mask as viewers show the photograph"):
        mask_of(lying)
    with pytest.raises(MeasurementError, match="at the size of the photograph"):
        mask_of(lying.resize((7, 9)))
