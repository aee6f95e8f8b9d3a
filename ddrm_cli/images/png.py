"""PNG files by their chunks: 16 bits a sample, which Pillow cuts to 8, and metadata.

(PNG specification, third edition; table 11.1 for colour types, 9.4 for the filter "Paeth".)
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from ddrm_cli.images.iptc import iptc_resource
from ddrm_cli.images.metadata import Metadata
from ddrm_cli.images.modes import Planes, by_planes, with_alpha

__all__ = [
    "SIGNATURE",
    "PngHead",
    "encode_png",
    "png_chunks",
    "png_with_metadata",
    "read_png_head",
    "read_sixteen_bits",
]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_AFTER_HEAD = 33  # signature and IHDR
_CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}  # of each colour type but the palette's
_COLOUR_TYPES = {channels: kind for kind, channels in _CHANNELS.items()}
_COLOUR_CHUNKS = ("gAMA", "cHRM", "sRGB", "cICP")
_INCHES_IN_A_METRE = 1 / 0.0254
# Behind a keyword: its end, two flags (not compressed), no language, no translated keyword.
_PLAIN_UTF_8 = bytes(5)
_PAETH = 4
_STRIP = 1 << 22  # bytes that are filtered at a time


@dataclass(frozen=True)
class PngHead:
    """What a PNG file says before its pixels.

    Attributes:
        bits: Bits a sample.
        channels: Samples a pixel; None for a palette.
        hole: Samples of the one colour that is transparent; or None.
        colour: Chunks that say what the samples mean, by name.
    """

    bits: int
    channels: int | None
    hole: tuple[int, ...] | None
    colour: dict[str, bytes]


def png_chunks(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Name and length of each chunk; the file stands at its body."""
    file.seek(len(SIGNATURE))
    while len(head := file.read(8)) == 8:
        (length,) = struct.unpack_from(">I", head)
        here = file.tell()
        yield head[4:], length
        file.seek(here + length + 4)  # and the checksum


def read_png_head(file: BinaryIO) -> PngHead:
    """What a file says before its pixels; the file stands anywhere after."""
    file.seek(len(SIGNATURE) + 16)
    bits, colour_type = file.read(2)
    channels, hole = _CHANNELS.get(colour_type), None
    colour = dict[str, bytes]()
    for name, length in png_chunks(file):
        if name == b"IDAT":
            break
        if name == b"tRNS" and channels in (1, 3) and length == 2 * channels:
            hole = struct.unpack(f">{channels}H", file.read(length))
        if name.decode("latin-1") in _COLOUR_CHUNKS:
            colour[name.decode()] = file.read(min(length, 32))
    return PngHead(bits, channels, hole, colour)


def read_sixteen_bits(file: BinaryIO, head: PngHead) -> Planes:
    """The samples of a file that has 16 bits a sample; it raises anything on damaged bytes."""
    import imagecodecs

    samples = imagecodecs.png_decode(_critical(file))
    if samples.ndim == 2:
        samples = samples[..., None]
    if samples.dtype != np.uint16 or samples.shape[2] != head.channels:
        raise ValueError("its samples are not those that it promises")
    if head.hole is not None:
        alpha = (samples != np.array(head.hole, np.uint16)).any(axis=2).astype(np.float32)
        return Planes(by_planes(samples, 65535), alpha, 16)
    return with_alpha(samples, 65535, samples.shape[2] in (2, 4), 16)


def _critical(file: BinaryIO) -> bytes:
    """A file without its ancillary chunks: of their flaws libpng would tell the terminal."""
    kept = [SIGNATURE]
    for name, length in png_chunks(file):
        if name[:1].isupper():
            kept += [struct.pack(">I", length), name, file.read(length + 4)]
    return b"".join(kept)


def encode_png(samples: NDArray[np.uint16]) -> bytearray:
    """A file with 16 bits a sample; (H, W, C), C is 1 (grey), 2 (grey, alpha), 3 or 4.

    It grows in one place: many small parts would hold on to as much memory when they are joined.
    """
    height, width, channels = samples.shape
    header = struct.pack(">IIBBBBB", width, height, 16, _COLOUR_TYPES[channels], 0, 0, 0)
    pack = zlib.compressobj(6)
    rows = max(1, _STRIP // (2 * width * channels))
    png = bytearray(SIGNATURE + _chunk(b"IHDR", header))
    for top in range(0, height, rows):
        above = samples[top - 1 : top] if top else np.zeros_like(samples[:1])
        packed = pack.compress(_paeth_filtered(above, samples[top : top + rows]))
        if packed:
            png += _chunk(b"IDAT", packed)
    png += _chunk(b"IDAT", pack.flush()) + _chunk(b"IEND", b"")
    return png


def _chunk(kind: bytes, body: bytes) -> bytes:
    checksum = zlib.crc32(body, zlib.crc32(kind))
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


def _paeth_filtered(before: NDArray[np.uint16], samples: NDArray[np.uint16]) -> bytes:
    """Rows as the PNG filter "Paeth" stores them, each behind its filter number.

    A byte is predicted from left (a), above (b) and above left (c): the one nearest to a + b - c.

    Args:
        before: The row above them, (1, W, C).
        samples: The rows, (H, W, C).
    """
    height, width, channels = samples.shape
    pixel = 2 * channels
    stacked = np.concatenate([before, samples]).astype(">u2")
    rows = stacked.reshape(height + 1, width * channels).view(np.uint8)
    padded = np.zeros((height + 1, width * pixel + pixel), np.int16)
    padded[:, pixel:] = rows
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
    filtered[:, 1:] = (rows[1:] - predicted).astype(np.uint8)  # modulo 256, as the filter wants
    return filtered.tobytes()


def png_with_metadata(png: bytes | bytearray, metadata: Metadata) -> bytes:
    """A file that holds pixels alone, with metadata before them."""
    chunks = list[bytes]()
    if metadata.icc_profile:
        packed = zlib.compress(metadata.icc_profile)
        chunks.append(_chunk(b"iCCP", b"ICC profile\0\0" + packed))
    for name, body in metadata.colour.items():
        if not (name == "sRGB" and metadata.icc_profile):  # they exclude each other
            chunks.append(_chunk(name.encode(), body))
    if metadata.dpi:
        per_metre = [round(value * _INCHES_IN_A_METRE) for value in metadata.dpi]
        chunks.append(_chunk(b"pHYs", struct.pack(">IIB", *per_metre, 1)))
    if metadata.exif:
        chunks.append(_chunk(b"eXIf", metadata.exif.removeprefix(b"Exif\0\0")))
    chunks += [_text_chunk(keyword, text) for keyword, text in metadata.text.items()]
    if metadata.xmp:
        chunks.append(_chunk(b"iTXt", b"XML:com.adobe.xmp" + _PLAIN_UTF_8 + metadata.xmp))
    if metadata.iptc:
        # PNG has no place of its own for them; ImageMagick, ExifTool and Exiv2 know this one.
        resource = iptc_resource(metadata.iptc)
        profile = f"\niptc\n{len(resource):8}\n{resource.hex()}\n"
        chunks.append(_text_chunk("Raw profile type iptc", profile))
    whole = memoryview(png)  # slices of bytes would be copies
    return b"".join([whole[:_AFTER_HEAD], *chunks, whole[_AFTER_HEAD:]])


def _text_chunk(keyword: str, text: str) -> bytes:
    name = keyword.encode("latin-1", "replace")
    try:
        return _chunk(b"tEXt", name + b"\0" + text.encode("latin-1"))
    except UnicodeEncodeError:
        return _chunk(b"iTXt", name + _PLAIN_UTF_8 + text.encode())
