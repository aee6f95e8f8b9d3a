"""Degrading a file: a picture in, a measurement file out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ddrm_cli._version import __version__
from ddrm_cli.degradations.jpeg import JPEG
from ddrm_cli.degradations.table import Degradation
from ddrm_cli.errors import DDRMError, UsageError
from ddrm_cli.images.files import file_digest
from ddrm_cli.images.masks import Mask
from ddrm_cli.images.measurement import (
    MeasurementInfo,
    read_measurement_info,
    read_npz_measurement,
    write_measurement,
)
from ddrm_cli.images.reading import DEFAULT_MAX_PIXELS, read_picture
from ddrm_cli.measuring import measure, operator_measuring

from .record import described_mask, difference

__all__ = ["DegradeRequest", "degrade_file", "measurement_difference"]


@dataclass(frozen=True, eq=False)
class DegradeRequest:
    """What the user asked for, for every picture of a run.

    Args:
        degradation: A name of the table, or one with parameters.
        sigma: Noise on [0, 1].
        seed: For the noise and for random degradations.
        mask: The missing pixels, drawn in a file, for ``inp``.
        kernel: For ``deblur``.
        max_pixels: Largest picture that is read.

    Raises:
        UsageError: A noise level that is not possible, a mask or a kernel that the degradation
            does not take, or none that it needs.
    """

    degradation: str | Degradation
    sigma: float = 0.0
    seed: int = 0
    mask: Mask | None = None
    kernel: NDArray[np.float64] | None = None
    max_pixels: int = DEFAULT_MAX_PIXELS

    def __post_init__(self) -> None:
        self.whole.check_complete()
        self.whole.entry.check_sigma(self.sigma)

    @property
    def whole(self) -> Degradation:
        """The degradation with all that it takes, its mask as a file."""
        return Degradation.of(self.degradation).given(mask=self.mask, kernel=self.kernel)


def degrade_file(
    path: Path, output: Path, request: DegradeRequest, *, overwrite: bool
) -> tuple[MeasurementInfo, tuple[str, ...]]:
    """Measure a picture file and write the measurement.

    Returns:
        What was done, and what the user should hear.

    Raises:
        DDRMError: A file cannot be read or written, or something does not fit.
    """
    entry, suffix = request.whole.entry, output.suffix.lower()
    if suffix not in entry.formats:
        raise UsageError(
            f"What {entry.name} measures is not written as '{output.name}'.",
            f"Give an output that ends in {' or '.join(entry.formats)}.",
        )
    to_picture = suffix != ".npz"
    picture = read_picture(path, max_pixels=request.max_pixels)
    notes = list(picture.notes)
    pixels = entry.crop(picture.measured)
    height, width = pixels.shape[:2]
    if (height, width) != (picture.height, picture.width):
        notes.append(
            f"Cropped from {picture.width} x {picture.height} to {width} x {height}, "
            f"which {entry.scale} divides."
        )
    if picture.alpha is not None:
        notes.append("Transparency is left out of the measurement.")
    if picture.bit_depth == 16 and to_picture:
        notes.append("The measurement has 8 bits, the picture 16; an .npz file keeps all.")
    x = torch.from_numpy(np.moveaxis(pixels, -1, 0).copy())[None]
    operator = operator_measuring(
        x,
        request.degradation,
        seed=request.seed,
        mask=request.mask,
        kernel=request.kernel,
        notice=notes.append,
    )
    compression = None
    if isinstance(operator, JPEG) and to_picture:
        y, compression = pixels, operator.compression  # the file itself is what happens to it
    else:
        y = measure(x, operator, request.sigma, [request.seed])[0].numpy()
        y = np.moveaxis(y, 0, -1) if to_picture else y
    info = MeasurementInfo(
        degradation=entry.name,
        parameters=_parameters(path, request),
        sigma=request.sigma,
        seed=request.seed,
        image_size=(width, height),
        channels=operator.image_shape[0],
        version=__version__,
    )
    write_measurement(
        output,
        y,
        info,
        missing=None if operator.missing is None else operator.missing.numpy(),
        overwrite=overwrite,
        metadata=picture.metadata,
        compression=compression,
    )
    return info, tuple(notes)


def measurement_difference(path: Path, output: Path, request: DegradeRequest) -> str | None:
    """How a file differs from what `degrade_file` would write there; None if it does not.

    Raises:
        ImageReadError: The picture or the mask is missing or cannot be read.
    """
    try:
        if output.suffix.lower() == ".npz":
            info: MeasurementInfo | None = read_npz_measurement(output)[1]
        else:
            info = read_measurement_info(read_picture(output, max_pixels=request.max_pixels))
    except DDRMError:
        info = None
    if info is None:
        return f"'{output}' exists already, and does not say how it was made."
    # Through JSON and back, as those of the file went.
    parameters = json.loads(json.dumps(_parameters(path, request)))
    now = _asked(request.whole.name, request.sigma, request.seed, parameters)
    return difference(output, _asked(info.degradation, info.sigma, info.seed, info.parameters), now)


def _asked(name: str, sigma: float, seed: int, parameters: dict[str, Any]) -> dict[str, Any]:
    rest = dict(parameters)
    origin = rest.pop("input_sha256", "unknown")
    return {"input": origin, "degradation": name, "sigma": sigma, "seed": seed, "parameters": rest}


def _parameters(path: Path, request: DegradeRequest) -> dict[str, Any]:
    """What a measurement depends on beside its noise and its seed, of JSON's types."""
    parameters = request.whole.arguments
    if "kernel" in parameters:
        parameters["kernel"] = parameters["kernel"].tolist()
    if "mask" in parameters:
        parameters |= described_mask(parameters.pop("mask"))
    parameters["input_sha256"] = file_digest(path)
    return parameters
