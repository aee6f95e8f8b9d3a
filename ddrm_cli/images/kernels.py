"""The user's own blur kernel, from a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from ddrm_cli.degradations.matrices import as_matrix
from ddrm_cli.errors import MeasurementError
from ddrm_cli.images.arrays import load_npy, load_npz
from ddrm_cli.images.files import opened
from ddrm_cli.images.picture import Picture
from ddrm_cli.images.reading import read_picture
from ddrm_cli.untrusted import read_text

__all__ = ["MAX_KERNEL_SIDE", "KernelLike", "read_kernel", "to_kernel"]

KernelLike = str | os.PathLike[str] | Image.Image | ArrayLike
"""A blur kernel: a file, a grey Pillow image, or rows of numbers: an array, a tensor or lists."""

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
    if isinstance(kernel, Image.Image):
        return _normalised(_drawn(Picture.from_pil(kernel), "The kernel"), "The kernel")
    if isinstance(kernel, (str, os.PathLike)):
        return read_kernel(kernel)
    return _checked(kernel, "The kernel")


def read_kernel(path: str | os.PathLike[str]) -> NDArray[np.float64]:
    """A blur kernel from a file: (kh, kw), float64, with the sum 1.

    Args:
        path: ``.npy``; ``.npz`` with one array; text (``.txt``, ``.csv``: a row a line, numbers
            apart by spaces or commas, ``#`` starts a comment); or a grey picture, bright on black
            or painted on transparency. An even background that is not black is subtracted.

    Raises:
        ImageReadError: The file is missing, empty, no regular file, or may not be read.
        MeasurementError: The file is damaged, or what it holds is no kernel: not 2-D, empty, not
            finite, with a sum that is not positive, or longer than 511 on a side.
    """
    path = Path(path)
    return _normalised(_values(path), f"The kernel '{path}'")


def _checked(values: object, name: str) -> NDArray[np.float64]:
    kernel = as_matrix(values, name).astype(np.float64)
    if max(kernel.shape) > MAX_KERNEL_SIDE:
        height, width = kernel.shape
        raise _no_kernel(name, f"is {width} x {height}, longer than {MAX_KERNEL_SIDE} on a side")
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
    return _drawn(picture, f"The kernel '{path}'")


def _drawn(picture: Picture, name: str) -> NDArray[np.float32]:
    """The kernel in a grey picture: what is bright on black, or painted on transparency."""
    seen = picture.pixels
    if picture.alpha is not None and (picture.alpha < 1).any():
        painted = seen[picture.alpha > 0]
        if (painted == painted[:1]).all():  # in one colour: the brush is the alpha
            return _off_background(picture.alpha, name)
        seen = seen * picture.alpha[..., None]
    if np.ptp(seen, axis=2).any():
        raise _no_kernel(name, "is a picture in colour")
    return _off_background(seen[..., 0], name)


def _off_background(values: NDArray[np.float32], name: str) -> NDArray[np.float32]:
    """The kernel without the level of the border, where that is flat and not black.

    Raises:
        MeasurementError: The background is neither black nor flat, or outweighs the kernel.
    """
    border = np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])
    low, high, peak = border.min(), border.max(), values.max()
    if values.min() > 0.9 * peak:  # a mean over all of it
        return values
    if high < min(2 * low, peak):
        values = (values - high).clip(min=0)
    elif low > 0.1 * peak:
        raise _no_kernel(name, "stands on a background that is neither black nor even")
    faint = values < 0.1 * values.max()
    if values[faint].sum() > 0.5 * values.sum():  # a Gaussian has a tenth of itself there
        raise _no_kernel(name, "has more of its weight in a dim background than in the kernel")
    return values


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
        "Give a small grey picture of it on black, or rows of numbers with a positive sum.",
    )
