"""How noisy a photograph is, where noise can be told from texture.

In the finest diagonal band of an orthogonal wavelet transform, white noise of standard deviation
sigma has that same standard deviation, and a photograph has little else (D. L. Donoho and I. M.
Johnstone, "Ideal spatial adaptation by wavelet shrinkage", Biometrika 81, 1994). Little is not
nothing: fur and leaves are mostly finest detail. Three things tell them from noise.

Noise is everywhere. The coefficients are taken in groups of ``n`` neighbours; the mean square of a
group is ``sigma^2 chi^2_n / n`` where there is nothing but noise, and larger where there is
texture. So a low quantile of the groups, divided by that of the distribution, is sigma^2 if it and
the median agree; by how much they differ, texture is left even in the flattest groups, and it is
taken off (`_floor`). Groups come from the flattest half of the picture, which the horizontal and
vertical bands say: in white noise they are independent of the diagonal one. Noise that grows with
brightness, as a sensor's does, is looked for among the dark and the bright groups apart.

Noise has colours. Texture is mostly light and shade: the differences of the channels have almost
none of it, but all of the noise that is independent from channel to channel.

Noise of neighbours is independent, or else it is found in the next coarser band, too, and stronger
there: then it was enlarged, or is film grain. Where its spectrum is a product over the axes, of
standard deviation ``s_1`` in the finest octave, ``s_2`` in the next and ``s_3`` below, a pixel has
``s_1 / 2 + s_2 / 4 + s_3 / 4``. Coarser octaves hold too much texture to look there: if the
spectrum falls like a Gaussian, whose logarithm goes with the square of the frequency, ``s_3 = s_2
(s_2 / s_1)^(1/4)``.

Coefficients that are exactly zero are left out: there is no noise in bars, captions and other
drawn areas, which says nothing about the photograph beside them. So are pixels at exactly 0 or 1,
where the noise was cut off.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["NoiseLevel", "estimate_noise"]

_Array = NDArray[np.floating[Any]]
_Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class _Wavelet:
    """An orthonormal pair of filters."""

    low: NDArray[np.float64]

    @property
    def high(self) -> NDArray[np.float64]:
        return self.low[::-1] * (-1.0) ** np.arange(len(self.low))


# Daubechies' with two vanishing moments, which cancels shading; Haar's, for which four known
# pixels are enough where pixels are missing everywhere.
_ROOT_3 = np.sqrt(3)
_DB2 = _Wavelet(np.array([1 + _ROOT_3, 3 + _ROOT_3, 3 - _ROOT_3, 1 - _ROOT_3]) / (4 * np.sqrt(2)))
_HAAR = _Wavelet(np.array([1, 1]) / np.sqrt(2))

# A group of 8 x 8 coefficients covers about 16 x 16 pixels: large enough for its mean square to be
# known to a sixth, small enough to fit between textures. The quantiles and the factor were chosen
# on photographs, see docs/noise.md.
_BLOCK = 8
_GROUP = _BLOCK**2
_LOW_QUANTILE, _TEXTURE = 0.05, 2.5

# Below 8 groups (a picture of about 48 x 48) a quantile says nothing. Below 128 (about 190 x 190)
# there need not be a flat group among them, and what the channels have in common is not believed
# where their differences can be.
_FEWEST, _MANY = 8, 128

_SILENT = 1e-6  # rounding of float32 in a filter, far below that of 16 bits


@dataclass(frozen=True)
class NoiseLevel:
    """The noise of a photograph.

    Args:
        sigma: Standard deviation of a pixel's noise on [0, 1] pixel values; 0 where none is found.
        coarse: Whether neighbours share it: it was enlarged with the picture, or is grain.
    """

    sigma: float
    coarse: bool = False


def estimate_noise(pixels: _Array, known: _Mask | None = None) -> NoiseLevel:
    """Estimate the noise of a photograph.

    Noise that a JPEG has flattened is not found: the file's tables say more. Where a grey picture
    is texture all over, some of it is taken for noise.

    Args:
        pixels: (H, W, C) on [0, 1].
        known: (H, W), False where a pixel is not to be trusted; None for all known.

    Returns:
        The noise; none for a picture that is too small to say, under about 48 x 48 pixels.
    """
    if (pixels == pixels[..., :1]).all():
        pixels = pixels[..., :1]  # grey, whatever the file calls it
    trusted = np.ones(pixels.shape[:2], bool) if known is None else known
    for wavelet in (_DB2, _HAAR):
        octaves = list(_octaves(pixels, trusted, wavelet))
        if octaves:
            return _combined(octaves)
    return NoiseLevel(0.0)


@dataclass(frozen=True)
class _Octave:
    """What the diagonal band of one octave holds.

    Args:
        common: Standard deviation of the noise of a channel, texture taken off.
        different: The same from the differences of the channels; None for one channel.
        groups: How many groups of coefficients the picture has.
    """

    common: float
    different: float | None
    groups: int

    @property
    def has_colours(self) -> bool:
        """Whether the differences of the channels are believed."""
        if self.different is None:
            return False
        return self.groups < _MANY or _INDEPENDENT * self.different >= self.common


_INDEPENDENT = 3  # with less than a third of it in the differences, the channels share their noise

# How much stronger coarse noise is in the second octave. White noise has 1; an estimate from
# differences errs by a tenth, while texture can look like grain where there is one channel.
_COARSE_IN_DIFFERENCES, _COARSE_IN_COMMON = 1.5, 3


def _combined(octaves: list[_Octave]) -> NoiseLevel:
    """The noise of a pixel from that of each octave, the finest first."""
    if octaves[0].has_colours:
        levels = [octave.different or 0.0 for octave in octaves]
        steep = _COARSE_IN_DIFFERENCES
    else:
        levels = [octave.common for octave in octaves]
        steep = _COARSE_IN_COMMON
    finest, second = levels if len(levels) == 2 else levels * 2
    if finest == 0 or second < steep * finest:
        return NoiseLevel(finest)
    third = second * (second / finest) ** 0.25
    return NoiseLevel(finest / 2 + second / 4 + third / 4, coarse=True)


def _octaves(pixels: _Array, known: _Mask, wavelet: _Wavelet) -> Iterator[_Octave]:
    """The finest octave and the second, as far as there are coefficients enough."""
    unclipped = known & ((pixels != 0) & (pixels != 1)).all(axis=-1)
    for _ in range(2):
        if min(pixels.shape[:2]) < len(wavelet.low):
            return
        low, high = (_filtered(pixels, taps, 0) for taps in (wavelet.low, wavelet.high))
        horizontal, vertical = _filtered(low, wavelet.high, 1), _filtered(high, wavelet.low, 1)
        pixels, diagonal = _filtered(low, wavelet.low, 1), _filtered(high, wavelet.high, 1)
        detail = horizontal**2 + vertical**2
        noisy = (detail + diagonal**2 > _SILENT**2).any(axis=-1)
        known, unclipped = (_touching_only(mask, wavelet) for mask in (known, unclipped))
        usable = noisy & unclipped
        if usable.sum() < max(_FEWEST * _GROUP, 0.1 * (noisy & known).sum()):
            usable = noisy & known
        if usable.sum() < _FEWEST * _GROUP:
            return
        order = _groups(usable)
        texture = detail.mean(axis=-1).ravel()[order].mean(axis=-1)
        brightness = pixels.mean(axis=-1).ravel()[order].mean(axis=-1)
        flat = [
            half[np.argsort(texture[half], kind="stable")[: max(len(half) // 2, _FEWEST // 2)]]
            for half in np.array_split(np.argsort(brightness, kind="stable"), 2)
        ]
        coefficients = diagonal.reshape(-1, diagonal.shape[-1])[order]
        yield _octave(coefficients, flat, int((noisy & known).sum()) // _GROUP)


def _octave(diagonal: _Array, flat: list[NDArray[np.intp]], groups: int) -> _Octave:
    """From coefficients (group, coefficient, channel), and which of these groups are flat."""
    channels = diagonal.shape[-1]
    energies = np.mean(diagonal**2, axis=1)
    common = np.median([_floor(energies[:, c], flat, _GROUP) for c in range(channels)])
    different = None
    if channels == 3:
        red, green, blue = np.moveaxis(diagonal, -1, 0)
        # Orthonormal, so that independent noise of each channel keeps its level.
        energy = (red - green) ** 2 / 2 + (red + green - 2 * blue) ** 2 / 6
        different = _floor(energy.mean(axis=1) / 2, flat, 2 * _GROUP)
    return _Octave(float(common), different, groups)


def _floor(energies: _Array, flat: list[NDArray[np.intp]], freedom: int) -> float:
    """Standard deviation of the noise, from mean squares of groups of ``freedom`` coefficients."""
    floors = [0.0]
    for groups in flat:
        low, middle = (
            float(np.quantile(energies[groups], q)) / _quantile(q, freedom)
            for q in (_LOW_QUANTILE, 0.5)
        )
        floors.append(low - _TEXTURE * max(middle - low, 0.0))
    return float(np.sqrt(max(floors)))


def _quantile(q: float, freedom: int) -> float:
    """Of ``chi^2_n / n``; E. B. Wilson and M. M. Hilferty (1931), to a thousandth from n = 64."""
    variance = 2 / (9 * freedom)
    return float((1 - variance + NormalDist().inv_cdf(q) * np.sqrt(variance)) ** 3)


def _groups(noisy: _Mask) -> NDArray[np.intp]:
    """Indices of coefficients, (group, 64): block after block, those that count."""
    rows, columns = np.nonzero(noisy)
    order = np.lexsort((columns // _BLOCK, rows // _BLOCK))
    order = order[: len(order) // _GROUP * _GROUP].reshape(-1, _GROUP)
    return np.asarray(rows[order] * noisy.shape[1] + columns[order])


def _filtered(values: NDArray[Any], taps: NDArray[np.float64], axis: int) -> NDArray[Any]:
    """Filter and keep every second value; only where the filter lies inside the picture."""
    values = np.moveaxis(values, axis, 0)
    count = (len(values) - len(taps)) // 2 + 1
    # `taps` are float64 scalars; float() keeps float32 pixels float32.
    terms = (float(tap) * values[k : k + 2 * count - 1 : 2] for k, tap in enumerate(taps))
    return np.moveaxis(sum(terms, np.float32(0)), 0, axis)


def _touching_only(good: _Mask, wavelet: _Wavelet) -> _Mask:
    """For each coefficient, whether all pixels that it is made of are good."""
    size = len(wavelet.low)
    for axis in (0, 1):
        rows = np.moveaxis(good, axis, 0)
        count = max((len(rows) - size) // 2 + 1, 0)
        shifted = [rows[k : k + 2 * count - 1 : 2][:count] for k in range(size)]
        good = np.moveaxis(np.logical_and.reduce(shifted), 0, axis)
    return good
