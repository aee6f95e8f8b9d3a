"""Was a picture a JPEG once? The cosine transforms of its blocks, as they were rounded, say so.

A JPEG rounds each coefficient to a multiple of its step. Decoded and saved as another kind of
file, the multiples are still there, but for the rounding of the pixels. Where the steps of a
quality are right, coefficients lie within a fraction of a level of their multiples; with wrong
steps they lie anywhere between (Z. Fan and R. L. de Queiroz, "Identification of bitmap compression
history: JPEG detection and quantizer estimation", IEEE Trans. Image Processing 12, 2003).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ddrm_cli.degradations.compression import Compression

from .findings import Jpeg

__all__ = ["jpeg_in_file", "jpeg_in_pixels"]

_BLOCKS = 1024  # are enough; spread over the picture
_ROUNDING = 0.3  # of a coefficient, in levels, where three channels were rounded to whole ones
_LEAST_STEP = 3  # finer steps cannot be told from the rounding
_LEAST = 100  # coefficients to judge by
_EVIDENCE = 0.3  # log-likelihood of a coefficient above that of none; a right quality has 0.6 to 2
_QUALITIES = range(5, 97)
_LUMA = np.array([0.299, 0.587, 0.114])


def jpeg_in_file(compression: Compression) -> Jpeg:
    """What the tables of a file say: the quality whose luma table is the nearest."""
    own = np.array(compression.tables[0])

    def distance(quality: int) -> float:
        table = np.array(Compression.of_quality(quality).tables[0])
        return float(np.abs(np.log(table / own)).sum())

    return Jpeg(
        min(range(1, 101), key=distance),
        compression.subsampling,
        compression.noise,
        compression.colours in ("YCbCr", "grey"),
    )


def jpeg_in_pixels(pixels: NDArray[np.floating[Any]]) -> Jpeg | None:
    """A compression that the pixels still show; None where they show none.

    Only blocks that begin in the picture's corner are looked for: after a crop they do not, and
    after any change of size they are gone. Qualities above 95 leave no trace.

    Args:
        pixels: (H, W, C) on [0, 1], as they were stored.
    """
    coefficients = _coefficients(pixels)
    if coefficients is None:
        return None
    scores = {quality: _evidence(coefficients, quality) for quality in _QUALITIES}
    best = max(scores, key=lambda quality: scores[quality])
    if scores[best] < _EVIDENCE:
        return None
    return Jpeg(best, None, Compression.of_quality(best).noise)


def _coefficients(pixels: NDArray[np.floating[Any]]) -> NDArray[np.float64] | None:
    """Cosine transforms of luma, (block, 64), in levels of 255; None where no block fits."""
    height, width = (side // 8 for side in pixels.shape[:2])
    if not height or not width:
        return None
    whole = pixels[: 8 * height, : 8 * width]
    blocks = whole.reshape(height, 8, width, 8, -1).swapaxes(1, 2).reshape(-1, 8, 8, whole.shape[2])
    blocks = blocks[:: max(1, len(blocks) // _BLOCKS)]
    clipped = ((blocks == 0) | (blocks == 1)).any(axis=(1, 2, 3))
    blocks = 255 * blocks[~clipped].astype(np.float64)
    luma = blocks @ _LUMA if blocks.shape[-1] == 3 else blocks[..., 0]
    k = np.arange(8)
    cosines = np.cos(np.pi * np.outer(k, 2 * k + 1) / 16) / 2
    cosines[0] /= math.sqrt(2)
    return np.asarray((cosines @ (luma - 128) @ cosines.T).reshape(-1, 64))


def _evidence(coefficients: NDArray[np.float64], quality: int) -> float:
    """Mean log-likelihood ratio of coefficients that were rounded with a quality's steps to any.

    Only those that were not rounded to zero count: there are coefficients near zero in any
    picture.
    """
    steps = np.array(Compression.of_quality(quality).tables[0], np.float64)
    coefficients, steps = coefficients[:, steps >= _LEAST_STEP], steps[steps >= _LEAST_STEP]
    multiples = np.rint(coefficients / steps)
    counted = multiples != 0
    if counted.sum() < _LEAST:
        return 0.0
    error = ((coefficients - multiples * steps) / _ROUNDING)[counted]
    density = np.exp(-(error**2) / 2) / (math.sqrt(2 * math.pi) * _ROUNDING)
    ratio = 0.9 * density * np.broadcast_to(steps, multiples.shape)[counted] + 0.1
    return float(np.log(ratio).mean())
