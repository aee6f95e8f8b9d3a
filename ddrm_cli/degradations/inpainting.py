"""Inpainting: some pixels are missing, in all channels."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ddrm_cli.errors import MeasurementError

from .base import ImageShape, LinearOperator, Start
from .filling import fill, missing_pixels
from .matrices import FAINT, as_weights
from .text_masks import lolcat_mask, lorem_mask

__all__ = ["Inpainting", "lolcat", "lorem", "masked"]


class Inpainting(LinearOperator):
    """Mask, ``y = (1 - missing) * x``; what y holds at missing pixels is never looked at.

    Args:
        image_shape: (C, H, W) of the picture.
        missing: Shape (H, W), True where a pixel is missing; of numbers, above a
            tenth of the largest.

    Raises:
        MeasurementError: The mask has another size, or leaves no pixel.
    """

    def __init__(self, image_shape: ImageShape, missing: NDArray[Any]) -> None:
        _, height, width = image_shape
        missing = as_weights(missing) > FAINT
        if missing.shape != (height, width):
            raise MeasurementError(
                f"The mask has {missing.shape[1]} x {missing.shape[0]} pixels, "
                f"the picture {width} x {height}.",
                "Give a mask of the picture's own size.",
            )
        if missing.all():
            raise MeasurementError(
                "The mask says that every pixel is missing.",
                "White means missing: leave the pixels that are there black.",
            )
        known = torch.from_numpy(~missing).float()[None]
        super().__init__(image_shape, image_shape, known)

    @property
    def missing(self) -> Tensor:
        """See `LinearOperator.missing`."""
        return ~self.measured[0]

    @cached_property  # it looks at every pixel, and is asked for more than once
    def start(self) -> Start:
        """Pixels are missing."""
        return missing_pixels(self.measured[0])

    def initial(self, y: Tensor) -> Tensor | None:
        """The picture with its holes filled smoothly."""
        return fill(y, self.measured[0])

    def V(self, x_bar: Tensor, /) -> Tensor:
        """See `LinearOperator.V`."""
        return x_bar

    Vt = U = Ut = V


def masked(image_shape: ImageShape, seed: int, mask: NDArray[Any] | None = None) -> Inpainting:
    """Inpainting of the user's mask, or of a random half of the pixels.

    Args:
        image_shape: (C, H, W) of the picture.
        seed: Which half, where no mask is given.
        mask: Shape (H, W), see `Inpainting`.

    Raises:
        MeasurementError: The mask does not fit.
    """
    if mask is not None:
        return Inpainting(image_shape, mask)
    _, height, width = image_shape
    missing = np.zeros(height * width, dtype=bool)
    # RandomState's stream is frozen for good: the same seed gives the same holes in any version.
    order = np.random.RandomState(seed).permutation(height * width)
    missing[order[: height * width // 2]] = True
    return Inpainting(image_shape, missing.reshape(height, width))


def lolcat(image_shape: ImageShape) -> Inpainting:
    """Inpainting under two lines of large letters."""
    return Inpainting(image_shape, lolcat_mask(*image_shape[1:]))


def lorem(image_shape: ImageShape) -> Inpainting:
    """Inpainting under a page of small print."""
    return Inpainting(image_shape, lorem_mask(*image_shape[1:]))
