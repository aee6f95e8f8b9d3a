"""Measurement files: y together with what was done to the picture.

A measurement that is a picture is a PNG with a text chunk named ``ddrm``, or a JPEG with the same
in its XMP; any measurement can be a ``.npz`` with the arrays ``y`` (float32) and ``meta`` (the same
text).
"""

from __future__ import annotations

import io
import json
import math
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ddrm_cli.degradations.compression import Compression
from ddrm_cli.errors import MeasurementError, UsageError
from ddrm_cli.images.arrays import load_npz
from ddrm_cli.images.encoding import encode_picture
from ddrm_cli.images.metadata import MEASUREMENT_KEY, Metadata
from ddrm_cli.images.picture import Picture
from ddrm_cli.images.writing import write_bytes
from ddrm_cli.sampler.settings import LARGEST_SEED
from ddrm_cli.untrusted import parse_json

__all__ = [
    "MeasurementInfo",
    "read_measurement_info",
    "read_npz_measurement",
    "write_measurement",
]

# Raised when the meaning of a field changes; readers refuse what they do not know.
_FORMAT = 1
LARGEST_SIGMA = 1e6  # a noise that leaves nothing of any picture
LARGEST_PICTURE = 2**31  # pixels; more than a picture file can hold
MOST_CHANNELS = 4
_NEWER = "Use the version of ddrm that wrote it, or make the measurement again with ddrm degrade."


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_size(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(map(_is_count, value))
        and math.prod(value) <= LARGEST_PICTURE
    )


_CHECKS: dict[str, Callable[[Any], bool]] = {
    "degradation": lambda value: isinstance(value, str) and value != "",
    "parameters": lambda value: isinstance(value, dict),
    "sigma": lambda value: (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and 0 <= value <= LARGEST_SIGMA
    ),
    "seed": lambda value: type(value) is int and 0 <= value <= LARGEST_SEED,
    "image_size": _is_size,
    "channels": lambda value: _is_count(value) and value <= MOST_CHANNELS,
    "version": lambda value: isinstance(value, str),
}


@dataclass(frozen=True)
class MeasurementInfo:
    """How a measurement came about: enough to build the same operator again.

    Attributes:
        degradation: Its name, such as ``sr4``.
        parameters: Its parameters, of JSON's types (a kernel as a nested list).
        sigma: Standard deviation of the noise that was added, on [0, 1] pixel values.
        seed: Seed of the noise and of any random mask.
        image_size: Width and height of the picture before the degradation.
        channels: Channels of the picture before the degradation.
        version: Version of the program that wrote it.
    """

    degradation: str
    parameters: dict[str, Any]
    sigma: float
    seed: int
    image_size: tuple[int, int]
    channels: int
    version: str

    def to_json(self) -> str:
        """The text that a measurement file carries.

        Raises:
            MeasurementError: A parameter is not of JSON's types, not finite, or beyond 64 bits.
        """
        try:
            text = json.dumps({"format": _FORMAT, **asdict(self)}, allow_nan=False)
            parse_json(text)  # what could not be read again is not written
            return text
        except (TypeError, ValueError) as error:
            raise MeasurementError(
                f"The parameters of '{self.degradation}' cannot be stored: {error}.",
                "Give numbers, texts and lists only.",
            ) from error

    @classmethod
    def from_json(cls, text: str) -> MeasurementInfo:
        """The information back from the text.

        Raises:
            MeasurementError: The text is no JSON, of an unknown format, or a field is missing,
                unknown or impossible.
        """
        try:
            found = parse_json(text)
        except ValueError as error:
            raise MeasurementError(
                "The measurement's description is damaged: it is no JSON.",
                "Make the measurement again with ddrm degrade.",
            ) from error
        if not isinstance(found, dict) or found.pop("format", None) != _FORMAT:
            raise MeasurementError(
                "The measurement's description has a format that this version does not know.",
                _NEWER,
            )
        wrong = [
            name
            for name in sorted(_CHECKS.keys() | found.keys())
            if name not in found or name not in _CHECKS or not _CHECKS[name](found[name])
        ]
        if wrong:
            raise MeasurementError(
                f"The measurement's description has no sensible value for: {', '.join(wrong)}.",
                _NEWER,
            )
        width, height = found.pop("image_size")
        return cls(**found, image_size=(width, height))


def write_measurement(
    path: str | os.PathLike[str],
    y: NDArray[np.floating[Any]],
    info: MeasurementInfo,
    *,
    missing: NDArray[np.bool_] | None = None,
    overwrite: bool = False,
    metadata: Metadata | None = None,
    compression: Compression | None = None,
) -> None:
    """Write a measurement, as the suffix says.

    ``.png``: an 8-bit picture, clipped to [0, 1] and rounded. ``.jpg``: the file itself does to the
    picture what is measured. ``.npz``: the exact values.

    Args:
        path: File that ends in ``.png``, ``.jpg`` or ``.npz``.
        y: The measurement, scaled so that the picture is on [0, 1]; (H, W, C) for ``.png``, any
            shape for ``.npz``; for ``.jpg`` the picture itself.
        info: What was done.
        missing: (H, W), True where nothing was measured; transparent pixels in a ``.png``, so
            that one sees the holes, and the array ``missing`` in a ``.npz``.
        overwrite: Replace an existing file.
        metadata: EXIF, ICC profile and DPI of the original, for ``.png`` and ``.jpg``.
        compression: Of a ``.jpg``, which is nothing else.

    Raises:
        UsageError: Another suffix, or a shape that is no picture's.
        MeasurementError: The information cannot be stored.
        OutputExistsError: The file exists and ``overwrite`` is False.
        OutputError: The file cannot be written.
    """
    suffix = Path(path).suffix.lower()
    text = info.to_json()
    if suffix == ".npz":
        stream = io.BytesIO()
        arrays: dict[str, Any] = {"y": np.asarray(y, dtype=np.float32), "meta": np.array(text)}
        if missing is not None:
            arrays["missing"] = missing
        np.savez(stream, **arrays)
        data = stream.getvalue()
    elif suffix == ".png" or (suffix == ".jpg" and compression is not None):
        metadata = metadata or Metadata()
        picture = Picture(
            np.asarray(y, dtype=np.float32),
            alpha=None if missing is None else (~missing).astype(np.float32),
            metadata=replace(metadata, text={**metadata.text, MEASUREMENT_KEY: text}),
        )
        data, _ = encode_picture(picture, path, compression)
    else:
        raise UsageError(
            f"A measurement cannot be written as '{Path(path).name}'.",
            "Use a name that ends in .png, or in .npz for exact values.",
        )
    write_bytes(path, data, overwrite=overwrite)


def read_measurement_info(picture: Picture, path: Path | None = None) -> MeasurementInfo | None:
    """What a picture says about how it was measured; None for an ordinary photograph.

    Args:
        picture: What was read.
        path: The file that it is from, which errors name.

    Raises:
        MeasurementError: It says something that makes no sense.
    """
    text = picture.metadata.text.get(MEASUREMENT_KEY)
    return None if text is None else _told_by(text, path)


def _told_by(text: str, path: Path | None) -> MeasurementInfo:
    try:
        return MeasurementInfo.from_json(text)
    except MeasurementError as error:
        if path is None:
            raise
        raise MeasurementError(f"'{path}': {error.message}", error.hint) from error


def read_npz_measurement(
    path: str | os.PathLike[str],
) -> tuple[NDArray[np.float32], MeasurementInfo, NDArray[np.bool_] | None]:
    """The measurement in a ``.npz`` file, how it came about, and where nothing was measured.

    Raises:
        ImageReadError: The file is missing, empty, no regular file, or may not be read.
        MeasurementError: It is damaged, holds something else, or values that are not finite.
    """
    path = Path(path)
    arrays = load_npz(path)
    if not {"y", "meta"} <= arrays.keys():
        raise MeasurementError(
            f"'{path}' is no measurement: it lacks the arrays 'y' and 'meta'.",
            "Make one with ddrm degrade.",
        )
    y, meta = arrays["y"], arrays["meta"]
    if y.dtype.kind != "f" or y.size == 0 or not np.isfinite(y).all():
        raise MeasurementError(
            f"The array 'y' in '{path}' is empty, no float array, or not finite everywhere.",
            "Make the measurement again with ddrm degrade.",
        )
    missing = arrays.get("missing")
    if missing is not None and (missing.dtype != np.bool_ or missing.ndim != 2):
        raise MeasurementError(
            f"The array 'missing' in '{path}' is no mask.",
            "Make the measurement again with ddrm degrade.",
        )
    return y.astype(np.float32), _told_by(str(meta), path), missing
