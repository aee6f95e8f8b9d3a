"""Blur: each pixel of the measurement is a weighted mean of its neighbourhood."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ddrm_cli.errors import UsageError

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
    "motion_blur",
    "motion_kernel",
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


def motion_kernel(length: float, angle: float) -> NDArray[np.float64]:
    """A straight line of some length, one pixel wide; sum one.

    The weight of a pixel is what its distance from the line leaves of one. Along the rows, a
    line of n pixels, n odd, is n times 1/n.

    Args:
        length: In pixels, above 0.
        angle: In degrees, counter-clockwise, 0 along the rows.
    """
    half = max(length - 1, 0) / 2
    up, right = math.sin(math.radians(angle)), math.cos(math.radians(angle))
    # To rounding, a line along an axis has no width: not a row of zeros on each side either.
    rows, columns = (math.ceil(round(half * abs(part), 9)) for part in (up, right))
    y = -np.arange(-rows, rows + 1)[:, None]  # rows count downwards
    x = np.arange(-columns, columns + 1)
    along = np.clip(x * right + y * up, -half, half)
    kernel = np.clip(1 - np.hypot(x - along * right, y - along * up), 0, None)
    return np.asarray(kernel / kernel.sum())


def separable_blur(
    image_shape: ImageShape,
    rows: NDArray[np.float64],
    columns: NDArray[np.float64],
    boundary: str = "reflect",
) -> LinearOperator:
    """Convolution with the kernel ``outer(rows, columns)``.

    Args:
        image_shape: (C, H, W) of the picture.
        rows: Taps along the height.
        columns: Taps along the width.
        boundary: ``"reflect"`` where the picture goes on as its mirror image; ``"zero"`` where it
            is dark, the choice of the published code; ``"unknown"`` where it was cut after it was
            blurred: then it is a `FourierBlur`, for a picture in a frame.
    """
    if boundary == "unknown":
        return FourierBlur(image_shape, np.outer(rows, columns))
    _, height, width = image_shape
    return SeparableOperator(
        image_shape,
        convolution_matrix(rows, height, boundary),
        convolution_matrix(columns, width, boundary),
    )


def uniform_blur(image_shape: ImageShape, blur: int, boundary: str = "reflect") -> LinearOperator:
    """Mean over ``blur x blur`` pixels.

    Raises:
        UsageError: The width is not odd, so that the picture would move.
    """
    if blur != int(blur) or blur % 2 == 0:
        raise UsageError(
            f"A mean over {blur:g} x {blur:g} pixels has no pixel in its middle.",
            "Give an odd width with --blur.",
        )
    taps = np.full(int(blur), 1 / blur)
    return separable_blur(image_shape, taps, taps, boundary)


def gaussian_blur(
    image_shape: ImageShape, blur: float | None = None, boundary: str = "reflect"
) -> LinearOperator:
    """Gaussian of standard deviation ``blur`` pixels, cut at three of them.

    Without one it is the published kernel: of standard deviation 10, cut to 5 x 5 pixels.
    """
    taps = gaussian_taps(5, 10.0)
    if blur is not None:
        taps = gaussian_taps(2 * math.ceil(3 * blur) + 1, blur)
    return separable_blur(image_shape, taps, taps, boundary)


def anisotropic_blur(
    image_shape: ImageShape,
    length: int,
    sigma_rows: float,
    sigma_columns: float,
    boundary: str = "reflect",
) -> LinearOperator:
    """Gaussian with one standard deviation along the height and another along the width."""
    rows, columns = gaussian_taps(length, sigma_rows), gaussian_taps(length, sigma_columns)
    return separable_blur(image_shape, rows, columns, boundary)


def motion_blur(
    image_shape: ImageShape, blur: float, angle: float, boundary: str = "reflect"
) -> LinearOperator:
    """Mean along a straight line of ``blur`` pixels, see `motion_kernel`."""
    return blur_by_kernel(image_shape, motion_kernel(blur, angle), boundary)


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
        self.kernel_shape = kernel.shape
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


def blur_by_kernel(
    image_shape: ImageShape, kernel: NDArray[np.float64], boundary: str = "reflect"
) -> LinearOperator:
    """Convolution with the user's kernel.

    A kernel that is an outer product (a Gaussian, a box, a straight line along an axis) gets the
    exact decomposition with mirrored borders. Any other has a fast one only in a frame, whatever
    the boundary: it is a `FourierBlur`.

    Args:
        image_shape: (C, H, W) of the picture.
        kernel: Shape (kh, kw), finite, sum one.
        boundary: ``"reflect"`` or ``"unknown"``, see `separable_blur`.

    Raises:
        MeasurementError: The kernel is not two-dimensional or not finite.
    """
    if not is_outer_product(kernel):
        return FourierBlur(image_shape, kernel)
    return separable_blur(image_shape, *outer_factors(kernel), boundary)
