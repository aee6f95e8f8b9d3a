"""Photographs whose past is known."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

PHOTOS = Path(__file__).parents[1] / "data" / "photos"
NAMES = ["chelsea", "coffee", "astronaut"]


def photo(name: str) -> Image.Image:
    """256 x 256 pixels in colour, sharp and almost without noise."""
    return Image.open(PHOTOS / f"{name}.png").convert("RGB")


def blurred(image: Image.Image, sigma: float) -> Image.Image:
    """By a Gaussian; Pillow's own is a chain of boxes."""
    radius = int(4 * sigma) + 1
    taps = np.exp(-(np.arange(-radius, radius + 1) ** 2) / (2 * sigma**2))
    taps /= taps.sum()
    x = np.asarray(image) / 255
    for axis in (0, 1):
        width = [(radius, radius) if a == axis else (0, 0) for a in range(3)]
        padded = np.moveaxis(np.pad(x, width, mode="symmetric"), axis, 0)
        rows = sum(tap * padded[k : k + x.shape[axis]] for k, tap in enumerate(taps))
        x = np.moveaxis(np.asarray(rows), 0, axis)
    return from_array(x)


def enlarged(image: Image.Image, factor: int) -> Image.Image:
    """Bicubic."""
    width, height = image.size
    return image.resize((factor * width, factor * height), Image.Resampling.BICUBIC)


def noisy(image: Image.Image, sigma: float, seed: int = 0) -> Image.Image:
    """White noise in each channel."""
    pixels = np.asarray(image) / 255
    return from_array(pixels + sigma * np.random.default_rng(seed).standard_normal(pixels.shape))


def from_array(pixels: np.ndarray) -> Image.Image:
    """8 bits of (H, W, C) on [0, 1]."""
    return Image.fromarray(np.uint8(np.rint(255 * pixels.clip(0, 1))))


def once_jpeg(image: Image.Image, quality: int, subsampling: int = 2) -> Image.Image:
    """The pixels of a JPEG, of which nothing says that they were."""
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality, subsampling=subsampling)
    return Image.fromarray(np.asarray(Image.open(stream)))
