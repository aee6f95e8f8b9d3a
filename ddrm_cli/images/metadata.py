r"""What a file says about its picture besides the pixels, carried to its results.

Readers collect it as it is stored (`pillow_metadata`, or TIFF's directories); `upright` takes the
orientation out of it; `Metadata.true_of` makes it true of the result that it is written into.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from PIL import Image

from ddrm_cli.images.exif import (
    CORRUPT,
    exif_density,
    exif_for_size,
    exif_from_tree,
    exif_orientation,
    true_exif,
)
from ddrm_cli.images.iptc import iptc_of_resources
from ddrm_cli.images.quiet import quiet_pillow
from ddrm_cli.images.tiff_tags import first_directory, read_tree
from ddrm_cli.images.xmp import true_xmp, with_records, without_records, xmp_orientation

__all__ = [
    "MEASUREMENT_KEY",
    "RESULT_KEY",
    "Metadata",
    "pillow_metadata",
    "plausible_dpi",
    "upright",
]

#: Text that makes a picture a measurement.
MEASUREMENT_KEY = "ddrm"

#: Text that says how a restored picture was made.
RESULT_KEY = "ddrm-result"

# Our texts stand in a chunk each in PNG, and elsewhere in XMP, whose names are capitalised.
_XMP_NAMES = {MEASUREMENT_KEY: "Measurement", RESULT_KEY: "Result"}

# Text chunks that repeat, in other words, what is kept elsewhere: EXIF, ICC, XMP and IPTC. Written
# again beside these they would contradict them (an old orientation, an old size).
_XMP_TEXT, _PROFILE_TEXT = "XML:com.adobe.xmp", "Raw profile type "

_DAMAGED_XMP = "The XMP data was damaged and has been dropped."
_EXTENDED_XMP = "The extended part of the XMP data was left out."

# Below, Pillow's stand-in for a TIFF that states none; above, more than JPEG's 16 bits can hold.
_MIN_DPI, _MAX_DPI = 1, 65535


@dataclass(frozen=True)
class Metadata:
    r"""What a file says about its picture besides the pixels.

    Attributes:
        exif: EXIF block starting with ``Exif\0\0``; or None.
        icc_profile: Colour profile as stored; or None, which readers take as sRGB.
        dpi: Dots per inch, horizontal and vertical; or None.
        text: PNG text chunks, and our own texts from XMP.
        xmp: XMP packet without our own texts; or None.
        iptc: IPTC records; or None.
        colour: PNG chunks that say what the samples mean (gAMA, cHRM, sRGB, cICP), by name.
    """

    exif: bytes | None = None
    icc_profile: bytes | None = None
    dpi: tuple[float, float] | None = None
    text: dict[str, str] = field(default_factory=dict)
    xmp: bytes | None = None
    iptc: bytes | None = None
    colour: dict[str, bytes] = field(default_factory=dict)

    def true_of(self, width: int, height: int) -> Metadata:
        """The same, with the sizes that EXIF and XMP state being those of a result, in pixels."""
        return dataclasses.replace(
            self,
            exif=None if self.exif is None else exif_for_size(self.exif, width, height),
            xmp=None if self.xmp is None else true_xmp(self.xmp, width, height),
        )

    def without_text(self, key: str) -> Metadata:
        """The same without one of its texts."""
        return dataclasses.replace(
            self, text={name: text for name, text in self.text.items() if name != key}
        )

    def xmp_with_our_texts(self) -> bytes | None:
        """The packet of a file that has no text chunks: it holds our texts too."""
        ours = {_XMP_NAMES[key]: text for key, text in self.text.items() if key in _XMP_NAMES}
        return with_records(self.xmp, ours)


def upright(stored: Metadata) -> tuple[Metadata, int, tuple[str, ...]]:
    """The metadata of a picture that is turned as its file asks.

    EXIF says how; where it does not, XMP. What is corrupt is dropped with a note.

    Returns:
        The metadata, the orientation from 1 to 8 that is to be applied, and notes.
    """
    asked: list[int | None] = []
    notes: list[str] = []
    exif, xmp, text = stored.exif, stored.xmp, stored.text
    if exif is not None:
        try:
            asked.append(exif_orientation(exif))
            exif = true_exif(exif)
        except ValueError:
            exif = None
            notes.append(CORRUPT)
    if xmp is not None:
        try:
            asked.append(xmp_orientation(xmp))
            xmp, records = without_records(xmp)
            keys = {name: key for key, name in _XMP_NAMES.items()}
            text = {keys[name]: t for name, t in records.items() if name in keys} | text
        except ValueError:
            xmp = None
            notes.append(_DAMAGED_XMP)
    orientation = next((each for each in asked if each is not None), 1)
    dpi = stored.dpi
    if dpi is not None and orientation >= 5:
        dpi = dpi[::-1]
    metadata = dataclasses.replace(stored, exif=exif, xmp=xmp, text=text, dpi=dpi)
    return metadata, orientation, tuple(notes)


def pillow_metadata(image: Image.Image) -> tuple[Metadata, tuple[str, ...]]:
    """What a Pillow image knows, as stored, and notes. PNG's text needs the loaded image."""
    info = image.info
    chunks = {str(key): str(text) for key, text in getattr(image, "text", {}).items()}
    notes: tuple[str, ...] = ()
    try:
        exif = info.get("exif") or _profile(chunks, "exif") or _made_by_pillow(image)
    except Exception:  # Pillow's parser raises anything from SyntaxError to struct.error here
        exif, notes = None, (CORRUPT,)
    xmp = info.get("xmp") or info.get(_XMP_TEXT) or _profile(chunks, "xmp")
    segments = getattr(image, "applist", ())
    if any(data.startswith(b"http://ns.adobe.com/xmp/extension/") for _, data in segments):
        notes += (_EXTENDED_XMP,)
    metadata = Metadata(
        exif=exif or None,
        icc_profile=info.get("icc_profile") or None,
        dpi=_pillow_dpi(image) or _exif_dpi(exif),
        text={
            key: text
            for key, text in chunks.items()
            if key != _XMP_TEXT and not key.startswith(_PROFILE_TEXT)
        },
        xmp=xmp.encode() if isinstance(xmp, str) else xmp or None,
        iptc=_pillow_iptc(image, chunks),
    )
    return metadata, notes


def plausible_dpi(value: object) -> tuple[float, float] | None:
    """The density a file states, or None where it is absent or makes no sense."""
    try:
        across, down = (float(part) for part in value)  # type: ignore[attr-defined]
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    if not all(math.isfinite(part) and _MIN_DPI < part <= _MAX_DPI for part in (across, down)):
        return None
    return across, down


def _pillow_dpi(image: Image.Image) -> tuple[float, float] | None:
    # Of a JPEG that states none Pillow says 72.
    silent = image.format in ("JPEG", "MPO") and image.info.get("jfif_unit", 0) == 0
    return None if silent else plausible_dpi(image.info.get("dpi"))


def _exif_dpi(block: bytes | None) -> tuple[float, float] | None:
    if block is None:
        return None
    body = block.removeprefix(b"Exif\0\0")
    try:
        form, at = first_directory(body)
        return plausible_dpi(exif_density(read_tree(body, form, at), form.order))
    except ValueError:
        return None


def _made_by_pillow(image: Image.Image) -> bytes | None:
    """A block of what Pillow has read of a TIFF's directories, or was told by a program."""
    with quiet_pillow() as warned:
        exif = image.getexif()
        if not exif:
            return None
        body = exif.tobytes().removeprefix(b"Exif\0\0")
    if warned:
        raise ValueError(CORRUPT)
    form, at = first_directory(body)
    return exif_from_tree(read_tree(body, form, at), form.order)[0]


def _pillow_iptc(image: Image.Image, chunks: Mapping[str, str]) -> bytes | None:
    in_jpeg = image.info.get("photoshop")
    if isinstance(in_jpeg, dict):
        found = in_jpeg.get(0x0404)
    else:
        profile = _profile(chunks, "iptc", "8bim")
        found = profile and (iptc_of_resources(profile) or profile)
    return found if isinstance(found, bytes) and found.startswith(b"\x1c") else None


def _profile(chunks: Mapping[str, str], *names: str) -> bytes | None:
    """A profile as ImageMagick and ExifTool write it into text: name, length, hexadecimal."""
    for name in names:
        with contextlib.suppress(ValueError):  # other text
            return bytes.fromhex("".join(chunks.get(_PROFILE_TEXT + name, "").split()[2:])) or None
    return None
