"""Masks in the form of text, drawn at the size of the picture.

They are the same with any Pillow from 12 on. Older ones have FreeType before 2.14, which rounds the
coverage of pixels that a letter covers by half the other way.
"""

from __future__ import annotations

import textwrap

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

__all__ = ["lolcat_mask", "lorem_mask"]

CAPTION = ("I CAN HAS", "PIXELS BACK?")
PRINT = (
    "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt "
    "ut labore et dolore magna aliqua. Ut enim ad minim veniam, quis nostrud exercitation "
    "ullamco laboris nisi ut aliquip ex ea commodo consequat. "
)

CAPTION_WIDTH = 0.9  # of the picture's width, for the longer line
PRINT_LINES = 16  # lines of small print over the height of the picture
MIN_FONT_SIZE = 6.0  # smaller letters are blots


def lolcat_mask(height: int, width: int) -> NDArray[np.bool_]:
    """Missing pixels under two lines of large letters, at the top and at the bottom.

    Returns:
        Shape (height, width), True where a pixel is missing.
    """
    canvas, draw = _canvas(height, width)
    probe = ImageFont.load_default(100)
    longest = max(draw.textlength(line, font=probe) for line in CAPTION)
    size = max(MIN_FONT_SIZE, min(100 * CAPTION_WIDTH * width / longest, height / 4))
    font = ImageFont.load_default(size)
    margin = height / 40
    stroke = size / 30  # makes thin letters bold
    for line, y, anchor in ((CAPTION[0], margin, "mt"), (CAPTION[1], height - margin, "mb")):
        draw.text((width / 2, y), line, fill=255, font=font, anchor=anchor, stroke_width=stroke)
    return np.asarray(canvas) > 127


def lorem_mask(height: int, width: int) -> NDArray[np.bool_]:
    """Missing pixels under lines of small print that fill the picture.

    Returns:
        Shape (height, width), True where a pixel is missing.
    """
    canvas, draw = _canvas(height, width)
    size = max(MIN_FONT_SIZE, 0.8 * height / PRINT_LINES)
    font = ImageFont.load_default(size)
    columns = max(1, int(width / (draw.textlength(PRINT, font=font) / len(PRINT))))
    lines_needed = int(height / size) + 1
    repeats = 1 + columns * lines_needed // len(PRINT)
    lines = textwrap.wrap(PRINT * repeats, columns)[:lines_needed]
    draw.multiline_text((size / 2, 0), "\n".join(lines), fill=255, font=font, spacing=size / 4)
    return np.asarray(canvas) > 127


def _canvas(height: int, width: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    canvas = Image.new("L", (width, height))
    return canvas, ImageDraw.Draw(canvas)
