"""Colours under full transparency: nobody has seen them, so they are no measurement."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["continued"]


def continued(pixels: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Pixels with those that are not known continued from those that are.

    A blur mixes what is hidden into what is seen: whatever stands there must look like its
    neighbours. Each unknown pixel is interpolated from the same picture at half the size, where
    every pixel is the mean of the known ones of four, and so on (Gortler et al., The Lumigraph,
    1996, "pull-push").

    Args:
        pixels: (H, W, C).
        known: (H, W).

    Returns:
        (H, W, C); the known pixels as they were, all where none is known.
    """
    if known.all() or not known.any():
        return pixels
    height, width, channels = pixels.shape
    edge = ((0, height % 2), (0, width % 2))
    weights = np.pad(known, edge).astype(np.float32)
    values = np.pad(np.where(known[..., None], pixels, 0), (*edge, (0, 0)))
    count = _quartered(weights[..., None])
    half = continued(_quartered(values) / np.maximum(count, np.float32(1)), count[..., 0] > 0)
    size = weights.shape[::-1]
    planes = [
        np.asarray(Image.fromarray(half[..., channel]).resize(size, Image.Resampling.BILINEAR))
        for channel in range(channels)
    ]
    return np.where(known[..., None], pixels, np.stack(planes, axis=2)[:height, :width])


def _quartered(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The sums of two by two pixels."""
    rows = values[::2] + values[1::2]
    return np.asarray(rows[:, ::2] + rows[:, 1::2])
