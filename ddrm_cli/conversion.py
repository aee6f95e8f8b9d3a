"""Pictures of any kind, tensors, arrays, Pillow's or files, to batches of tensors and back."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ddrm_cli.degradations.compression import Compression
from ddrm_cli.errors import MeasurementError, UsageError
from ddrm_cli.images.measurement import (
    MeasurementInfo,
    read_measurement_info,
    read_npz_measurement,
)
from ddrm_cli.images.picture import Picture
from ddrm_cli.images.reading import DEFAULT_MAX_PIXELS, read_picture

__all__ = ["Batch", "ImageLike", "read_batch", "to_batch"]

ImageLike = Tensor | NDArray[Any] | Image.Image | str | os.PathLike[str]
"""A picture on [0, 1]: a tensor (C, H, W) or (B, C, H, W), an array (H, W), (H, W, C) or
(B, H, W, C), a Pillow image, or a file. Integers have 8 or 16 bits and count from 0 to the largest
value of their type."""

LARGEST = 8.0  # floats beyond it count to 255; noise of 1, the most there is, stays below


@dataclass(frozen=True, eq=False)
class Batch:
    """Pictures or measurements as one tensor, what else is known of them, and the way back.

    Args:
        values: Shape (B, C, H, W), float32, on [0, 1]; of a measurement that is no picture
            (B, *measurement_shape).
        restored: From a tensor (B, C, H, W) of any size and 1 or 3 channels to the kind that came
            in, Pillow's for a file; the second argument says that transparency has been filled.
        levels: Grey levels the values were stored with (256 for 8 bits); None for floats.
        picture: What was read, with its metadata; None for tensors, arrays and ``.npz`` files.
        info: What a measurement file says of itself.
        missing: (H, W), True where nothing was measured, or the picture is transparent.
        file: Where it came from.
    """

    values: Tensor
    restored: Callable[[Tensor, bool], Any]
    levels: int | None = None
    picture: Picture | None = None
    info: MeasurementInfo | None = None
    missing: NDArray[np.bool_] | None = None
    file: Path | None = None

    @property
    def name(self) -> str:
        """What errors call it."""
        return "the picture" if self.file is None else f"'{self.file}'"

    def in_grey(self) -> Batch:
        """The same in one channel, where all three are equal: a scan in grey has no colour."""
        values = self.values
        if self.is_vector or values.shape[1] != 3 or not (values == values[:, :1]).all():
            return self
        return dataclasses.replace(self, values=values[:, :1])

    def result(self, x: Tensor, fills_alpha: bool) -> Any:
        """What was restored from it, (B, C, H, W): grey is given back in the mode that came in."""
        channels = x.shape[1] if self.is_vector else max(x.shape[1], self.values.shape[1])
        return self.restored(x.expand(-1, channels, -1, -1), fills_alpha)

    @property
    def compression(self) -> Compression | None:
        """How the file was compressed, where it says that: where it is a JPEG."""
        return None if self.picture is None else self.picture.compression

    @property
    def is_vector(self) -> bool:
        """Whether it is a measurement that is no picture."""
        return self.values.ndim != 4


def to_batch(image: ImageLike | Batch, measurement_shape: tuple[int, ...] | None = None) -> Batch:
    """Pictures of any kind as a batch.

    Args:
        image: The pictures; a batch stays one.
        measurement_shape: Shape that a tensor may have besides, with or without the batch.

    Raises:
        UsageError: None of these, or not of such a shape.
        MeasurementError: Values that cannot be pixels.
        ImageReadError: A file that cannot be read, or a Pillow image that was opened from one.
    """
    if isinstance(image, Batch):
        return image
    if isinstance(image, Image.Image):
        picture = Picture.from_pil(image)
        return _from_picture(picture, read_measurement_info(picture))
    if isinstance(image, Tensor):
        return _from_tensor(image, measurement_shape)
    if isinstance(image, np.ma.MaskedArray):
        raise UsageError(
            "A masked array is no picture: its mask would be lost.",
            "Give its data, and its mask as the mask of inp.",
        )
    if isinstance(image, np.ndarray):
        return _from_array(np.asarray(image))
    if isinstance(image, (str, os.PathLike)):
        return read_batch(image)
    raise UsageError(
        f"A {type(image).__name__} is no picture.",
        "Give a tensor, a NumPy array, a Pillow image or the name of a file.",
    )


def read_batch(path: str | os.PathLike[str], *, max_pixels: int = DEFAULT_MAX_PIXELS) -> Batch:
    """A photograph, or a measurement that ``ddrm degrade`` wrote, as a batch of one.

    Args:
        path: Any picture file, or ``.npz``.
        max_pixels: Largest picture that is read.

    Raises:
        ImageError: It cannot be read, or is damaged.
    """
    path = Path(path)
    if path.suffix.lower() == ".npz":
        y, info, missing = read_npz_measurement(path)
        values = torch.from_numpy(y)[None]
        return Batch(values, _to_pil, info=info, missing=missing, file=path)
    picture = read_picture(path, max_pixels=max_pixels)
    return _from_picture(picture, read_measurement_info(picture, path), path)


def _from_picture(
    picture: Picture, info: MeasurementInfo | None = None, file: Path | None = None
) -> Batch:
    def restored(values: Tensor, fills_alpha: bool) -> Image.Image:
        pixels = values[0].detach().cpu().movedim(0, -1).numpy()
        return picture.restored(pixels, fills_alpha).to_pil()

    return Batch(
        _channels_first(picture.measured[None]),
        restored,
        2**picture.bit_depth,
        picture,
        info,
        picture.holes,
        file,
    )


def _to_pil(values: Tensor, fills_alpha: bool) -> Image.Image:
    return Picture(_channels_last(values)[0].numpy()).to_pil()


def _from_tensor(image: Tensor, measurement_shape: tuple[int, ...] | None) -> Batch:
    shape = tuple(image.shape)
    one = measurement_shape is not None and shape == measurement_shape
    if not one and (measurement_shape is None or shape[1:] != measurement_shape):
        if image.ndim not in (3, 4) or image.shape[-3] not in (1, 3):
            raise _wrong_shape(shape, "(C, H, W) or (B, C, H, W)")
        one = image.ndim == 3
    dtype = str(image.dtype).removeprefix("torch.")
    levels = None if image.is_floating_point() else _levels(dtype)
    values = image.detach().cpu().float()
    if levels is not None:
        values /= levels - 1

    def restored(values: Tensor, fills_alpha: bool) -> Tensor:
        if levels is not None:
            values = (values.clamp(0, 1) * (levels - 1)).round()
        values = values.to(image.device, image.dtype)
        return values[0] if one else values

    return Batch(_checked(values[None] if one else values), restored, levels)


def _from_array(image: NDArray[Any]) -> Batch:
    shape = image.shape
    flat = image.ndim == 2
    if not (flat or (image.ndim in (3, 4) and shape[-1] in (1, 3))):
        raise _wrong_shape(shape, "(H, W), (H, W, C) or (B, H, W, C)")
    levels = None if image.dtype.kind == "f" else _levels(str(image.dtype))
    values = image.astype(np.float32)
    if levels is not None:
        values /= levels - 1
    values = values[None, :, :, None] if flat else values if image.ndim == 4 else values[None]

    def restored(values: Tensor, fills_alpha: bool) -> NDArray[Any]:
        array = _channels_last(values).numpy()
        if levels is not None:
            array = np.rint(np.clip(array, 0, 1) * (levels - 1))
        array = array.astype(image.dtype)
        if image.ndim == 4:
            return array
        # A grey picture without an axis for its channel may have become one of three colours.
        return array[0, :, :, 0] if flat and array.shape[-1] == 1 else array[0]

    return Batch(_checked(_channels_first(values)), restored, levels)


def _checked(values: Tensor) -> Tensor:
    if math.prod(values.shape) == 0:
        raise UsageError(
            f"A batch of shape {tuple(values.shape)} holds no pixels.", "Give at least one picture."
        )
    largest = float(values.abs().max())
    if not math.isfinite(largest):
        raise MeasurementError(
            "The picture holds numbers that are not finite.",
            "Replace them by numbers on [0, 1].",
        )
    if values.ndim == 4 and largest > LARGEST:
        raise MeasurementError(
            f"The picture holds values up to {largest:g} where pixels are on [0, 1].",
            "Divide it by its largest value (255 for 8 bits), or give integers.",
        )
    return values


def _levels(dtype: str) -> int:
    """Grey levels of an integer type."""
    if dtype not in ("uint8", "int16", "uint16"):
        raise UsageError(
            f"Pictures of type {dtype} are not understood.",
            "Give floats on [0, 1], or integers of 8 or 16 bits.",
        )
    return int(np.iinfo(dtype).max) + 1


def _channels_first(values: NDArray[np.float32]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(values, -1, 1)))


def _channels_last(values: Tensor) -> Tensor:
    return values.detach().cpu().movedim(1, -1).contiguous()


def _wrong_shape(shape: tuple[int, ...], expected: str) -> UsageError:
    return UsageError(
        f"A picture of shape {shape} is not understood.",
        f"Give {expected} with one or three channels.",
    )
