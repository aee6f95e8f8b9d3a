"""The user's own blur kernel, from a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ddrm_cli.errors import MeasurementError
from ddrm_cli.images.arrays import load_npy, load_npz
from ddrm_cli.images.files import opened
from ddrm_cli.images.picture import Picture
from ddrm_cli.images.reading import read_picture
from ddrm_cli.untrusted import read_text

__all__ = ["MAX_KERNEL_SIDE", "KernelLike", "read_kernel", "to_kernel"]

KernelLike = str | os.PathLike[str] | Image.Image | NDArray[Any]
"""A blur kernel: a file, a grey Pillow image, or an array of two dimensions."""

#: Larger blurs are no blurs of a photograph, and a photograph taken for a kernel is caught.
MAX_KERNEL_SIDE = 511

# Weights beyond these are none; the products of those within fit into float32.
SMALLEST_WEIGHT, LARGEST_WEIGHT = 1e-12, 1e12

LARGEST_TEXT = 1 << 24  # bytes; the largest kernel with all digits has half of that

_TEXT_SUFFIXES = {".txt", ".csv"}


def to_kernel(kernel: KernelLike) -> NDArray[np.float64]:
    """A kernel of any kind: (kh, kw), float64; of sum 1 if a file or a picture, else as it is.

    Raises:
        ImageReadError: The file is missing or may not be read.
        MeasurementError: What it holds is no kernel.
    """
    if isinstance(kernel, np.ndarray):
        return _checked(kernel, "The kernel")
    if isinstance(kernel, Image.Image):
        return _normalised(_grey(Picture.from_pil(kernel), "The kernel"), "The kernel")
    return read_kernel(kernel)


def read_kernel(path: str | os.PathLike[str]) -> NDArray[np.float64]:
    """A blur kernel from a file: (kh, kw), float64, with the sum 1.

    Args:
        path: ``.npy``; ``.npz`` with one array; text (``.txt``, ``.csv``: a row a line, numbers
            apart by spaces or commas, ``#`` starts a comment); or a grey picture.

    Raises:
        ImageReadError: The file is missing, empty, no regular file, or may not be read.
        MeasurementError: The file is damaged, or what it holds is no kernel: not 2-D, empty, not
            finite, with a sum that is not positive, or longer than 511 on a side.
    """
    path = Path(path)
    return _normalised(_values(path), f"The kernel '{path}'")


def _checked(values: NDArray[Any], name: str) -> NDArray[np.float64]:
    if values.dtype.kind not in "biuf":
        raise _no_kernel(name, "is not made of real numbers")
    if values.ndim != 2 or values.size == 0:
        raise _no_kernel(name, f"has the shape {values.shape}, not rows and columns")
    if max(values.shape) > MAX_KERNEL_SIDE:
        height, width = values.shape
        raise _no_kernel(name, f"is {width} x {height}, longer than {MAX_KERNEL_SIDE} on a side")
    kernel = values.astype(np.float64)
    if not np.isfinite(kernel).all():
        raise _no_kernel(name, "has values that are not finite")
    if not kernel.any():
        raise _no_kernel(name, "is zero everywhere")
    largest = np.abs(kernel).max()
    if not SMALLEST_WEIGHT <= largest <= LARGEST_WEIGHT:
        limits = f"{SMALLEST_WEIGHT:g} to {LARGEST_WEIGHT:g}"
        raise _no_kernel(name, f"has weights of up to {largest:g}, which are none of {limits}")
    return kernel


def _normalised(values: NDArray[Any], name: str) -> NDArray[np.float64]:
    kernel = _checked(values, name)
    total = kernel.sum()
    # A sum that is zero but for rounding would blow the kernel up to rounding errors.
    if total <= 1e-8 * np.abs(kernel).sum():
        raise _no_kernel(name, "has a sum that is zero or negative, so it cannot be normalised")
    return np.asarray(kernel / total)


def _values(path: Path) -> NDArray[Any]:
    suffix = path.suffix.lower()
    if suffix == ".npy":
        return load_npy(path)
    if suffix == ".npz":
        arrays = list(load_npz(path).values())
        if len(arrays) != 1:
            raise _no_kernel(f"The kernel '{path}'", f"holds {len(arrays)} arrays, not one")
        return arrays[0]
    if suffix in _TEXT_SUFFIXES:
        return _from_text(path)
    picture = read_picture(path, max_pixels=MAX_KERNEL_SIDE**2 * 4)
    return _grey(picture, f"The kernel '{path}'")


def _grey(picture: Picture, name: str) -> NDArray[np.float32]:
    if np.ptp(picture.pixels, axis=2).any():
        raise _no_kernel(name, "is a picture in colour")
    return picture.pixels[..., 0]


def _from_text(path: Path) -> NDArray[np.float64]:
    with opened(path):
        pass  # it is there, and not empty
    lines = read_text(path, MeasurementError, LARGEST_TEXT).splitlines()
    rows = [line.partition("#")[0].replace(",", " ").split() for line in lines]
    rows = [row for row in rows if row]
    if len({len(row) for row in rows}) > 1:
        raise _no_kernel(f"The kernel '{path}'", "has rows of different lengths")
    try:
        return np.array(rows, dtype=np.float64)
    except ValueError as error:
        raise _no_kernel(f"The kernel '{path}'", "has entries that are not numbers") from error


def _no_kernel(name: str, why: str) -> MeasurementError:
    return MeasurementError(
        f"{name} {why}.",
        "Give a small 2-D array of finite numbers with a positive sum.",
    )
