"""A picture in memory: pixels, alpha, and what must survive until it is written again."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ddrm_cli.degradations.compression import Compression
from ddrm_cli.errors import UsageError
from ddrm_cli.images.exif import read_exif, upright
from ddrm_cli.images.modes import Planes, planes_of
from ddrm_cli.images.quiet import decoding
from ddrm_cli.images.xmp import text_of_xmp

__all__ = ["Metadata", "Picture", "image_of", "picture_from_planes", "to_levels"]

# Text chunks that repeat, in other words, what is kept elsewhere: EXIF, ICC and XMP. Written
# again beside the new EXIF they would contradict it (an old orientation, an old size).
_REPEATED_TEXT = ("XML:com.adobe.xmp", "Raw profile type")

# Below, Pillow's stand-in for a TIFF that states none; above, more than JPEG's 16 bits can hold.
_MIN_DPI, _MAX_DPI = 1, 65535


@dataclass(frozen=True)
class Metadata:
    r"""What a file says about its picture besides the pixels.

    Attributes:
        exif: EXIF block starting with ``Exif\0\0``, orientation 1; or None.
        icc_profile: Colour profile as stored; or None, which readers take as sRGB.
        dpi: Dots per inch, horizontal and vertical; or None.
        text: PNG text chunks, and what this program wrote into an XMP packet.
    """

    exif: bytes | None = None
    icc_profile: bytes | None = None
    dpi: tuple[float, float] | None = None
    text: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture, always upright, with its metadata.

    Attributes:
        pixels: (H, W, C) float32 on [0, 1]; C is 1 (grey) or 3 (RGB, not premultiplied).
        alpha: (H, W) float32 on [0, 1], 0 = transparent; or None for an opaque picture.
        bit_depth: 8 or 16: how it was stored and should be stored again.
        metadata: EXIF, ICC profile, DPI, text.
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
        """What a restoration makes of this picture.

        Args:
            pixels: (H, W, C) on [0, 1], of any size.
            fills_alpha: Whether its transparency said which pixels were missing: it is gone then.
        """
        opaque = dataclasses.replace(self, alpha=None) if fills_alpha else self
        return opaque.with_pixels(pixels)

    def to_pil(self) -> Image.Image:
        """A Pillow image (L, LA, RGB or RGBA); values are clipped and rounded.

        It has 8 bits but for grey without alpha, of which Pillow knows 16.
        """
        samples = self.pixels
        if self.alpha is not None:
            samples = np.concatenate([samples, self.alpha[..., None]], axis=2)
        if self.bit_depth == 16 and samples.shape[2] == 1:
            image = Image.fromarray(to_levels(samples[..., 0], 65535))
        else:
            image = image_of(samples)
        metadata = self.metadata
        known = {"exif": metadata.exif, "icc_profile": metadata.icc_profile, "dpi": metadata.dpi}
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
            return picture_from_planes(planes_of(image), image)


def picture_from_planes(planes: Planes, image: Image.Image) -> Picture:
    """Samples and the metadata of the image they came from, joined and turned upright."""
    exif, orientation, exif_notes = read_exif(image)
    planes = upright(planes, orientation)
    metadata = Metadata(
        exif=exif,
        icc_profile=(image.info.get("icc_profile") or None) if planes.keeps_profile else None,
        dpi=_dpi(image.info.get("dpi"), turned=orientation >= 5),
        text=text_of_xmp(image.info.get("xmp", b"")) | _text(getattr(image, "text", {})),
    )
    return Picture(
        planes.pixels,
        planes.alpha,
        planes.bit_depth,
        metadata,
        planes.notes + exif_notes,
        Compression.of_image(image, orientation),
    )


def to_levels(values: NDArray[np.float32], levels: int) -> NDArray[Any]:
    """Values on [0, 1] as whole numbers from 0 to ``levels``: clipped, then rounded.

    ``levels`` is 255 (the result is uint8) or 65535 (uint16).
    """
    rounded = np.rint(np.clip(values, 0, 1) * np.float32(levels))
    return np.asarray(rounded, dtype=np.uint8 if levels == 255 else np.uint16)


def image_of(samples: NDArray[np.float32]) -> Image.Image:
    """An 8-bit Pillow image of (H, W, C) samples: 1 to 4 channels are L, LA, RGB, RGBA."""
    rounded = to_levels(samples, 255)
    return Image.fromarray(rounded[..., 0] if rounded.shape[2] == 1 else rounded)


def _dpi(value: object, *, turned: bool) -> tuple[float, float] | None:
    """The density a file states, or None where it is absent or makes no sense."""
    try:
        across, down = (float(part) for part in value)  # type: ignore[attr-defined]
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    if not all(math.isfinite(part) and _MIN_DPI < part <= _MAX_DPI for part in (across, down)):
        return None
    return (down, across) if turned else (across, down)


def _text(chunks: Mapping[str, object]) -> dict[str, str]:
    return {
        str(key): str(value)
        for key, value in chunks.items()
        if not str(key).startswith(_REPEATED_TEXT)
    }
