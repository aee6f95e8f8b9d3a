r"""EXIF blocks: carried as they are, with what a restoration makes untrue patched in place.

A maker's notes and its other directories hold places counted from the start of the block, which
only the maker knows: so every byte stays where it is, in the byte order of the camera. Patched are
the orientation (the pixels have been turned), the sizes, and the thumbnail, which shows the picture
before the restoration. Blocks start with ``Exif\0\0``, as in JPEG. (EXIF 2.32, section 4.5.)
"""

from __future__ import annotations

import struct

from ddrm_cli.images.tiff_tags import (
    EXIF_DIRECTORY,
    GPS_DIRECTORY,
    Directory,
    Entry,
    Tree,
    TreeEntry,
    first_directory,
    integer_entry,
    patch_integer,
    rational_entry,
    read_directory,
    read_tree,
    write_tree,
)

__all__ = [
    "CORRUPT",
    "HEAD",
    "density_entries",
    "exif_density",
    "exif_for_size",
    "exif_from_tree",
    "exif_orientation",
    "exif_tree",
    "exif_with_density",
    "true_exif",
]

#: What a block starts with.
HEAD = b"Exif\0\0"

#: The note on a block that cannot be kept.
CORRUPT = "The EXIF data was corrupt and has been dropped."

_MAKER_LOST = (
    "The camera maker's own notes in the EXIF data hold places in the old file: they were left out."
)

_ORIENTATION = 274
_SIZES = ((256, 257), (0xA002, 0xA003))  # of the main directory and of EXIF's: width, height
_MAKER_NOTE = 0x927C
_THUMBNAIL = ((0x201, 0x202), (273, 279))  # places and lengths, of a JPEG or of strips
_DENSITY = (282, 283, 296)  # dots across and down, and their unit
_INCH, _CENTIMETRE = 2, 3

# The main directory holds both words about the picture and the layout of the file. Into another
# file, with a layout of its own, only the words go.
_WORDS = frozenset(
    {269, 270, 271, 272, 274, 285, 305, 306, 315, 316}  # names, maker, software, date, artist
    | {0x4746, 0x4749, 33432}  # rating in stars and in per cent, copyright
    | {0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F}  # title, comment, author, keywords, subject
    | {EXIF_DIRECTORY, GPS_DIRECTORY}
    | {33434, 33437, 34850, 34855, *range(36864, 37500), *range(40960, 42241)}  # EXIF's, misplaced
)


def exif_orientation(block: bytes) -> int | None:
    """The orientation from 1 to 8 that a block asks for; None where it asks for none.

    Raises:
        ValueError: The block is corrupt.
    """
    order, main = _main(_body(block))
    entry = main.entries.get(_ORIENTATION)
    asked = () if entry is None else entry.integers(order)
    return asked[0] if len(asked) == 1 and asked[0] in range(1, 9) else None


def true_exif(block: bytes) -> bytes:
    """The block of a picture that has been turned upright, and will be restored.

    Its orientation is 1; its thumbnail is unlinked, and its bytes are zero.

    Raises:
        ValueError: The block is corrupt.
    """
    body = bytearray(_body(block))
    order, main = _main(body)
    if _ORIENTATION in main.entries:
        patch_integer(body, order, main.entries[_ORIENTATION], 1)
    if main.next:
        struct.pack_into(order + "I", body, main.next_place, 0)
        _blank_thumbnail(body, main.next)
    return HEAD + body


def _blank_thumbnail(body: bytearray, at: int) -> None:
    form, _ = first_directory(body)
    try:
        entries = read_directory(body, form, at).entries
    except ValueError:  # there is none
        return
    for places, lengths in _THUMBNAIL:
        if places in entries and lengths in entries:
            starts, sizes = (entries[tag].integers(form.order) for tag in (places, lengths))
            for start, size in zip(starts, sizes, strict=False):
                end = min(start + size, len(body))
                if 8 <= start < end:
                    body[start:end] = bytes(end - start)


def exif_for_size(block: bytes, width: int, height: int) -> bytes:
    """The same block with the sizes that it states set to ``width`` and ``height``, in pixels."""
    body = bytearray(_body(block))
    order, main = _main(body)
    for directory, tags in zip((main, _exif_directory(body, main)), _SIZES, strict=True):
        for tag, side in zip(tags, (width, height), strict=True):
            if tag in directory.entries:
                patch_integer(body, order, directory.entries[tag], side)
    return HEAD + body


def _exif_directory(body: bytearray, main: Directory) -> Directory:
    form, _ = first_directory(body)
    pointer = main.entries.get(EXIF_DIRECTORY)
    try:
        (place,) = () if pointer is None else pointer.integers(form.order)
        return read_directory(body, form, place)
    except ValueError:
        return Directory({}, 0, 0)


def exif_with_density(block: bytes | None, dpi: tuple[float, float]) -> bytes:
    """A block that states dots per inch, for formats that have no other place for them.

    One that states them already is carried as it is. Else the main directory is written again
    behind the block; all else stays in its place.
    """
    body = _body(block) if block else b"II*\0\x08\0\0\0\0\0\0\0\0\0"
    order, main = _main(body)
    if exif_density(main.entries, order) is not None:
        return HEAD + body
    body += bytes(len(body) % 2)
    entries = {**main.entries, **density_entries(order, dpi)}
    head = body[:4] + struct.pack(order + "I", len(body)) + body[8:]
    return HEAD + head + write_tree(entries, order, len(body))


def density_entries(order: str, dpi: tuple[float, float]) -> dict[int, Entry]:
    """Dots per inch as entries of a main directory."""
    across, down = (rational_entry(order, value) for value in dpi)
    return dict(zip(_DENSITY, (across, down, integer_entry(order, _INCH)), strict=True))


def exif_density(tree: Tree, order: str) -> tuple[float, float] | None:
    """Dots per inch that a main directory states, horizontal and vertical."""
    found = [tree.get(tag) for tag in _DENSITY]
    across, down = (each.rational(order) if isinstance(each, Entry) else None for each in found[:2])
    unit = found[2].integers(order) if isinstance(found[2], Entry) else (_INCH,)
    if across is None or down is None or unit not in ((_INCH,), (_CENTIMETRE,)):
        return None
    inches = 2.54 if unit == (_CENTIMETRE,) else 1.0
    return across * inches, down * inches


def exif_tree(block: bytes) -> tuple[dict[int, TreeEntry], str, tuple[str, ...]]:
    """What a block says, for a TIFF file, which has a main directory of its own.

    Returns:
        The words of its directories, their byte order, and notes on what is left out.
    """
    body = _body(block)
    form, at = first_directory(body)
    words, notes = _words(read_tree(body, form, at))
    return words, form.order, notes


def exif_from_tree(tree: Tree, order: str) -> tuple[bytes | None, tuple[str, ...]]:
    """A block of the words of a TIFF file's directories; None where there are none.

    Returns:
        The block, and notes on what is left out.
    """
    words, notes = _words(tree)
    if not words:
        return None, ()
    mark = b"II*\0" if order == "<" else b"MM\0*"
    return HEAD + mark + struct.pack(order + "I", 8) + write_tree(words, order, 8), notes


def _words(tree: Tree) -> tuple[dict[int, TreeEntry], tuple[str, ...]]:
    words = {tag: entry for tag, entry in tree.items() if tag in _WORDS}
    details = words.get(EXIF_DIRECTORY)
    if isinstance(details, Entry) or details is None or _MAKER_NOTE not in details:
        return words, ()
    words[EXIF_DIRECTORY] = {t: entry for t, entry in details.items() if t != _MAKER_NOTE}
    return words, (_MAKER_LOST,)


def _body(block: bytes) -> bytes:
    while block.startswith(HEAD):  # some programs write it twice
        block = block[len(HEAD) :]
    return block


def _main(body: bytes | bytearray) -> tuple[str, Directory]:
    form, at = first_directory(body)
    if form.big:
        raise ValueError("EXIF data is a classic TIFF block")
    return form.order, read_directory(body, form, at)
