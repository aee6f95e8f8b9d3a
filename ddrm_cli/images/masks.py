"""The user's own mask: which pixels of a photograph are missing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from ddrm_cli.degradations.matrices import FAINT, as_weights
from ddrm_cli.errors import MeasurementError, Notice, UsageError
from ddrm_cli.images.picture import Picture
from ddrm_cli.images.reading import read_picture

__all__ = ["Mask", "MaskLike", "to_mask"]

_COLOURS = 8  # that a mask is painted in, at most, of 64 shades a channel
_PAINTED = 0.75  # of a mask's pixels have one of these; of a photograph's fewer


@dataclass(frozen=True, eq=False)
class Mask:
    """Which pixels of a photograph are missing, as its user says it.

    In a picture a pixel is missing where its largest channel times its alpha is above 0.1: where
    anything but black was painted, on black or on transparency, and half-covered edges too. A
    picture of which less than half is near black, in many colours or like the photograph, is a
    photograph: where it has transparent holes, these are missing; where it is the photograph itself
    painted over, what differs is (by more than 0.1, in the mean over 3 x 3 pixels). In numbers, a
    pixel is missing above a tenth of the largest, be they truth values, 0 and 1, or 0 to 255.

    Args:
        drawn: A file or a Pillow image of the photograph's size; or rows of numbers, (H, W), as an
            array, a tensor or lists.
        grow: By how many pixels what is missing is enlarged, to each side.
        invert: Whether what is painted is there, and the rest missing.

    Raises:
        UsageError: ``grow`` is no number of pixels.
    """

    drawn: str | os.PathLike[str] | Image.Image | ArrayLike
    grow: int = 0
    invert: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.grow, Integral) or self.grow < 0:
            raise UsageError(
                f"A mask cannot be grown by {self.grow} pixels.", "Choose a whole number from 0 on."
            )


MaskLike = Mask | str | os.PathLike[str] | Image.Image | ArrayLike
"""Missing pixels: a `Mask`, or what one is drawn as."""


def to_mask(
    mask: MaskLike, photograph: NDArray[np.float32], notice: Notice | None = None
) -> NDArray[np.bool_]:
    """A mask of any kind: (H, W), True where the photograph is missing.

    Args:
        mask: What the user says.
        photograph: (H, W, C) on [0, 1].
        notice: Told how a mask is understood that is a photograph itself.

    Raises:
        ImageReadError: The file is missing, damaged or no picture.
        MeasurementError: It has another size, says that all or nothing is missing, is a photograph
            that says nothing of holes, or is neither picture nor rows of numbers.
    """
    mask = mask if isinstance(mask, Mask) else Mask(mask)
    name, picture = _opened(mask.drawn)
    weights = as_weights(mask.drawn) if picture is None else _seen(picture).max(axis=2)
    height, width = photograph.shape[:2]
    if weights.shape != (height, width):
        rows, columns = weights.shape
        turned = (columns, rows) == (height, width)
        raise MeasurementError(
            f"{name} is {columns} x {rows}, the photograph {width} x {height}.",
            "Turn the mask as viewers show the photograph."
            if turned
            else "Draw the mask at the size of the photograph.",
        )
    missing = np.asarray((1 - weights if mask.invert else weights) > FAINT)
    if picture is not None and missing.mean() > 0.5 and _is_photograph(picture, photograph):
        missing = _holes(picture, photograph, name, notice) ^ mask.invert
    if mask.grow:
        missing = _sums(missing, int(mask.grow)) > 0
    if missing.all():
        raise MeasurementError(
            f"{name} says that every pixel is missing.",
            "Paint only what is to be filled in, on black; --invert-mask turns a mask round.",
        )
    if not missing.any():
        raise MeasurementError(
            f"{name} says that nothing is missing.",
            "Paint what is to be filled in, in any colour but black, on black or on transparency.",
        )
    return missing


def _opened(drawn: object) -> tuple[str, Picture | None]:
    """What errors call a mask, and the picture that it is, if it is one."""
    if isinstance(drawn, Image.Image):
        return "The mask", Picture.from_pil(drawn)
    if isinstance(drawn, (str, os.PathLike)):
        return f"The mask '{Path(drawn)}'", read_picture(drawn)
    return "The mask", None


def _seen(picture: Picture) -> NDArray[np.float32]:
    """A picture (H, W, C) as it is seen on black."""
    return picture.pixels if picture.alpha is None else picture.pixels * picture.alpha[..., None]


def _is_photograph(picture: Picture, photograph: NDArray[np.float32]) -> bool:
    """Whether a picture is no drawing: it has many colours, or shows what the photograph shows.

    A scanned page has few colours; a copy of it has the same writing, and a drawing has not.
    """
    if _has_many_colours(picture):
        return True
    background = np.median(photograph, axis=(0, 1))
    shown = np.abs(photograph - background).max(axis=2) > FAINT
    same = np.abs(picture.pixels - photograph).max(axis=2) <= FAINT
    return bool((same & shown).sum() > 0.5 * shown.sum())


def _has_many_colours(picture: Picture) -> bool:
    shades = np.minimum(_seen(picture) * 64, 63).astype(np.int32)
    colours = np.zeros(shades.shape[:2], np.int32)
    for channel in range(shades.shape[2]):
        colours = colours * 64 + shades[..., channel]
    commonest = np.sort(np.bincount(colours.ravel()))[-_COLOURS:]
    return bool(commonest.sum() < _PAINTED * colours.size)


def _holes(
    picture: Picture, photograph: NDArray[np.float32], name: str, notice: Notice | None
) -> NDArray[np.bool_]:
    """What is missing from a photograph that was given as a mask."""
    holes = picture.holes
    how = "is a photograph: its transparent pixels are taken for the missing ones"
    if holes is None:
        # In the mean over 3 x 3 pixels the errors of a JPEG vanish, and strokes do not.
        off = picture.pixels - photograph
        means = [_sums(off[..., channel], 1) / 9 for channel in range(off.shape[2])]
        holes = np.abs(means).max(axis=0) > FAINT
        how = "is the photograph painted over: where they differ, pixels are missing"
    if not holes.any() or holes.mean() > 0.5:
        raise MeasurementError(
            f"{name} is a photograph, or in too many colours for a mask.",
            "Paint what is to be filled in on black, on transparency, or over a copy of the "
            "photograph that is to be restored.",
        )
    if notice is not None:
        notice(f"{name} {how}.")
    return holes


def _sums(values: NDArray[Any], reach: int) -> NDArray[Any]:
    """Sums over squares of ``2 reach + 1`` pixels a side, as far as they lie within the frame."""
    for axis in (0, 1):
        beside = min(reach, values.shape[axis])
        frame = [(0, 0), (0, 0)]
        frame[axis] = (beside + 1, beside)
        total = np.cumsum(np.pad(values, frame), axis, dtype=np.float32).swapaxes(0, axis)
        width = 2 * beside + 1
        values = (total[width:] - total[:-width]).swapaxes(0, axis)
    return values
