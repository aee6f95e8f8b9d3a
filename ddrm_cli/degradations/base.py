"""What every degradation is: a linear operator that knows its singular value decomposition."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .frame import cut_frame, mirror_frame

__all__ = ["ImageShape", "LinearOperator", "Start", "dot_test"]

ImageShape = tuple[int, int, int]
"""Channels, height and width of a picture."""


@dataclass(frozen=True)
class Start:
    """Where a restoration begins that starts from what the measurement tells.

    Args:
        level: Noise level on [-1, 1] at which the picture's coarse half, which is known, survives,
            and what is missing drowns, so that the denoiser can find it.
        steps: Network evaluations that come within 0.1 dB of what more of them reach.
        detail: Share of fresh noise, 0 .. 1, where the usual one does not look right.
    """

    level: float
    steps: int
    detail: float | None = None


def fine_detail(factor: float) -> Start:
    """Where to begin if what is missing is detail finer than so many pixels.

    The coarser it is, the more has to drown, and the more evaluations and fresh noise it takes to
    be found.
    """
    if factor <= 4:
        return Start(level=1.0, steps=8)
    if factor <= 8:
        return Start(level=3.0, steps=16, detail=0.75)
    return Start(level=30.0, steps=20, detail=1.0)


class LinearOperator(nn.Module, ABC):
    """Linear operator ``H = U diag(s) V^T`` from pictures to measurements.

    A subclass gives the four maps and the singular values; forward, adjoint and pseudo-inverse
    follow here. All maps take and give batches. It is a module only so that ``to(device)``
    moves its buffers; it has nothing to train.

    Attributes:
        image_shape: (C, H, W) of the picture.
        measurement_shape: Shape of ``H x`` without the batch.
        spectral_shape: Shape of ``V^T x`` without the batch; as many numbers as the picture.
        singular_values: Broadcastable to ``spectral_shape``; multiplies elementwise. Always exact:
            zero only where the measurement says nothing about a coordinate.
        measured: Of the shape of ``singular_values``: the coordinates that a restoration trusts.
            Those measured too weakly to be divided by ``s`` are left to the prior.
        margin: Rows and columns at the bottom and on the right of the picture that belong to its
            frame only; see `framing`.
        noise: Standard deviation of the noise that comes with every measurement, on the scale of
            the measurement; None where only the user can know it.

    Args:
        image_shape: (C, H, W) of the picture.
        measurement_shape: Shape of ``H x`` without the batch.
        singular_values: Non-negative, finite, broadcastable to ``spectral_shape``.
        measured: What is trusted; ``s > 0`` unless said otherwise.
        spectral_shape: Shape of ``V^T x``; that of the picture unless said otherwise.
    """

    singular_values: Tensor
    measured: Tensor

    def __init__(
        self,
        image_shape: ImageShape,
        measurement_shape: tuple[int, ...],
        singular_values: Tensor,
        measured: Tensor | None = None,
        spectral_shape: tuple[int, ...] | None = None,
    ) -> None:
        super().__init__()
        self.image_shape = image_shape
        self.measurement_shape = measurement_shape
        self.spectral_shape = spectral_shape or image_shape
        self.margin = (0, 0)
        self.noise: float | None = None
        assert math.prod(self.spectral_shape) == math.prod(image_shape)
        assert 0 <= singular_values.min() <= singular_values.max() < math.inf
        self.register_buffer("singular_values", singular_values.float())
        # Of the values as they are kept: float32 may have rounded one to zero.
        positive = self.singular_values > 0
        self.register_buffer("measured", positive if measured is None else positive & measured)

    @property
    def picture_shape(self) -> ImageShape:
        """(C, H, W) of the pictures that are measured, without their frame."""
        channels, height, width = self.image_shape
        return channels, height - self.margin[0], width - self.margin[1]

    @property
    def missing(self) -> Tensor | None:
        """Pixels of the measurement that say nothing, (h, w); None where each says something."""
        return None

    @property
    def start(self) -> Start:
        """Where to begin; unless said otherwise, anything may be missing, even the brightness."""
        return Start(level=30.0, steps=20, detail=0.75)

    def initial(self, y: Tensor) -> Tensor | None:
        """What y alone tells of the picture, (B, C, H, W); None for the pseudo-inverse."""
        return None

    def framed(self, x: Tensor) -> Tensor:
        """Pictures (B, *picture_shape) as the operator takes them, (B, *image_shape)."""
        return mirror_frame(x, self.margin)

    def unframed(self, x: Tensor) -> Tensor:
        """The inverse of `framed`."""
        return cut_frame(x, self.margin)

    def observe(self, x: Tensor) -> Tensor:
        """What one gets to see of pictures on [0, 1], without frame: H x unless said otherwise."""
        return self.unframed(self(self.framed(x)))

    def read(self, seen: Tensor) -> Tensor:
        """The measurement y, of what one gets to see: that itself unless said otherwise."""
        return seen

    def expected(self, y: Tensor, x: Tensor, sigma: float) -> Tensor | None:
        """The measurement without its noise, given a prediction besides.

        Args:
            y: Measurements of pictures on [0, 1].
            x: What they are predicted to be, (B, *image_shape).
            sigma: Noise level of the prediction.

        Returns:
            None where the noise is Gaussian; else the expectation of H x under the noise that it
            is, of the shape of y.
        """
        return None

    @abstractmethod
    def V(self, x_bar: Tensor, /) -> Tensor:
        """Spectral coordinates (B, *spectral_shape) to pictures (B, C, H, W); orthogonal."""

    @abstractmethod
    def Vt(self, x: Tensor, /) -> Tensor:
        """Pictures (B, C, H, W) to spectral coordinates (B, *spectral_shape); inverse of `V`."""

    @abstractmethod
    def U(self, y_bar: Tensor, /) -> Tensor:
        """Spectral coordinates to measurements (B, *measurement_shape); ``U U^T = I``."""

    @abstractmethod
    def Ut(self, y: Tensor, /) -> Tensor:
        """Measurements to spectral coordinates; zero in those no measurement belongs to."""

    def forward(self, x: Tensor) -> Tensor:
        """The measurement without noise, ``H x = U diag(s) V^T x``."""
        return self.U(self.singular_values * self.Vt(x))

    def adjoint(self, y: Tensor) -> Tensor:
        """The adjoint, ``H^T y = V diag(s) U^T y``."""
        return self.V(self.singular_values * self.Ut(y))

    def pinv(self, y: Tensor) -> Tensor:
        """The pseudo-inverse of what is measured, ``H^+ y = V diag(s)^+ U^T y``.

        ``diag(s)^+`` is ``1 / s`` where `measured` and zero elsewhere: the smallest x that fits
        the trusted coordinates of y best.
        """
        s = self.singular_values
        return self.V(torch.where(self.measured, 1 / s, torch.zeros_like(s)) * self.Ut(y))


def usable_gain(brightness: float, strongest: float) -> float:
    """What a measurement is divided by so that it is as bright as the picture.

    Args:
        brightness: How bright a white picture is measured, on average; 1 for kernels of sum one.
        strongest: The largest singular value, which serves where white is hardly measured.
    """
    return brightness if abs(brightness) > 0.1 * strongest else strongest


def dot_test(operator: LinearOperator, generator: torch.Generator) -> float:
    """Relative difference of ``<H x, y>`` and ``<x, H^T y>`` for random x and y.

    Zero up to rounding exactly when forward and adjoint belong together; run it on each new
    operator.

    Args:
        operator: What is tested, on the CPU.
        generator: Source of x and y.

    Returns:
        ``|<Hx, y> - <x, H^T y>| / (|Hx| |y|)``.
    """
    dtype = operator.singular_values.dtype
    x = torch.randn((1, *operator.image_shape), generator=generator, dtype=dtype)
    y = torch.randn((1, *operator.measurement_shape), generator=generator, dtype=dtype)
    h_x, ht_y = operator(x), operator.adjoint(y)
    difference = (h_x * y).sum() - (x * ht_y).sum()
    return float(difference.abs() / (h_x.norm() * y.norm()))
