"""Operators that act on rows and on columns, each by a matrix of its own."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ddrm_cli.errors import MeasurementError

from .base import ImageShape, LinearOperator, Start, fine_detail, gain

__all__ = ["WEAKEST", "SeparableOperator", "is_outer_product", "outer_factors"]

SEPARABLE_TOLERANCE = 1e-6  # second singular value of a kernel that still counts as rank one

WEAKEST = 3e-2
"""Singular values of a one-dimensional factor below this share of the largest are not trusted.

The eye and 8 bits cannot tell what such a coordinate holds: dividing by it would multiply
rounding (1/255) by more than thirty, and by a thousand where both axes are that weak.
"""


class _Factor(NamedTuple):
    """Singular value decomposition ``U diag(s) V^T`` of one axis."""

    u: Tensor  # float32
    s: NDArray[np.float64]
    v: Tensor  # float32


_FACTORS_KEPT = 8
_kept: OrderedDict[bytes, _Factor] = OrderedDict()


def _decompose(matrix: NDArray[np.float64]) -> _Factor:
    """Decompose a matrix, or remember it: the pictures of a folder share their sizes."""
    key = hashlib.sha256(repr(matrix.shape).encode() + matrix.tobytes()).digest()
    factor = _kept.pop(key, None)
    if factor is None:
        u, s, vt = np.linalg.svd(matrix)
        v = np.ascontiguousarray(vt.T)
        factor = _Factor(torch.from_numpy(u).float(), s, torch.from_numpy(v).float())
    _kept[key] = factor
    while len(_kept) > _FACTORS_KEPT:
        _kept.popitem(last=False)
    return factor


class SeparableOperator(LinearOperator):
    """``Y = A X B^T`` in each channel, from the singular value decompositions of A and B.

    With ``A = U_a diag(a) V_a^T`` and B alike, ``V^T x`` is ``V_a^T X V_b``, of the picture's
    shape, and the singular values are the outer product of a and b, padded with zeros. The
    factors are decomposed in float64 and applied in the precision of the picture.

    Args:
        image_shape: (C, H, W) of the picture.
        rows: A, shape (h, H) with h <= H; acts along the height.
        columns: B, shape (w, W) with w <= W; acts along the width.
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
    ) -> None:
        channels, height, width = image_shape
        a, b = _decompose(rows), _decompose(columns)
        h, w = len(a.s), len(b.s)
        singular_values = np.zeros((height, width))
        singular_values[:h, :w] = np.outer(a.s, b.s)
        measured = np.zeros((height, width), dtype=bool)
        measured[:h, :w] = np.outer(a.s >= WEAKEST * a.s[0], b.s >= WEAKEST * b.s[0])
        super().__init__(
            image_shape,
            (channels, h, w),
            torch.from_numpy(singular_values),
            torch.from_numpy(measured),
        )
        for name, factor in (("_u_a", a.u), ("_u_b", b.u), ("_v_a", a.v), ("_v_b", b.v)):
            self.register_buffer(name, factor)

    @property
    def start(self) -> Start:
        """Fine detail is missing."""
        return fine_detail(self.image_shape[1] / self.measurement_shape[1])

    def initial(self, y: Tensor) -> Tensor | None:
        """The measurement itself, whose borders are right, enlarged where it is smaller.

        The pseudo-inverse of a reduction without a filter is dots on black.
        """
        picture = y / gain(self)
        if self.measurement_shape == self.image_shape:
            return picture
        return F.interpolate(picture, self.image_shape[1:], mode="bicubic", align_corners=False)

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
