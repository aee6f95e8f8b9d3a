"""Any small linear operator, given as a matrix."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ddrm_cli.errors import MeasurementError

from .base import ImageShape, LinearOperator

__all__ = ["DenseOperator"]

DENSE_WEAKEST = 1e-6  # of the largest; below it a float32 measurement holds only rounding


class DenseOperator(LinearOperator):
    """``y = A x`` for the flattened picture, from the singular value decomposition of A.

    Takes O(n^2) memory and O(n^3) time for n numbers a picture: for small pictures and proofs.

    Args:
        image_shape: (C, H, W) of the picture.
        matrix: A, shape (m, C*H*W) with m <= C*H*W.

    Raises:
        MeasurementError: The shapes do not fit.
    """

    _u: Tensor
    _v: Tensor

    def __init__(self, image_shape: ImageShape, matrix: NDArray[np.float64]) -> None:
        n = math.prod(image_shape)
        if matrix.ndim != 2 or matrix.shape[1] != n or matrix.shape[0] > n:
            raise MeasurementError(
                f"A picture of {n} numbers takes a matrix of {n} columns and at most {n} rows, "
                f"not one of shape {matrix.shape}.",
                "Give one row a measurement; reduce a taller matrix by its QR decomposition.",
            )
        u, s, vt = np.linalg.svd(matrix)
        singular_values = np.zeros(n)
        singular_values[: len(s)] = s
        super().__init__(
            image_shape,
            (len(s),),
            torch.from_numpy(singular_values),
            torch.from_numpy(singular_values >= DENSE_WEAKEST * s[0]),
            spectral_shape=(n,),
        )
        self.register_buffer("_u", torch.from_numpy(u).float())
        self.register_buffer("_v", torch.from_numpy(vt.T.copy()).float())

    def V(self, x_bar: Tensor, /) -> Tensor:
        """See `LinearOperator.V`."""
        return (x_bar @ self._v.T).reshape(-1, *self.image_shape)

    def Vt(self, x: Tensor, /) -> Tensor:
        """See `LinearOperator.Vt`."""
        return x.flatten(1) @ self._v

    def U(self, y_bar: Tensor, /) -> Tensor:
        """See `LinearOperator.U`."""
        return y_bar[:, : len(self._u)] @ self._u.T

    def Ut(self, y: Tensor, /) -> Tensor:
        """See `LinearOperator.Ut`."""
        y_bar = y.new_zeros((y.shape[0], *self.spectral_shape))
        y_bar[:, : len(self._u)] = y @ self._u
        return y_bar
