"""A picture in memory: pixels, alpha, and what must survive until it is written again."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ddrm_cli.degradations.compression import Compression
from ddrm_cli.errors import UsageError
from ddrm_cli.images.hidden import continued
from ddrm_cli.images.metadata import Metadata, pillow_metadata, upright
from ddrm_cli.images.modes import Planes, planes_of, turned
from ddrm_cli.images.quiet import decoding

__all__ = ["Picture", "image_of", "picture_of", "to_levels"]

OPAQUE = 0.5  # alpha below it counts as a missing pixel
_STRIP = 1 << 22  # samples that are rounded at a time: memory decides what can be written


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture, always upright, with its metadata.

    Attributes:
        pixels: (H, W, C) float32 on [0, 1]; C is 1 (grey) or 3 (RGB, not premultiplied).
        alpha: (H, W) float32 on [0, 1], 0 = transparent; or None for an opaque picture.
        bit_depth: 8 or 16: how it was stored and should be stored again.
        metadata: What else the file says.
        notes: One sentence for each thing the user should hear about how it was read.
        compression: How its file was compressed, where that is a JPEG.

    Raises:
        UsageError: The arrays have other shapes, or ``bit_depth`` another value.
    """

    pixels: NDArray[np.float32]
    alpha: NDArray[np.float32] | None = None
    bit_depth: int = 8
    metadata: Metadata = field(default_factory=Metadata)
    notes: tuple[str, ...] = ()
    compression: Compression | None = None

    def __post_init__(self) -> None:
        shape = self.pixels.shape
        if len(shape) != 3 or shape[2] not in (1, 3) or 0 in shape:
            raise UsageError(
                f"A picture has the shape (height, width, 1 or 3), not {shape}.",
                "Move the channels last and give at least one pixel.",
            )
        if self.alpha is not None and self.alpha.shape != shape[:2]:
            raise UsageError(
                f"The alpha channel has the shape {self.alpha.shape}, the picture {shape[:2]}.",
                "Resize alpha with the picture: resized_alpha(height, width).",
            )
        if self.bit_depth not in (8, 16):
            raise UsageError(f"A picture has 8 or 16 bits a sample, not {self.bit_depth}.")

    @property
    def height(self) -> int:
        """Rows of pixels."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns of pixels."""
        return int(self.pixels.shape[1])

    @property
    def channels(self) -> int:
        """1 for grey, 3 for RGB."""
        return int(self.pixels.shape[2])

    @property
    def hidden(self) -> NDArray[np.bool_] | None:
        """(H, W), True under full transparency; None where all is seen, or nothing is."""
        hidden = None if self.alpha is None else self.alpha == 0
        return hidden if hidden is not None and hidden.any() and not hidden.all() else None

    @property
    def holes(self) -> NDArray[np.bool_] | None:
        """(H, W), True where alpha is below one half; None where it is nowhere."""
        holes = None if self.alpha is None else self.alpha < OPAQUE
        return holes if holes is not None and holes.any() else None

    @property
    def measured(self) -> NDArray[np.float32]:
        """The pixels, with the visible colours continued below full transparency."""
        hidden = self.hidden
        return self.pixels if hidden is None else continued(self.pixels, ~hidden)

    def resized_alpha(self, height: int, width: int) -> NDArray[np.float32] | None:
        """The alpha channel at another size, (height, width) on [0, 1]; None where there is none.

        Bicubic, as the picture itself is enlarged; unchanged values where the size is the same.
        """
        if self.alpha is None or self.alpha.shape == (height, width):
            return self.alpha
        resized = Image.fromarray(self.alpha).resize((width, height), Image.Resampling.BICUBIC)
        return np.asarray(resized).clip(0, 1)  # bicubic overshoots at edges

    def with_pixels(self, pixels: NDArray[np.floating[Any]]) -> Picture:
        """This picture with other pixels, of any size; alpha is resized with them."""
        height, width = pixels.shape[:2]
        return dataclasses.replace(
            self,
            pixels=np.asarray(pixels, dtype=np.float32),
            alpha=self.resized_alpha(height, width),
            compression=None,
        )

    def restored(self, pixels: NDArray[np.floating[Any]], fills_alpha: bool) -> Picture:
        """What a restoration, or a measurement, makes of this picture.

        Args:
            pixels: (H, W, C) on [0, 1], of any size.
            fills_alpha: Whether its transparency said which pixels were missing: it is gone then.
        """
        opaque = dataclasses.replace(self, alpha=None) if fills_alpha else self
        return opaque.with_pixels(pixels)

    def levels(self, white: int) -> NDArray[Any]:
        """The samples as whole numbers from 0 to ``white``, clipped and rounded: (H, W, C).

        Alpha is the last of them. ``white`` is 255 (the result is uint8) or 65535 (uint16).
        """
        if self.alpha is None:
            return to_levels(self.pixels, white)
        shape = self.height, self.width, self.channels + 1
        samples = np.empty(shape, _type_of(white))
        to_levels(self.pixels, white, out=samples[..., :-1])
        to_levels(self.alpha, white, out=samples[..., -1])
        return samples

    def to_pil(self) -> Image.Image:
        """A Pillow image (L, LA, RGB or RGBA); values are clipped and rounded.

        It has 8 bits but for grey without alpha, of which Pillow knows 16.
        """
        deep = self.bit_depth == 16 and self.channels == 1 and self.alpha is None
        image = _image(self.levels(65535 if deep else 255))
        metadata = self.metadata.true_of(self.width, self.height)
        known = {
            "exif": metadata.exif,
            "icc_profile": metadata.icc_profile,
            "dpi": metadata.dpi,
            "xmp": metadata.xmp,
        }
        image.info.update({key: value for key, value in known.items() if value is not None})
        return image

    @classmethod
    def from_pil(cls, image: Image.Image) -> Picture:
        """A picture from a Pillow image of any mode, turned upright as its EXIF asks.

        Raises:
            ImageReadError: The mode has no defined white, or is unknown; or the image is closed,
                or its file is, or is damaged.
        """
        with decoding(
            "The picture is closed, damaged or cut short.",
            "Open it again, and load it before its file is closed.",
        ):
            planes = planes_of(image)
            return picture_of(planes, *pillow_metadata(image), Compression.of_image(image))


def picture_of(
    planes: Planes, stored: Metadata, notes: tuple[str, ...], compression: Compression | None = None
) -> Picture:
    """Samples and what their file says, joined and turned upright."""
    metadata, orientation, metadata_notes = upright(stored)
    if compression is not None:
        compression = dataclasses.replace(compression, orientation=orientation)
    if not planes.keeps_profile:
        metadata = dataclasses.replace(metadata, icc_profile=None, colour={})
    planes = turned(planes, orientation)
    return Picture(
        planes.pixels,
        planes.alpha,
        planes.bit_depth,
        metadata,
        planes.notes + notes + metadata_notes,
        compression,
    )


def to_levels(
    values: NDArray[np.float32], levels: int, *, out: NDArray[Any] | None = None
) -> NDArray[Any]:
    """Values on [0, 1] as whole numbers from 0 to ``levels``: clipped, then rounded.

    ``levels`` is 255 (the result is uint8) or 65535 (uint16); ``out`` is where they go.
    """
    rounded = np.empty(values.shape, _type_of(levels)) if out is None else out
    rows = max(1, _STRIP // max(1, values[:1].size))
    for top in range(0, len(values), rows):
        strip = np.clip(values[top : top + rows], 0, 1)
        rounded[top : top + rows] = np.rint(strip * np.float32(levels))
    return rounded


def image_of(samples: NDArray[np.float32]) -> Image.Image:
    """An 8-bit Pillow image of (H, W, C) samples: 1 to 4 channels are L, LA, RGB, RGBA."""
    return _image(to_levels(samples, 255))


def _image(samples: NDArray[Any]) -> Image.Image:
    return Image.fromarray(samples[..., 0] if samples.shape[2] == 1 else samples)


def _type_of(levels: int) -> type[np.uint8 | np.uint16]:
    return np.uint8 if levels == 255 else np.uint16
