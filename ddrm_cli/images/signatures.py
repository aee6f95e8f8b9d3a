"""What a file is by its first bytes, where that is no picture that can be read, and why."""

from __future__ import annotations

import importlib.util

from PIL import features

from ddrm_cli.errors import ImageReadError
from ddrm_cli.images.tiff_reading import RAW_HINT

__all__ = ["HEIC_SUFFIXES", "check_signature", "is_deep_avif", "is_heic", "is_tiff"]

#: Suffixes of HEIC files.
HEIC_SUFFIXES = frozenset({".heic", ".heif"})

_SAVE_AS = "Save it as PNG, TIFF or JPEG with the program that it comes from."
_OTHERS = {
    b"\xff\x0a": "a JPEG XL picture",
    b"\0\0\0\x0cJXL ": "a JPEG XL picture",
    b"\0\0\0\x0cjP  ": "a JPEG 2000 picture",
    b"\xff\x4f\xff\x51": "a JPEG 2000 picture",
    b"8BPS": "a Photoshop document",
    b"gimp xcf": "a GIMP document",
    b"\x76\x2f\x31\x01": "an OpenEXR picture",
    b"#?RADIANCE": "a Radiance picture",
    b"%PDF": "a PDF document",
}
# Of Fujifilm, Olympus, Panasonic, Sigma, Minolta and old Canon cameras; others' are TIFF files.
_RAW = (b"FUJIFILM", b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FOVb", b"\0MRM", b"II\x1a\0\0\0HE")
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")


def is_tiff(head: bytes) -> bool:
    """Whether a file is TIFF, classic or BigTIFF."""
    return head.startswith(_TIFF)


def is_heic(head: bytes) -> bool:
    """Whether a file is HEIC."""
    brands = _brands(head)
    return not brands & {b"avif", b"avis"} and any(brand in brands for brand in _HEIC_BRANDS)


def is_deep_avif(head: bytes) -> bool:
    """Whether an AVIF file has 10 or 12 bits a sample (AV1 in ISO base media, section 2.3.3)."""
    place = head.find(b"av1C")
    return 0 <= place < len(head) - 6 and bool(head[place + 6] & 0x40)


def check_signature(head: bytes, name: str) -> None:
    """Name what is known, but cannot be read, or not here.

    Args:
        head: First bytes of a file, 64 or more.
        name: What errors call it.

    Raises:
        ImageReadError: It is such a file.
    """
    for signature, what in _OTHERS.items():
        if head.startswith(signature):
            raise ImageReadError(f"{name} is {what}, which is not supported.", _SAVE_AS)
    brands = _brands(head)
    if head.startswith(_RAW) or b"crx " in brands:
        raise ImageReadError(
            f"{name} is a camera's raw file: it holds what the sensor saw, and no picture.",
            RAW_HINT,
        )
    if brands & {b"avif", b"avis"} and not features.check("avif"):
        raise ImageReadError(
            f"{name} is an AVIF picture, which this build of Pillow does not read.",
            "Run: pip install --upgrade pillow; or save it as PNG.",
        )
    if is_heic(head) and importlib.util.find_spec("pillow_heif") is None:
        raise ImageReadError(
            f"{name} is a HEIC picture, which needs pillow-heif to be read.",
            "Run: pip install 'ddrm-cli[heic]'",
        )


def _brands(head: bytes) -> set[bytes]:
    """The kinds that a file of the ISO base media format says it is (ISO 14496-12, 4.3)."""
    if head[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return {head[8:12]} | {head[at : at + 4] for at in range(16, end, 4)}
