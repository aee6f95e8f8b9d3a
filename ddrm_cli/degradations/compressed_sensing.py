"""Compressed sensing: a random part of the Walsh-Hadamard coefficients is measured."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from .base import ImageShape, LinearOperator
from .cosine import CosineTransform
from .lines import LineMap, map_lines

__all__ = ["CompressedSensing", "WalshTransform"]

BITS = 6  # a product with a matrix of 64 x 64 is faster than the additions that it stands for


class WalshTransform(nn.Module):
    """Orthonormal Walsh-Hadamard transform of lines of any length N, in O(N log N).

    For a power of two its matrix is Sylvester's, entries ``+-1 / sqrt(N)``. Otherwise it is the
    Kronecker product of the cosine transform of the odd part of N and that for the rest, the
    largest power of two that divides it: orthonormal and spread out all the same.

    Args:
        size: N, the length of the last axis of what is transformed.
    """

    _signs: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self._power = size & -size
        odd = size // self._power
        self._cosine = CosineTransform(odd) if odd > 1 else None
        bits = self._power.bit_length() - 1
        passes = math.ceil(bits / BITS)
        self._radices = [2 ** ((bits + index) // passes) for index in range(passes)]
        signs = torch.ones(1, 1)
        while len(signs) < 2**BITS:
            signs = torch.cat([torch.cat([signs, signs]), torch.cat([signs, -signs])], dim=1)
        self.register_buffer("_signs", signs)

    def forward(self, x: Tensor) -> Tensor:
        """Lines (..., N) to their coefficients (..., N)."""
        spread = self._walsh(x)
        return spread if self._cosine is None else self._along_odd(self._cosine, spread)

    def inverse(self, x_bar: Tensor) -> Tensor:
        """Coefficients (..., N) to lines (..., N)."""
        if self._cosine is not None:
            x_bar = self._along_odd(self._cosine.inverse, x_bar)
        return self._walsh(x_bar)

    def _along_odd(self, line_map: LineMap, x: Tensor) -> Tensor:
        return line_map(x.reshape(*x.shape[:-1], -1, self._power).mT).mT.flatten(-2)

    def _walsh(self, x: Tensor) -> Tensor:
        """Transform each run of the power of two; its own inverse.

        Sylvester's matrix is the Kronecker product of smaller ones, one for each digit of the
        index. The first digit becomes the last as it is transformed, until all are back.
        """
        shape = x.shape
        for radix in self._radices:
            matrix = self._signs[:radix, :radix] / math.sqrt(radix)
            x = x.reshape(-1, radix, self._power // radix).mT @ matrix
        return x.reshape(shape)


class CompressedSensing(LinearOperator):
    """One in ``ratio`` of the two-dimensional Walsh-Hadamard coefficients of each channel.

    The coefficients are drawn anew in each channel, and the first, the channel's mean, is always
    among them: without it the brightness would be anyone's guess.

    Args:
        image_shape: (C, H, W) of the picture.
        ratio: Pixels a measured coefficient.
        seed: Which coefficients.
    """

    def __init__(self, image_shape: ImageShape, ratio: int, seed: int) -> None:
        channels, height, width = image_shape
        size = height * width
        count = max(1, size // ratio)
        # RandomState's stream is frozen for good: the same seed picks the same coefficients.
        random = np.random.RandomState(seed)
        singular_values = torch.zeros(channels, size)
        singular_values[:, 0] = 1
        for channel in singular_values:
            channel[1:][torch.from_numpy(random.permutation(size - 1)[: count - 1])] = 1
        super().__init__(image_shape, (channels, count), singular_values.reshape(image_shape))
        self._rows, self._columns = WalshTransform(height), WalshTransform(width)

    def V(self, x_bar: Tensor, /) -> Tensor:
        """See `LinearOperator.V`."""
        return map_lines(self._rows.inverse, self._columns.inverse, x_bar)

    def Vt(self, x: Tensor, /) -> Tensor:
        """See `LinearOperator.Vt`."""
        return map_lines(self._rows, self._columns, x)

    def U(self, y_bar: Tensor, /) -> Tensor:
        """See `LinearOperator.U`."""
        channels = zip(y_bar.unbind(1), self.measured, strict=True)
        return torch.stack([each[:, picked] for each, picked in channels], dim=1)

    def Ut(self, y: Tensor, /) -> Tensor:
        """See `LinearOperator.Ut`."""
        y_bar = y.new_zeros((y.shape[0], *self.spectral_shape))
        for channel, picked in enumerate(self.measured):
            y_bar[:, channel, picked] = y[:, channel]
        return y_bar
