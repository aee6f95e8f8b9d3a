"""Compressed sensing: a random part of the Walsh-Hadamard coefficients is measured."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .base import ImageShape, LinearOperator

__all__ = ["CompressedSensing", "walsh_hadamard_matrix"]


def walsh_hadamard_matrix(size: int) -> NDArray[np.float64]:
    """Orthonormal Walsh-Hadamard matrix of any size, shape (size, size).

    For a power of two it is Sylvester's, entries ``+-1 / sqrt(size)``. Otherwise it is the
    Kronecker product of that for the largest power of two that divides the size and the cosine
    transform of the odd rest: orthonormal and spread out all the same.
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


class CompressedSensing(LinearOperator):
    """One in ``ratio`` of the two-dimensional Walsh-Hadamard coefficients of each channel.

    The coefficients are drawn anew in each channel, and the first, the channel's mean, is always
    among them: without it the brightness would be anyone's guess.

    Args:
        image_shape: (C, H, W) of the picture.
        ratio: Pixels a measured coefficient.
        seed: Which coefficients.
    """

    _rows: Tensor
    _columns: Tensor
    _picked: Tensor

    def __init__(self, image_shape: ImageShape, ratio: int, seed: int) -> None:
        channels, height, width = image_shape
        count = max(1, height * width // ratio)
        # RandomState's stream is frozen for good: the same seed picks the same coefficients.
        random = np.random.RandomState(seed)
        picked = np.zeros((channels, count), dtype=np.int64)
        for channel in range(channels):
            rest = 1 + random.permutation(height * width - 1)[: count - 1]
            picked[channel, 1:] = np.sort(rest)
            picked[channel] += channel * height * width
        singular_values = torch.zeros(channels * height * width)
        index = torch.from_numpy(picked.reshape(-1))
        singular_values[index] = 1
        super().__init__(image_shape, (channels, count), singular_values.reshape(image_shape))
        self.register_buffer("_picked", index)
        for name, size in (("_rows", height), ("_columns", width)):
            self.register_buffer(name, torch.from_numpy(walsh_hadamard_matrix(size)).float())

    def V(self, x_bar: Tensor, /) -> Tensor:
        """See `LinearOperator.V`."""
        return self._rows.T @ (x_bar @ self._columns)

    def Vt(self, x: Tensor, /) -> Tensor:
        """See `LinearOperator.Vt`."""
        return self._rows @ (x @ self._columns.T)

    def U(self, y_bar: Tensor, /) -> Tensor:
        """See `LinearOperator.U`."""
        return y_bar.flatten(1)[:, self._picked].reshape(-1, *self.measurement_shape)

    def Ut(self, y: Tensor, /) -> Tensor:
        """See `LinearOperator.Ut`."""
        y_bar = y.new_zeros((y.shape[0], math.prod(self.spectral_shape)))
        y_bar[:, self._picked] = y.flatten(1)
        return y_bar.reshape(-1, *self.spectral_shape)
