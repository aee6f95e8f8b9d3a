"""IPTC records, which live in Photoshop's image resources, and those in JPEG, TIFF and PNG.

A resource is ``8BIM``, its number, a name and its bytes (Photoshop File Formats, image resources).
"""

from __future__ import annotations

import struct

__all__ = ["iptc_of_resources", "iptc_resource"]

_RESOURCE, _IPTC = b"8BIM", 0x0404


def iptc_resource(iptc: bytes) -> bytes:
    """The records as the one resource that holds them."""
    return struct.pack(">4sHHI", _RESOURCE, _IPTC, 0, len(iptc)) + iptc + bytes(len(iptc) % 2)


def iptc_of_resources(data: bytes) -> bytes | None:
    """The records among resources; None where there are none."""
    place = 0
    while len(data) - place >= 12 and data[place : place + 4] == _RESOURCE:
        (number,) = struct.unpack_from(">H", data, place + 4)
        place += 6 + (data[place + 6] + 2) // 2 * 2  # the name, its length before it, in pairs
        if len(data) - place < 4:
            return None
        (size,) = struct.unpack_from(">I", data, place)
        place += 4
        if number == _IPTC:
            return data[place : place + size] or None
        place += size + size % 2
    return None
