"""Pictures to files, whole or not at all."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import io
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import PngImagePlugin

from ddrm_cli.degradations.compression import Compression
from ddrm_cli.errors import OutputError, OutputExistsError, UsageError
from ddrm_cli.images import sixteen_bit
from ddrm_cli.images.exif import exif_for_size
from ddrm_cli.images.picture import Metadata, Picture, image_of, to_levels
from ddrm_cli.images.xmp import xmp_of_text

__all__ = [
    "MEASUREMENT_KEY",
    "OUTPUT_FORMATS",
    "check_size",
    "check_writable",
    "encode_picture",
    "output_format",
    "write_bytes",
    "write_picture",
]

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

#: PNG text chunk, or XMP property of a JPEG, that makes a picture a measurement.
MEASUREMENT_KEY = "ddrm"

_WITHOUT_ALPHA = {"JPEG", "BMP"}
_WITHOUT_METADATA = {"BMP"}
_WITH_16_BITS = {"PNG", "TIFF"}
_LONGEST_SIDE = {"JPEG": 65500, "WebP": 16383}  # limits of libjpeg and of the WebP format
_LONGEST_JPEG_EXIF = 65533  # one segment of a JPEG file

_OPTIONS: dict[str, dict[str, Any]] = {
    "PNG": {},
    # 95 without halved chroma: what was restored is not blurred again.
    "JPEG": {"quality": 95, "subsampling": 0},
    # WebP with losses always halves the chroma; `exact` keeps colours below transparent pixels.
    "WebP": {"lossless": True, "exact": True},
    # Uncompressed: Pillow cannot write EXIF's subdirectories into a compressed TIFF.
    "TIFF": {},
    "BMP": {},
}

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT}
_NO_HARD_LINKS = {errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}


def write_picture(
    path: str | os.PathLike[str], picture: Picture, *, overwrite: bool = False
) -> tuple[str, ...]:
    """Write a picture in the format its suffix names: .png .jpg .jpeg .webp .tif .tiff .bmp.

    Values are clipped to [0, 1] and rounded. EXIF, ICC profile and DPI are kept where the format
    has a place for them, text chunks in PNG only. A text chunk that marks a measurement is left
    out: a result is none. Transparency is laid on white for JPEG and BMP. 16 bits stay 16 bits in
    PNG and TIFF. JPEG is written with quality 95 and full chroma, WebP without loss.

    Args:
        path: The file to write; missing folders are made.
        picture: What to write.
        overwrite: Replace an existing file.

    Returns:
        One sentence for each thing the format could not hold.

    Raises:
        UsageError: The suffix names no format.
        OutputExistsError: The file exists and ``overwrite`` is False.
        OutputError: The format cannot hold the size, or the file cannot be written.
    """
    path = Path(path)
    text = {key: t for key, t in picture.metadata.text.items() if key != MEASUREMENT_KEY}
    metadata = dataclasses.replace(picture.metadata, text=text)
    picture = dataclasses.replace(picture, metadata=metadata)
    data, notes = encode_picture(picture, path)
    write_bytes(path, data, overwrite=overwrite)
    return notes


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
    picture: Picture, path: str | os.PathLike[str], compression: Compression | None = None
) -> tuple[bytes, tuple[str, ...]]:
    """The bytes of the file ``path`` as ``write_picture`` would write it, and its notes.

    Args:
        picture: What to write.
        path: Of the file.
        compression: Of a JPEG that is a measurement, instead of the usual one.

    Raises:
        UsageError: The suffix names no format.
        OutputError: The format cannot hold a picture of this size.
    """
    form = output_format(path)
    check_size(path, picture.height, picture.width)
    notes: list[str] = []
    samples = picture.pixels
    if picture.alpha is not None:
        if form in _WITHOUT_ALPHA:
            weight = picture.alpha[..., None]
            samples = weight * np.clip(samples, 0, 1) + (1 - weight)
            notes.append(f"{form} has no transparency: the picture was laid on white.")
        else:
            samples = np.concatenate([samples, picture.alpha[..., None]], axis=2)
    options, metadata_notes = _metadata_options(picture, form)
    notes += metadata_notes
    if picture.bit_depth == 16 and form in _WITH_16_BITS:
        return _encode_16_bits(samples, form, options, picture.metadata.text), tuple(notes)
    if picture.bit_depth == 16:
        notes.append(f"{form} has 8 bits a sample: the 16 bits of the picture were rounded.")
    if form == "PNG":
        options["pnginfo"] = _png_text(picture.metadata)
    if form == "JPEG" and MEASUREMENT_KEY in picture.metadata.text:
        options["xmp"] = xmp_of_text({MEASUREMENT_KEY: picture.metadata.text[MEASUREMENT_KEY]})
    usual = _OPTIONS[form] if compression is None else compression.options
    stream = io.BytesIO()
    image_of(samples).save(stream, form, **usual, **options)
    return stream.getvalue(), tuple(notes)


def _encode_16_bits(
    samples: NDArray[np.float32], form: str, options: dict[str, Any], text: dict[str, str]
) -> bytes:
    if form == "PNG":
        return sixteen_bit.encode_png(to_levels(samples, 65535), **options, text=text)
    if samples.shape[2] == 2:  # readers do not know 16-bit TIFF files of grey and alpha
        samples = samples[..., [0, 0, 0, 1]]
    return sixteen_bit.encode_tiff(to_levels(samples, 65535), **options)


def _metadata_options(picture: Picture, form: str) -> tuple[dict[str, Any], list[str]]:
    """Pillow's options that carry the metadata, and notes on what cannot be carried."""
    metadata = picture.metadata
    options: dict[str, Any] = {}
    notes: list[str] = []
    if metadata.dpi:
        options["dpi"] = metadata.dpi
    if form in _WITHOUT_METADATA:
        if metadata.exif or metadata.icc_profile:
            notes.append(f"{form} holds no EXIF data and no colour profile: they were left out.")
        return options, notes
    if metadata.icc_profile:
        # Bytes 16 to 19 of a profile name its colour space. A grey picture that was coloured, or
        # the other way round, is no longer what its profile describes.
        if metadata.icc_profile[16:20] == (b"GRAY" if picture.channels == 1 else b"RGB "):
            options["icc_profile"] = metadata.icc_profile
        else:
            notes.append("The colour profile belongs to another kind of picture: it was left out.")
    if metadata.exif:
        exif = exif_for_size(metadata.exif, picture.width, picture.height)
        if form == "JPEG" and len(exif) > _LONGEST_JPEG_EXIF:
            notes.append("The EXIF data is too long for JPEG: it was left out.")
        else:
            options["exif"] = exif
    return options, notes


def _png_text(metadata: Metadata) -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    for key, text in metadata.text.items():
        info.add_text(key, text)
    return info


def check_writable(path: str | os.PathLike[str], *, overwrite: bool) -> None:
    """Find out before a long run what ``write_bytes`` would complain about after it.

    Nothing is created.

    Raises:
        OutputExistsError: The file exists and ``overwrite`` is False.
        OutputError: The path is a folder, or its folder cannot be written or made.
    """
    path = Path(path)
    with _named_errors(path):
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if os.path.lexists(path) and not overwrite:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        # lexists: a link that leads nowhere is there, and no folder can take its place.
        there = (parent for parent in path.absolute().parents if os.path.lexists(parent))
        folder = next(there, None)
        if folder is None:  # a drive that is not there
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        if not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def write_bytes(path: str | os.PathLike[str], data: bytes, *, overwrite: bool) -> None:
    """Write a file whole or not at all.

    The bytes go to a temporary file in the same folder, reach the disk, and are then moved into
    place in one step. Whatever happens before that, Ctrl-C included, leaves the folder as it was.
    Without ``overwrite`` a file that appears during the write is not replaced either.

    Args:
        path: The file to write; missing folders are made.
        data: Its content.
        overwrite: Replace an existing file.

    Raises:
        OutputExistsError: The file exists and ``overwrite`` is False.
        OutputError: The folder cannot be written, the disk is full, or the path is a folder.
    """
    path = Path(path)
    with _named_errors(path):
        check_writable(path, overwrite=overwrite)
        path.parent.mkdir(parents=True, exist_ok=True)
        # Its own short name: the target's may already be as long as the file system allows.
        temporary = path.parent / f".ddrm-{secrets.token_hex(8)}.part"
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if overwrite:
                temporary.replace(path)
            else:
                _move_without_replacing(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def _move_without_replacing(temporary: Path, path: Path) -> None:
    """Give the finished file its name; FileExistsError if the name is taken by now."""
    try:
        os.link(temporary, path)  # unlike a rename, a link never replaces
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        # No links on this file system: claim the name with an empty file, then fill it.
        path.touch(exist_ok=False)
        try:
            temporary.replace(path)
        except BaseException:
            path.unlink()
            raise


@contextlib.contextmanager
def _named_errors(path: Path) -> Iterator[None]:
    """The system's errors as ours, each naming the output."""
    try:
        yield
    except FileExistsError as error:
        raise OutputExistsError(
            f"'{path}' exists already.", "Use --overwrite to replace it, or --out for another name."
        ) from error
    except IsADirectoryError as error:
        raise OutputError(f"The output '{path}' is a folder.", "Name a file in it.") from error
    except NotADirectoryError as error:
        raise OutputError(
            f"'{path}' cannot be written: part of its path is a file, not a folder.",
            "Choose another place with --out.",
        ) from error
    except PermissionError as error:
        raise OutputError(
            f"The folder of '{path}' cannot be written.",
            "Choose another place with --out, or change the folder's permissions.",
        ) from error
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        if isinstance(error, OSError) and error.errno in _NO_SPACE:
            raise OutputError(
                f"'{path}' was not written: the disk is full.",
                "Free some space, or choose another place with --out.",
            ) from error
        raise OutputError(
            f"'{path}' cannot be written: {getattr(error, 'strerror', None) or error}.",
            "Choose another place with --out.",
        ) from error
