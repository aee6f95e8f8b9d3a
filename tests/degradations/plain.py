"""Plain definitions of what has a fast form: matrices, decomposed as such in float64."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ddrm_cli.degradations.boundary import filter_matrix

Matrix = NDArray[np.float64]

WEAKEST = 3e-2


def convolution_matrix(taps: Matrix, size: int, boundary: str = "reflect") -> Matrix:
    """One-dimensional convolution, shape (size, size): ``y_i = sum_j k_j x_(i - j + len // 2)``."""
    return filter_matrix(taps[::-1], size, boundary=boundary)


class Decomposition(NamedTuple):
    """Of a matrix A of shape (n, N), ``A = U diag(s) V^T``."""

    u: Matrix
    s: Matrix
    vt: Matrix

    @classmethod
    def of(cls, matrix: Matrix) -> Decomposition:
        """By LAPACK, the singular values sorted."""
        return cls(*np.linalg.svd(matrix))

    @property
    def measured(self) -> NDArray[np.bool_]:
        """Which of the n are at least 3 % of the largest."""
        return np.asarray(self.s >= WEAKEST * self.s[0])

    @property
    def trusted(self) -> Matrix:
        """Projector to what is measured of a line, shape (N, N)."""
        v = self.vt[: len(self.s)][self.measured]
        return np.asarray(v.T @ v)

    @property
    def inverse(self) -> Matrix:
        """Pseudo-inverse of what is measured, shape (N, n)."""
        v = self.vt[: len(self.s)][self.measured]
        return np.asarray(v.T / self.s[self.measured] @ self.u[:, self.measured].T)


def walsh_hadamard_matrix(size: int) -> Matrix:
    """Orthonormal Walsh-Hadamard matrix of any size, shape (size, size).

    For a power of two it is Sylvester's, entries ``+-1 / sqrt(size)``. Otherwise it is the
    Kronecker product of the cosine transform of the odd rest and that for the largest power of two
    that divides the size.
    """
    power = size & -size
    walsh = np.ones((1, 1))
    while len(walsh) < power:
        walsh = np.block([[walsh, walsh], [walsh, -walsh]]) / math.sqrt(2)
    odd = size // power
    k, n = np.arange(odd)[:, None], np.arange(odd)[None]
    cosine = np.cos(math.pi * k * (n + 0.5) / odd) * math.sqrt(2 / odd)
    cosine[0] /= math.sqrt(2)
    return np.asarray(np.kron(cosine, walsh), dtype=np.float64)
