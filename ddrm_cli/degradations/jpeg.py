"""JPEG: cosine coefficients of luma and chroma, each measured up to a rounding error that is known.

What a JPEG file holds is linear in the pixels but for the rounding, and rounding to multiples of a
step is noise of ``step / sqrt(12)``. So it is an operator like any other, for which nothing has to
be trained, once each coefficient is divided by its step and all have the same noise.
"""

from __future__ import annotations

import functools
import io
import math
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ddrm_cli.errors import MeasurementError, UsageError

from .base import ImageShape, LinearOperator, Start
from .compression import Compression

__all__ = ["JPEG", "jpeg", "unit_matrix"]

LUMA_AND_CHROMA = np.array(
    [
        [0.299, 0.587, 0.114],
        [-0.299 / 1.772, -0.587 / 1.772, 0.5],
        [0.5, -0.587 / 1.402, -0.114 / 1.402],
    ]
)
"""Luma, blue and red chroma of red, green and blue (JFIF 1.02), without the middle of chroma."""

MIDDLE = 128 / 255  # what luma is rounded about

OF_UNIFORM = 0.6
"""Rounding as Gaussian noise, in deviations of uniform rounding.

Most coefficients became zero, and err by less than a step: by 0.27 deviations of a uniform rounding
at quality 5 to 0.63 at 75, over all of them. But those errors are what the coefficients were;
believed to be as small as they are, they would hold at zero what became zero.
"""

PREDICTION_ERROR = 2.2
"""Noise levels that a prediction errs by, as in `SoftRule`: the root of 1 / 0.2."""

INSIDE = 0.49  # of a step, how far from the middle of its cell a coefficient may lie

FAR = 12.0  # deviations from its mean from which on a normal density falls exponentially
NARROW = 0.1  # deviations over which the logarithm of a normal density is straight

FITTING = 0.2  # of a step: coefficients that were never rounded miss its multiples by 0.29
FEWEST = 64  # coefficients by which to judge that
FINEST = 2 / 255  # step by which to judge it: the rounding to 8 bits hides finer ones


def jpeg(
    image_shape: ImageShape,
    quality: int | None = None,
    subsampling: str = "4:2:0",
    tables: Sequence[Sequence[int]] | None = None,
    orientation: int = 1,
) -> JPEG:
    """The JPEG of a quality, or of the tables of a file.

    Args:
        image_shape: (C, H, W) of the picture, turned upright.
        quality: 1 .. 100, as libjpeg counts it; where there are no tables.
        subsampling: A name of `SUBSAMPLINGS`.
        tables: Steps of luma, blue and red chroma, or of luma alone for grey: 64 each.
        orientation: As EXIF counts, 1 .. 8.

    Raises:
        UsageError: A value that no file has, or neither quality nor tables.
    """
    if tables is not None:
        compression = Compression(tuple(map(tuple, tables)), subsampling, orientation)
    elif quality is not None:
        compression = Compression.of_quality(quality, subsampling, orientation)
    else:
        raise UsageError("A JPEG has a quality or tables.", "Give one of them.")
    return JPEG(image_shape, compression)


class JPEG(LinearOperator):
    """Cosine coefficients, divided by their steps, of the units that a JPEG is cut into.

    A unit is what is compressed together: 16 x 16 pixels where chroma has half the rows and
    columns (4:2:0), 8 x 8 where it has all of them. All units share one matrix and its singular
    value decomposition. They lie in the orientation that the file was stored in; sides which they
    do not divide are continued by the outermost pixels, as encoders do.

    The rows are scaled by one number, so that the noise of each is about what a pixel was changed
    by.

    Attributes:
        compression: Of the file.
        cell: Distance of two neighbouring values that a coefficient is rounded to.

    Args:
        image_shape: (C, H, W) of the picture, turned upright; one or three channels.
        compression: How it is compressed.

    Raises:
        MeasurementError: Neither one nor three channels, or fewer tables than channels.
    """

    _u: Tensor
    _v: Tensor
    _middle: Tensor
    _spread: Tensor
    _judged: Tensor

    def __init__(self, image_shape: ImageShape, compression: Compression) -> None:
        channels, *sides = image_shape
        if channels not in (1, 3) or channels > len(compression.tables):
            raise MeasurementError(
                f"A picture of {channels} channels is no JPEG of {len(compression.tables)} planes.",
                "Grey has one plane, colours have three.",
            )
        unit = compression.unit if channels == 3 else (8, 8)
        height, width = sides if compression.orientation < 5 else sides[::-1]
        rows, columns = -(-height // unit[0]), -(-width // unit[1])
        cell = compression.noise * math.sqrt(12) / OF_UNIFORM
        steps = unit_steps(compression, channels)
        u, s, v = _decompose(steps.tobytes(), *unit, channels)
        super().__init__(
            (channels, rows * unit[0], columns * unit[1]),
            (rows * columns, len(u)),
            F.pad(cell * s, (0, len(v) - len(u))),
            spectral_shape=(rows * columns, len(v)),
        )
        self.compression, self.cell, self.noise = compression, cell, compression.noise
        self.margin = (rows * unit[0] - height, columns * unit[1] - width)
        self._grid = (rows, columns, *unit)
        self.register_buffer("_u", u)
        self.register_buffer("_v", v)
        rows_of_h = cell * (u * s) @ v[:, : len(u)].T
        self.register_buffer("_middle", MIDDLE * rows_of_h.sum(dim=1))
        self.register_buffer("_spread", rows_of_h.norm(dim=1))  # of white noise in pixels
        judged = torch.from_numpy(steps >= FINEST)
        judged[len(u) - 64 * (channels - 1) :] = False  # chroma, which decoders smooth
        self.register_buffer("_judged", judged)

    @property
    def start(self) -> Start:
        """Little is missing, and nothing but fine detail."""
        return Start(level=0.4, steps=8)

    @property
    def picture_shape(self) -> ImageShape:
        """See `LinearOperator.picture_shape`; upright."""
        channels, height, width = super().picture_shape
        lies = self.compression.orientation >= 5
        return (channels, width, height) if lies else (channels, height, width)

    def framed(self, x: Tensor) -> Tensor:
        """Pictures as they are stored, continued by their outermost pixels to whole units."""
        rows, columns = self.margin
        return F.pad(self._stored(x), (0, columns, 0, rows), mode="replicate")

    def unframed(self, x: Tensor) -> Tensor:
        """See `LinearOperator.unframed`."""
        return turned(super().unframed(x), self.compression.orientation)

    def observe(self, x: Tensor) -> Tensor:
        """What a JPEG file shows of pictures on [0, 1]; shape (B, C, H, W)."""
        return torch.stack([self._through_file(each) for each in x])

    def read(self, seen: Tensor) -> Tensor:
        """The coefficients that a JPEG file holds, from what it shows.

        The operator takes what is shown near to the multiples of the steps: decoders round to 8
        bits, cut off what is beyond black and white, and enlarge chroma smoothly. Of photographs 96
        (quality 92) to 100 % (quality 5) of the coefficients are found again.

        Args:
            seen: Decoded pictures on [0, 1], upright; or coefficients, which stay as they are.

        Raises:
            MeasurementError: The pictures are no JPEG of this compression.
        """
        if tuple(seen.shape[1:]) != self.picture_shape:
            return seen
        near = self(self.framed(seen))
        y = self.rounded(near)
        self._check_fit(near - y, y)
        return y

    def rounded(self, y: Tensor) -> Tensor:
        """Coefficients moved to the middle of the cells that they lie in."""
        return self._middle + self.cell * ((y - self._middle) / self.cell).round()

    def expected(self, y: Tensor, x: Tensor, sigma: float) -> Tensor:
        """The coefficients, given a prediction: normal about the predicted ones, cut to the cells.

        Rounding says that a coefficient lies in its cell, and nothing of where. So what is
        predicted in the middle of a wide cell stays, and what is predicted beyond it comes in, to a
        point that is never the border. Either way what is found is rounded to y again.
        """
        within = INSIDE * self.cell
        deviation = PREDICTION_ERROR * sigma * self._spread
        return truncated_mean(self(x), deviation, y - within, y + within)

    def V(self, x_bar: Tensor, /) -> Tensor:
        """See `LinearOperator.V`."""
        rows, columns, height, width = self._grid
        x = x_bar.new_empty((len(x_bar), *self.image_shape))
        # A row of units at a time: it takes no memory of the picture's size.
        for pixels, units in zip(x.chunk(rows, 2), x_bar.chunk(rows, 1), strict=True):
            found = (units @ self._v.T).view(len(x), columns, -1, height, width)
            pixels.view(len(x), -1, height, columns, width).copy_(found.permute(0, 2, 3, 1, 4))
        return x

    def Vt(self, x: Tensor, /) -> Tensor:
        """See `LinearOperator.Vt`."""
        rows, columns, height, width = self._grid
        x_bar = x.new_empty((len(x), *self.spectral_shape))
        for pixels, units in zip(x.chunk(rows, 2), x_bar.chunk(rows, 1), strict=True):
            found = pixels.reshape(len(x), -1, height, columns, width).permute(0, 3, 1, 2, 4)
            units.copy_(found.reshape(len(x), columns, -1) @ self._v)
        return x_bar

    def U(self, y_bar: Tensor, /) -> Tensor:
        """See `LinearOperator.U`."""
        return y_bar[..., : len(self._u)] @ self._u.T

    def Ut(self, y: Tensor, /) -> Tensor:
        """See `LinearOperator.Ut`."""
        return F.pad(y @ self._u, (0, len(self._v) - len(self._u)))

    def _check_fit(self, off: Tensor, y: Tensor) -> None:
        """See that luma, which decoders give as it is, lies near the multiples of its steps."""
        judged = self._judged & ((y - self._middle).abs() > self.cell / 2)
        if judged.sum() >= FEWEST and off[judged].square().mean().sqrt() > FITTING * self.cell:
            raise MeasurementError(
                "The picture is no JPEG of this quality, or was changed since.",
                "Give the JPEG file itself, or the quality that it was saved with.",
            )

    def _stored(self, x: Tensor) -> Tensor:
        """Upright pictures, turned as they are stored."""
        orientation = self.compression.orientation
        return turned(x, {6: 8, 8: 6}.get(orientation, orientation))  # the others undo themselves

    def _through_file(self, x: Tensor) -> Tensor:
        """One picture, compressed and decoded."""
        stored = self._stored(x).movedim(0, -1)
        samples = np.rint(stored.clamp(0, 1).cpu().numpy() * 255).astype(np.uint8)
        image = Image.fromarray(samples[..., 0] if samples.shape[2] == 1 else samples)
        file = io.BytesIO()
        image.save(file, "JPEG", **self.compression.options)
        with Image.open(file) as decoded:
            shown = np.asarray(decoded, dtype=np.float32).reshape(samples.shape) / np.float32(255)
        upright = turned(torch.from_numpy(shown).movedim(-1, 0), self.compression.orientation)
        return upright.to(x)


def turned(x: Tensor, orientation: int) -> Tensor:
    """Pictures (..., H, W) turned upright as the EXIF orientation 1 to 8 asks."""
    if orientation >= 5:
        x = x.transpose(-2, -1)
    flipped = [-2] * (orientation in (3, 4, 7, 8)) + [-1] * (orientation in (2, 3, 6, 7))
    return x.flip(flipped) if flipped else x


def unit_steps(compression: Compression, channels: int) -> NDArray[np.float64]:
    """The steps of one unit's coefficients, on [0, 1]: those of luma's blocks, then chroma's."""
    luma, *chroma = compression.tables[:channels]
    rows, columns = compression.sampling if channels == 3 else (1, 1)
    return np.array([luma] * (rows * columns) + chroma).ravel() / 255


def unit_matrix(height: int, width: int, channels: int) -> NDArray[np.float64]:
    """The coefficients of one unit of pixels, (64 x blocks, channels x height x width).

    Args:
        height: Of the unit: 8 or 16, where chroma has half the rows of luma.
        width: The same for columns.
        channels: One or three.
    """
    rows, columns = height // 8, width // 8
    pixels = np.eye(channels * height * width).reshape(-1, channels, height, width)
    planes = np.einsum("ij,njhw->nihw", LUMA_AND_CHROMA, pixels) if channels == 3 else pixels
    blocks = planes[:, 0].reshape(-1, rows, 8, columns, 8).swapaxes(2, 3)
    luma = blocks.reshape(-1, rows * columns, 8, 8)
    samples = planes[:, 1:].reshape(len(pixels), channels - 1, 8, rows, 8, columns)
    chroma = samples.mean(axis=(3, 5))
    k, n = np.mgrid[:8, :8]
    cosines = np.sqrt(np.where(k == 0, 1, 2) / 8) * np.cos(np.pi * k * (2 * n + 1) / 16)
    coefficients = cosines @ np.concatenate([luma, chroma], axis=1) @ cosines.T
    return np.asarray(coefficients.reshape(len(pixels), -1).T)


def truncated_mean(mean: Tensor, deviation: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Means of normal distributions that are cut to intervals.

    With ``a, b = (low - mean) / deviation, (high - mean) / deviation`` they are
    ``mean + deviation (phi(a) - phi(b)) / (Phi(b) - Phi(a))``. Where the interval is narrow or far,
    the differences have no digits; there the density is that of an exponential distribution of
    slope ``k = (b - a) (a + b) / 2``, whose mean is ``1 / k - 1 / (2 tanh(k / 2))`` widths from
    the middle.
    """
    width, middle = high - low, (low + high) / 2
    k = (middle - mean) * width / deviation**2
    tilt = torch.where(k.abs() < NARROW, -k / 12, 1 / k - 0.5 / torch.tanh(k / 2))
    near = mean.clamp(low - FAR * deviation, high + FAR * deviation)
    steep = (near != mean) | (width < NARROW * deviation)
    a, b = (low - near) / deviation, (high - near) / deviation
    right = a + b > 0  # the tail on the left has more digits
    a, b = torch.where(right, -b, a), torch.where(right, -a, b)
    below, above = torch.special.log_ndtr(a), torch.special.log_ndtr(b)
    chance = above + torch.log1p(-torch.exp(below - above))
    density = -0.5 * math.log(2 * math.pi) - chance
    shift = torch.exp(density - a**2 / 2) - torch.exp(density - b**2 / 2)
    found = near + deviation * torch.where(right, -shift, shift)
    return torch.where(steep, middle + tilt * width, found).clamp(low, high)


@functools.lru_cache(maxsize=4)  # the pictures of a folder share their tables
def _decompose(
    steps: bytes, height: int, width: int, channels: int
) -> tuple[Tensor, Tensor, Tensor]:
    """``U diag(s) V^T`` of one unit's coefficients in numbers of steps; float32."""
    matrix = unit_matrix(height, width, channels) / np.frombuffer(steps)[:, None]
    u, s, vt = np.linalg.svd(matrix)
    v = np.ascontiguousarray(vt.T)
    return torch.from_numpy(u).float(), torch.from_numpy(s).float(), torch.from_numpy(v).float()
