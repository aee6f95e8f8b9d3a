"""The user's own mask, from a picture file."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ddrm_cli.errors import MeasurementError
from ddrm_cli.images.reading import read_picture

__all__ = ["read_mask"]


def read_mask(path: str | os.PathLike[str], height: int, width: int) -> NDArray[np.bool_]:
    """A mask from a picture: (height, width), True where the photograph is missing.

    White is missing: the mean of the channels, at 0.5 or above. Alpha is not looked at.

    Args:
        path: Any picture file.
        height: Height of the photograph.
        width: Width of the photograph.

    Raises:
        ImageReadError: The file is missing, damaged or no picture.
        MeasurementError: It has another size, or is white or black everywhere.
    """
    path = Path(path)
    picture = read_picture(path)
    if (picture.height, picture.width) != (height, width):
        raise MeasurementError(
            f"The mask '{path}' is {picture.width} x {picture.height}, "
            f"the photograph {width} x {height}.",
            "Draw the mask at the size of the photograph.",
        )
    missing = np.asarray(picture.pixels.mean(axis=2) >= 0.5)
    if missing.all():
        raise MeasurementError(
            f"The mask '{path}' is white everywhere: all of the photograph is missing.",
            "Paint white only what is to be filled in, black what is to stay.",
        )
    if not missing.any():
        raise MeasurementError(
            f"The mask '{path}' is black everywhere: nothing is missing.",
            "Paint white what is to be filled in.",
        )
    return missing
