"""Bars of one colour around a picture: letterboxes, frames of films and scans."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .findings import Bars

__all__ = ["find_bars", "inside"]

_Array = NDArray[np.floating[Any]]

_LEAST = 4  # pixels; thinner edges are a scan's or a crop's, and do no harm
_FLAT = 1.5 / 255  # what rounding and a JPEG leave in a bar
_SAME = 4 / 255  # between its lines
_EDGE = 8 / 255  # how much the picture beside it varies at least


def find_bars(pixels: _Array) -> Bars:
    """Bars of any one colour that end in the picture.

    A line of a bar has no variation at all, and all of them one colour. A sky has noise, and does
    not end at once.

    Args:
        pixels: (H, W, C) on [0, 1].
    """
    top, bottom = _lines(pixels), _lines(pixels[::-1])
    inner = pixels[top : len(pixels) - bottom].swapaxes(0, 1)
    return Bars(top, bottom, _lines(inner), _lines(inner[::-1]))


def inside(pixels: _Array, bars: Bars) -> _Array:
    """The picture without its bars."""
    height, width = pixels.shape[:2]
    return pixels[bars.top : height - bars.bottom, bars.left : width - bars.right]


def _lines(pixels: _Array) -> int:
    """How many of the first lines are a bar."""
    variation = pixels.std(axis=1).max(axis=-1)
    colour = pixels.mean(axis=1)
    same = (variation < _FLAT) & (np.abs(colour - colour[0]).max(axis=-1) < _SAME)
    count = int(np.argmin(same)) if not same.all() else len(pixels)
    # A JPEG lets the picture ring into the last lines of a bar, up to a block.
    ends = count < len(pixels) and variation[count : count + 9].max() > _EDGE
    return count if ends and count >= _LEAST else 0
