"""Measure pictures: what is left of them, ``y = H x + sigma z``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, TypeVar, overload

import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ddrm_cli.conversion import ImageLike, to_batch
from ddrm_cli.degradations.base import ImageShape, LinearOperator
from ddrm_cli.degradations.entry import check_sigma, no_sigma
from ddrm_cli.degradations.framing import build_framed
from ddrm_cli.degradations.table import Degradation
from ddrm_cli.devices import on_device
from ddrm_cli.errors import MeasurementError, Notice, UsageError
from ddrm_cli.images.kernels import KernelLike
from ddrm_cli.images.masks import MaskLike
from ddrm_cli.provenance import with_files
from ddrm_cli.sampler.noise import MEASUREMENT, ImageNoise, seeds_from

__all__ = [
    "DegradationLike",
    "as_given",
    "degrade",
    "measure",
    "missing_notes",
    "operator_measuring",
    "operator_of",
]

_Picture = TypeVar("_Picture", Tensor, NDArray[Any], Image.Image)
_File = str | os.PathLike[str]
_CPU = torch.device("cpu")  # where pictures are measured: half of it is NumPy

DegradationLike = str | Degradation | LinearOperator
"""What happened to a picture: a name, a name with parameters, or an operator."""


@overload
def degrade(
    image: _Picture,
    degradation: DegradationLike,
    *,
    sigma: float = ...,
    seed: int = ...,
    mask: MaskLike | None = ...,
    kernel: KernelLike | None = ...,
    notice: Notice | None = ...,
) -> _Picture: ...
@overload
def degrade(
    image: _File,
    degradation: DegradationLike,
    *,
    sigma: float = ...,
    seed: int = ...,
    mask: MaskLike | None = ...,
    kernel: KernelLike | None = ...,
    notice: Notice | None = ...,
) -> Image.Image: ...
def degrade(
    image: ImageLike,
    degradation: DegradationLike,
    *,
    sigma: float = 0.0,
    seed: int = 0,
    mask: MaskLike | None = None,
    kernel: KernelLike | None = None,
    notice: Notice | None = None,
) -> Any:
    """Measure a picture, ``y = H x + sigma z``.

    Args:
        image: The picture on [0, 1]; see `ImageLike`. For ``cs2`` and ``cs4``, whose measurement
            is no picture, a tensor.
        degradation: A name of the table, one with parameters, or an operator of the caller's own.
        sigma: Standard deviation of the noise on [0, 1] pixel values.
        seed: For the noise, and for degradations that are random themselves. Tensors and arrays do
            not remember it: ``restore`` is told it as ``Degradation("inp", {"seed": 3})``.
        mask: For ``inp``: a picture in which missing pixels are painted, not black, or numbers
            (H, W) that are not zero there; `Mask` says more, and grows or inverts it.
        kernel: For ``deblur``: a file or a picture of it, or numbers (kh, kw): these are taken as
            they are, and of sum one keep the brightness.
        notice: Told, in a sentence, which share of the picture a mask leaves out.

    Returns:
        The measurement, of the kind that came in (Pillow's for a file) and scaled as the picture
        is; clipped only where that kind is an integer.

    Raises:
        UsageError: A value out of range, or one that the degradation does not take.
        MeasurementError: Picture, mask or kernel do not fit the degradation.
        ImageReadError: A file cannot be read.
    """
    batch = to_batch(image)
    x = batch.values
    operator = operator_measuring(
        x, degradation, seed=seed, mask=mask, kernel=kernel, notice=notice
    )
    y = measure(x, operator, sigma, seeds_from(seed, len(x)))
    if y.ndim == 4:
        return batch.restored(y, True)  # transparency is left out of a measurement
    if isinstance(image, Tensor):
        return (y if image.ndim == 4 else y[0]).to(image.device)
    raise UsageError("What is measured here is no picture.", "Give the picture as a tensor.")


def operator_of(
    degradation: DegradationLike, image_shape: ImageShape, *, seed: int = 0
) -> LinearOperator:
    """The operator that measures pictures of one shape, on the CPU.

    Args:
        degradation: What happens to them.
        image_shape: (C, H, W) of the pictures; grey is also measured of one channel.
        seed: For random degradations, where their parameters do not say one.

    Returns:
        The operator, for a larger frame where a blur needs one: then it has a ``margin``.

    Raises:
        UsageError: Something that the degradation does not take, or lacks.
        MeasurementError: Picture, mask or kernel do not fit.
    """
    if isinstance(degradation, LinearOperator):
        return on_device(degradation, _CPU)
    channels, height, width = image_shape
    known = Degradation.of(degradation)
    if "seed" in known.entry.takes and "seed" not in known.parameters:
        known = known.given(seed=seed)
    if known.entry.gives == "grey":
        channels = 3
    return build_framed(known, (channels, height, width))


def operator_measuring(
    pictures: Tensor,
    degradation: DegradationLike,
    *,
    seed: int = 0,
    mask: MaskLike | None = None,
    kernel: KernelLike | None = None,
    notice: Notice | None = None,
) -> LinearOperator:
    """The operator that measures these pictures, as `operator_of`, with files of the user's.

    Args:
        pictures: Shape (B, C, H, W), on [0, 1].
        degradation: What happens to them.
        seed: For random degradations, where their parameters do not say one.
        mask: The missing pixels, where the degradation takes a mask.
        kernel: The blur, where it takes a kernel.
        notice: Told which share of the picture is left out, and how a mask is understood.

    Raises:
        UsageError: Something that the degradation does not take, or lacks.
        MeasurementError: Picture, mask or kernel do not fit.
        ImageReadError: A file cannot be read.
    """
    if isinstance(degradation, LinearOperator):
        return as_given(degradation, mask, kernel)
    _, channels, height, width = pictures.shape
    known = with_files(degradation, pictures, mask, kernel, notice)
    operator = operator_of(known, (channels, height, width), seed=seed)
    for note in missing_notes(operator, "is left out"):
        if notice is not None:
            notice(note)
    return operator


def missing_notes(operator: LinearOperator, what: str) -> tuple[str, ...]:
    """What to tell of the pixels that an operator leaves out, and of what is done with them."""
    if operator.missing is None:
        return ()
    share = float(operator.missing.float().mean())
    percent = f"{100 * share:.1f} %" if share >= 0.0005 else "Less than 0.1 %"
    much = ": more than half. --invert-mask turns a mask round" if share > 0.5 else ""
    return (f"{percent} of the picture {what}{much}.",)


def as_given(
    operator: LinearOperator, mask: MaskLike | None, kernel: KernelLike | None
) -> LinearOperator:
    """An operator of the caller's own, on the CPU.

    Raises:
        UsageError: It comes with a mask or a kernel, of which it knows nothing.
    """
    if mask is not None or kernel is not None:
        raise UsageError("An operator takes neither mask nor kernel.", "Leave them out.")
    return on_device(operator, _CPU)


def measure(x: Tensor, operator: LinearOperator, sigma: float, seeds: Sequence[int]) -> Tensor:
    """What is measured of pictures, ``y = H x + sigma z``.

    Args:
        x: Shape (B, C, H, W), on [0, 1].
        operator: H, from `operator_of`.
        sigma: Standard deviation of the noise on [0, 1] pixel values.
        seeds: Of the noise, one a picture.

    Returns:
        Shape (B, *measurement_shape) without the frame, on the CPU.

    Raises:
        UsageError: A noise level or seed that is not possible.
        MeasurementError: The pictures have not the shape that the operator takes.
    """
    check_sigma(sigma)
    if x.shape[1] == 1 and operator.measurement_shape[0] == 1:
        x = x.expand(-1, operator.image_shape[0], -1, -1)  # grey is measured in grey
    if tuple(x.shape[1:]) != operator.picture_shape:
        raise MeasurementError(
            f"A picture of shape {tuple(x.shape[1:])} does not belong to this operator, which "
            f"takes {operator.picture_shape}.",
            "Build the operator for the size of the picture.",
        )
    if sigma > 0 and operator.noise is not None:
        raise no_sigma()
    y = operator.observe(x)
    if sigma > 0:
        y = y + sigma * ImageNoise(seeds, MEASUREMENT)(tuple(y.shape[1:]))
    return y
