"""Files to pictures: every colour mode, nothing cut, nothing damaged taken for whole."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from ddrm_cli.degradations.compression import Compression
from ddrm_cli.errors import ImageReadError, ImageTooLargeError
from ddrm_cli.images import tiff_reading
from ddrm_cli.images.files import opened
from ddrm_cli.images.metadata import (
    MEASUREMENT_KEY,
    RESULT_KEY,
    Metadata,
    pillow_metadata,
    upright,
)
from ddrm_cli.images.modes import Planes, planes_of, with_alpha
from ddrm_cli.images.picture import Picture, picture_of
from ddrm_cli.images.png import PngHead, read_png_head, read_sixteen_bits
from ddrm_cli.images.pnm import read_deep_ppm
from ddrm_cli.images.quiet import decoding
from ddrm_cli.images.signatures import (
    HEIC_SUFFIXES,
    check_signature,
    is_deep_avif,
    is_heic,
    is_tiff,
)

__all__ = ["COMMENT", "DEFAULT_MAX_PIXELS", "PICTURE_SUFFIXES", "read_picture", "read_texts"]

# Above the largest cameras of today (150 megapixels), and 2.4 GB as float32 RGB: larger files
# are more likely an attack or a mistake than a photograph.
DEFAULT_MAX_PIXELS = 200_000_000

# Formats that Pillow is known to read without silent loss. EPS, which would start another program,
# and formats without a signature, which would take any file for a picture, are left out on purpose.
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "DIB", "GIF", "PPM", "AVIF")

#: How the comment of a GIF begins that holds the record of a figure.
COMMENT = f"{RESULT_KEY} ".encode()

# Pillow gives AVIF with 8 bits; whether it has more stands in these first bytes.
_ROUNDED = ("It has more than 8 bits a sample: they were rounded to 8.",)
_AVIF_HEAD = 2**16

PICTURE_SUFFIXES = frozenset(
    {".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".webp", ".avif", ".tif", ".tiff"}
    | {".bmp", ".dib", ".gif", ".pgm", ".ppm", ".pbm", ".pnm"}
    | (HEIC_SUFFIXES if importlib.util.find_spec("pillow_heif") else set())
)


def read_picture(path: str | os.PathLike[str], *, max_pixels: int = DEFAULT_MAX_PIXELS) -> Picture:
    """The picture in a file, upright, with its alpha, bit depth and metadata.

    Of an animation the first frame is read, of a file with several pages the first that is no
    reduced picture of another, and a note says so. The file is never changed.

    Args:
        path: PNG, JPEG, WebP, AVIF, TIFF, BMP, GIF, PNM or, with pillow-heif, HEIC file; its
            content decides, not its name.
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
        head = file.read(64)
        check_signature(head, f"'{path}'")
        read = _read_tiff if is_tiff(head) else _read_heic if is_heic(head) else _read_pillow
        return picture_of(*read(file, path, max_pixels))


def read_texts(path: Path) -> dict[str, str]:
    """Our own texts in a picture's file, without its pixels; none where it cannot be read."""
    try:
        with opened(path) as file, decoding("It is damaged.", "Copy it again."):
            if is_tiff(file.read(64)):
                page, _ = tiff_reading.chosen_page(file, f"'{path}'")
                stored, _ = tiff_reading.read_tiff_metadata(file, page)
            else:
                file.seek(0)
                with Image.open(file, formats=_FORMATS) as image:
                    info = image.info  # `image.text` would read the pixels
                ours = {key: info[key] for key in (MEASUREMENT_KEY, RESULT_KEY) if key in info}
                comment = info.get("comment", b"")
                if image.format == "GIF" and comment.startswith(COMMENT):
                    ours[RESULT_KEY] = comment.removeprefix(COMMENT).decode()
                stored = Metadata(text=ours, xmp=info.get("xmp"))
            return upright(stored)[0].text
    except ImageReadError:
        return {}


_Read = tuple[Planes, Metadata, tuple[str, ...], Compression | None]


def _read_tiff(file: BinaryIO, path: Path, max_pixels: int) -> _Read:
    name = f"'{path}'"
    page, notes = tiff_reading.chosen_page(file, name)
    _check_size(page.imagewidth, page.imagelength, path, max_pixels)
    planes = tiff_reading.read_tiff_planes(file, page, name)
    metadata, metadata_notes = tiff_reading.read_tiff_metadata(file, page)
    return planes, metadata, notes + metadata_notes, None


def _read_heic(file: BinaryIO, path: Path, max_pixels: int) -> _Read:
    import pillow_heif

    file.seek(0)
    heif = pillow_heif.open_heif(file, convert_hdr_to_8bit=False)
    width, height = heif.size
    _check_size(width, height, path, max_pixels)
    notes = () if len(heif) == 1 else (f"Of its {len(heif)} pictures the main one is used.",)
    bits = heif.info["bit_depth"]
    white = 255 if bits == 8 else (2**bits - 1) << (16 - bits)  # in the upper ones of 16
    samples = np.asarray(heif).reshape(height, width, -1)
    planes = with_alpha(samples, white, "A" in heif.mode, 8 if bits == 8 else 16)
    told = Image.new("L", (1, 1))  # what it says, as Pillow would
    told.info.update(heif.info)
    metadata, metadata_notes = pillow_metadata(told)
    return planes, metadata, notes + metadata_notes, None


def _read_pillow(file: BinaryIO, path: Path, max_pixels: int) -> _Read:
    Image.init()  # Pillow knows only its five commonest formats until it is told to look further
    file.seek(0)
    try:
        image = Image.open(file, formats=_FORMATS)
    except UnidentifiedImageError as error:
        raise ImageReadError(
            f"'{path}' is not a picture, or of a format that is not supported.",
            "Use a PNG, JPEG, WebP, AVIF, TIFF, BMP, GIF or PNM file.",
        ) from error
    with image:
        _check_size(*image.size, path, max_pixels)
        notes = _notes_on_frames(image)
        if image.format == "AVIF":
            file.seek(0)
            notes += _ROUNDED if is_deep_avif(file.read(_AVIF_HEAD)) else ()
        if image.format == "PNG":
            return _read_png(file, image, notes)
        deep = read_deep_ppm(file) if image.format == "PPM" else None
        planes = planes_of(image, f"'{path}'") if deep is None else deep
        metadata, metadata_notes = pillow_metadata(image)
        return planes, metadata, notes + metadata_notes, Compression.of_image(image)


def _read_png(file: BinaryIO, image: Image.Image, notes: tuple[str, ...]) -> _Read:
    head = read_png_head(file)
    if head.bits == 16:
        planes = read_sixteen_bits(file, head)
    else:
        _scale_hole(image, head)
        planes = planes_of(image)
    image.load()  # text may stand behind the pixels
    metadata, metadata_notes = pillow_metadata(image)
    metadata = dataclasses.replace(metadata, colour=head.colour)
    return planes, metadata, notes + metadata_notes, None


def _scale_hole(image: Image.Image, head: PngHead) -> None:
    """Pillow scales grey of few bits to 8, but not the value that is marked as transparent."""
    if head.channels == 1 and head.bits < 8 and head.hole is not None:
        image.info["transparency"] = head.hole[0] * 255 // (2**head.bits - 1)


def _check_size(width: int, height: int, path: Path, max_pixels: int) -> None:
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
    return (f"It is animated: only the first of {frames} frames is used.",)
