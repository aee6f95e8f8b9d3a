"""Pose the problem: a picture, a degradation and a noise level become y, H and sigma.

Everything that a restoration has to know of where its measurement came from is asked here, once:
the picture's shape, grey, the frame, missing pixels, the noise and the rounding.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ddrm_cli.conversion import Batch, ImageLike, to_batch
from ddrm_cli.degradations.base import ImageShape, LinearOperator
from ddrm_cli.degradations.denoising import Denoising
from ddrm_cli.degradations.entry import check_sigma, no_sigma
from ddrm_cli.degradations.framing import build_framed, continue_measurement
from ddrm_cli.degradations.table import Degradation
from ddrm_cli.errors import MeasurementError, UsageError
from ddrm_cli.images.kernels import KernelLike
from ddrm_cli.images.masks import MaskLike
from ddrm_cli.images.noise_level import NoiseLevel, estimate_noise
from ddrm_cli.measuring import DegradationLike, as_given, missing_notes
from ddrm_cli.provenance import provenance

__all__ = [
    "InverseProblem",
    "pose",
    "rounding_noise",
]

COMPRESSION = "from the compression"
"""Origin of a noise that the tables of a JPEG say."""


@dataclass(frozen=True, eq=False)
class InverseProblem:
    """Find x, given ``y = H x + sigma z``; on pixel values from 0 to 1.

    Args:
        y: Measurements, shape (B, *operator.measurement_shape), on the CPU.
        operator: H, for pictures of one or three channels.
        sigma: Standard deviation of the noise.
        rounding: The same of what rounding added to it, where that counts.
        sigma_origin: ``"given"``, ``"from the file"``, ``"estimated"`` or `COMPRESSION`.
        degradation: What the operator was built from; None if it was given.
        fills_alpha: Whether the missing pixels were the transparent ones.
        notes: One sentence for each thing the user should hear about how it was understood.

    Raises:
        UsageError: A noise level that is not possible.
        MeasurementError: The measurements have not the shape that the operator gives, or the
            pictures not one or three channels.
    """

    y: Tensor
    operator: LinearOperator
    sigma: float
    rounding: float = 0.0
    sigma_origin: str = "given"
    degradation: Degradation | None = None
    fills_alpha: bool = False
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_sigma(self.sigma)
        channels, height, width = self.operator.image_shape
        if channels not in (1, 3):
            raise MeasurementError(
                f"Pictures of {channels} channels cannot be restored.",
                "The priors know pictures of one or three.",
            )
        if tuple(self.y.shape[1:]) != self.operator.measurement_shape:
            raise MeasurementError(
                f"A measurement of shape {tuple(self.y.shape[1:])} does not belong to this "
                f"operator, which gives {self.operator.measurement_shape} for pictures of "
                f"{width} x {height}.",
                "Build the operator for the size of the picture that was measured.",
            )
        # By its extremes, which takes no memory; NaN is both.
        if not all(math.isfinite(extreme) for extreme in self.y.aminmax()):
            raise MeasurementError(
                "The measurement holds numbers that are not finite.", "Measure it again."
            )

    @property
    def noise(self) -> float:
        """Standard deviation of all that y differs from H x by."""
        return math.hypot(self.sigma, self.rounding)

    @property
    def image_shape(self) -> ImageShape:
        """(C, H, W) of the picture, without its frame."""
        return self.operator.picture_shape

    def repeated(self, count: int) -> InverseProblem:
        """One measurement as many times, to draw as many samples."""
        return dataclasses.replace(self, y=self.y.expand(count, *self.y.shape[1:]))


def pose(
    measurement: ImageLike | Batch,
    degradation: DegradationLike | None = None,
    *,
    sigma: float | Literal["auto"] | None = None,
    mask: MaskLike | None = None,
    kernel: KernelLike | None = None,
) -> InverseProblem:
    """Work out what is to be solved to restore a measurement.

    Args:
        measurement: The degraded picture itself on [0, 1], see `to_batch`; or, with an operator,
            a tensor (B, *measurement_shape). Where grey is measured it may have its three
            channels, of which the grey is taken.
        degradation: What happened to it; None takes it from the file.
        sigma: Standard deviation of its noise on [0, 1] pixel values; ``"auto"`` estimates it, one
            for the batch: the largest of its pictures, and where H measures weakly no less than a
            JPEG file hides. None takes it from the file, or else estimates it. Where the noise is
            known, as that of ``jpeg``, only 0 and None.
        mask: The missing pixels, where the degradation takes a mask. Without one they are those
            that the file says, or the transparent ones.
        kernel: The blur, where the degradation takes a kernel.

    Raises:
        UsageError: Something that the degradation does not take, or lacks.
        MeasurementError: Picture, mask, kernel and degradation do not fit together.
        ImageReadError: A file cannot be read.
    """
    if sigma is not None and sigma != "auto":
        check_sigma(sigma)
    said: list[str] = []
    if isinstance(degradation, LinearOperator):
        operator = as_given(degradation, mask, kernel)
        batch = to_batch(measurement, operator.measurement_shape)
        known = None
    else:
        batch = to_batch(measurement).in_grey()
        known = provenance(batch, degradation, mask, kernel, said.append)
        operator = build_framed(known.degradation, known.picture_shape(batch))
    y = operator.read(batch.values)
    level, origin, notes = _noise(y, operator, batch, sigma)
    check_sigma(level)
    rounding = rounding_noise(operator, batch.levels)
    hidden = None if batch.picture is None else batch.picture.hidden
    y = continue_measurement(y, operator, math.hypot(level, rounding), hidden)
    return InverseProblem(
        y,
        operator,
        level,
        rounding,
        origin,
        degradation=None if known is None else known.degradation,
        fills_alpha=known is not None and known.fills_alpha,
        notes=(*said, *missing_notes(operator, "is filled in"), *notes),
    )


def rounding_noise(operator: LinearOperator, levels: int | None) -> float:
    """Standard deviation of what rounding added to a measurement; 0 where it is better left out.

    Rounding adds noise of ``1 / (levels sqrt(12))``, a thousandth for 8 bits. Mostly that drowns
    in the least noise the diffusion knows, and then it is better left out: the result meets the
    measurement exactly. An operator that inverts weak singular values (deblurring) makes it large.

    Args:
        operator: H.
        levels: Grey levels of the measurement; None for floats, which are not rounded.

    Returns:
        On [0, 1].
    """
    if levels is None or operator.noise is not None:
        return 0.0
    rounding = 1 / (levels * math.sqrt(12))
    return 0.0 if 2 * rounding / _weakest(operator) < _LEAST_SIGMA else rounding


def _weakest(operator: LinearOperator) -> float:
    """What the weakest coordinate is divided by."""
    return float(operator.singular_values[operator.measured].min())


_LEAST_SIGMA = 0.01  # of the linear schedule at its first timestep, on [-1, 1]


class _Noise(NamedTuple):
    """Standard deviation of a measurement's noise, where that is known from, what to tell of it."""

    level: float
    origin: str
    notes: tuple[str, ...] = ()


def _noise(
    y: Tensor, operator: LinearOperator, batch: Batch, sigma: float | Literal["auto"] | None
) -> _Noise:
    if operator.noise is not None:
        if sigma:
            raise no_sigma()
        return _Noise(operator.noise, COMPRESSION)
    if sigma is not None and sigma != "auto":
        return _Noise(sigma, "given")
    if sigma is None and batch.info is not None:
        noise = _Noise(batch.info.sigma, "from the file")
    else:
        estimate = _estimated(y, operator, batch.missing)
        noise = _Noise(estimate.sigma, "estimated", _notes(estimate, operator))
    if batch.compression is not None and _weakest(operator) < 1:
        hidden = batch.compression.hidden_noise
        return _Noise(hidden, COMPRESSION) if hidden > noise.level else noise
    return noise


def _estimated(
    y: Tensor, operator: LinearOperator, missing: NDArray[np.bool_] | None
) -> NoiseLevel:
    """The noise of the noisiest picture of a batch, on [0, 1]."""
    if y.ndim != 4:
        raise UsageError(
            "The noise of a measurement that is no picture cannot be estimated.",
            "Give it with --sigma.",
        )
    known = None if missing is None else ~missing
    if operator.missing is not None:
        known = (~operator.missing).numpy()
    levels = [estimate_noise(np.moveaxis(each.numpy(), 0, -1), known) for each in y]
    return max(levels, key=lambda level: level.sigma)


def _notes(noise: NoiseLevel, operator: LinearOperator) -> tuple[str, ...]:
    """What to tell of an estimate."""
    if noise.sigma == 0 and isinstance(operator, Denoising):
        return ("No noise was found, so that nothing changes; give it with --sigma.",)
    if noise.coarse:
        return ("Its noise is coarser than a pixel: grain, or enlarged with the picture.",)
    return ()
