"""How noisy a photograph is: the wavelet/MAD estimate, taken where the photograph is flat.

Donoho and Johnstone's rule: in the finest diagonal band of an orthogonal wavelet transform, white
noise of standard deviation sigma has that same standard deviation, and a photograph has little
else; so sigma is about the median of the absolute coefficients divided by 0.6745 (D. L. Donoho
and I. M. Johnstone, "Ideal spatial adaptation by wavelet shrinkage", Biometrika 81, 1994).

Little is not nothing: fur and leaves are mostly finest detail, and on clean photographs the plain
rule finds noise of 0.005 to 0.012. So the median is taken over the flattest blocks only. Which are
flat is read from the horizontal and vertical bands, never from the diagonal band itself: for white
noise these bands are independent, so that choosing by one does not bias the estimate from the
other. The wavelet is db2, which also cancels linear shading, where Haar cancels only constants.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["estimate_sigma"]

# Daubechies' filter with two vanishing moments, orthonormal; and its mirror filter.
_ROOT_3 = np.sqrt(3)
_LOW = np.array([1 + _ROOT_3, 3 + _ROOT_3, 3 - _ROOT_3, 1 - _ROOT_3]) / (4 * np.sqrt(2))
_HIGH = _LOW[::-1] * [1, -1, 1, -1]

# Median of |z| for a standard normal z.
_MEDIAN_OF_NORMAL = 0.6745

# A block of 8 x 8 coefficients covers about 16 x 16 pixels: large enough to tell flat from
# textured through noise, small enough to fit between textures. A tenth of them is the best
# compromise measured on photographs: fewer are too few to average, more bring texture back.
_BLOCK = 8
_FLAT_SHARE = 0.1

# Below this many coefficients (a picture of about 32 x 32) a median says nothing reliable.
_FEWEST = 256


def estimate_sigma(
    pixels: NDArray[np.floating[Any]], known: NDArray[np.bool_] | None = None
) -> float:
    """Standard deviation of the white noise in a photograph, on [0, 1] pixel values.

    Each channel is estimated by itself; the result is the median over channels. Coefficients that
    touch a pixel at exactly 0 or 1 are left out where enough others remain, since clipping there
    cut the noise off. Noise that is not white (after JPEG, or enlarged with the picture) is
    underestimated.

    Args:
        pixels: (H, W, C) on [0, 1].
        known: (H, W), False where a pixel is not to be trusted; None for all known.

    Returns:
        sigma, at least 0; exactly 0 for a picture too small to say or constant.
    """
    height, width, channels = pixels.shape
    if min(height, width) < len(_LOW):
        return 0.0
    usable = np.ones((height, width), bool) if known is None else known
    estimates = [_of_channel(pixels[..., channel], usable) for channel in range(channels)]
    return float(np.median(estimates))


def _of_channel(channel: NDArray[np.floating[Any]], known: NDArray[np.bool_]) -> float:
    vertical_low, vertical_high = _filtered(channel, _LOW, 0), _filtered(channel, _HIGH, 0)
    diagonal = _filtered(vertical_high, _HIGH, 1)
    usable = _touches_only(known)
    unclipped = usable & _touches_only((channel != 0) & (channel != 1))
    if unclipped.sum() >= max(_FEWEST, 0.1 * usable.sum()):
        usable = unclipped
    if usable.sum() < _FEWEST:
        return 0.0
    texture = _filtered(vertical_low, _HIGH, 1) ** 2 + _filtered(vertical_high, _LOW, 1) ** 2
    flat = usable & _flattest(texture, usable)
    return float(np.median(np.abs(diagonal[flat]))) / _MEDIAN_OF_NORMAL


def _filtered(values: NDArray[Any], taps: NDArray[np.float64], axis: int) -> NDArray[Any]:
    """Filter and keep every second value; only where the filter lies inside the picture."""
    values = np.moveaxis(values, axis, 0)
    count = (len(values) - len(taps)) // 2 + 1
    # `taps` are float64 scalars; float() keeps float32 pixels float32.
    terms = (float(tap) * values[k : k + 2 * count - 1 : 2] for k, tap in enumerate(taps))
    return np.moveaxis(sum(terms, np.float32(0)), 0, axis)


def _touches_only(good: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """For each coefficient, whether all 4 x 4 pixels it is made of are good."""
    for axis in (0, 1):
        rows = np.moveaxis(good, axis, 0)
        count = (len(rows) - len(_LOW)) // 2 + 1
        shifted = [rows[k : k + 2 * count - 1 : 2] for k in range(len(_LOW))]
        good = np.moveaxis(np.logical_and.reduce(shifted), 0, axis)
    return good


def _flattest(texture: NDArray[Any], usable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The coefficients in the tenth of the blocks with the least texture.

    Blocks with less than half of their coefficients usable are not considered. Where that leaves
    too few coefficients to judge by, all of them are taken.
    """
    everything = np.ones_like(usable)
    rows, columns = (side // _BLOCK for side in usable.shape)
    counts = _block_sums(usable.astype(np.float32), rows, columns)
    considered = counts >= _BLOCK**2 / 2
    total = int(considered.sum())
    chosen = max(round(_FLAT_SHARE * total), _FEWEST * 2 // _BLOCK**2)
    if chosen > total:
        return everything
    means = _block_sums(np.where(usable, texture, 0), rows, columns) / np.maximum(counts, 1)
    means[~considered] = np.inf
    # Exactly `chosen` blocks, also where many have the same texture (none, say).
    order = np.argsort(means, axis=None, kind="stable")[:chosen]
    flat = np.zeros(rows * columns, bool)
    flat[order] = True
    blocks = flat.reshape(rows, columns).repeat(_BLOCK, 0).repeat(_BLOCK, 1)
    everything[:] = False
    everything[: rows * _BLOCK, : columns * _BLOCK] = blocks
    return everything


def _block_sums(values: NDArray[Any], rows: int, columns: int) -> NDArray[Any]:
    whole = values[: rows * _BLOCK, : columns * _BLOCK]
    return np.asarray(whole.reshape(rows, _BLOCK, columns, _BLOCK).sum(axis=(1, 3)))
