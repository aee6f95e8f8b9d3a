"""Pictures to the bytes of a file, in the format that its name says, and what that cannot hold."""

from __future__ import annotations

import dataclasses
import io
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ddrm_cli.degradations.compression import Compression
from ddrm_cli.errors import ImageReadError, OutputError, UsageError
from ddrm_cli.images.exif import exif_with_density
from ddrm_cli.images.jpeg_segments import (
    LONGEST_EXIF,
    LONGEST_ICC,
    LONGEST_IPTC,
    LONGEST_XMP,
    jpeg_with_metadata,
)
from ddrm_cli.images.metadata import MEASUREMENT_KEY, RESULT_KEY, Metadata
from ddrm_cli.images.picture import Picture, to_levels
from ddrm_cli.images.png import encode_png, png_with_metadata
from ddrm_cli.images.quiet import decoding
from ddrm_cli.images.tiff_reading import chosen_page
from ddrm_cli.images.tiff_writing import LARGEST_TIFF, encode_tiff

__all__ = ["LOSSY", "OUTPUT_FORMATS", "check_size", "encode_picture", "output_format"]

#: Suffix of an output file to the format it is written in.
OUTPUT_FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WebP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
}

#: Formats that can be written with a quality.
LOSSY = {"JPEG", "WebP"}

_WITHOUT_ALPHA = {"JPEG", "BMP"}
_WITH_16_BITS = {"PNG", "TIFF"}
_STRIP = 64  # rows that are laid on white at a time
_LONGEST_SIDE = {"JPEG": 65500, "WebP": 16383}  # limits of libjpeg and of the WebP format

# 95 without halved chroma: what was restored is not blurred again.
_JPEG: dict[str, Any] = {"quality": 95, "subsampling": 0}
# WebP with losses always halves the chroma; `exact` keeps colours below transparent pixels.
_WEBP: dict[str, Any] = {"lossless": True, "exact": True}

# What a format holds of each, in bytes; 2**20 is what Pillow reads of a PNG's profile.
_ROOM: dict[str, dict[str, int]] = {
    "PNG": {"icc_profile": 2**20},
    "JPEG": {"exif": LONGEST_EXIF, "icc_profile": LONGEST_ICC, "iptc": LONGEST_IPTC},
    "WebP": {"iptc": 0},
    "TIFF": {},
    "BMP": {"exif": 0, "icc_profile": 0, "xmp": 0, "iptc": 0},
}
_CALLED = {
    "exif": "The EXIF data",
    "icc_profile": "The colour profile",
    "xmp": "The XMP data",
    "iptc": "The IPTC data",
}

# PNG chunks that say sRGB, which is what readers take where nothing is said.
_SRGB_CHROMATICITIES = struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
_SRGB_GAMMA = 45455
_SRGB_CODE_POINTS = bytes((1, 13, 0, 1))


def output_format(path: str | os.PathLike[str]) -> str:
    """The format a file name's suffix stands for.

    Raises:
        UsageError: The suffix names no format; the hint lists those that do.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in OUTPUT_FORMATS:
        named = f"ends in '{suffix}', which" if suffix else "has no suffix, which"
        raise UsageError(
            f"The output '{path}' {named} names no picture format.",
            f"Use one of: {' '.join(OUTPUT_FORMATS)}.",
        )
    return OUTPUT_FORMATS[suffix]


def check_size(path: str | os.PathLike[str], height: int, width: int) -> None:
    """Make sure that the format of a name can hold a picture of this size.

    Raises:
        UsageError: The suffix names no format.
        OutputError: The picture is too long for it.
    """
    form = output_format(path)
    longest = _LONGEST_SIDE.get(form)
    if longest and max(height, width) > longest:
        raise OutputError(
            f"'{path}' cannot hold {width} x {height} pixels: {form} ends at {longest} a side.",
            "Choose a name that ends in .png or .tif.",
        )


def encode_picture(
    picture: Picture,
    path: str | os.PathLike[str],
    compression: Compression | None = None,
    quality: int | None = None,
) -> tuple[bytes, tuple[str, ...]]:
    """The bytes of the file ``path`` as ``write_picture`` would write it, and its notes.

    Args:
        picture: What to write.
        path: Of the file.
        compression: Of a JPEG that is a measurement, instead of the usual one.
        quality: From 1 to 100, of JPEG and of WebP, which has losses then; None takes the best.

    Raises:
        UsageError: The suffix names no format.
        OutputError: The format cannot hold a picture of this size, or its bytes are not readable.
    """
    form = output_format(path)
    check_size(path, picture.height, picture.width)
    notes: list[str] = []
    if picture.alpha is not None and form in _WITHOUT_ALPHA:
        notes.append(f"{form} has no transparency: the picture was laid on white.")
    if picture.bit_depth == 16 and form not in _WITH_16_BITS:
        notes.append(f"{form} has 8 bits a sample: the 16 bits of the picture were rounded.")
    metadata, metadata_notes = _carried(picture, form)
    notes += metadata_notes
    samples = _stored(picture, form)
    if form == "TIFF" and samples.nbytes > LARGEST_TIFF - 2**24:  # and the metadata
        raise OutputError(
            f"'{path}' cannot hold {picture.width} x {picture.height} pixels: TIFF ends at 4 GB.",
            "Choose a name that ends in .png.",
        )
    if form == "PNG":
        data = png_with_metadata(  # which alone holds what it is made from, as that is large
            encode_png(samples) if samples.itemsize == 2 else _by_pillow(samples, "PNG"), metadata
        )
    elif form == "TIFF":
        data, left_out = encode_tiff(samples, metadata)
        notes += left_out
    elif form == "JPEG":
        usual = _JPEG if quality is None else {**_JPEG, "quality": quality}
        options = usual if compression is None else compression.options
        jpeg = _by_pillow(samples, "JPEG", **options, **_density(metadata))
        data = jpeg_with_metadata(jpeg, metadata)
    elif form == "WebP":
        losses = {} if quality is None else {"lossless": False, "quality": quality}
        data = _by_pillow(samples, "WebP", **{**_WEBP, **losses}, **_webp_metadata(metadata))
    else:
        data = _by_pillow(samples, form, **_density(metadata))
    _check_readable(data, form, picture, path)
    return data, tuple(notes)


def _stored(picture: Picture, form: str) -> NDArray[Any]:
    """The samples as the format stores them, (H, W, C)."""
    levels = 65535 if picture.bit_depth == 16 and form in _WITH_16_BITS else 255
    if picture.alpha is None or form not in _WITHOUT_ALPHA:
        return picture.levels(levels)
    samples = np.empty(picture.pixels.shape, np.uint8)
    for top in range(0, picture.height, _STRIP):
        rows = slice(top, top + _STRIP)
        weight = picture.alpha[rows, :, None]
        on_white = weight * np.clip(picture.pixels[rows], 0, 1) + (1 - weight)
        to_levels(on_white, levels, out=samples[rows])
    return samples


def _by_pillow(samples: NDArray[np.uint8], form: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image = Image.fromarray(samples[..., 0] if samples.shape[2] == 1 else samples)
    image.save(stream, form, **options)
    return stream.getvalue()


def _density(metadata: Metadata) -> dict[str, Any]:
    return {"dpi": metadata.dpi} if metadata.dpi else {}


def _webp_metadata(metadata: Metadata) -> dict[str, Any]:
    exif = metadata.exif
    if metadata.dpi:  # EXIF is the only place for it
        exif = exif_with_density(exif, metadata.dpi)
    found = {
        "exif": exif,
        "xmp": metadata.xmp_with_our_texts(),
        "icc_profile": metadata.icc_profile,
    }
    return {key: value for key, value in found.items() if value is not None}


def _carried(picture: Picture, form: str) -> tuple[Metadata, list[str]]:
    """What the format holds of a picture's metadata, true of it, and notes on the rest."""
    metadata = picture.metadata.true_of(picture.width, picture.height)
    notes: list[str] = []
    left_out: dict[str, Any] = {}
    profile = metadata.icc_profile
    # Bytes 16 to 19 of a profile name its colour space. A grey picture that was coloured, or the
    # other way round, is no longer what its profile describes.
    if profile and profile[16:20] != (b"GRAY" if picture.channels == 1 else b"RGB "):
        left_out["icc_profile"] = None
        notes.append("The colour profile belongs to another kind of picture: it was left out.")
    for name, room in _ROOM[form].items():
        block = getattr(metadata, name)
        if block and len(block) > room and name not in left_out:
            left_out[name] = None
            why = f"is too long for {form}" if room else f"has no place in {form}"
            notes.append(f"{_CALLED[name]} {why}: it was left out.")
    packet = metadata.xmp_with_our_texts() or b""
    if form == "JPEG" and metadata.xmp and len(packet) > LONGEST_XMP:
        left_out["xmp"] = None
        notes.append(f"{_CALLED['xmp']} is too long for {form}: it was left out.")
    if form != "PNG":
        notes += _notes_on_png(metadata, form)
    return dataclasses.replace(metadata, **left_out), notes


def _notes_on_png(metadata: Metadata, form: str) -> list[str]:
    """What only a PNG holds."""
    notes: list[str] = []
    colour = dict(metadata.colour)
    told = colour.pop("cICP", _SRGB_CODE_POINTS) == _SRGB_CODE_POINTS
    if not (metadata.icc_profile or "sRGB" in colour):  # which say more
        gamma = struct.unpack(">I", colour.get("gAMA", b"").rjust(4, b"\0")[:4])[0] or _SRGB_GAMMA
        chromaticities = colour.get("cHRM", _SRGB_CHROMATICITIES)
        told &= abs(gamma - _SRGB_GAMMA) < 10 and chromaticities == _SRGB_CHROMATICITIES
    if not told:
        notes.append(
            f"What the PNG says of its colours (gamma, primaries) has no place in {form}: "
            "they may look different."
        )
    texts = [name for name in metadata.text if name not in (MEASUREMENT_KEY, RESULT_KEY)]
    if texts:
        notes.append(f"Text of the PNG has no place in {form}: {', '.join(texts)}.")
    return notes


def _check_readable(data: bytes, form: str, picture: Picture, path: str | os.PathLike[str]) -> None:
    """Read the head of a file before it takes its place, and the checksums where it has such."""
    try:
        with decoding(f"What was made for '{path}' cannot be read again.", "Try another format."):
            stream = io.BytesIO(data)
            if form == "TIFF":
                page, _ = chosen_page(stream, "The file")
                size = page.imagewidth, page.imagelength
            else:
                with Image.open(stream, formats=[form.upper()]) as image:
                    size = image.size
                    image.verify()
            if size != (picture.width, picture.height):
                raise ValueError(f"it says {size[0]} x {size[1]} pixels")
    except ImageReadError as error:
        raise OutputError(error.message, error.hint) from error
