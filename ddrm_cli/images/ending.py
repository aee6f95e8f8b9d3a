"""Whether a picture's file goes on to its end, seen without decoding it."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from ddrm_cli.images.files import opened
from ddrm_cli.images.png import SIGNATURE, png_chunks

__all__ = ["is_cut_short"]

_START_OF_JPEG, _END_OF_JPEG, _START_OF_SCAN = b"\xff\xd8", b"\xff\xd9", 0xDA


def is_cut_short(path: Path) -> bool:
    """Whether a PNG or a JPEG file ends before the mark of its end.

    Whatever follows that mark, a whole file is never taken for one that was cut. Results in WebP
    and TIFF lose with their end what they say of how they were made; of others it is not known.

    Raises:
        ImageReadError: The file is missing or cannot be read.
    """
    with opened(path) as file:
        head = file.read(len(SIGNATURE))
        if head == SIGNATURE:
            return all(name != b"IEND" for name, _ in png_chunks(file))
        return head.startswith(_START_OF_JPEG) and _END_OF_JPEG not in _scan(file)


def _scan(file: BinaryIO) -> bytes:
    """A JPEG file from its pixels on: what stands before may hold a small picture, with an end."""
    file.seek(len(_START_OF_JPEG))
    while len(head := file.read(4)) == 4 and head[0] == 0xFF and head[1] != _START_OF_SCAN:
        (length,) = struct.unpack_from(">H", head, 2)
        file.seek(length - 2, 1)
    return file.read()
