"""Frames around a picture whose blur would otherwise wrap around its edges.

`FourierBlur` is circular, a photograph is not. So it is given room: a margin at the bottom and on
the right, which is cut off again. A picture is continued into the margin by mirroring. A
measurement is continued by what is most probable there, given the kernel: a mirrored measurement
is not the blur of any picture, and the least contradiction is multiplied by hundreds where the
kernel measures weakly.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .base import ImageShape, LinearOperator
from .build import build_operator
from .fourier import FourierBlur, fast_side
from .frame import MARGIN
from .table import Degradation

__all__ = ["build_framed", "continue_measurement", "frame_margin"]

CONTRAST = 0.22  # standard deviation of the pixels of a photograph on [0, 1]
LEAST_NOISE = 1e-3  # about the rounding to 8 bits; keeps the equations well conditioned
MAX_ITERATIONS = 100  # more changed no result by 0.1 dB
TOLERANCE = 1e-4  # of the residual's norm


def build_framed(degradation: Degradation, image_shape: ImageShape) -> LinearOperator:
    """The operator that measures pictures of a shape, with the margin that it needs around them.

    Args:
        degradation: What happens to the pictures.
        image_shape: (C, H, W) of the pictures alone.

    Raises:
        DDRMError: What `build_operator` raises.
    """
    margin = frame_margin(degradation)
    if margin == (0, 0):
        return build_operator(degradation, image_shape)
    rows, columns = margin
    channels, height, width = image_shape
    # The margin may be wider than it has to: some lengths take ten times as long to transform.
    rows, columns = fast_side(height + rows) - height, fast_side(width + columns) - width
    operator = build_operator(degradation, (channels, height + rows, width + columns))
    operator.margin = (rows, columns)
    return operator


def frame_margin(degradation: Degradation) -> tuple[int, int]:
    """Rows and columns of margin that a degradation needs at least: none unless it wraps around.

    Raises:
        DDRMError: What `build_operator` raises.
    """
    if "boundary" not in degradation.entry.takes:
        return 0, 0
    operator = build_operator(degradation, (1, 1, 1))  # knows its kernel at any size
    if not isinstance(operator, FourierBlur):
        return 0, 0
    rows, columns = operator.kernel_shape
    return MARGIN * rows, MARGIN * columns


def continue_measurement(
    y: Tensor, operator: LinearOperator, sigma: float, hidden: NDArray[np.bool_] | None = None
) -> Tensor:
    """Continue measurements into the operator's margin by their expected values there.

    For a picture with the power spectrum of photographs, ``c / f^2``, the measurement is Gaussian
    and its precision is diagonal in the Fourier basis, ``w = 1 / (s^2 c / f^2 + sigma^2)``. Its
    expectation in the margin, given the rest, is what makes ``y^T W y`` least; conjugate gradients
    find it.

    Args:
        y: Shape (B, C, H, W), on [0, 1].
        operator: The `FourierBlur` of the frame with its margin.
        sigma: Noise of y on [0, 1].
        hidden: (H, W), True where y is no measurement either: it is continued there too.

    Returns:
        Shape (B, C, H + rows, W + columns), with y in its upper left.
    """
    if tuple(y.shape[1:]) != operator.picture_shape or operator.margin == (0, 0):
        return y  # it is whole, or of another size, whatever continues it
    assert isinstance(operator, FourierBlur)
    start = operator.framed(y)
    inside = torch.zeros(start.shape[-2:], dtype=torch.bool)
    inside[: y.shape[2], : y.shape[3]] = True if hidden is None else torch.from_numpy(~hidden)
    precision = _precision(operator, max(sigma, LEAST_NOISE))
    for channel in start.flatten(0, 1):  # one after another: spectra take memory
        channel.copy_(_expected(channel, inside, precision))
    return start


def _precision(operator: FourierBlur, sigma: float) -> Tensor:
    """``w`` on the half spectrum of `torch.fft.rfft2`."""
    _, height, width = operator.image_shape
    rows = torch.fft.fftfreq(height, dtype=torch.float64)[:, None]
    columns = torch.fft.rfftfreq(width, dtype=torch.float64)
    squared = rows**2 + columns**2
    squared[0, 0] = 1 / (2 * max(height, width)) ** 2  # the mean varies like a very long wave
    power = 1 / squared
    power *= CONTRAST**2 / power.mean()
    half = (..., slice(width // 2 + 1))
    trusted = torch.where(operator.measured[half], operator.singular_values[half].double(), 0.0)
    return torch.reciprocal(trusted**2 * power + sigma**2).float()


def _expected(start: Tensor, inside: Tensor, precision: Tensor) -> Tensor:
    """One channel with its margin replaced by the expectation.

    In float32 it differs by 4e-6 from what float64 finds in twice the time and memory.
    """

    def weigh(values: Tensor) -> Tensor:
        spectrum = torch.fft.rfft2(values).mul_(precision)
        weighed: Tensor = torch.fft.irfft2(spectrum, s=values.shape)
        return weighed.masked_fill_(inside, 0)

    mean = start[inside].mean(dtype=torch.float64).float()
    values = start - mean
    residual = weigh(values).neg_()
    direction = residual.clone()
    energy = residual.square().sum()
    goal = TOLERANCE**2 * energy
    for _ in range(MAX_ITERATIONS):
        if energy <= goal:
            break
        weighed = weigh(direction)
        step = energy / (direction * weighed).sum()
        values.addcmul_(step, direction)
        residual.addcmul_(-step, weighed)
        previous, energy = energy, residual.square().sum()
        direction.mul_(energy / previous).add_(residual)
    whole: Tensor = torch.where(inside, start, values.add_(mean))
    return whole
