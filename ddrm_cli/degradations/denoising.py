"""Denoising: the picture itself is measured, with noise."""

from __future__ import annotations

import torch
from torch import Tensor

from .base import ImageShape, LinearOperator, Start

__all__ = ["Denoising"]


class Denoising(LinearOperator):
    """Identity, ``y = x + z``: every singular value is one.

    Args:
        image_shape: (C, H, W) of the picture.
    """

    def __init__(self, image_shape: ImageShape) -> None:
        super().__init__(image_shape, image_shape, torch.ones(1, 1, 1))

    @property
    def start(self) -> Start:
        """Nothing is missing: the noise of y, and one evaluation, is all there is to do."""
        return Start(level=0.0, steps=1)

    def V(self, x_bar: Tensor, /) -> Tensor:
        """See `LinearOperator.V`."""
        return x_bar

    Vt = U = Ut = V
