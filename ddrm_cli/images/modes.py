"""Pillow's colour modes, each turned into pixels and alpha on [0, 1]."""

from __future__ import annotations

import dataclasses
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from ddrm_cli.errors import ImageReadError

__all__ = ["Planes", "by_planes", "planes_of", "turned", "with_alpha"]

_GREY_8 = {"1", "L", "LA", "La"}
_COLOUR_8 = {"P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "YCbCr", "HSV"}
_GREY_16 = {"I;16", "I;16L", "I;16B", "I;16N"}

# Formats whose 32-bit mode "I" is Pillow's container for 16-bit samples.
_SIXTEEN_BITS_IN_I = {"PNG", "PPM"}

# Tag numbers of TIFF 6.0.
_BITS_PER_SAMPLE = 258
_PHOTOMETRIC = 262
_WHITE_IS_ZERO = 0


@dataclass(frozen=True, eq=False)
class Planes:
    """The samples of a picture, before anything is known of its metadata.

    Attributes:
        pixels: (H, W, 1) or (H, W, 3), float32 on [0, 1].
        alpha: (H, W), float32 on [0, 1], or None for an opaque picture.
        bit_depth: 8 or 16, what the samples were stored with.
        keeps_profile: False where the colours were converted, so that the file's ICC profile no
            longer describes them.
        notes: One sentence for each thing the user should hear.
    """

    pixels: NDArray[np.float32]
    alpha: NDArray[np.float32] | None
    bit_depth: int
    keeps_profile: bool = True
    notes: tuple[str, ...] = ()


def planes_of(image: Image.Image, name: str = "The picture") -> Planes:
    """Pixels and alpha of a Pillow image of any mode.

    Grey modes give one channel, all others three. CMYK and Lab become sRGB; CMYK goes through its
    own ICC profile where it has one.

    Args:
        image: The image; it is loaded if it was not.
        name: What errors call it.

    Raises:
        ImageReadError: The mode has no defined white (32-bit integers, floats beyond [0, 1]) or is
            unknown.
    """
    mode = image.mode
    if mode in _GREY_8:
        return _eight_bits(image.convert("LA" if image.has_transparency_data else "L"))
    if mode in _COLOUR_8:
        return _eight_bits(image.convert("RGBA" if image.has_transparency_data else "RGB"))
    if mode in ("CMYK", "LAB"):
        return _through_srgb(image)
    if mode in _GREY_16 or (mode == "I" and image.format in _SIXTEEN_BITS_IN_I):
        return _grey_sixteen_bits(image)
    if mode == "F":
        return _grey_float(image, name)
    if mode == "I":
        raise ImageReadError(
            f"{name} holds 32-bit whole numbers, and nothing says which of them is white.",
            "Save it with 8 or 16 bits a sample first.",
        )
    raise ImageReadError(
        f"{name} has the colour mode {mode}, which is not supported.",
        "Save it as an RGB or grey picture first.",
    )


def with_alpha(
    samples: NDArray[Any], white: float, alpha: bool, bit_depth: int, *, premultiplied: bool = False
) -> Planes:
    """Samples as they are stored, as pixels and alpha.

    Args:
        samples: (H, W, C), of any real type.
        white: The value that is white, and opaque.
        alpha: Whether the last channel is alpha.
        bit_depth: 8 or 16.
        premultiplied: Whether the colours were multiplied by it.
    """
    if not alpha:
        return Planes(by_planes(samples, white), None, bit_depth)
    pixels = by_planes(samples[..., :-1], white)
    opacity = np.divide(samples[..., -1], np.float32(white), dtype=np.float32)
    if premultiplied:
        divisor = np.maximum(opacity, np.float32(1 / white))[..., None]
        pixels = np.clip(pixels / divisor, 0, 1)
    return Planes(pixels, opacity, bit_depth)


def by_planes(samples: NDArray[Any], white: float) -> NDArray[np.float32]:
    """Samples (H, W, C) as pixels, which lie in memory one channel after another.

    So tensors can have them without a copy.
    """
    height, width, channels = samples.shape
    pixels = np.moveaxis(np.empty((channels, height, width), np.float32), 0, 2)
    np.divide(samples, np.float32(white), out=pixels, dtype=np.float32)
    return pixels


def turned(planes: Planes, orientation: int) -> Planes:
    """The samples turned and mirrored as the EXIF orientation 1 to 8 asks."""
    alpha = planes.alpha
    channels = np.ascontiguousarray(np.moveaxis(_turned(planes.pixels, orientation), 2, 0))
    return dataclasses.replace(
        planes,
        pixels=np.moveaxis(channels, 0, 2),
        alpha=None if alpha is None else np.ascontiguousarray(_turned(alpha, orientation)),
    )


def _turned(array: NDArray[np.float32], orientation: int) -> NDArray[np.float32]:
    """EXIF 2.32, tag 274: the number names the side where row 0 and column 0 of the file lie."""
    if orientation >= 5:  # row 0 is a side, not the top or bottom
        array = array.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return array


def _eight_bits(image: Image.Image) -> Planes:
    samples = np.asarray(image)
    if samples.ndim == 2:
        samples = samples[..., None].astype(np.uint8)
    return with_alpha(samples, 255, image.mode in ("LA", "RGBA"), 8)


def _through_srgb(image: Image.Image) -> Planes:
    space = "CMYK" if image.mode == "CMYK" else "Lab"
    srgb = ImageCms.createProfile("sRGB")
    embedded = image.info.get("icc_profile")
    note = f"{space} was converted to sRGB."
    rgb: Image.Image | None = None
    try:
        if image.mode == "LAB":
            lab = ImageCms.createProfile("LAB")
            rgb = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
        elif embedded:
            own = ImageCms.ImageCmsProfile(io.BytesIO(embedded))
            rgb = ImageCms.profileToProfile(image, own, srgb, outputMode="RGB")
            note = "CMYK was converted to sRGB through the file's colour profile."
    except (ImageCms.PyCMSError, OSError):
        note = f"{space} was converted to sRGB without the file's colour profile, which is damaged."
    if rgb is None:
        rgb = image.convert("RGB")
        if not embedded:
            note = "CMYK was converted to RGB without a colour profile, so colours are approximate."
    planes = _eight_bits(rgb)
    return Planes(planes.pixels, None, 8, keeps_profile=False, notes=(note,))


def _grey_sixteen_bits(image: Image.Image) -> Planes:
    samples = np.asarray(image).astype(np.float32)
    tags = getattr(image, "tag_v2", {})
    # A TIFF may store 12 bits in 16-bit samples; white is then 4095.
    white = np.float32(2 ** tags.get(_BITS_PER_SAMPLE, (16,))[0] - 1)
    # A PNG marks one grey value as transparent; Pillow converts this itself only for 8 bits.
    hole = image.info.get("transparency")
    alpha = (samples != hole).astype(np.float32) if isinstance(hole, int) else None
    pixels = samples / white
    # Pillow turns "white is zero" around for 8 bits, but not for 16.
    if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
        pixels = 1 - pixels
    return Planes(pixels[..., None], alpha, 16)


def _grey_float(image: Image.Image, name: str) -> Planes:
    pixels = np.asarray(image, dtype=np.float32)
    if not (pixels.size and pixels.min() >= 0 and pixels.max() <= 1):  # also false for NaN
        raise ImageReadError(
            f"{name} holds floating-point values beyond 0 to 1, and nothing says what is white.",
            "Scale it to 0 to 1, or save it with 8 or 16 bits a sample.",
        )
    return Planes(pixels[..., None].copy(), None, 16)
