"""How good a restoration is: a table of metrics, one pure function each.

To add one: write its function, add a line to `METRICS`, test it against an independent value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ddrm_cli.errors import MeasurementError, UnknownNameError, UsageError

from . import learned

if TYPE_CHECKING:
    from ddrm_cli.degradations.base import LinearOperator

__all__ = [
    "DEFAULT_METRICS",
    "METRICS",
    "Metric",
    "check_metrics",
    "get_metric",
    "psnr",
    "residual",
    "select_metrics",
    "ssim",
]

SSIM_SIGMA = 1.5  # of the Gaussian window, as published
SSIM_RADIUS = 5  # the published window is 11 x 11
SSIM_C1, SSIM_C2 = 0.01**2, 0.03**2  # (K1 L)^2 and (K2 L)^2 for values with the range L = 1


def psnr(x_hat: ArrayLike, x: ArrayLike) -> float:
    """Peak signal-to-noise ratio in dB, ``-10 log10 mean (x_hat - x)^2``.

    Args:
        x_hat: Restoration, shape (H, W, C), on [0, 1].
        x: Original, of the same shape.

    Returns:
        Infinity for equal pictures, NaN where one of them has it.

    Raises:
        MeasurementError: The shapes differ.
    """
    restored, original = _pair(x_hat, x)
    error = float(np.mean((restored - original) ** 2))
    return math.inf if error == 0 else -10 * math.log10(error)


def ssim(x_hat: ArrayLike, x: ArrayLike) -> float:
    """Structural similarity, the mean over channels and over all windows inside the picture.

    Wang, Bovik, Sheikh and Simoncelli 2004, "Image quality assessment", with their Gaussian
    window of 11 x 11 pixels and their constants.

    Args:
        x_hat: Restoration, shape (H, W, C), on [0, 1].
        x: Original, of the same shape.

    Returns:
        At most 1, which equal pictures have.

    Raises:
        MeasurementError: The shapes differ, or a side is shorter than the window.
    """
    a, b = _pair(x_hat, x)
    window = 2 * SSIM_RADIUS + 1
    if min(a.shape[:2]) < window:
        raise MeasurementError(
            f"A picture of {a.shape[1]} x {a.shape[0]} pixels is too small for SSIM.",
            f"Its window needs {window} pixels a side.",
        )
    mean_a, mean_b = _blur(a), _blur(b)
    variance_a = _blur(a * a) - mean_a**2
    variance_b = _blur(b * b) - mean_b**2
    covariance = _blur(a * b) - mean_a * mean_b
    luminance = (2 * mean_a * mean_b + SSIM_C1) / (mean_a**2 + mean_b**2 + SSIM_C1)
    structure = (2 * covariance + SSIM_C2) / (variance_a + variance_b + SSIM_C2)
    return float(np.mean(luminance * structure))


def residual(x_hat: ArrayLike, y: ArrayLike, operator: LinearOperator) -> float:
    """Root mean square of ``H x_hat - y``: what the restoration leaves of the measurement.

    The original leaves the noise, so a posterior sample should leave about ``sigma_y``: much less
    means that noise was taken for picture, much more that the measurement was not met. The mean
    is over the coordinates of y that say something about the picture (s > 0): not over holes.

    Args:
        x_hat: Restoration, shape (H, W, C), on [0, 1] but not clipped.
        y: Measurement, of the operator's measurement shape, in the same units.
        operator: H, on the CPU.

    Returns:
        On the scale of the pixel values, to compare with ``sigma_y``.
    """
    import torch

    picture = torch.from_numpy(np.moveaxis(np.asarray(x_hat, np.float32), -1, 0).copy())
    left = operator(operator.framed(picture[None]))[0] - torch.as_tensor(y)
    spectrum = operator.Ut(left[None])[0]
    measured = (operator.singular_values > 0).expand(spectrum.shape)
    return float(spectrum[measured].double().square().mean().sqrt())


@dataclass(frozen=True)
class Metric:
    """One row of the table of metrics.

    Args:
        name: What ``--metric`` takes.
        title: What tables show.
        function: From what ``needs`` names to a number.
        higher_is_better: None where neither is: the value has a target.
        needs: ``"original"``: (x_hat, x), clipped to [0, 1]; ``"measurement"``:
            (x_hat, y, operator); ``"set"``: (restorations, originals), many of them at once.
        unit: Of the number; empty for a plain one.
        decimals: How many of them are meaningful.
    """

    name: str
    title: str
    function: Callable[..., float]
    higher_is_better: bool | None
    needs: str
    unit: str = ""
    decimals: int = 4

    @property
    def heading(self) -> str:
        """Title with unit, and an arrow to what is better."""
        arrow = {True: " ↑", False: " ↓", None: ""}[self.higher_is_better]
        return f"{self.title}{f' [{self.unit}]' if self.unit else ''}{arrow}"

    def format(self, value: float) -> str:
        """A value with its meaningful decimals."""
        return f"{value:.{self.decimals}f}" if math.isfinite(value) else "∞"

    def worst_first(self, value: float) -> float:
        """A key that sorts the worst value first."""
        return value if self.higher_is_better else -value


_ROWS = (
    Metric("psnr", "PSNR", psnr, True, "original", unit="dB", decimals=2),
    Metric("ssim", "SSIM", ssim, True, "original", decimals=3),
    Metric("residual", "residual", residual, None, "measurement"),
    Metric("lpips", "LPIPS", learned.lpips, False, "original", decimals=3),
    Metric("kid", "KID", learned.kid, False, "set", decimals=5),
    Metric("fid", "FID", learned.fid, False, "set", decimals=2),
)

METRICS: Mapping[str, Metric] = {metric.name: metric for metric in _ROWS}
"""Every metric by its name; those after ``residual`` need the extra ``metrics``."""

DEFAULT_METRICS = ("psnr", "ssim", "residual")
"""What is always measured."""


def get_metric(name: str) -> Metric:
    """The metric of a name.

    Raises:
        UnknownNameError: There is none; the nearest names are in the hint.
    """
    try:
        return METRICS[name]
    except KeyError:
        raise UnknownNameError("metric", name, METRICS) from None


def select_metrics(names: Iterable[str], *needs: str) -> tuple[Metric, ...]:
    """The metrics of these names that need one of these things.

    Raises:
        UnknownNameError: No metric of that name.
    """
    return tuple(metric for name in names if (metric := get_metric(name)).needs in needs)


def check_metrics(names: Iterable[str], pictures: int) -> None:
    """Find out before a long run what would stop it at its end.

    Args:
        names: Of the metrics.
        pictures: How many there are to measure.

    Raises:
        UnknownNameError: No metric of that name.
        UsageError: A metric's extra is not installed, or it needs more pictures.
        WeightsError: A metric's weights are not there and cannot be downloaded.
    """
    for metric in [get_metric(name) for name in names]:
        if metric.needs == "set" and pictures < 2:
            raise UsageError(
                f"The metric {metric.name} is a distance between sets of pictures, "
                f"and {pictures} is none.",
                "Evaluate two pictures or more; thousands give a steady number.",
            )
        if metric.name in learned.NETWORKS:
            learned.load(metric.name)


def _pair(x_hat: ArrayLike, x: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    restored, original = np.asarray(x_hat, np.float64), np.asarray(x, np.float64)
    if restored.shape != original.shape:
        raise MeasurementError(
            f"The restoration is {_size(restored)}, the original {_size(original)}.",
            "Compare pictures of the same size and kind.",
        )
    return restored, original


def _size(pixels: NDArray[Any]) -> str:
    height, width, channels = pixels.shape
    return f"{width} x {height} in {'grey' if channels == 1 else 'colour'}"


def _blur(values: NDArray[Any]) -> NDArray[Any]:
    """Gaussian means over every window that lies inside; SSIM_RADIUS pixels are lost a side."""
    t = np.arange(-SSIM_RADIUS, SSIM_RADIUS + 1)
    taps = np.exp(-0.5 * (t / SSIM_SIGMA) ** 2)
    taps /= taps.sum()
    for axis in (0, 1):
        count = values.shape[axis] - 2 * SSIM_RADIUS
        parts = (values.take(range(i, i + count), axis) for i in range(len(taps)))
        values = np.sum([tap * part for tap, part in zip(taps, parts, strict=True)], axis=0)
    return values
