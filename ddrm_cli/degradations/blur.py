"""Blur: each pixel of the measurement is a weighted mean of its neighbourhood."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ddrm_cli.errors import UsageError

from .base import ImageShape, LinearOperator
from .factors import filter_factor
from .fourier import FourierBlur
from .separable import SeparableOperator, is_outer_product, outer_factors

__all__ = [
    "anisotropic_blur",
    "blur_by_kernel",
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

    Raises:
        MeasurementError: The boundary is known, the kernel not symmetric, and the picture larger
            than `LARGEST_DENSE`.
    """
    if boundary == "unknown":
        return FourierBlur(image_shape, np.outer(rows, columns))
    channels, height, width = image_shape
    return SeparableOperator(
        channels,
        filter_factor(rows[::-1], height, boundary=boundary),
        filter_factor(columns[::-1], width, boundary=boundary),
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
