"""One file in, one file out: what ``ddrm restore`` and ``ddrm degrade`` do for each picture."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ddrm_cli._version import __version__
from ddrm_cli.degradations.build import build_operator
from ddrm_cli.degradations.colour import GREY_WEIGHTS
from ddrm_cli.degradations.table import Degradation, get_degradation
from ddrm_cli.errors import DDRMError, ImageReadError, MeasurementError, UsageError
from ddrm_cli.images.masks import read_mask
from ddrm_cli.images.measurement import (
    MeasurementInfo,
    read_measurement_info,
    read_npz_measurement,
    write_measurement,
)
from ddrm_cli.images.noise_level import estimate_sigma
from ddrm_cli.images.picture import Picture
from ddrm_cli.images.reading import DEFAULT_MAX_PIXELS, read_picture
from ddrm_cli.restoration import LoadedModel, TilingSettings, degrade, restore, restore_measurement
from ddrm_cli.sampler.ddrm import Step
from ddrm_cli.sampler.denoiser import Notice
from ddrm_cli.sampler.settings import SamplerSettings

__all__ = [
    "RESULT_KEY",
    "DegradeRequest",
    "RestoreJob",
    "RestoreRequest",
    "degrade_file",
    "file_digest",
    "is_same_measurement",
    "prepare_restore",
    "read_result_record",
    "result_picture",
    "run_restore",
]

RESULT_KEY = "ddrm-result"
"""Text chunk of a restored PNG that says how it was made."""

OPAQUE = 0.5  # alpha below it counts as a missing pixel


@dataclass(frozen=True, eq=False)
class RestoreRequest:
    """What the user asked for, for every picture of a run.

    Args:
        degradation: A name of the table; None takes it from the file.
        sigma: Noise on [0, 1]; None takes it from the file, or estimates it.
        estimate: Estimate the noise even where the file says it.
        mask: File of the missing pixels, for ``inp``.
        kernel: For ``deblur``.
        max_pixels: Largest picture that is read.

    Raises:
        UsageError: A mask or a kernel that the degradation does not take.
    """

    degradation: str | None = None
    sigma: float | None = None
    estimate: bool = False
    mask: Path | None = None
    kernel: NDArray[np.float64] | None = None
    max_pixels: int = DEFAULT_MAX_PIXELS

    def __post_init__(self) -> None:
        if self.degradation is not None:
            _check_takes(get_degradation(self.degradation), self.mask, self.kernel)


@dataclass(frozen=True, eq=False)
class RestoreJob:
    """A measurement that was read, and all that has to be known to restore it.

    Args:
        y: (C, h, w), or (C, m) where it is no picture; scaled so that the picture is on [0, 1].
        degradation: Entry of the table.
        sigma: Noise on [0, 1].
        sigma_origin: ``"given"``, ``"from the file"`` or ``"estimated"``.
        image_shape: (C, H, W) of the result.
        picture: What was read, for its metadata; None for ``.npz``.
        levels: Grey levels it was stored with; None for exact values.
        seed: Seed of the degradation.
        mask: (H, W), True where a pixel is missing.
        kernel: For ``deblur``.
        mask_from_alpha: The missing pixels were the transparent ones.
    """

    y: NDArray[np.float32]
    degradation: Degradation
    sigma: float
    sigma_origin: str
    image_shape: tuple[int, int, int]
    picture: Picture | None
    levels: int | None
    seed: int
    mask: NDArray[np.bool_] | None
    kernel: NDArray[np.float64] | None
    mask_from_alpha: bool

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should hear about how the file was read."""
        return self.picture.notes if self.picture is not None else ()


def prepare_restore(path: Path, request: RestoreRequest) -> RestoreJob:
    """Read a photograph or a measurement file and work out how to restore it.

    Raises:
        ImageError: The file, the mask or the kernel cannot be read or do not fit.
        UsageError: The degradation is not known, or lacks something.
    """
    y, picture, info, missing = _read(path, request.max_pixels)
    name = request.degradation or (info.degradation if info else None)
    if name is None:
        raise UsageError(
            f"It is not known how '{path}' was degraded.",
            "Say it with --deg; `ddrm list-degradations` lists what there is.",
        )
    entry = get_degradation(name)
    same = info is not None and info.degradation == name
    _check_takes(entry, request.mask, request.kernel)
    mask, mask_from_alpha = _mask(entry, request.mask, y, picture, missing, known=same)
    if mask is not None:
        entry = get_degradation("inp")
    kernel = request.kernel
    if kernel is None and same and info is not None and "kernel" in info.parameters:
        kernel = _kernel_of(path, info)
    if kernel is None and "kernel" in entry.takes:
        raise _needs_kernel(entry)
    if info is not None and not same and entry.measurement == "vector":
        raise UsageError(
            f"'{path}' is a measurement of {info.degradation}, not of {name}.", "Leave --deg out."
        )
    sigma, origin = _sigma(request, entry, info, y, mask)
    return RestoreJob(
        y=y,
        degradation=entry,
        sigma=sigma,
        sigma_origin=origin,
        image_shape=_image_shape(path, entry, y, info if same else None),
        picture=picture,
        levels=None if picture is None else 2**picture.bit_depth,
        seed=info.seed if info else 0,
        mask=mask,
        kernel=kernel,
        mask_from_alpha=mask_from_alpha,
    )


def run_restore(
    job: RestoreJob,
    model: LoadedModel,
    *,
    settings: SamplerSettings,
    tiling: TilingSettings,
    seeds: range,
    label: int | None = None,
    callback: Callable[[Step], None] | None = None,
    notice: Notice | None = None,
) -> NDArray[np.float32]:
    """Restore a job once for each seed.

    Returns:
        Shape (len(seeds), H, W, C) on [0, 1], not clipped.

    Raises:
        DDRMError: What `ddrm_cli.restore` raises.
    """
    y = torch.from_numpy(job.y).expand(len(seeds), *job.y.shape)
    name = job.degradation.name
    if job.degradation.measurement == "vector":
        x = restore_measurement(
            model,
            y,
            build_operator(name, job.image_shape, seed=job.seed),
            job.sigma,
            settings=settings,
            tiling=tiling,
            seeds=seeds,
            label=label,
            callback=callback,
            notice=notice,
        )
    else:
        x = restore(
            y,
            name,
            sigma=job.sigma,
            model=model,
            settings=settings,
            tiling=tiling,
            seed=seeds.start,
            degradation_seed=job.seed,
            mask=job.mask,
            kernel=job.kernel,
            levels=job.levels,
            label=label,
            callback=callback,
            notice=notice,
        )
    return x.movedim(1, -1).contiguous().numpy()


def result_picture(job: RestoreJob, pixels: NDArray[np.float32], record: dict[str, Any]) -> Picture:
    """A restored picture with the metadata of what came in, and how it was made.

    Args:
        job: What was restored.
        pixels: (H, W, C) on [0, 1].
        record: What to remember; JSON's types.
    """
    if job.picture is None:
        base = Picture(pixels)
    else:
        # Transparency that said which pixels are missing has been filled.
        alpha = None if job.mask_from_alpha else job.picture.alpha
        base = dataclasses.replace(job.picture, alpha=alpha).with_pixels(pixels)
    text = {**base.metadata.text, RESULT_KEY: json.dumps({**record, "version": __version__})}
    return dataclasses.replace(base, metadata=dataclasses.replace(base.metadata, text=text))


def read_result_record(path: Path) -> dict[str, Any] | None:
    """How a restored picture was made; None where it does not say."""
    try:
        # A result may be larger than any input is allowed to be.
        text = read_picture(path, max_pixels=sys.maxsize).metadata.text.get(RESULT_KEY)
        record = None if text is None else json.loads(text)
    except (DDRMError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal digits: a result remembers its inputs by it.

    Raises:
        ImageReadError: The file is missing or cannot be read.
    """
    digest = hashlib.sha256()
    try:
        if not path.is_file():  # a pipe would be waited for without end
            raise ImageReadError(f"There is no file '{path}'.", "Check its name.")
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise ImageReadError(
            f"'{path}' cannot be read: {error.strerror or error}.",
            "Check its name and its permissions.",
        ) from error
    return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class DegradeRequest:
    """What the user asked for, for every picture of a run.

    Args:
        degradation: A name of the table.
        sigma: Noise on [0, 1].
        seed: For the noise and for random degradations.
        mask: File of the missing pixels, for ``inp``.
        kernel: For ``deblur``.
        max_pixels: Largest picture that is read.

    Raises:
        UsageError: A mask or a kernel that the degradation does not take, or none that it needs.
    """

    degradation: str
    sigma: float = 0.0
    seed: int = 0
    mask: Path | None = None
    kernel: NDArray[np.float64] | None = None
    max_pixels: int = DEFAULT_MAX_PIXELS

    def __post_init__(self) -> None:
        entry = get_degradation(self.degradation)
        _check_takes(entry, self.mask, self.kernel)
        if self.kernel is None and "kernel" in entry.takes:
            raise _needs_kernel(entry)


def degrade_file(
    path: Path, output: Path, request: DegradeRequest, *, overwrite: bool
) -> tuple[MeasurementInfo, tuple[str, ...]]:
    """Measure a picture file and write the measurement.

    Returns:
        What was done, and what the user should hear.

    Raises:
        DDRMError: A file cannot be read or written, or something does not fit.
    """
    entry = get_degradation(request.degradation)
    if entry.measurement == "vector" and output.suffix.lower() != ".npz":
        raise UsageError(
            f"What {entry.name} measures is no picture.", "Give an output that ends in .npz."
        )
    picture = read_picture(path, max_pixels=request.max_pixels)
    notes = list(picture.notes)
    height, width = (side // entry.scale * entry.scale for side in picture.pixels.shape[:2])
    if not height or not width:
        raise MeasurementError(
            f"'{path}' is too small to be reduced {entry.scale} times.",
            "Take a larger picture or a smaller factor.",
        )
    if (height, width) != (picture.height, picture.width):
        notes.append(
            f"Cropped from {picture.width} x {picture.height} to {width} x {height}, "
            f"which {entry.scale} divides."
        )
    pixels = picture.pixels[:height, :width]
    if entry.measurement == "grey" and picture.channels == 1:
        pixels = np.repeat(pixels, 3, axis=2)
    if picture.alpha is not None:
        notes.append("Transparency is left out of the measurement.")
    if picture.bit_depth == 16 and output.suffix.lower() == ".png":
        notes.append("The measurement has 8 bits, the picture 16; an .npz file keeps all.")
    mask = None if request.mask is None else read_mask(request.mask, height, width)
    x = torch.from_numpy(np.moveaxis(pixels, -1, 0).copy())
    y = degrade(
        x, entry.name, sigma=request.sigma, seed=request.seed, mask=mask, kernel=request.kernel
    ).numpy()
    missing = None
    if entry.family == "inpainting":
        operator = build_operator(entry.name, (1, height, width), seed=request.seed, mask=mask)
        missing = (operator.singular_values[0] == 0).numpy()
    info = MeasurementInfo(
        degradation=entry.name,
        parameters=_parameters(path, request),
        sigma=request.sigma,
        seed=request.seed,
        image_size=(width, height),
        channels=len(x),
        version=__version__,
    )
    write_measurement(
        output,
        y if output.suffix.lower() == ".npz" else np.moveaxis(y, 0, -1),
        info,
        missing=missing,
        overwrite=overwrite,
        metadata=picture.metadata,
    )
    return info, tuple(notes)


def is_same_measurement(path: Path, output: Path, request: DegradeRequest) -> bool:
    """Whether a measurement file is what `degrade_file` would write there.

    Raises:
        ImageReadError: The picture or the mask is missing or cannot be read.
    """
    try:
        if output.suffix.lower() == ".npz":
            info: MeasurementInfo | None = read_npz_measurement(output)[1]
        else:
            info = read_measurement_info(read_picture(output, max_pixels=request.max_pixels))
    except DDRMError:
        return False
    # Through JSON and back, as those of the file went.
    parameters = json.loads(json.dumps(_parameters(path, request)))
    asked = (request.degradation, request.sigma, request.seed, parameters)
    return info is not None and asked == (
        info.degradation, info.sigma, info.seed, info.parameters
    )  # fmt: skip


def _parameters(path: Path, request: DegradeRequest) -> dict[str, Any]:
    """What a measurement depends on beside its noise and its seed, of JSON's types."""
    parameters = dict[str, Any](get_degradation(request.degradation).parameters)
    if request.kernel is not None:
        parameters["kernel"] = request.kernel.tolist()
    if request.mask is not None:
        parameters["mask_sha256"] = file_digest(request.mask)
    parameters["input_sha256"] = file_digest(path)
    return parameters


def _check_takes(entry: Degradation, mask: Path | None, kernel: NDArray[np.float64] | None) -> None:
    if mask is not None and "mask" not in entry.takes:
        raise UsageError(f"The degradation {entry.name} takes no mask.", "Use --deg inp.")
    if kernel is not None and "kernel" not in entry.takes:
        raise UsageError(f"The degradation {entry.name} takes no kernel.", "Use --deg deblur.")


def _kernel_of(path: Path, info: MeasurementInfo) -> NDArray[np.float64]:
    """The kernel that a measurement file says it was made with; such files are not trusted."""
    try:
        kernel = np.array(info.parameters["kernel"], dtype=np.float64)
    except (TypeError, ValueError):
        kernel = np.zeros(0)
    if kernel.ndim != 2 or not np.isfinite(kernel).all():
        raise MeasurementError(
            f"The kernel that '{path}' was blurred with is damaged.", "Give it with --kernel FILE."
        )
    return kernel


def _needs_kernel(entry: Degradation) -> UsageError:
    return UsageError(
        f"The degradation {entry.name} needs a kernel.", "Give one with --kernel FILE."
    )


def _read(
    path: Path, max_pixels: int
) -> tuple[NDArray[np.float32], Picture | None, MeasurementInfo | None, NDArray[np.bool_] | None]:
    if path.suffix.lower() == ".npz":
        y, info, missing = read_npz_measurement(path)
        return y, None, info, missing
    picture = read_picture(path, max_pixels=max_pixels)
    y = np.ascontiguousarray(np.moveaxis(picture.pixels, -1, 0))
    return y, picture, read_measurement_info(picture), None


def _mask(
    entry: Degradation,
    file: Path | None,
    y: NDArray[np.float32],
    picture: Picture | None,
    missing: NDArray[np.bool_] | None,
    *,
    known: bool,
) -> tuple[NDArray[np.bool_] | None, bool]:
    """The missing pixels, and whether transparency said which they are."""
    if file is not None:
        return read_mask(file, *y.shape[-2:]), False
    if entry.family != "inpainting":
        return None, False
    if missing is not None:
        return missing, False
    if picture is not None and picture.alpha is not None:
        transparent = picture.alpha < OPAQUE
        if transparent.any():
            return transparent, True
    if "mask" in entry.takes and not known:
        raise UsageError(
            "It is not known which pixels are missing.",
            "Give a picture of them with --mask, white where missing, or make them transparent.",
        )
    return None, False


def _sigma(
    request: RestoreRequest,
    entry: Degradation,
    info: MeasurementInfo | None,
    y: NDArray[np.float32],
    mask: NDArray[np.bool_] | None,
) -> tuple[float, str]:
    if request.sigma is not None:
        return request.sigma, "given"
    if info is not None and not request.estimate:
        return info.sigma, "from the file"
    if y.ndim != 3:
        raise UsageError(
            "The noise of a measurement that is no picture cannot be estimated.",
            "Give it with --sigma.",
        )
    if entry.measurement == "grey" and len(y) == 3:
        # What is restored is the grey of the picture, in which noise is weaker than in a channel.
        y = np.tensordot(np.asarray(GREY_WEIGHTS, np.float32), y, axes=1)[None]
    return estimate_sigma(np.moveaxis(y, 0, -1), None if mask is None else ~mask), "estimated"


def _image_shape(
    path: Path, entry: Degradation, y: NDArray[np.float32], info: MeasurementInfo | None
) -> tuple[int, int, int]:
    """Channels, height and width of the result."""
    if y.ndim != 3:
        if info is None:
            raise UsageError(
                f"'{path}' does not say what size of picture it measures.",
                "Restore the .npz file that ddrm degrade wrote.",
            )
        width, height = info.image_size
        return info.channels, height, width
    if entry.measurement == "vector":
        raise UsageError(
            f"A measurement of {entry.name} is not a picture.",
            "Restore the .npz file that ddrm degrade wrote.",
        )
    channels = 3 if entry.measurement == "grey" else y.shape[0]
    height, width = (side * entry.scale for side in y.shape[1:])
    if info is not None and (width, height) != info.image_size:
        raise MeasurementError(
            f"'{path}' was resized after it was measured.", "Measure the picture again."
        )
    return channels, height, width
