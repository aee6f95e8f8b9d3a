"""Files to pictures: every colour mode, nothing cut, nothing damaged taken for whole."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

from ddrm_cli.errors import ImageReadError, ImageTooLargeError
from ddrm_cli.images import sixteen_bit
from ddrm_cli.images.files import opened
from ddrm_cli.images.modes import planes_of
from ddrm_cli.images.picture import Picture, picture_from_planes
from ddrm_cli.images.quiet import decoding

__all__ = ["DEFAULT_MAX_PIXELS", "PICTURE_SUFFIXES", "read_picture"]

# Above the largest cameras of today (150 megapixels), and 2.4 GB as float32 RGB: larger files
# are more likely an attack or a mistake than a photograph.
DEFAULT_MAX_PIXELS = 200_000_000

# Formats known to be read without silent loss. EPS, which would start another program, and
# formats without a signature, which would take any file for a picture, are left out on purpose.
_FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "DIB", "GIF", "PPM")

PICTURE_SUFFIXES = frozenset(
    {".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".tif", ".tiff"}
    | {".bmp", ".dib", ".gif", ".pgm", ".ppm", ".pbm", ".pnm"}
)


def read_picture(path: str | os.PathLike[str], *, max_pixels: int = DEFAULT_MAX_PIXELS) -> Picture:
    """The picture in a file, upright, with its alpha, bit depth and metadata.

    Of an animation or a file with several pages the first is read, and a note says so. The file
    is never changed.

    Args:
        path: PNG, JPEG, WebP, TIFF, BMP, GIF or PNM file; its content decides, not its name.
        max_pixels: Largest width times height; checked from the header, before any decoding.

    Raises:
        ImageReadError: The file is missing, a folder, not readable, empty, damaged, or no picture.
        ImageTooLargeError: It has more than ``max_pixels`` pixels.
    """
    path = Path(path)
    damaged = decoding(
        f"'{path}' is damaged or cut short.",
        "Copy or download it again, and check that other programs open it.",
    )
    with opened(path) as file, damaged:
        return _decode(file, path, max_pixels)


def _decode(file: BinaryIO, path: Path, max_pixels: int) -> Picture:
    Image.init()  # Pillow knows only its five commonest formats until it is told to look further
    try:
        image = Image.open(file, formats=_FORMATS)
    except UnidentifiedImageError as error:
        raise ImageReadError(
            f"'{path}' is not a picture, or of a format that is not supported.",
            "Use a PNG, JPEG, WebP, TIFF, BMP, GIF or PNM file.",
        ) from error
    with image:
        _check_size(image, path, max_pixels)
        notes = _notes_on_frames(image)
        name = f"'{path}'"
        file.seek(0)
        deep = sixteen_bit.is_cut_by_pillow(image, file.read(1024))
        image.load()
        if deep:
            planes = sixteen_bit.read_planes(image, path.read_bytes(), name)
        else:
            planes = planes_of(image, name)
        picture = picture_from_planes(planes, image)
        return dataclasses.replace(picture, notes=notes + picture.notes)


def _check_size(image: Image.Image, path: Path, max_pixels: int) -> None:
    width, height = image.size
    if width * height > max_pixels:
        raise ImageTooLargeError(
            f"'{path}' has {width} x {height} = {width * height} pixels, more than {max_pixels}.",
            "If it can be trusted, raise the limit with --max-pixels.",
        )


def _notes_on_frames(image: Image.Image) -> tuple[str, ...]:
    frames = getattr(image, "n_frames", 1)
    # The further pictures of an MPO are a camera's previews and depth maps.
    if frames == 1 or image.format == "MPO":
        return ()
    if image.format == "TIFF":
        return (f"It has {frames} pages: only the first is used.",)
    return (f"It is animated: only the first of {frames} frames is used.",)
