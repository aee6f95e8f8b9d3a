"""EXIF blocks: the orientation they ask for, and what of them is true of the result."""

from __future__ import annotations

import numpy as np
from PIL import ExifTags, Image

from ddrm_cli.images.modes import Planes
from ddrm_cli.images.quiet import quiet_pillow

__all__ = ["CORRUPT", "exif_for_size", "read_exif", "upright"]

_ORIENTATION = int(ExifTags.Base.Orientation)
_SUB_IFDS = (int(ExifTags.IFD.Exif), int(ExifTags.IFD.GPSInfo))
_PIXEL_WIDTH = int(ExifTags.Base.ExifImageWidth)
_PIXEL_HEIGHT = int(ExifTags.Base.ExifImageHeight)

# The main directory of a TIFF holds both words about the picture and the layout of the file. Only
# the words may be carried over; layout tags of the old file would corrupt a new TIFF.
_WORDS = frozenset(
    int(tag)
    for tag in (
        ExifTags.Base.ImageDescription,
        ExifTags.Base.Make,
        ExifTags.Base.Model,
        ExifTags.Base.Software,
        ExifTags.Base.DateTime,
        ExifTags.Base.Artist,
        ExifTags.Base.HostComputer,
        ExifTags.Base.Copyright,
        ExifTags.Base.XPTitle,
        ExifTags.Base.XPComment,
        ExifTags.Base.XPAuthor,
        ExifTags.Base.XPKeywords,
        ExifTags.Base.XPSubject,
    )
)

#: The note on a block that cannot be kept.
CORRUPT = "The EXIF data was corrupt and has been dropped."


def read_exif(image: Image.Image) -> tuple[bytes | None, int, tuple[str, ...]]:
    r"""The EXIF block to keep, the orientation to apply, and notes.

    The kept block says orientation 1, because the pixels will be turned (see ``upright``). The
    thumbnail is left out: it shows the picture before restoration. A corrupt block is dropped with
    a note; its orientation is used where it can be read.

    Returns:
        The block (starting with ``Exif\0\0``) or None, an orientation from 1 to 8, and notes.
    """
    orientation = 1
    with quiet_pillow() as warned:
        try:
            found = image.getexif()
            if "exif" in image.info:
                # Opening a JPEG parses the block too, and hides what is wrong with it.
                Image.Exif().load(image.info["exif"])
            asked = found.get(_ORIENTATION, 1)
            orientation = asked if asked in range(1, 9) else 1
            block = _normalised(found).tobytes() if _has_words(found) else None
        except Exception:  # Pillow's parser raises anything from SyntaxError to struct.error here
            return None, orientation, (CORRUPT,)
    if warned:
        return None, orientation, (CORRUPT,)
    return block, orientation, ()


def exif_for_size(block: bytes, width: int, height: int) -> bytes:
    """The same EXIF block with the pixel dimensions it states set to ``width`` and ``height``."""
    exif = Image.Exif()
    exif.load(block)
    if ExifTags.IFD.Exif not in exif:  # asking for it would create it
        return block
    details = exif.get_ifd(ExifTags.IFD.Exif)
    if _PIXEL_WIDTH in details:
        details[_PIXEL_WIDTH] = width
    if _PIXEL_HEIGHT in details:
        details[_PIXEL_HEIGHT] = height
    return exif.tobytes()


def upright(planes: Planes, orientation: int) -> Planes:
    """The samples turned and mirrored as the EXIF orientation 1 to 8 asks."""
    alpha = planes.alpha
    return Planes(
        np.ascontiguousarray(_turned(planes.pixels, orientation)),
        None if alpha is None else np.ascontiguousarray(_turned(alpha, orientation)),
        planes.bit_depth,
        planes.keeps_profile,
        planes.notes,
    )


def _turned(array: np.ndarray, orientation: int) -> np.ndarray:
    """EXIF 2.32, tag 274: the number names the side where row 0 and column 0 of the file lie."""
    if orientation >= 5:  # row 0 is a side, not the top or bottom
        array = array.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return array


def _has_words(exif: Image.Exif) -> bool:
    return any(tag != _ORIENTATION for tag in _kept_tags(exif))


def _kept_tags(exif: Image.Exif) -> list[int]:
    return [tag for tag in exif if tag in _WORDS or tag in _SUB_IFDS or tag == _ORIENTATION]


def _normalised(exif: Image.Exif) -> Image.Exif:
    kept = Image.Exif()
    for tag in _kept_tags(exif):
        kept[tag] = exif.get_ifd(tag) if tag in _SUB_IFDS else exif[tag]
    kept[_ORIENTATION] = 1
    return kept
