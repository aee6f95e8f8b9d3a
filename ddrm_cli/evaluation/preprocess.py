"""From a photograph to the picture that is measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ddrm_cli.errors import UnknownNameError
from ddrm_cli.images.picture import Picture, image_of

__all__ = ["PREPROCESSINGS", "get_preprocessing", "preprocess"]

Pixels = NDArray[np.float32]


def _imagenet(pixels: Pixels, size: int) -> Pixels:
    """The published protocol: halve by box while that keeps the size, bicubic, centre crop.

    In 8 bits and three channels after each stage, as published.
    """
    image = image_of(pixels).convert("RGB")
    while min(image.size) >= 2 * size:
        image = image.resize((image.width // 2, image.height // 2), Image.Resampling.BOX)
    image = _short_side(image, size)
    left, top = (image.width - size) // 2, (image.height - size) // 2
    return _pixels(image.crop((left, top, left + size, top + size)))


def _resize(pixels: Pixels, size: int) -> Pixels:
    """The whole picture, bicubic, so that its short side has the size."""
    return _pixels(_short_side(image_of(pixels), size))


def _none(pixels: Pixels, size: int) -> Pixels:
    """The picture as it is."""
    return pixels


PREPROCESSINGS: Mapping[str, Callable[[Pixels, int], Pixels]] = {
    "imagenet": _imagenet,
    "resize": _resize,
    "none": _none,
}
"""What ``--preprocess`` takes."""


def preprocess(picture: Picture, name: str, size: int) -> Pixels:
    """The pixels to measure, shape (H, W, C) on [0, 1]; transparency is ignored.

    Args:
        picture: What was read.
        name: A name of `PREPROCESSINGS`.
        size: Pixels of the short side; ``"none"`` does not look at it.

    Raises:
        UnknownNameError: No preprocessing of that name.
    """
    return get_preprocessing(name)(picture.pixels, size)


def get_preprocessing(name: str) -> Callable[[Pixels, int], Pixels]:
    """The function of a name.

    Raises:
        UnknownNameError: There is none.
    """
    if name not in PREPROCESSINGS:
        raise UnknownNameError("preprocessing", name, PREPROCESSINGS)
    return PREPROCESSINGS[name]


def _short_side(image: Image.Image, size: int) -> Image.Image:
    scale = size / min(image.size)
    # At least the size: rounding a very long picture must not shave its short side.
    width, height = (max(size, round(side * scale)) for side in image.size)
    return image.resize((width, height), Image.Resampling.BICUBIC)


def _pixels(image: Image.Image) -> Pixels:
    pixels: Pixels = np.asarray(image, dtype=np.float32) / np.float32(255)
    return pixels if pixels.ndim == 3 else pixels[..., None]
