"""Operators that act on rows and on columns, each by a factor of its own."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ddrm_cli.errors import MeasurementError

from .base import LinearOperator, Start, fine_detail, usable_gain
from .factors import Factor
from .lines import map_lines

__all__ = ["SeparableOperator", "is_outer_product", "outer_factors"]

SEPARABLE_TOLERANCE = 1e-6  # second singular value of a kernel that still counts as rank one


class SeparableOperator(LinearOperator):
    """``Y = A X B^T`` in each channel, from the singular value decompositions of A and B.

    With ``A = U_a diag(a) V_a^T`` and B alike, ``V^T x`` is ``V_a^T X V_b``, of the picture's
    shape, and the singular values are the outer product of a and b, padded with zeros. They are
    computed in float64, the maps in the precision of the picture.

    Args:
        channels: C of the picture.
        rows: A, which acts along the height.
        columns: B, which acts along the width.
    """

    def __init__(self, channels: int, rows: Factor, columns: Factor) -> None:
        a, b = rows.singular_values, columns.singular_values
        size, measures = (rows.size, columns.size), (..., slice(len(a)), slice(len(b)))
        singular_values = torch.zeros(size)
        singular_values[measures] = torch.outer(a.float(), b.float())
        measured = torch.zeros(size, dtype=torch.bool)
        measured[measures] = torch.outer(rows.measured, columns.measured)
        super().__init__((channels, *size), (channels, len(a), len(b)), singular_values, measured)
        self._measures = measures
        self._gain = usable_gain(rows.gain * columns.gain, float(a.max() * b.max()))
        self._rows, self._columns = rows, columns

    @property
    def start(self) -> Start:
        """Fine detail is missing."""
        return fine_detail(self.image_shape[1] / self.measurement_shape[1])

    def initial(self, y: Tensor) -> Tensor | None:
        """The measurement itself, whose borders are right, enlarged where it is smaller.

        The pseudo-inverse of a reduction without a filter is dots on black.
        """
        picture = y / self._gain
        if self.measurement_shape == self.image_shape:
            return picture
        return F.interpolate(picture, self.image_shape[1:], mode="bicubic", align_corners=False)

    def V(self, x_bar: Tensor, /) -> Tensor:
        """See `LinearOperator.V`."""
        return map_lines(self._rows.V, self._columns.V, x_bar)

    def Vt(self, x: Tensor, /) -> Tensor:
        """See `LinearOperator.Vt`."""
        return map_lines(self._rows.Vt, self._columns.Vt, x)

    def U(self, y_bar: Tensor, /) -> Tensor:
        """See `LinearOperator.U`."""
        return map_lines(self._rows.U, self._columns.U, y_bar[self._measures])

    def Ut(self, y: Tensor, /) -> Tensor:
        """See `LinearOperator.Ut`."""
        y_bar = y.new_zeros((y.shape[0], *self.spectral_shape))
        map_lines(self._rows.Ut, self._columns.Ut, y, y_bar[self._measures])
        return y_bar


def is_outer_product(kernel: NDArray[np.float64]) -> bool:
    """Whether a kernel acts on rows and on columns by itself, to rounding.

    Raises:
        MeasurementError: It is no kernel at all.
    """
    if kernel.ndim != 2 or kernel.size == 0 or not np.isfinite(kernel).all() or not kernel.any():
        raise MeasurementError(
            "A kernel is a two-dimensional array of finite numbers that are not all zero.",
            "Give its weights as rows and columns.",
        )
    s = np.linalg.svd(kernel, compute_uv=False)
    return len(s) == 1 or bool(s[1] < SEPARABLE_TOLERANCE * s[0])


def outer_factors(
    kernel: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows and columns, of which a kernel is the outer product."""
    u, s, vt = np.linalg.svd(kernel, full_matrices=False)
    return s[0] * u[:, 0], vt[0]
