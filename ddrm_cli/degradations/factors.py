"""Filters of one axis, with the singular value decomposition of their matrix."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ddrm_cli.errors import MeasurementError

from .boundary import filter_matrix
from .cosine import CosineTransform

__all__ = ["LARGEST_DENSE", "WEAKEST", "CosineFactor", "DenseFactor", "Factor", "filter_factor"]

WEAKEST = 3e-2
"""Singular values of a one-dimensional factor below this share of the largest are not trusted.

The eye and 8 bits cannot tell what such a coordinate holds: dividing by it would multiply
rounding (1/255) by more than thirty, and by a thousand where both axes are that weak.
"""

LARGEST_DENSE = 2048
"""Longest side that is decomposed as a matrix: that takes seconds, at twice the side a minute."""

SYMMETRY_TOLERANCE = 1e-6  # of the largest tap, by which two that mirror each other may differ


class Factor(nn.Module, ABC):
    """Matrix ``A = U diag(s) V^T`` that makes n numbers of a line of N, n <= N.

    All maps take and give lines as their last axis. It is a module so that its buffers move.

    Attributes:
        size: N.
        singular_values: s, shape (n,), float64, in any order: those of the first n of the N
            spectral coordinates. The others are not measured.
        measured: Which of the n are trusted, see `WEAKEST`.
        gain: How bright a white line is measured, on average.
    """

    def __init__(self, size: int, singular_values: NDArray[np.float64], gain: float) -> None:
        super().__init__()
        self.size = size
        self.singular_values = torch.from_numpy(singular_values)
        self.measured = self.singular_values >= WEAKEST * self.singular_values.max()
        self.gain = gain

    @abstractmethod
    def V(self, x_bar: Tensor, /) -> Tensor:
        """Spectral coordinates (..., N) to lines (..., N); orthogonal."""

    @abstractmethod
    def Vt(self, x: Tensor, /) -> Tensor:
        """The inverse of `V`."""

    @abstractmethod
    def U(self, y_bar: Tensor, /) -> Tensor:
        """The first n spectral coordinates, (..., n), to what is measured, (..., n); orthogonal."""

    @abstractmethod
    def Ut(self, y: Tensor, /) -> Tensor:
        """The inverse of `U`."""


class CosineFactor(Factor):
    """Symmetric taps and mirrored borders; of the result each r-th number is kept, n = N / r.

    Such a filter multiplies the wave ``cos(pi m (t + 1/2) / N)`` by
    ``K(m) = sum_j h_j cos(pi m (j - (L - 1) / 2) / N)`` and samples it in the middle of blocks of
    r, where the waves ``m = 2 n q + k`` and ``2 n q - k`` are the same wave k of length n but for
    a sign ``(-1)^q``. So coefficient k of the measurement's cosine transform is the product of r
    coefficients of the picture's with r weights w_k, and:

    - ``s_k = |w_k|``; no two k share a coefficient;
    - ``V^T`` is the cosine transform and, among the r, the reflection that swaps ``w_k / |w_k|``
      and the first, m = k, where it leaves what is measured; up to their sign, which U has, so
      that a blur (r = 1) reflects nothing;
    - ``U`` is the inverse cosine transform of length n.

    All of it takes O(N log N).

    Args:
        taps: h, L of them; symmetric. L - r is even: the middle of the taps lies on the middle
            of a block.
        size: N, which the reduction divides.
        reduction: r.
    """

    _normal: Tensor
    _signs: Tensor
    _parity: Tensor

    def __init__(self, taps: NDArray[np.float64], size: int, reduction: int) -> None:
        weights = _folded_weights(taps, size, reduction)
        norm = np.linalg.norm(weights, axis=0)
        super().__init__(size, norm, float(taps.sum()))
        self._cosine, self._smaller = CosineTransform(size), CosineTransform(size // reduction)
        signs = np.where(weights[0] < 0, -1.0, 1.0)
        self.register_buffer("_signs", torch.from_numpy(signs).float())
        self._reduction = reduction
        # Reflecting about a plane of normal g, |g|^2 = 2, is x - g (g x). For a unit vector u with
        # u_0 >= 0, g is u - e_0 but for its length, here without a difference that cancels.
        unit = signs * _quotient(weights, norm)
        rest = np.linalg.norm(unit[1:], axis=0)
        stretch = np.sqrt(1 + unit[0])
        normal = np.concatenate([-rest[None] / stretch, stretch * _quotient(unit[1:], rest)])
        # In the order of m: in odd rows, where m = 2 n q - k, k runs backwards.
        normal[1::2, 1:] = normal[1::2, :0:-1]
        self.register_buffer("_normal", torch.from_numpy(normal).float())
        self.register_buffer("_parity", torch.arange(reduction) % 2)

    def V(self, x_bar: Tensor, /) -> Tensor:
        """See `Factor.V`."""
        x: Tensor = self._cosine.inverse(self._reflected(x_bar))
        return x

    def Vt(self, x: Tensor, /) -> Tensor:
        """See `Factor.Vt`."""
        return self._reflected(self._cosine(x))

    def U(self, y_bar: Tensor, /) -> Tensor:
        """See `Factor.U`."""
        y: Tensor = self._smaller.inverse(self._signs * y_bar)
        return y

    def Ut(self, y: Tensor, /) -> Tensor:
        """See `Factor.Ut`."""
        y_bar: Tensor = self._signs * self._smaller(y)
        return y_bar

    def _reflected(self, x_bar: Tensor) -> Tensor:
        """Coefficients reflected in each group of r, its own inverse."""
        if self._reduction == 1:
            return x_bar
        parts = x_bar.reshape(*x_bar.shape[:-1], self._reduction, -1)
        products = parts * self._normal
        along = products[..., ::2, :].sum(-2) + _backwards(products[..., 1::2, :].sum(-2))
        both = torch.stack([along, _backwards(along)], dim=-2)
        reflected = torch.addcmul(parts, self._normal, both[..., self._parity, :], value=-1)
        return reflected.flatten(-2)


def _folded_weights(taps: NDArray[np.float64], size: int, reduction: int) -> NDArray[np.float64]:
    """Weights w of the r frequencies that are measured as one, shape (r, n).

    Row p has ``m = p n + k`` where p is even and ``m = (p + 1) n - k`` where it is odd; in column
    0 of odd rows it is m = p n, which is zero in the middle of each block.
    """
    n = size // reduction
    m = np.arange(size)
    torus = np.zeros(2 * size)
    np.add.at(torus, np.arange(len(taps)) % (2 * size), taps)  # adds up where there are more taps
    middle = np.exp(1j * np.pi / (2 * size) * m * (len(taps) - 1))
    transfer = (np.fft.rfft(torus)[:size] * middle).real
    # Where nothing is left of it but rounding, it says nothing.
    transfer[np.abs(transfer) < np.finfo(float).eps * np.abs(taps).sum()] = 0
    weights = transfer.reshape(reduction, n) / np.sqrt(reduction)
    weights[1:, 0] *= np.sqrt(2)  # they become constant, whose norm is another
    weights[1::2, 0] = 0
    weights[1::2, 1:] = weights[1::2, :0:-1]
    p = np.arange(reduction)[:, None]
    return np.asarray(np.where((p + 1) // 2 % 2, -weights, weights))


def _quotient(values: NDArray[np.float64], by: NDArray[np.float64]) -> NDArray[np.float64]:
    """Zero where divided by zero."""
    return np.divide(values, by, out=np.zeros_like(values), where=by > 0)


def _backwards(x: Tensor) -> Tensor:
    """``x_-k`` for x periodic along its last axis: the first number stays."""
    return torch.cat([x[..., :1], x[..., 1:].flip(-1)], dim=-1)


class DenseFactor(Factor):
    """Any matrix, decomposed as such: O(N^3), for short lines.

    Args:
        matrix: A, shape (n, N) with n <= N.

    Raises:
        MeasurementError: N is above `LARGEST_DENSE`.
    """

    _u: Tensor
    _v: Tensor

    def __init__(self, matrix: NDArray[np.float64]) -> None:
        size = matrix.shape[1]
        if size > LARGEST_DENSE:
            raise MeasurementError(
                "A kernel that is not symmetric is applied with mirrored borders to pictures of "
                f"at most {LARGEST_DENSE} pixels a side, not {size}.",
                "Give a smaller picture or a symmetric kernel, or restore with --boundary unknown.",
            )
        u, s, vt = np.linalg.svd(matrix)
        super().__init__(size, s, float(matrix.sum(axis=1).mean()))
        self.register_buffer("_u", torch.from_numpy(u).float())
        self.register_buffer("_v", torch.from_numpy(np.ascontiguousarray(vt.T)).float())

    def V(self, x_bar: Tensor, /) -> Tensor:
        """See `Factor.V`."""
        return x_bar @ self._v.T

    def Vt(self, x: Tensor, /) -> Tensor:
        """See `Factor.Vt`."""
        return x @ self._v

    def U(self, y_bar: Tensor, /) -> Tensor:
        """See `Factor.U`."""
        return y_bar @ self._u.T

    def Ut(self, y: Tensor, /) -> Tensor:
        """See `Factor.Ut`."""
        return y @ self._u


def filter_factor(
    taps: NDArray[np.float64], size: int, reduction: int = 1, boundary: str = "reflect"
) -> Factor:
    """The decomposition of `filter_matrix`, whose arguments it takes; the fast one if there is one.

    Raises:
        MeasurementError: There is only the dense one, and the line is too long for it.
    """
    aligned = (len(taps) - reduction) % 2 == 0
    difference = np.abs(taps - taps[::-1]).max()
    symmetric = difference <= SYMMETRY_TOLERANCE * np.abs(taps).max()
    if boundary == "reflect" and aligned and symmetric:
        return CosineFactor(taps, size, reduction)
    return DenseFactor(filter_matrix(taps, size, reduction, boundary))
