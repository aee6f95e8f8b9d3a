"""Metadata into JPEG files: segments before the picture, whoever has encoded it.

(EXIF 2.32, section 4.5.4; XMP specification, part 3; ICC.1, annex B.4; Photoshop File Formats.)
"""

from __future__ import annotations

import struct

from ddrm_cli.images.iptc import iptc_resource
from ddrm_cli.images.metadata import Metadata

__all__ = ["LONGEST_EXIF", "LONGEST_ICC", "LONGEST_IPTC", "LONGEST_XMP", "jpeg_with_metadata"]

_XMP_NAME = b"http://ns.adobe.com/xap/1.0/\0"
_ICC_NAME, _IPTC_NAME = b"ICC_PROFILE\0", b"Photoshop 3.0\0"
_LONGEST = 65533  # a segment without its length

#: What is held of each, in bytes: one segment, or 255 for a colour profile.
LONGEST_EXIF = _LONGEST
LONGEST_XMP = _LONGEST - len(_XMP_NAME)
LONGEST_IPTC = _LONGEST - len(_IPTC_NAME) - 14
_ICC_PART = _LONGEST - len(_ICC_NAME) - 2
LONGEST_ICC = 255 * _ICC_PART


def jpeg_with_metadata(jpeg: bytes, metadata: Metadata) -> bytes:
    """A JPEG file with EXIF, XMP, colour profile and IPTC, none longer than is held."""
    segments = list[bytes]()
    if metadata.exif:
        segments.append(_segment(1, metadata.exif))
    xmp = metadata.xmp_with_our_texts()
    if xmp:
        segments.append(_segment(1, _XMP_NAME + xmp))
    profile = metadata.icc_profile or b""
    parts = [profile[at : at + _ICC_PART] for at in range(0, len(profile), _ICC_PART)]
    for number, part in enumerate(parts, start=1):
        segments.append(_segment(2, _ICC_NAME + bytes([number, len(parts)]) + part))
    if metadata.iptc:
        segments.append(_segment(13, _IPTC_NAME + iptc_resource(metadata.iptc)))
    start = 2
    if jpeg[2:4] == b"\xff\xe0":  # JFIF's own segment stays the first
        start += 2 + struct.unpack_from(">H", jpeg, 4)[0]
    return jpeg[:start] + b"".join(segments) + jpeg[start:]


def _segment(application: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, 0xE0 + application, len(body) + 2) + body
