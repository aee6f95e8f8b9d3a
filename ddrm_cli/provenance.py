"""Where a measurement came from: what the user says of it and what its file says, put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ddrm_cli.conversion import Batch
from ddrm_cli.degradations.base import ImageShape
from ddrm_cli.degradations.table import Degradation, get_entry
from ddrm_cli.errors import MeasurementError, Notice, UsageError
from ddrm_cli.images.kernels import KernelLike, to_kernel
from ddrm_cli.images.masks import MaskLike, to_mask
from ddrm_cli.images.measurement import MeasurementInfo
from ddrm_cli.inspection.inspect import inspect
from ddrm_cli.inspection.suggestions import suggestions

__all__ = ["Provenance", "provenance", "with_files"]


@dataclass(frozen=True, eq=False)
class Provenance:
    """What happened to a measurement.

    Args:
        degradation: With all of its parameters.
        recorded: What the file says of this very degradation.
        fills_alpha: Whether the missing pixels are the transparent ones.
    """

    degradation: Degradation
    recorded: MeasurementInfo | None = None
    fills_alpha: bool = False

    def picture_shape(self, batch: Batch) -> ImageShape:
        """(C, H, W) of the picture that the measurement is of.

        Raises:
            UsageError: It is no picture, and its file does not say it.
            MeasurementError: It was resized since.
        """
        info = self.recorded
        if batch.is_vector and info is not None:
            width, height = info.image_size
            return info.channels, height, width
        channels, height, width = batch.values.shape[1:]
        shape = self.degradation.entry.picture_shape((channels, height, width))
        if info is not None and info.image_size != (shape[2], shape[1]):
            raise MeasurementError(
                f"{batch.name} was resized after it was measured.", "Measure the picture again."
            )
        return shape


def provenance(
    batch: Batch,
    degradation: str | Degradation | None,
    mask: MaskLike | None = None,
    kernel: KernelLike | None = None,
    notice: Notice | None = None,
) -> Provenance:
    """Put together what the user and the file say of a measurement.

    Args:
        batch: What was read.
        degradation: What the user says; None takes it from the file.
        mask: The missing pixels. Without one they are those that the file says, or the
            transparent ones.
        kernel: The blur.
        notice: Told how a mask is understood that is no plain one.

    Raises:
        UsageError: Something that the degradation does not take, or lacks.
        MeasurementError: Picture, mask, kernel and degradation do not fit together.
        ImageReadError: A file cannot be read.
    """
    info = batch.info
    if degradation is None:
        if info is None:
            raise _unknown(batch)
        degradation = info.degradation
    known = with_files(degradation, batch.values, mask, kernel, notice)
    entry, parameters = known.entry, known.parameters
    recorded = info if info is not None and info.degradation == known.name else None
    if info is not None and recorded is None and (entry.gives == "vector" or batch.is_vector):
        raise UsageError(
            f"{batch.name} is a measurement of {info.degradation}, not of {known.name}.",
            "Leave --deg out.",
        )
    said = parameters.keys() & {"mask", "seed"}  # by the user, who knows
    found = {} if recorded is None else _recorded_parameters(recorded, batch.name)
    if entry.gives == "jpeg" and batch.compression is not None:
        found |= batch.compression.parameters
    if "quality" in known.arguments:
        found.pop("tables", None)
    parameters = {**found, **parameters}
    if "boundary" in entry.takes and recorded is None and batch.picture is not None:
        parameters = {"boundary": "unknown", **parameters}  # it was framed after it was blurred
    if entry.makes_holes and not said and batch.missing is not None:
        holes = Degradation("inp", {"mask": batch.missing})
        return Provenance(holes, recorded, fills_alpha=batch.picture is not None)
    if "mask" in entry.takes and not parameters and batch.picture is not None:
        raise UsageError(
            "It is not known which pixels are missing.",
            "Paint them white on black, and give that with --mask, or make them transparent.",
        )
    return Provenance(Degradation(known.name, parameters), recorded)


def _unknown(batch: Batch) -> UsageError:
    """Nobody said how a picture was degraded; its file and its pixels may."""
    hint = "Say it with --deg; `ddrm list-degradations` lists what there is."
    found = () if batch.picture is None else suggestions(inspect(batch.picture))
    if found:
        command = found[0].commands("FILE" if batch.file is None else str(batch.file))[0]
        hint = f"Say it with --deg; worth trying: {command}"
    return UsageError(f"It is not known how {batch.name} was degraded.", hint)


def _recorded_parameters(info: MeasurementInfo, file: str) -> dict[str, Any]:
    """What a measurement file says it was made with; such files are not trusted."""
    takes = get_entry(info.degradation).takes
    known = [name for name in takes if name not in ("mask", "seed")]  # these stand elsewhere
    parameters = {name: info.parameters[name] for name in known if name in info.parameters}
    if "seed" in takes and "mask_sha256" not in info.parameters:
        parameters["seed"] = info.seed
    try:
        if "kernel" in parameters:
            parameters["kernel"] = to_kernel(np.array(parameters["kernel"]))
        Degradation(info.degradation, parameters)
    except (MeasurementError, UsageError, ValueError) as error:
        raise MeasurementError(
            f"What {file} was degraded with is damaged: {', '.join(parameters)}.",
            "Give it with the options of these names.",
        ) from error
    return parameters


def with_files(
    degradation: str | Degradation,
    pictures: Tensor,
    mask: MaskLike | None,
    kernel: KernelLike | None,
    notice: Notice | None = None,
) -> Degradation:
    """A degradation with the user's mask and kernel among its parameters, as arrays.

    Args:
        degradation: What the user says; its own mask and kernel may be files, too.
        pictures: (B, C, H, W), on [0, 1]; what they lack.
        mask: The missing pixels.
        kernel: The blur.
        notice: Told how a mask is understood that is no plain one.

    Raises:
        UsageError: Something that the degradation does not take.
        MeasurementError: The mask has another size, or the kernel is none.
        ImageReadError: A file cannot be read.
    """
    known = Degradation.of(degradation).given(mask=mask, kernel=kernel)
    arrays: dict[str, NDArray[Any]] = {}
    if "mask" in known.parameters:
        photograph = pictures[0].movedim(0, -1).numpy()
        arrays["mask"] = to_mask(known.parameters["mask"], photograph, notice)
    if "kernel" in known.parameters:
        arrays["kernel"] = to_kernel(known.parameters["kernel"])
    return known.given(**arrays)
