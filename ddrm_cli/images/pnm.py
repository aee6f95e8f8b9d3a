"""PNM files in colour with more than 8 bits a sample, which Pillow would cut to 8 (netpbm, ppm)."""

from __future__ import annotations

import re
from typing import BinaryIO

import numpy as np

from ddrm_cli.images.modes import Planes, with_alpha

__all__ = ["read_deep_ppm"]

_TOKEN = re.compile(rb"(?:\s|#[^\r\n]*[\r\n])+(\d+)")
_HEAD = 1024  # bytes, comments and all


def read_deep_ppm(file: BinaryIO) -> Planes | None:
    """The samples of a PPM file whose white is above 255; None of any other file.

    Raises:
        ValueError: It is cut short, or holds values above its white.
    """
    file.seek(0)
    head = file.read(_HEAD)
    if head[:2] not in (b"P3", b"P6"):
        return None
    numbers, place = [0, 0, 0], 2
    for index in range(3):
        found = _TOKEN.match(head, place)
        if found is None:
            return None
        numbers[index], place = int(found[1]), found.end()
    width, height, white = numbers
    if not 255 < white < 2**16:
        return None
    size = width * height * 3
    if head[:2] == b"P6":
        file.seek(place + 1)  # behind one white space
        samples = np.frombuffer(file.read(2 * size), ">u2")
    else:
        file.seek(place)
        samples = np.array(re.sub(rb"#[^\r\n]*", b"", file.read()).split()[:size], np.uint16)
    if len(samples) < size:
        raise ValueError(f"{len(samples)} samples of {size}")
    if samples.max() > white:
        raise ValueError("samples above the largest value that it states")
    return with_alpha(samples.reshape(height, width, 3), white, False, 16)
