"""Colour pictures with 16 bits a sample, which Pillow would cut to 8 without a word.

Reading goes through OpenCV, imported only when such a file turns up. Writing needs no library:
a PNG is put together from its chunks, a TIFF is Pillow's with its layout relabelled.
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ddrm_cli.errors import ImageReadError
from ddrm_cli.images.modes import Planes
from ddrm_cli.images.quiet import Borrowed

__all__ = ["encode_png", "encode_tiff", "is_cut_by_pillow", "read_planes"]

_CUT_MODES = {"RGB", "RGBA", "RGBX", "CMYK"}
_WHITE = np.float32(65535)

# Tag numbers of TIFF 6.0.
_IMAGE_WIDTH = 256
_BITS_PER_SAMPLE = 258
_EXTRA_SAMPLES = 338
_PREMULTIPLIED = 1

# PNG specification, table 11.1, by number of channels.
_PNG_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
_PAETH = 4
_INCHES_IN_A_METRE = 1 / 0.0254


def is_cut_by_pillow(image: Image.Image, head: bytes) -> bool:
    """Whether Pillow would load this image with fewer bits than the file has.

    Args:
        image: The opened image; it need not be loaded.
        head: The first 1024 bytes of its file.
    """
    return image.mode in _CUT_MODES and _bits_per_sample(image, head) > 8


def _bits_per_sample(image: Image.Image, head: bytes) -> int:
    if image.format == "PNG":
        return head[24]  # after the signature, the chunk's length and name, width and height
    if image.format == "TIFF":
        return int(max(image.tag_v2.get(_BITS_PER_SAMPLE, (1,))))  # type: ignore[attr-defined]
    if image.format == "PPM":
        _, _, _, largest, *_ = re.sub(rb"#[^\r\n]*", b"", head).split(maxsplit=4)
        return 16 if int(largest) > 255 else 8
    return 8


def _swap_log_level(level: int) -> int:
    import cv2

    logging = getattr(cv2.utils, "logging", cv2)  # where it is before OpenCV 5
    return int(logging.setLogLevel(level))


# Its warnings would go to stderr, past every handler of ours. 0 is its LOG_LEVEL_SILENT.
_silent_opencv = Borrowed(_swap_log_level, 0)


def read_planes(image: Image.Image, data: bytes, name: str) -> Planes:
    """Pixels and alpha of a 16-bit file, decoded with all its bits.

    Args:
        image: The same file opened and loaded by Pillow, whose checks found it whole: OpenCV
            fills what a damaged file lacks with black instead of refusing it.
        data: The whole file.
        name: What errors call it.

    Raises:
        ImageReadError: OpenCV is not installed or cannot decode this kind of file.
    """
    try:
        import cv2
    except ImportError as error:
        raise ImageReadError(
            f"{name} has 16 bits a sample, which needs OpenCV to be read.",
            "Run: pip install opencv-python-headless",
        ) from error
    samples_only = _critical_chunks(data) if image.format == "PNG" else data
    with _silent_opencv.changed():
        samples = cv2.imdecode(np.frombuffer(samples_only, np.uint8), cv2.IMREAD_UNCHANGED)
    if (
        image.mode == "CMYK"  # OpenCV would take its four channels for colour and alpha
        or samples is None
        or samples.dtype != np.uint16
        or samples.shape[:2] != image.size[::-1]
    ):
        raise ImageReadError(
            f"{name} is a 16-bit file of a kind that cannot be read without loss.",
            "Save it as a 16-bit PNG, or with 8 bits a sample.",
        )
    bgr = samples[..., None] if samples.ndim == 2 else samples
    colour = bgr[..., 2::-1]
    # Pillow and OpenCV both open a PNG of grey and alpha as one of colour and alpha.
    grey = image.format == "PNG" and data[25] == _PNG_COLOUR_TYPES[2]
    pixels = np.ascontiguousarray(colour[..., :1] if grey else colour).astype(np.float32) / _WHITE
    return Planes(*_with_alpha(image, bgr, pixels), bit_depth=16)


def _critical_chunks(png: bytes) -> bytes:
    """A PNG without its ancillary chunks, whose flaws libpng would report on stderr."""
    kept = [png[:8]]
    start = 8
    while start < len(png):
        (length,) = struct.unpack_from(">I", png, start)
        end = start + length + 12  # length, name and checksum are four bytes each
        if png[start + 4 : start + 5].isupper():
            kept.append(png[start:end])
        start = end
    return b"".join(kept)


def _with_alpha(
    image: Image.Image, bgr: NDArray[Any], pixels: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    hole = image.info.get("transparency")
    if hole is not None:  # a PNG that marks one colour as transparent
        return pixels, np.any(bgr[..., 2::-1] != hole, axis=2).astype(np.float32)
    if image.mode != "RGBA":
        return pixels, None
    alpha = bgr[..., -1].astype(np.float32) / _WHITE
    extra = getattr(image, "tag_v2", {}).get(_EXTRA_SAMPLES, ())
    if _PREMULTIPLIED in extra:
        pixels = np.clip(pixels / np.maximum(alpha, 1 / _WHITE)[..., None], 0, 1)
    return pixels, alpha


def encode_png(
    samples: NDArray[np.uint16],
    *,
    exif: bytes | None = None,
    icc_profile: bytes | None = None,
    dpi: tuple[float, float] | None = None,
    text: dict[str, str] | None = None,
) -> bytes:
    r"""A PNG file with 16 bits a sample.

    Args:
        samples: (H, W, C); C is 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGB, alpha).
        exif: EXIF block; the leading ``Exif\0\0`` is not part of a PNG's chunk and taken off.
        icc_profile: Colour profile.
        dpi: Dots per inch, horizontal and vertical.
        text: Text chunks, keyword to text.
    """
    height, width, channels = samples.shape
    header = struct.pack(">IIBBBBB", width, height, 16, _PNG_COLOUR_TYPES[channels], 0, 0, 0)
    chunks = [(b"IHDR", header)]
    if icc_profile:
        chunks.append((b"iCCP", b"ICC profile\0\0" + zlib.compress(icc_profile)))
    if dpi:
        per_metre = [round(value * _INCHES_IN_A_METRE) for value in dpi]
        chunks.append((b"pHYs", struct.pack(">IIB", *per_metre, 1)))
    if exif:
        chunks.append((b"eXIf", exif.removeprefix(b"Exif\0\0")))
    for keyword, value in (text or {}).items():
        # Two flags (not compressed), an empty language and an empty translated keyword.
        body = keyword.encode("latin-1", "replace") + b"\0\0\0\0\0" + value.encode()
        chunks.append((b"iTXt", body))
    chunks += [(b"IDAT", zlib.compress(_paeth_filtered(samples), 6)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)


def _chunk(kind: bytes, body: bytes) -> bytes:
    checksum = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


def _paeth_filtered(samples: NDArray[np.uint16]) -> bytes:
    """The rows as the PNG filter "Paeth" stores them, each behind its filter number.

    A byte is predicted from left (a), above (b) and above left (c): the one nearest to a + b - c.
    """
    height, width, channels = samples.shape
    pixel = 2 * channels
    rows = np.ascontiguousarray(samples, ">u2").reshape(height, width * channels).view(np.uint8)
    padded = np.zeros((height + 1, width * pixel + pixel), np.int16)
    padded[1:, pixel:] = rows
    left, above, corner = padded[1:, :-pixel], padded[:-1, pixel:], padded[:-1, :-pixel]
    to_left = np.abs(above - corner)
    to_above = np.abs(left - corner)
    to_corner = np.abs(left + above - 2 * corner)
    predicted = np.where(
        (to_left <= to_above) & (to_left <= to_corner),
        left,
        np.where(to_above <= to_corner, above, corner),
    )
    filtered = np.empty((height, 1 + width * pixel), np.uint8)
    filtered[:, 0] = _PAETH
    filtered[:, 1:] = (rows - predicted).astype(np.uint8)  # modulo 256, as the filter wants
    return filtered.tobytes()


def encode_tiff(
    samples: NDArray[np.uint16],
    *,
    exif: bytes | None = None,
    icc_profile: bytes | None = None,
    dpi: tuple[float, float] | None = None,
) -> bytes:
    """A TIFF file with 16 bits a sample.

    Pillow writes the same bytes as an 8-bit picture of twice the width; then two numbers in the
    file's directory, the width and the bits per sample, are set to what the bytes really are.

    Args:
        samples: (H, W, C); C is 1 (grey), 3 (RGB) or 4 (RGB, alpha).
        exif: EXIF block.
        icc_profile: Colour profile.
        dpi: Dots per inch, horizontal and vertical.
    """
    height, width, channels = samples.shape
    halves = (
        np.ascontiguousarray(samples, "<u2").view(np.uint8).reshape(height, 2 * width, channels)
    )
    image = Image.fromarray(halves.squeeze(2) if channels == 1 else halves)
    stream = io.BytesIO()
    given = {"exif": exif, "icc_profile": icc_profile, "dpi": dpi}
    options = {key: value for key, value in given.items() if value is not None}
    # Uncompressed: Pillow cannot write EXIF's subdirectories into a compressed TIFF, and a
    # predictor would work on bytes where readers undo samples.
    image.save(stream, "TIFF", **options)
    return _relabelled(stream.getvalue(), width)


def _relabelled(data: bytes, width: int) -> bytes:
    tiff = bytearray(data)
    assert tiff[:4] == b"II*\0", "Pillow writes little-endian TIFF files"
    (start,) = struct.unpack_from("<I", tiff, 4)
    (entries,) = struct.unpack_from("<H", tiff, start)
    for entry in range(start + 2, start + 2 + 12 * entries, 12):
        tag, kind, count, offset = struct.unpack_from("<HHII", tiff, entry)
        if tag == _IMAGE_WIDTH:
            struct.pack_into("<H" if kind == 3 else "<I", tiff, entry + 8, width)
        if tag == _BITS_PER_SAMPLE:
            # Up to two values of 16 bits stand in the entry itself, more stand elsewhere.
            place = entry + 8 if count <= 2 else offset
            struct.pack_into(f"<{count}H", tiff, place, *[16] * count)
    return bytes(tiff)
