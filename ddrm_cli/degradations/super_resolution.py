"""Super-resolution: the measurement is a smaller picture."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ddrm_cli.errors import MeasurementError

from .base import ImageShape, LinearOperator, Start, fine_detail
from .factors import filter_factor
from .filling import fill, missing_pixels
from .separable import SeparableOperator, is_outer_product, outer_factors

__all__ = [
    "BlockMean",
    "Decimation",
    "bicubic",
    "bilinear",
    "block_mean",
    "cubic",
    "filtered",
    "lanczos",
    "lanczos3",
    "stretched_taps",
    "triangle",
]

Kernel = Callable[[NDArray[np.float64]], NDArray[np.float64]]


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


class _OneOfEachBlock(LinearOperator):
    """What one coordinate of each block of ``factor x factor`` holds; the others are unmeasured.

    Args:
        image_shape: (C, H, W) of the picture.
        factor: Side of a block.
        first: Row and column of the coordinate in its block.
        singular_value: Of these coordinates.

    Raises:
        MeasurementError: The factor does not divide both sides.
    """

    def __init__(
        self, image_shape: ImageShape, factor: int, first: int, singular_value: float
    ) -> None:
        _check_divisible(image_shape, factor)
        channels, height, width = image_shape
        self._picked = slice(first, None, factor)
        singular_values = torch.zeros(1, height, width)
        singular_values[:, self._picked, self._picked] = singular_value
        super().__init__(
            image_shape, (channels, height // factor, width // factor), singular_values
        )

    def U(self, y_bar: Tensor, /) -> Tensor:
        """See `LinearOperator.U`."""
        return y_bar[..., self._picked, self._picked]

    def Ut(self, y: Tensor, /) -> Tensor:
        """See `LinearOperator.Ut`."""
        y_bar = y.new_zeros((y.shape[0], *self.spectral_shape))
        y_bar[..., self._picked, self._picked] = y
        return y_bar


class BlockMean(_OneOfEachBlock):
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
        super().__init__(image_shape, factor, 0, 1 / factor)
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


class Decimation(_OneOfEachBlock):
    """One pixel of each block of ``factor x factor``, that at its middle, as it is.

    Where the middle lies between pixels it is the next one, to the lower right. V is the identity,
    and the singular values are one at these pixels.

    Args:
        image_shape: (C, H, W) of the picture.
        factor: Side of a block.

    Raises:
        MeasurementError: The factor does not divide both sides.
    """

    def __init__(self, image_shape: ImageShape, factor: int) -> None:
        super().__init__(image_shape, factor, factor // 2, 1.0)

    @cached_property
    def start(self) -> Start:
        """Pixels are missing."""
        return missing_pixels(self.measured[0])

    def initial(self, y: Tensor) -> Tensor | None:
        """The picture with the pixels between filled smoothly."""
        return fill(self.Ut(y), self.measured[0])

    def V(self, x_bar: Tensor, /) -> Tensor:
        """See `LinearOperator.V`."""
        return x_bar

    Vt = V


def cubic(t: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keys' cubic with a = -0.5, the one that Pillow and the published code use; zero from 2 on."""
    t, a = np.abs(t), -0.5
    inner = (a + 2) * t**3 - (a + 3) * t**2 + 1
    outer = a * (t**3 - 5 * t**2 + 8 * t - 4)
    return np.asarray(np.where(t < 1, inner, np.where(t < 2, outer, 0.0)))


def triangle(t: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear interpolation; zero from 1 on."""
    return np.asarray(np.clip(1 - np.abs(t), 0, None))


def lanczos3(t: NDArray[np.float64]) -> NDArray[np.float64]:
    """A sinc in the window of a three times wider one; zero from 3 on."""
    return np.asarray(np.where(np.abs(t) < 3, np.sinc(t) * np.sinc(t / 3), 0.0))


def stretched_taps(kernel: Kernel, reach: int, factor: int) -> NDArray[np.float64]:
    """The taps of an interpolation kernel that is stretched by ``factor``; sum one.

    Where the factor is even, the middle of a block lies between two pixels, where it is odd on
    one: there are ``2 reach factor`` taps, or one more.

    Args:
        kernel: Of the distance in pixels of the measurement.
        reach: Where it becomes zero.
        factor: How many times smaller.
    """
    half = reach * factor
    odd = factor % 2
    taps = kernel((np.arange(-half, half + odd) + (1 - odd) / 2) / factor)
    return np.asarray(taps / taps.sum())


def filtered(
    image_shape: ImageShape,
    factor: int,
    rows: NDArray[np.float64],
    columns: NDArray[np.float64],
) -> SeparableOperator:
    """Reduction by any taps: filter along the height and the width, keep each factor-th.

    Args:
        image_shape: (C, H, W) of the picture.
        factor: How many times smaller.
        rows: Taps along the height, from the top.
        columns: Taps along the width, from the left.

    Raises:
        MeasurementError: The factor does not divide both sides.
    """
    _check_divisible(image_shape, factor)
    channels, height, width = image_shape
    return SeparableOperator(
        channels, filter_factor(rows, height, factor), filter_factor(columns, width, factor)
    )


def _stretched(
    image_shape: ImageShape, factor: int, kernel: Kernel, reach: int
) -> SeparableOperator:
    taps = stretched_taps(kernel, reach, factor)
    return filtered(image_shape, factor, taps, taps)


def bicubic(image_shape: ImageShape, factor: int) -> SeparableOperator:
    """Bicubic reduction with antialiasing, `cubic` stretched by the factor."""
    return _stretched(image_shape, factor, cubic, 2)


def bilinear(image_shape: ImageShape, factor: int) -> SeparableOperator:
    """Bilinear reduction with antialiasing, `triangle` stretched by the factor."""
    return _stretched(image_shape, factor, triangle, 1)


def lanczos(image_shape: ImageShape, factor: int) -> SeparableOperator:
    """Lanczos reduction with antialiasing, `lanczos3` stretched by the factor."""
    return _stretched(image_shape, factor, lanczos3, 3)


def block_mean(
    image_shape: ImageShape, factor: int, kernel: NDArray[np.float64] | None = None
) -> LinearOperator:
    """Reduction by the mean of each block, or by a kernel of the user's.

    Args:
        image_shape: (C, H, W) of the picture.
        factor: How many times smaller.
        kernel: Shape (kh, kw), an outer product of rows and columns; convolved with the picture,
            of which each factor-th pixel is kept.

    Raises:
        MeasurementError: The factor does not divide both sides, or the kernel is no such product.
    """
    if kernel is None:
        return BlockMean(image_shape, factor)
    if not is_outer_product(kernel):
        raise MeasurementError(
            "Pictures are reduced by kernels that act on rows and on columns by themselves.",
            "Give an outer product of two lines of weights.",
        )
    rows, columns = outer_factors(kernel)
    return filtered(image_shape, factor, rows[::-1], columns[::-1])
