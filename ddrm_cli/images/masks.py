"""The user's own mask, from a picture file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ddrm_cli.errors import MeasurementError
from ddrm_cli.images.picture import Picture
from ddrm_cli.images.reading import read_picture

__all__ = ["MaskLike", "to_mask"]

MaskLike = str | os.PathLike[str] | Image.Image | NDArray[Any]
"""Missing pixels: a picture file, a Pillow image, or an array (H, W) that is not zero there."""


def to_mask(mask: MaskLike, height: int, width: int) -> NDArray[np.bool_]:
    """A mask of any kind: (height, width), True where the photograph is missing.

    In a picture white is missing: the mean of the channels, at 0.5 or above. Alpha is not looked
    at.

    Args:
        mask: A file, a picture or an array.
        height: Height of the photograph.
        width: Width of the photograph.

    Raises:
        ImageReadError: The file is missing, damaged or no picture.
        MeasurementError: It has another size, or is white or black everywhere.
    """
    if isinstance(mask, np.ndarray):
        return mask.astype(bool)
    if isinstance(mask, Image.Image):
        return _of_picture(Picture.from_pil(mask), "The mask", height, width)
    return _of_picture(read_picture(mask), f"The mask '{Path(mask)}'", height, width)


def _of_picture(picture: Picture, name: str, height: int, width: int) -> NDArray[np.bool_]:
    if (picture.height, picture.width) != (height, width):
        raise MeasurementError(
            f"{name} is {picture.width} x {picture.height}, the photograph {width} x {height}.",
            "Draw the mask at the size of the photograph.",
        )
    missing = np.asarray(picture.pixels.mean(axis=2) >= 0.5)
    if missing.all():
        raise MeasurementError(
            f"{name} is white everywhere: all of the photograph is missing.",
            "Paint white only what is to be filled in, black what is to stay.",
        )
    if not missing.any():
        raise MeasurementError(
            f"{name} is black everywhere: nothing is missing.",
            "Paint white what is to be filled in.",
        )
    return missing
