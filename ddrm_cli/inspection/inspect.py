"""A picture to what was found out about it."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ddrm_cli.errors import UsageError
from ddrm_cli.images.measurement import read_measurement_info
from ddrm_cli.images.noise_level import estimate_noise
from ddrm_cli.images.picture import Picture
from ddrm_cli.images.reading import DEFAULT_MAX_PIXELS, read_picture

from .bars import find_bars, inside
from .blocks import jpeg_in_file, jpeg_in_pixels
from .findings import Findings
from .spectrum import softness

__all__ = ["inspect"]

_COLOURLESS = 4 / 255  # between channels; toned photographs have more, a JPEG leaves less in grey


def inspect(
    picture: str | os.PathLike[str] | Image.Image | NDArray[Any] | Picture,
    *,
    max_pixels: int = DEFAULT_MAX_PIXELS,
) -> Findings:
    """Find out what happened to a photograph: compression, noise, enlargement, blur.

    Args:
        picture: A file, a Pillow image, an array (H, W) or (H, W, C) of floats on [0, 1] or of
            8-bit integers. What an image was read from is known of files only.
        max_pixels: Largest file that is read.

    Returns:
        What was found; `ddrm_cli.inspection.suggestions` makes commands of it.

    Raises:
        UsageError: It is no picture.
        ImageError: A file cannot be read, or is too large.
        MeasurementError: A file of ``ddrm degrade`` that is damaged.
    """
    picture = _picture(picture, max_pixels)
    info = read_measurement_info(picture)
    pixels = picture.pixels
    bars = find_bars(pixels)
    inner = inside(pixels, bars)
    known = None if picture.alpha is None else inside(picture.alpha, bars) >= 0.5
    grey = np.abs(np.diff(inner, axis=-1)).max(initial=0.0) <= _COLOURLESS
    compression = picture.compression
    jpeg = jpeg_in_pixels(pixels) if compression is None else jpeg_in_file(compression)
    return Findings(
        width=picture.width,
        height=picture.height,
        channels=picture.channels,
        grey=bool(grey),
        bars=bars,
        degradation=None if info is None else info.degradation,
        jpeg=jpeg,
        noise=estimate_noise(inner, known),
        softness=softness(inner.mean(axis=-1)),
    )


def _picture(
    picture: str | os.PathLike[str] | Image.Image | NDArray[Any] | Picture, max_pixels: int
) -> Picture:
    if isinstance(picture, Picture):
        return picture
    if isinstance(picture, (str, os.PathLike)):
        return read_picture(picture, max_pixels=max_pixels)
    if isinstance(picture, Image.Image):
        return Picture.from_pil(picture)
    if not isinstance(picture, np.ndarray) or picture.ndim not in (2, 3):
        raise UsageError(
            f"A {type(picture).__name__} is no picture that can be looked at.",
            "Give a file, a Pillow image, or an array (H, W) or (H, W, C).",
        )
    pixels = picture[..., None] if picture.ndim == 2 else picture
    return Picture(np.float32(pixels / 255 if pixels.dtype == np.uint8 else pixels))
