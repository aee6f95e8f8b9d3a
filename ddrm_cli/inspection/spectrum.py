"""Where the spectrum of a photograph ends: it was enlarged, or blurred, or neither.

Along rows and columns, photographs have about the power spectrum ``f^-b``. A Gaussian blur of
standard deviation s multiplies it by ``exp(-(2 pi f s)^2)``; an enlargement by a factor m folds the
spectrum of the small picture over the large one and multiplies it by that of the interpolation, so
that it ends at ``1 / 2m``; white noise adds a constant, before the enlargement and after it:

    S(f) = (g^-b exp(-(2 pi g s)^2) + n_1) |K(m f)|^2 + n_2,      g = |m f - round(m f)|,

with the spectrum K of bicubic interpolation. All of them are compared with the picture's, in
logarithms, by the mean absolute difference; those that come nearest are what may have happened.
"""

from __future__ import annotations

import itertools
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .findings import Softness

__all__ = ["softness"]

_BINS = 32  # of the frequencies up to one half
_SIDE = 1024  # pixels of the middle that are looked at
_LEAST = 96  # pixels: smaller pictures have too few waves in the lowest bins

_FACTORS = (1, 2, 3, 4)
_BLURS = (0.0, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0)
_SLOPES = (0.6, 1.0, 1.4, 1.8, 2.2, 2.6, 3.0)
_BEFORE = (0.0, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3)  # n_1, of the power at 0.02
_AFTER = (0.0, 1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3)  # n_2

# Models that are worse than the best by less are not told apart. Right ones differ from the
# spectra of photographs by 0.04 to 0.15.
_MARGIN = 0.03


class _Models(NamedTuple):
    """Every model: its logarithm (model, bin), and its factor and blur."""

    logarithms: NDArray[np.float32]
    factors: NDArray[np.intp]
    blurs: NDArray[np.float64]


def softness(grey: NDArray[np.floating[Any]]) -> Softness | None:
    """How many times a picture was enlarged, and how wide it was blurred.

    Args:
        grey: (H, W) on [0, 1].

    Returns:
        What may be; None for a picture too small, or of one colour.
    """
    top, left = (max(0, (side - _SIDE) // 2) for side in grey.shape)
    grey = grey[top : top + _SIDE, left : left + _SIDE].astype(np.float64)
    if min(grey.shape) < _LEAST:
        return None
    power = _spectrum(grey) + _spectrum(grey.T)
    if power.min() <= 0:
        return None
    models = _models()
    difference = np.log(power).astype(np.float32) - models.logarithms
    difference -= np.median(difference, axis=1, keepdims=True)  # brightness and contrast
    distance = np.abs(difference[:, 1:]).mean(axis=1)  # the lowest bin is the composition's
    near = distance < distance.min() + _MARGIN
    best = {
        factor: float(distance[models.factors == factor].min())
        for factor in _FACTORS
        if near[models.factors == factor].any()
    }
    factors = sorted(best, key=lambda factor: best[factor])
    blurs = models.blurs[near & (models.factors == (1 if 1 in factors else factors[0]))]
    return Softness(tuple(factors), (float(blurs.min()), float(blurs.max())))


def _spectrum(grey: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Power of the waves along the rows: the median in each bin, free of the lines of a JPEG."""
    slopes = np.diff(grey, axis=1)  # which has no steep end for a window to leak from
    window = np.hanning(slopes.shape[1])
    f = np.fft.rfftfreq(slopes.shape[1])[1:]
    power = (np.abs(np.fft.rfft(slopes * window)) ** 2).mean(axis=0)[1:]
    power /= (window**2).sum() * (2 * np.sin(np.pi * f)) ** 2
    bins = np.minimum((2 * _BINS * f).astype(int), _BINS - 1)
    return np.array([np.median(power[bins == index]) for index in range(_BINS)])


@lru_cache(maxsize=1)
def _models() -> _Models:
    f = (np.arange(_BINS) + 0.5) / (2 * _BINS)
    before, after = np.array(_BEFORE)[:, None, None], np.array(_AFTER)[:, None]
    spectra, factors, blurs = [], [], []
    for factor, blur, slope in itertools.product(_FACTORS, _BLURS, _SLOPES):
        g = np.maximum(np.abs(factor * f - np.rint(factor * f)), f[0])
        photograph = (g / 0.02) ** -slope * np.exp(-((2 * np.pi * g * blur) ** 2))
        gain = 1.0 if factor == 1 else _bicubic(factor * f) ** 2
        spectrum = (photograph + before) * gain + after
        spectra.append(spectrum.reshape(-1, _BINS))
        factors += [factor] * len(spectra[-1])
        blurs += [blur] * len(spectra[-1])
    logarithms = np.log(np.concatenate(spectra) + 1e-9).astype(np.float32)
    return _Models(logarithms, np.array(factors), np.array(blurs))


def _bicubic(frequency: NDArray[np.float64]) -> NDArray[np.float64]:
    """Spectrum of cubic convolution with a = -1/2 (R. G. Keys, 1981), in waves a sample."""
    x = np.linspace(0, 2, 257)
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    waves = np.cos(2 * np.pi * np.outer(frequency, x)) * np.where(x < 1, near, far)
    return np.asarray((waves[:, 1:] + waves[:, :-1]).sum(axis=1) * (x[1] - x[0]))
