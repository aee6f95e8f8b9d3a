"""Blur: each pixel of the measurement is a weighted mean of its neighbourhood."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .base import ImageShape, LinearOperator, Start, fine_detail, gain
from .boundary import filter_matrix
from .separable import WEAKEST, SeparableOperator, is_outer_product, outer_factors

__all__ = [
    "FourierBlur",
    "anisotropic_blur",
    "blur_by_kernel",
    "convolution_matrix",
    "gaussian_blur",
    "gaussian_taps",
    "separable_blur",
    "uniform_blur",
]


def gaussian_taps(length: int, sigma: float) -> NDArray[np.float64]:
    """An odd number of samples of a Gaussian about its middle; sum one."""
    t = np.arange(length) - length // 2
    taps = np.exp(-0.5 * (t / sigma) ** 2)
    return np.asarray(taps / taps.sum())


def convolution_matrix(
    taps: NDArray[np.float64], size: int, boundary: str = "reflect"
) -> NDArray[np.float64]:
    """One-dimensional convolution, shape (size, size): ``y_i = sum_j k_j x_(i - j + len // 2)``."""
    return filter_matrix(taps[::-1], size, boundary=boundary)


def separable_blur(
    image_shape: ImageShape,
    rows: NDArray[np.float64],
    columns: NDArray[np.float64],
    boundary: str = "reflect",
) -> SeparableOperator:
    """Convolution with the kernel ``outer(rows, columns)``.

    Args:
        image_shape: (C, H, W) of the picture.
        rows: Taps along the height.
        columns: Taps along the width.
        boundary: ``"reflect"``, what a photograph looks like beyond its frame, or ``"zero"``, the
            choice of the published code.
    """
    _, height, width = image_shape
    return SeparableOperator(
        image_shape,
        convolution_matrix(rows, height, boundary),
        convolution_matrix(columns, width, boundary),
    )


def uniform_blur(image_shape: ImageShape, length: int) -> SeparableOperator:
    """Mean over ``length x length`` pixels."""
    taps = np.full(length, 1 / length)
    return separable_blur(image_shape, taps, taps)


def gaussian_blur(image_shape: ImageShape, length: int, sigma: float) -> SeparableOperator:
    """Gaussian of standard deviation ``sigma`` pixels, cut to ``length x length`` taps."""
    taps = gaussian_taps(length, sigma)
    return separable_blur(image_shape, taps, taps)


def anisotropic_blur(
    image_shape: ImageShape, length: int, sigma_rows: float, sigma_columns: float
) -> SeparableOperator:
    """Gaussian with one standard deviation along the height and another along the width."""
    rows, columns = gaussian_taps(length, sigma_rows), gaussian_taps(length, sigma_columns)
    return separable_blur(image_shape, rows, columns)


class FourierBlur(LinearOperator):
    """Circular convolution with any kernel, by the fast Fourier transform.

    Let k be the kernel's transfer function. Written as ``k = |k| e^(i p)``, the factor ``|k|`` is
    diagonal in the real Fourier basis of the Hartley transform, V = V^T, and ``e^(i p)`` is a
    filter that keeps norms; so ``U = e^(i p) V`` and ``s = |k|``. Beyond its frame the picture
    goes on at the opposite side; `framing` gives a photograph room so that this does not show.

    Args:
        image_shape: (C, H, W) of the picture.
        kernel: Shape (kh, kw); its middle is element (kh // 2, kw // 2).
    """

    _phase: Tensor

    def __init__(self, image_shape: ImageShape, kernel: NDArray[np.float64]) -> None:
        _, height, width = image_shape
        kh, kw = kernel.shape
        torus = np.zeros((height, width))
        rows = (np.arange(kh) - kh // 2) % height
        columns = (np.arange(kw) - kw // 2) % width
        np.add.at(torus, np.ix_(rows, columns), kernel)  # adds up where the kernel is larger
        transfer = np.fft.fft2(torus)
        magnitude = np.abs(transfer)
        largest = magnitude.max()
        # Where nothing is left of it but rounding, a phase means nothing, and neither does s.
        known = magnitude >= np.finfo(float).eps * largest
        phase = np.where(known, transfer / np.where(known, magnitude, 1.0), 1.0)
        super().__init__(
            image_shape,
            image_shape,
            torch.from_numpy(np.where(known, magnitude, 0.0)),
            # A transfer function has two dimensions, each of which may be that weak.
            torch.from_numpy(magnitude >= WEAKEST**2 * largest),
        )
        # Real and imaginary parts: a complex buffer would lose the latter in `to(dtype)`.
        self.register_buffer("_phase", torch.view_as_real(torch.from_numpy(phase)).float())

    @property
    def start(self) -> Start:
        """Fine detail is missing."""
        return fine_detail(1)

    def initial(self, y: Tensor) -> Tensor | None:
        """The blur itself, whose borders are right."""
        return y / gain(self)

    def V(self, x_bar: Tensor, /) -> Tensor:
        """Hartley transform, ``Re F - Im F``; orthogonal and its own inverse."""
        spectrum = torch.fft.fft2(x_bar, norm="ortho")
        coefficients: Tensor = spectrum.real - spectrum.imag
        return coefficients

    Vt = V

    def U(self, y_bar: Tensor, /) -> Tensor:
        """See `LinearOperator.U`."""
        return self._filter(self.V(y_bar), torch.view_as_complex(self._phase))

    def Ut(self, y: Tensor, /) -> Tensor:
        """See `LinearOperator.Ut`."""
        return self.Vt(self._filter(y, torch.view_as_complex(self._phase).conj()))

    @staticmethod
    def _filter(x: Tensor, transfer: Tensor) -> Tensor:
        filtered: Tensor = torch.fft.ifft2(torch.fft.fft2(x) * transfer).real
        return filtered


def blur_by_kernel(image_shape: ImageShape, kernel: NDArray[np.float64]) -> LinearOperator:
    """Convolution with the user's kernel.

    A kernel that is an outer product (a Gaussian, a box, a straight line along an axis) gets the
    exact decomposition with reflected borders; any other is a `FourierBlur`.

    Args:
        image_shape: (C, H, W) of the picture.
        kernel: Shape (kh, kw), finite, sum one.

    Raises:
        MeasurementError: The kernel is not two-dimensional or not finite.
    """
    if not is_outer_product(kernel):
        return FourierBlur(image_shape, kernel)
    return separable_blur(image_shape, *outer_factors(kernel))
