"""Colourisation: one grey value a pixel is measured."""

from __future__ import annotations

import torch
from torch import Tensor

from ddrm_cli.errors import MeasurementError

from .base import ImageShape, LinearOperator, Start

__all__ = ["GREY_WEIGHTS", "Greying"]

GREY_WEIGHTS = (0.3333, 0.3334, 0.3333)
"""Red, green and blue in grey, as published."""


class Greying(LinearOperator):
    """Grey value of each pixel, ``y = w x`` with the weights w of red, green and blue.

    V is the reflection of colour space that swaps the first axis with ``w / |w|``; the first
    singular value is ``|w|``, the other two are zero.

    Args:
        image_shape: (3, H, W) of the picture.

    Raises:
        MeasurementError: The picture does not have three channels.
    """

    _normal: Tensor

    def __init__(self, image_shape: ImageShape) -> None:
        channels, height, width = image_shape
        if channels != 3:
            raise MeasurementError(
                f"Colour can only be taken from three channels, not from {channels}.",
                "Give a colour picture.",
            )
        weights = torch.tensor(GREY_WEIGHTS, dtype=torch.float64)
        norm = weights.norm()
        singular_values = torch.stack([norm, torch.zeros_like(norm), torch.zeros_like(norm)])
        super().__init__(image_shape, (1, height, width), singular_values[:, None, None])
        normal = weights / norm
        normal[0] -= 1
        self.register_buffer("_normal", (normal / normal.norm()).float()[:, None, None])

    @property
    def start(self) -> Start:
        """Colour is missing everywhere: from lower levels the picture stays grey."""
        return Start(level=100.0, steps=20, detail=1.0)

    def read(self, seen: Tensor) -> Tensor:
        """Grey is measured: of a picture in three channels, the grey of it."""
        return self(seen) if tuple(seen.shape[1:]) == self.image_shape else seen

    def V(self, x_bar: Tensor, /) -> Tensor:
        """Reflect each pixel's colour, ``x - 2 n (n x)``; its own inverse."""
        along = torch.einsum("c,bchw->bhw", self._normal[:, 0, 0], x_bar)[:, None]
        return torch.addcmul(x_bar, self._normal, along, value=-2)

    Vt = V

    def U(self, y_bar: Tensor, /) -> Tensor:
        """See `LinearOperator.U`."""
        return y_bar[:, :1]

    def Ut(self, y: Tensor, /) -> Tensor:
        """See `LinearOperator.Ut`."""
        y_bar = y.new_zeros((y.shape[0], *self.spectral_shape))
        y_bar[:, :1] = y
        return y_bar
