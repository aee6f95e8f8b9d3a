"""TIFF files of all kinds: their full picture, with all of its bits, through tifffile.

Pillow cuts 16 bits to 8, takes signed samples for unsigned ones and the first page for the picture,
and lets libtiff talk to the terminal. (TIFF 6.0; DNG 1.7 for cameras' raw files.)
"""

from __future__ import annotations

import dataclasses
import logging
import mmap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ddrm_cli.errors import ImageReadError
from ddrm_cli.images.exif import exif_density, exif_from_tree
from ddrm_cli.images.iptc import iptc_of_resources
from ddrm_cli.images.metadata import Metadata, plausible_dpi
from ddrm_cli.images.modes import Planes, planes_of, with_alpha
from ddrm_cli.images.tiff_tags import Entry, first_directory, read_tree

if TYPE_CHECKING:
    from tifffile import TiffPage

__all__ = ["RAW_HINT", "chosen_page", "read_tiff_metadata", "read_tiff_planes"]

#: What to do with a camera's raw file.
RAW_HINT = "Develop it first, with darktable, RawTherapee or the camera's own program."

# Photometric interpretations.
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _INKS, _YCBCR, _LAB = 0, 1, 2, 3, 5, 6, 8
_RAW = frozenset((32803, 34892))  # a mosaic of colour filters; linear sensor values
_CHANNELS = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _PALETTE: 1}
_CHANNELS |= {_RGB: 3, _YCBCR: 3, _LAB: 3, _INKS: 4}

_UNSIGNED, _SIGNED, _FLOAT, _VOID = 1, 2, 3, 4  # sample formats
_PREMULTIPLIED, _ALPHA, _COREL_ALPHA = 1, 2, 999  # extra samples
_OLD_JPEG, _FAX = 6, frozenset((2, 3, 4))  # compressions
_GIVE_RGB = frozenset((7, 34927, 50001))  # compressions whose decoders convert YCbCr: JPEG, WebP
_INK_SET = 332
_XMP, _IPTC, _RESOURCES, _ICC = 700, 33723, 34377, 34675
_LARGEST_TILE = 2**20  # pictures; a few rows and columns may need a whole one
_MOST_CHANNELS = 6  # of a picture: four inks, alpha, and one that is left out

# What tifffile finds odd is told in our errors, if it matters; without a handler Python would
# print it.
logging.getLogger("tifffile").addHandler(logging.NullHandler())


def chosen_page(file: BinaryIO, name: str) -> tuple[TiffPage, tuple[str, ...]]:
    """The page of a TIFF file that is its picture, and a note on the others.

    It is the first that is neither marked as a reduced picture nor as a mask, below the pages or
    among them.

    Raises:
        ImageReadError: The file is a camera's raw file.
    """
    import tifffile

    file.seek(0)
    tiff = tifffile.TiffFile(file)
    pages: list[TiffPage] = []
    for page in tiff.pages:
        assert isinstance(page, tifffile.TiffPage)
        pages.append(page)
        pages += [each for each in page.pages or () if isinstance(each, tifffile.TiffPage)]
    if not pages:
        raise ValueError("it has no pages")
    file.seek(8)
    canon = file.read(2) == b"CR"
    if canon or any(page.photometric in _RAW for page in pages):
        raise ImageReadError(
            f"{name} is a camera's raw file: it holds what the sensor saw, and no picture.",
            RAW_HINT,
        )
    full = [page for page in pages if not (page.is_reduced or page.is_mask)]
    page = full[0] if full else max(pages, key=lambda page: page.imagewidth * page.imagelength)
    return page, _note_on(pages, page)


def _note_on(pages: Sequence[TiffPage], used: TiffPage) -> tuple[str, ...]:
    others = [
        f"page {number} ({page.imagewidth} x {page.imagelength}"
        + (", a reduced picture)" if page.is_reduced else ")")
        for number, page in enumerate(pages, start=1)
        if page is not used
    ]
    if not others:
        return ()
    named = others if len(others) <= 4 else [*others[:3], f"{len(others) - 3} more"]
    return (
        f"It has {len(pages)} pages: page {pages.index(used) + 1} "
        f"({used.imagewidth} x {used.imagelength}) is used, not {', '.join(named)}.",
    )


def read_tiff_metadata(file: BinaryIO, page: TiffPage) -> tuple[Metadata, tuple[str, ...]]:
    """What a page says besides its pixels, as stored, and notes."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        form, _ = first_directory(data)
        tree = read_tree(data, form, page.offset)

    def block(tag: int) -> bytes | None:
        entry = tree.get(tag)
        return entry.data or None if isinstance(entry, Entry) else None

    exif, notes = exif_from_tree(tree, form.order)
    iptc = block(_IPTC) or iptc_of_resources(block(_RESOURCES) or b"")
    metadata = Metadata(
        exif=exif,
        icc_profile=block(_ICC),
        dpi=plausible_dpi(exif_density(tree, form.order)),
        xmp=block(_XMP),
        iptc=iptc if iptc is not None and iptc.startswith(b"\x1c") else None,
    )
    return metadata, notes


def read_tiff_planes(file: BinaryIO, page: TiffPage, name: str) -> Planes:
    """The samples of a page; it raises anything on damaged bytes.

    Raises:
        ImageReadError: The page is of a kind that is no picture, or is not supported.
    """
    kind, samples = _decoded(file, page, name)
    channels, needed = samples.shape[2], _CHANNELS[kind]
    extra = 0
    if channels > needed:
        # A fourth channel of RGB that nothing is said of is alpha, as other programs take it.
        unnamed = _ALPHA if (kind, channels) == (_RGB, 4) else 0
        extra = int((*page.extrasamples, unnamed)[0])
    alpha = extra in (_PREMULTIPLIED, _ALPHA, _COREL_ALPHA)
    kept = needed + alpha
    if kind in (_PALETTE, _YCBCR, _INKS, _LAB):
        planes = _converted(samples[..., :needed], kind, page, name)
    else:
        white, bits = _white(samples, page, name)
        premultiplied = extra == _PREMULTIPLIED
        planes = with_alpha(samples[..., :kept], white, alpha, bits, premultiplied=premultiplied)
    if kind == _WHITE_IS_ZERO:
        np.subtract(1, planes.pixels, out=planes.pixels)
    if channels == kept:
        return planes
    note = f"Of its {channels} channels the first {kept} are used."
    return dataclasses.replace(planes, notes=(*planes.notes, note))


def _decoded(file: BinaryIO, page: TiffPage, name: str) -> tuple[int, NDArray[Any]]:
    """What the samples of a page are, and the samples, (H, W, C) as they are stored."""
    import tifffile

    kind, compression = int(page.photometric), int(page.compression)
    needed = _CHANNELS.get(kind)
    if needed is None or not needed <= page.samplesperpixel <= _MOST_CHANNELS:
        raise _unsupported(name, f"{page.samplesperpixel} channels of the kind {_called(page)}")
    if page.imagedepth > 1:
        raise _unsupported(name, f"a volume of {page.imagedepth} slices")
    if not isinstance(page.bitspersample, int):
        raise _unsupported(name, f"channels of {page.bitspersample} bits")
    if kind == _INKS and page.tags.valueof(_INK_SET, default=1) != 1:
        raise _unsupported(name, "inks other than cyan, magenta, yellow and black")
    subsampled = kind == _YCBCR and page.subsampling not in (None, (1, 1))
    area = page.imagewidth * page.imagelength
    if not area or page.tilewidth * page.tilelength > _LARGEST_TILE * area:
        raise ValueError(f"{page.imagewidth} x {page.imagelength} pixels do not fit its tiles")
    ends = [a + b for a, b in zip(page.dataoffsets, page.databytecounts, strict=False)]
    if max(ends, default=0) > file.seek(0, 2):  # some decoders take what is not there for black
        raise ValueError("its pixels reach beyond its end")
    if compression == _OLD_JPEG or (subsampled and compression not in _GIVE_RGB):
        return _RGB, _by_libtiff(file, page, name)
    if compression not in tifffile.TIFF.DECOMPRESSORS:
        if compression in _FAX:  # which older versions of imagecodecs do not know
            return _BLACK_IS_ZERO, _by_libtiff(file, page, name)[..., :1] > 0
        raise _unsupported(name, f"the compression {_called(page.compression)}")
    if 0 in page.databytecounts:
        raise _unsupported(name, "parts of it are left out")
    planes, _, height, width, samples = page.shaped
    decoded: NDArray[Any] = page.asarray(maxworkers=1).reshape(planes, height, width, samples)
    together = np.moveaxis(decoded, 0, 2).reshape(height, width, planes * samples)
    return _RGB if kind == _YCBCR and compression in _GIVE_RGB else kind, together


def _by_libtiff(file: BinaryIO, page: TiffPage, name: str) -> NDArray[np.uint8]:
    """Colour, 8 bits a sample, of kinds that tifffile does not decode."""
    import imagecodecs

    if page.bitspersample not in (1, 8) or not isinstance(page.index, int):
        raise _unsupported(name, f"{_called(page.compression)} of {page.bitspersample} bits")
    file.seek(0)
    rgba = imagecodecs.tiff_decode(file.read(), index=page.index, asrgb=True)
    return np.ascontiguousarray(rgba[..., :3])


def _white(samples: NDArray[Any], page: TiffPage, name: str) -> tuple[float, int]:
    """The value that is white, and the bits to write again."""
    bits, form = page.bitspersample, int(page.sampleformat)
    if form == _FLOAT:
        # Also false for values that are no numbers.
        if samples.size and samples.min() >= 0 and samples.max() <= 1:
            return 1, 16
        raise ImageReadError(
            f"{name} holds floating-point values beyond 0 to 1, and nothing says what is white.",
            "Scale it to 0 to 1, or save it with 8 or 16 bits a sample.",
        )
    if bits > 16 or form not in (_UNSIGNED, _SIGNED, _VOID):
        what = {_SIGNED: "signed whole", _UNSIGNED: "whole", _VOID: "whole"}.get(form, "complex")
        raise ImageReadError(
            f"{name} holds {what} numbers of {bits} bits, and nothing says which of them is white.",
            "Save it with 8 or 16 bits a sample first.",
        )
    if form == _SIGNED:
        if samples.min() < 0:
            raise ImageReadError(
                f"{name} holds negative numbers, and nothing says which of them is black.",
                "Save it with unsigned samples first.",
            )
        bits -= 1
    return 2**bits - 1, 8 if bits <= 8 else 16


def _converted(samples: NDArray[Any], kind: int, page: TiffPage, name: str) -> Planes:
    """Samples that are no grey and no RGB, through Pillow, which knows them with 8 bits."""
    height, width, _ = samples.shape
    bits, notes = page.bitspersample, tuple[str, ...]()
    if kind == _PALETTE:
        if page.colormap is None or samples.max() >= page.colormap.shape[1]:
            raise ValueError("its palette is too short")
        colours = page.colormap.T
        colours = colours >> 8 if colours.max() > 255 else colours  # some writers forget to scale
        return with_alpha(colours.astype(np.uint8)[samples[..., 0]], 255, False, 8)
    depths = (8,) if kind == _LAB else (8, 16)
    if page.sampleformat not in (_UNSIGNED, _VOID) or bits not in depths:
        raise _unsupported(name, f"{_called(page)} of {bits} bits")
    mode = {_YCBCR: "YCbCr", _INKS: "CMYK", _LAB: "LAB"}[kind]
    if bits == 16:
        samples = np.rint(np.divide(samples, np.float32(257), dtype=np.float32)).astype(np.uint8)
        notes = (f"{mode} of 16 bits a sample was rounded to 8.",)
    image = Image.frombytes(mode, (width, height), samples.tobytes(), "raw", mode)
    profile = page.tags.valueof(_ICC)
    if isinstance(profile, bytes):
        image.info["icc_profile"] = profile
    planes = planes_of(image, name)
    return dataclasses.replace(planes, notes=(*notes, *planes.notes))


def _called(what: Any) -> str:
    """The name of a page's kind, or of a compression."""
    named = getattr(what, "photometric", what)
    return str(getattr(named, "name", named))


def _unsupported(name: str, what: str) -> ImageReadError:
    return ImageReadError(
        f"{name} is a TIFF file of a rare kind that is not supported: {what}.",
        "Save it as an RGB or grey picture first.",
    )
