"""Picture files as JPEG inside a page, so that it needs nothing else."""

from __future__ import annotations

import base64
import io
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ddrm_cli.errors import ImageError
from ddrm_cli.images.measurement import read_npz_measurement
from ddrm_cli.images.picture import Picture, image_of
from ddrm_cli.images.reading import read_picture

__all__ = ["THUMBNAIL", "WHOLE", "Embedded", "Size", "embedded"]


@dataclass(frozen=True)
class Size:
    """How large pictures are inside a page.

    Args:
        side: Pixels of the longer side, at most.
        quality: Of the JPEG.
        subsampling: 0 keeps the colours of every pixel, 2 of every four.
    """

    side: int
    quality: int
    subsampling: int


WHOLE = Size(4096, 92, 0)
"""To look closely: wider than screens are."""

THUMBNAIL = Size(384, 82, 2)
"""Sharp at the width of a card; about 20 kB."""


@dataclass(frozen=True)
class Embedded:
    """A picture inside a page.

    Args:
        source: Its address, which is the picture itself.
        width: Of the file, in pixels; what is inside may be smaller.
        height: Of the same.
    """

    source: str
    width: int
    height: int


def embedded(path: Path, size: Size) -> Embedded | None:
    """A picture file as a page holds it, without metadata but with its colour profile.

    What is transparent or was not measured is white. Files of any size are read: whoever made
    the page has kept to the limit.

    Args:
        path: Any picture file, or a measurement.
        size: Larger ones are reduced to it.

    Returns:
        None where it cannot be shown: the file is gone, or holds no picture.
    """
    try:
        picture = _read(path)
    except ImageError:
        return None
    if picture is None:
        return None
    pixels = picture.pixels
    if picture.alpha is not None:
        weight = picture.alpha[..., None]
        pixels = weight * pixels + (1 - weight)
    image = image_of(pixels)
    image.thumbnail((size.side, size.side), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    # Without `optimize`, for which Pillow has too little room where a picture is noise.
    image.save(
        stream,
        "JPEG",
        quality=size.quality,
        subsampling=size.subsampling,
        icc_profile=picture.metadata.icc_profile,
    )
    data = base64.b64encode(stream.getvalue()).decode()
    return Embedded(f"data:image/jpeg;base64,{data}", picture.width, picture.height)


def _read(path: Path) -> Picture | None:
    """The picture of a file; None for a measurement that is none."""
    if path.suffix.lower() != ".npz":
        return read_picture(path, max_pixels=sys.maxsize)
    y, _, missing = read_npz_measurement(path)
    if y.ndim != 3 or y.shape[0] not in (1, 3):
        return None
    seen = None if missing is None or missing.shape != y.shape[1:] else ~missing
    return Picture(np.moveaxis(y, 0, -1), None if seen is None else seen.astype(np.float32))
