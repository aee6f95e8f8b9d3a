"""Super-resolution: the measurement is a smaller picture."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ddrm_cli.errors import MeasurementError

from .base import ImageShape, LinearOperator, Start, fine_detail
from .boundary import fold_index
from .separable import SeparableOperator

__all__ = ["BlockMean", "bicubic", "bicubic_matrix", "bicubic_taps"]

BICUBIC_A = -0.5  # the member of the cubic family that Pillow and the published code use


def _check_divisible(image_shape: ImageShape, factor: int) -> None:
    _, height, width = image_shape
    if height < factor or width < factor:
        raise MeasurementError(
            f"A picture of {width} x {height} pixels is too small to be reduced {factor} times.",
            "Take a larger picture or a smaller factor.",
        )
    if height % factor or width % factor:
        raise MeasurementError(
            f"A picture of {width} x {height} pixels cannot be reduced {factor} times: "
            f"{factor} does not divide both sides.",
            f"Crop it to {width // factor * factor} x {height // factor * factor}.",
        )


class BlockMean(LinearOperator):
    """Mean over blocks of ``factor x factor`` pixels.

    In each block V is the reflection that swaps the unit vector of the top left pixel with the
    constant vector ``u = 1/factor``; so that coordinate holds the block's sum over ``factor``, the
    singular value there is ``1/factor``, and the rest is unmeasured. O(pixels), no matrix.

    Args:
        image_shape: (C, H, W) of the picture.
        factor: Side of a block.

    Raises:
        MeasurementError: The factor does not divide both sides.
    """

    def __init__(self, image_shape: ImageShape, factor: int) -> None:
        _check_divisible(image_shape, factor)
        channels, height, width = image_shape
        singular_values = torch.zeros(1, height, width)
        singular_values[:, ::factor, ::factor] = 1 / factor
        super().__init__(
            image_shape, (channels, height // factor, width // factor), singular_values
        )
        self.factor = factor

    @property
    def start(self) -> Start:
        """Fine detail is missing."""
        return fine_detail(self.factor)

    def V(self, x_bar: Tensor, /) -> Tensor:
        """Reflect each block: ``x - 2 v (v x) / (v v)`` with ``v = u - e_1``; its own inverse."""
        r = self.factor
        projection = r * F.avg_pool2d(x_bar, r) - x_bar[..., ::r, ::r]  # v x
        scale = projection * (r / (r - 1))  # 2 / (v v), since v v = 2 - 2 / r
        b, c, h, w = projection.shape
        out = x_bar.reshape(b, c, h, r, w, r) - (scale / r)[:, :, :, None, :, None]
        out[:, :, :, 0, :, 0] += scale
        return out.reshape(x_bar.shape)

    Vt = V

    def U(self, y_bar: Tensor, /) -> Tensor:
        """See `LinearOperator.U`."""
        return y_bar[..., :: self.factor, :: self.factor]

    def Ut(self, y: Tensor, /) -> Tensor:
        """See `LinearOperator.Ut`."""
        y_bar = y.new_zeros((y.shape[0], *self.spectral_shape))
        y_bar[..., :: self.factor, :: self.factor] = y
        return y_bar


def bicubic_taps(factor: int) -> NDArray[np.float64]:
    """The taps of the cubic kernel (a = -0.5) stretched by ``factor``; sum one.

    A pixel of the measurement is centred on the middle of its ``factor`` pixels: between two of
    them where the factor is even, ``4 factor`` taps; on one where it is odd, ``4 factor + 1``.
    """
    t = np.abs(np.arange(-2 * factor, 2 * factor + factor % 2) + (factor + 1) % 2 / 2) / factor
    inner = (BICUBIC_A + 2) * t**3 - (BICUBIC_A + 3) * t**2 + 1
    outer = BICUBIC_A * (t**3 - 5 * t**2 + 8 * t - 4)
    taps = np.where(t < 1, inner, outer)
    return np.asarray(taps / taps.sum())


def bicubic_matrix(size: int, factor: int, boundary: str = "reflect") -> NDArray[np.float64]:
    """One-dimensional bicubic reduction, shape (size / factor, size)."""
    taps = bicubic_taps(factor)
    rows = np.arange(size // factor)[:, None]
    columns = rows * factor + factor // 2 - 2 * factor + np.arange(len(taps))
    matrix = np.zeros((size // factor, size))
    index, inside = fold_index(columns, size, boundary)
    np.add.at(matrix, (np.broadcast_to(rows, index.shape), index), np.where(inside, taps, 0.0))
    return matrix


def bicubic(image_shape: ImageShape, factor: int) -> SeparableOperator:
    """Bicubic reduction with antialiasing: filter with `bicubic_taps`, keep each factor-th.

    Args:
        image_shape: (C, H, W) of the picture.
        factor: How many times smaller.

    Raises:
        MeasurementError: The factor does not divide both sides.
    """
    _check_divisible(image_shape, factor)
    _, height, width = image_shape
    return SeparableOperator(
        image_shape, bicubic_matrix(height, factor), bicubic_matrix(width, factor)
    )
