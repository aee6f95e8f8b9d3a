"""TIFF files, 8 or 16 bits a sample, uncompressed, with directories of their own.

In the byte order of the EXIF data, so that what it says is carried as it is. (TIFF 6.0.)
"""

from __future__ import annotations

import io
import struct
from typing import Any

from numpy.typing import NDArray

from ddrm_cli.images.exif import density_entries, exif_tree
from ddrm_cli.images.metadata import Metadata
from ddrm_cli.images.tiff_tags import UNDEFINED, Entry, TreeEntry, integer_entry, write_tree

__all__ = ["LARGEST_TIFF", "encode_tiff"]

#: Bytes that a file may have: places have four bytes.
LARGEST_TIFF = 2**32 - 1

_STRIP = 1 << 20  # bytes that are written at a time
_BYTE = 1


def encode_tiff(samples: NDArray[Any], metadata: Metadata) -> tuple[bytes, tuple[str, ...]]:
    """A file of samples, uint8 or uint16.

    Args:
        samples: (H, W, C); C is 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGB, alpha).
        metadata: What it says besides.

    Returns:
        The file, and notes on what of the EXIF data is left out.
    """
    words, order, notes = ({}, "<", ()) if metadata.exif is None else exif_tree(metadata.exif)
    height, width, channels = samples.shape
    row = width * channels * samples.itemsize
    rows = max(1, _STRIP // row)
    tops = range(0, height, rows)
    pixels_end = 8 + height * row
    directory = pixels_end + pixels_end % 2
    stream = io.BytesIO()
    stream.write(b"II*\0" if order == "<" else b"MM\0*")
    stream.write(struct.pack(order + "I", directory))
    for top in tops:
        strip = samples[top : top + rows].astype(f"{order}u{samples.itemsize}")
        stream.write(strip.tobytes())
    stream.write(bytes(pixels_end % 2))
    layout = {
        256: (width,),
        257: (height,),
        258: (8 * samples.itemsize,) * channels,
        259: (1,),  # not compressed
        262: (1 if channels < 3 else 2,),  # black is zero, RGB
        273: [8 + top * row for top in tops],
        277: (channels,),
        278: (rows,),
        279: [min(rows, height - top) * row for top in tops],
        284: (1,),  # the samples of a pixel stand together
    }
    if channels in (2, 4):
        layout[338] = (2,)  # alpha, colours not multiplied by it
    tree: dict[int, TreeEntry] = {**words}
    tree |= {tag: integer_entry(order, *values) for tag, values in layout.items()}
    if metadata.dpi:
        tree |= density_entries(order, metadata.dpi)
    blocks = {
        700: (_BYTE, metadata.xmp_with_our_texts()),
        33723: (UNDEFINED, metadata.iptc),
        34675: (UNDEFINED, metadata.icc_profile),
    }
    tree |= {tag: Entry(kind, len(data), data) for tag, (kind, data) in blocks.items() if data}
    stream.write(write_tree(tree, order, directory))
    return stream.getvalue(), notes
