"""TIFF's directories of tags, which EXIF blocks are made of too: read, patched, written.

A directory is a list of entries of a tag, a type and values (TIFF 6.0, section 2). Values stay the
bytes that the file holds, in its byte order: what is not understood is carried all the same.
"""

from __future__ import annotations

import itertools
import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = [
    "EXIF_DIRECTORY",
    "GPS_DIRECTORY",
    "INTEROPERABILITY_DIRECTORY",
    "LONG",
    "RATIONAL",
    "SHORT",
    "UNDEFINED",
    "Directory",
    "Entry",
    "Tree",
    "TreeEntry",
    "first_directory",
    "integer_entry",
    "patch_integer",
    "rational_entry",
    "read_directory",
    "read_tree",
    "write_tree",
]

BYTE, SHORT, LONG, RATIONAL, UNDEFINED = 1, 3, 4, 5, 7
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_SIZES |= {16: 8, 17: 8, 18: 8}  # BigTIFF's

#: Tags whose value is the place of another directory (EXIF 2.32, section 4.6.3).
EXIF_DIRECTORY, GPS_DIRECTORY, INTEROPERABILITY_DIRECTORY = 34665, 34853, 40965
_DIRECTORIES = frozenset((EXIF_DIRECTORY, GPS_DIRECTORY, INTEROPERABILITY_DIRECTORY))

Bytes = bytes | bytearray | mmap.mmap


@dataclass(frozen=True)
class Entry:
    """An entry of a directory.

    Attributes:
        kind: Type of its values, a number of TIFF 6.0.
        count: How many there are.
        data: Their bytes, in the byte order of the file.
        place: Where the entry itself stands.
    """

    kind: int
    count: int
    data: bytes
    place: int = 0

    def integers(self, order: str) -> tuple[int, ...]:
        """Its values, where they are whole numbers; else none."""
        code = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}.get(self.kind)
        return struct.unpack(f"{order}{self.count}{code}", self.data) if code else ()

    def rational(self, order: str) -> float | None:
        """Its value, where it is a fraction of whole numbers."""
        if self.kind != RATIONAL or self.count != 1:
            return None
        above, below = struct.unpack(f"{order}II", self.data)
        return above / below if below else None


@dataclass(frozen=True)
class Directory:
    """A directory.

    Attributes:
        entries: By tag; those of a type or with a value that is not there are left out.
        next: Where the next one stands; 0 for none.
        next_place: Where that number stands.
    """

    entries: dict[int, Entry]
    next: int
    next_place: int


@dataclass(frozen=True)
class _Form:
    """How a file writes its directories: classic, or BigTIFF with numbers of eight bytes."""

    order: str
    big: bool

    def number(self, data: Bytes, place: int) -> int:
        return int(struct.unpack_from(self.order + ("Q" if self.big else "I"), data, place)[0])


def first_directory(data: Bytes) -> tuple[_Form, int]:
    """The form of a TIFF file or block, and where its first directory stands.

    Raises:
        ValueError: It is none, or ends too early.
    """
    order = {b"II": "<", b"MM": ">"}.get(bytes(data[:2]))
    if order is None or len(data) < 8:
        raise ValueError("no TIFF header")
    big = struct.unpack_from(order + "H", data, 2) == (43,)
    form = _Form(order, big)
    if len(data) < 16 and big:
        raise ValueError("the header is cut short")
    return form, form.number(data, 8 if big else 4)


def read_directory(data: Bytes, form: _Form, at: int) -> Directory:
    """The directory at a place.

    Raises:
        ValueError: It does not lie in the data.
    """
    head, entry, inline = ("Q", "HHQ", 8) if form.big else ("H", "HHI", 4)
    head_size, entry_size = struct.calcsize("<" + head), struct.calcsize("<" + entry) + inline
    if not 8 <= at <= len(data) - head_size:
        raise ValueError("a directory lies outside")
    (number,) = struct.unpack_from(form.order + head, data, at)
    end = at + head_size + number * entry_size
    if end > len(data):
        raise ValueError("a directory is cut short")
    entries = dict[int, Entry]()
    for place in range(at + head_size, end, entry_size):
        tag, kind, count = struct.unpack_from(form.order + entry, data, place)
        size = count * _SIZES.get(kind, 0)
        value = place + entry_size - inline
        if size > inline:
            value = form.number(data, value)
        if 0 < size <= len(data) - value:
            entries.setdefault(tag, Entry(kind, count, bytes(data[value : value + size]), place))
    following = form.number(data, end) if end + inline <= len(data) else 0
    return Directory(entries, following, end)


TreeEntry = Entry | Mapping[int, Any]
Tree = Mapping[int, TreeEntry]
"""A directory with the directories that it points to in the place of the pointers."""


def read_tree(data: Bytes, form: _Form, at: int) -> dict[int, TreeEntry]:
    """The directory at a place with those of EXIF below it; such as are damaged are left out.

    Raises:
        ValueError: The first one does not lie in the data.
    """
    return _read_tree(data, form, at, depth=2)  # of interoperability, below that of EXIF


def _read_tree(data: Bytes, form: _Form, at: int, depth: int) -> dict[int, TreeEntry]:
    tree = dict[int, TreeEntry](read_directory(data, form, at).entries)
    for tag in _DIRECTORIES & tree.keys():
        pointer = tree.pop(tag)
        assert isinstance(pointer, Entry)
        places = pointer.integers(form.order)
        if len(places) == 1 and depth:
            try:
                tree[tag] = _read_tree(data, form, places[0], depth - 1)
            except ValueError:
                continue
    return tree


def write_tree(tree: Tree, order: str, at: int) -> bytes:
    """A directory and what it points to, as the bytes from place ``at`` on, which is even."""
    head = bytearray(struct.pack(order + "H", len(tree)))
    start = at + 2 + 12 * len(tree) + 4
    behind = bytearray()
    for tag, entry in sorted(tree.items()):
        here = start + len(behind)
        if isinstance(entry, Entry):
            inline = len(entry.data) <= 4
            value = entry.data.ljust(4, b"\0") if inline else struct.pack(order + "I", here)
            head += struct.pack(order + "HHI", tag, entry.kind, entry.count) + value
            behind += b"" if inline else entry.data
        else:
            head += struct.pack(order + "HHII", tag, LONG, 1, here)
            behind += write_tree(entry, order, here)
        behind += bytes(len(behind) % 2)
    return bytes(head + bytes(4) + behind)


def integer_entry(order: str, *values: int) -> Entry:
    """Whole numbers, SHORT where they are small enough."""
    kind, code = (SHORT, "H") if max(values) < 2**16 else (LONG, "I")
    return Entry(kind, len(values), struct.pack(f"{order}{len(values)}{code}", *values))


def rational_entry(order: str, value: float) -> Entry:
    """A positive number as a fraction, to five digits at least."""
    below = next(10**n for n in itertools.count(4, -1) if n == 0 or value * 10**n < 2**32)
    return Entry(RATIONAL, 1, struct.pack(order + "II", round(value * below), below))


def patch_integer(block: bytearray, order: str, entry: Entry, value: int) -> None:
    """Set an entry of a classic block to one whole number, where it stands."""
    short = entry.kind == SHORT and value < 2**16
    kind, code = (SHORT, "H2x") if short else (LONG, "I")
    struct.pack_into(f"{order}HI{code}", block, entry.place + 2, kind, 1, value)
