"""Operators that act on rows and on columns, each by a matrix of its own."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .base import ImageShape, LinearOperator

__all__ = ["RANK_TOLERANCE", "SeparableOperator"]

RANK_TOLERANCE = 3e-2
"""Singular values of a one-dimensional factor below this count as zero.

The eye and 8 bits cannot tell what such a coordinate holds: dividing by it would multiply
rounding (1/255) by more than thirty, and by a thousand where both axes are that weak.
"""


class SeparableOperator(LinearOperator):
    """``Y = A X B^T`` in each channel, from the singular value decompositions of A and B.

    With ``A = U_a diag(a) V_a^T`` and B alike, ``V^T x`` is ``V_a^T X V_b``, of the picture's
    shape, and the singular values are the outer product of a and b, padded with zeros. The
    factors are decomposed in float64 and applied in the precision of the picture.

    Args:
        image_shape: (C, H, W) of the picture.
        rows: A, shape (h, H) with h <= H; acts along the height.
        columns: B, shape (w, W) with w <= W; acts along the width.
        rank_tolerance: Singular values of A or B below this, relative to the largest, count as
            unmeasured.
    """

    _u_a: Tensor
    _u_b: Tensor
    _v_a: Tensor
    _v_b: Tensor

    def __init__(
        self,
        image_shape: ImageShape,
        rows: NDArray[np.float64],
        columns: NDArray[np.float64],
        rank_tolerance: float = RANK_TOLERANCE,
    ) -> None:
        channels, height, width = image_shape
        self_similar = rows.shape == columns.shape and bool((rows == columns).all())
        u_a, a, vt_a = np.linalg.svd(rows)
        u_b, b, vt_b = (u_a, a, vt_a) if self_similar else np.linalg.svd(columns)
        a, b = (np.where(s < rank_tolerance * s[0], 0.0, s) for s in (a, b))
        singular_values = np.zeros((height, width))
        singular_values[: len(a), : len(b)] = np.outer(a, b)
        super().__init__(image_shape, (channels, len(a), len(b)), torch.from_numpy(singular_values))
        for name, factor in (("_u_a", u_a), ("_u_b", u_b), ("_v_a", vt_a.T), ("_v_b", vt_b.T)):
            self.register_buffer(name, torch.from_numpy(np.ascontiguousarray(factor)).float())

    def V(self, x_bar: Tensor, /) -> Tensor:
        """See `LinearOperator.V`."""
        return self._v_a @ (x_bar @ self._v_b.T)

    def Vt(self, x: Tensor, /) -> Tensor:
        """See `LinearOperator.Vt`."""
        return self._v_a.T @ (x @ self._v_b)

    def U(self, y_bar: Tensor, /) -> Tensor:
        """See `LinearOperator.U`."""
        _, h, w = self.measurement_shape
        return self._u_a @ (y_bar[..., :h, :w] @ self._u_b.T)

    def Ut(self, y: Tensor, /) -> Tensor:
        """See `LinearOperator.Ut`."""
        _, h, w = self.measurement_shape
        y_bar = y.new_zeros((y.shape[0], *self.spectral_shape))
        y_bar[..., :h, :w] = self._u_a.T @ (y @ self._u_b)
        return y_bar
