"""Pictures of any kind, tensors, arrays or Pillow's, to batches of tensors and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ddrm_cli.errors import UsageError
from ddrm_cli.images.picture import Picture, to_levels

__all__ = ["Batch", "ImageLike", "to_batch"]

ImageLike = TypeVar("ImageLike", Tensor, NDArray[Any], Image.Image)
"""A picture on [0, 1]: a tensor (C, H, W) or (B, C, H, W), an array (H, W), (H, W, C) or
(B, H, W, C), or a Pillow image. Integers have 8 or 16 bits and count from 0 to the largest value
of their type."""


@dataclass(frozen=True)
class Batch(Generic[ImageLike]):
    """Pictures as one tensor, and the way back.

    Args:
        values: Shape (B, C, H, W), float32, on [0, 1].
        levels: Grey levels the values were stored with (256 for 8 bits); None for floats.
        restored: From a tensor like ``values``, of any size and 1 or 3 channels, to the kind
            that came in.
    """

    values: Tensor
    levels: int | None
    restored: Callable[[Tensor], ImageLike]


def to_batch(image: ImageLike) -> Batch[ImageLike]:
    """Pictures of any kind as a batch.

    Raises:
        UsageError: Neither a tensor, nor an array, nor a Pillow image, or not of such a shape.
    """
    if isinstance(image, Image.Image):
        return _from_pillow(image)
    if isinstance(image, Tensor):
        return _from_tensor(image)
    if isinstance(image, np.ndarray):
        return _from_array(image)
    raise UsageError(
        f"A {type(image).__name__} is no picture.",
        "Give a tensor, a NumPy array or a Pillow image.",
    )


def _from_pillow(image: Image.Image) -> Batch[Image.Image]:
    picture = Picture.from_pil(image)

    def restored(values: Tensor) -> Image.Image:
        pixels = _channels_last(values)[0].numpy()
        if picture.bit_depth == 16 and pixels.shape[2] == 1:  # Pillow has no other of 16 bits
            return Image.fromarray(to_levels(pixels[..., 0], 65535))
        return picture.with_pixels(pixels).to_pil()

    return Batch(_channels_first(picture.pixels[None]), 2**picture.bit_depth, restored)


def _from_tensor(image: Tensor) -> Batch[Tensor]:
    if image.ndim not in (3, 4) or image.shape[-3] not in (1, 3):
        raise _wrong_shape(tuple(image.shape), "(C, H, W) or (B, C, H, W)")
    dtype = str(image.dtype).removeprefix("torch.")
    levels = None if image.is_floating_point() else _levels(dtype)
    values = image.detach().cpu().float()
    if levels is not None:
        values /= levels - 1

    def restored(values: Tensor) -> Tensor:
        if levels is not None:
            values = (values.clamp(0, 1) * (levels - 1)).round()
        values = values.to(image.device, image.dtype)
        return values if image.ndim == 4 else values[0]

    return Batch(values if image.ndim == 4 else values[None], levels, restored)


def _from_array(image: NDArray[Any]) -> Batch[NDArray[Any]]:
    shape = image.shape
    flat = image.ndim == 2
    if not (flat or (image.ndim in (3, 4) and shape[-1] in (1, 3))):
        raise _wrong_shape(shape, "(H, W), (H, W, C) or (B, H, W, C)")
    levels = None if image.dtype.kind == "f" else _levels(str(image.dtype))
    values = image.astype(np.float32)
    if levels is not None:
        values /= levels - 1
    values = values[None, :, :, None] if flat else values if image.ndim == 4 else values[None]

    def restored(values: Tensor) -> NDArray[Any]:
        array = _channels_last(values).numpy()
        if levels is not None:
            array = np.rint(np.clip(array, 0, 1) * (levels - 1))
        array = array.astype(image.dtype)
        if image.ndim == 4:
            return array
        # A grey picture without an axis for its channel may have become one of three colours.
        return array[0, :, :, 0] if flat and array.shape[-1] == 1 else array[0]

    return Batch(_channels_first(values), levels, restored)


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
