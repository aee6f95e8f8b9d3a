"""How far the noise estimate is off: 12 photographs, 7 levels, 6 kinds of noise.

``python -m tests.benchmarks.noise_level PHOTO...`` prints the tables of docs/noise.md: what is
estimated of clean photographs, and for each kind and level the median and the range of estimate
over truth. With scikit-image installed its ``estimate_sigma`` stands beside.

The truth is the standard deviation of what the noise changed, after clipping, rounding and
whatever else: the file minus the same file made without noise. A photograph's own noise is not in
it, so that the smallest levels come out too large where a photograph has some.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import io
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ddrm_cli.images.noise_level import estimate_noise

__all__ = ["main"]

LEVELS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
_Pixels = NDArray[np.floating[Any]]
_Kind = Callable[[_Pixels, float, np.random.Generator], _Pixels]


def rounded(pixels: NDArray[Any]) -> _Pixels:
    """As 8 bits hold it."""
    return np.asarray(np.rint(pixels.clip(0, 1) * 255) / 255, np.float32)


def white(x: _Pixels, sigma: float, rng: np.random.Generator) -> _Pixels:
    """Independent in each pixel and channel."""
    return rounded(x + sigma * rng.standard_normal(x.shape))


def grey(x: _Pixels, sigma: float, rng: np.random.Generator) -> _Pixels:
    """White, in the green channel alone."""
    return white(x[..., 1:2], sigma, rng)


def poisson(x: _Pixels, sigma: float, rng: np.random.Generator) -> _Pixels:
    """Its variance grows with the light, and is ``sigma^2`` on average."""
    return rounded(x + sigma * rng.standard_normal(x.shape) * np.sqrt(x / x.mean()))


def jpeg(x: _Pixels, sigma: float, rng: np.random.Generator) -> _Pixels:
    """White, then saved with quality 75."""
    stream = io.BytesIO()
    image = Image.fromarray(np.uint8(np.rint(white(x, sigma, rng) * 255)))
    image.save(stream, "JPEG", quality=75)
    return np.asarray(Image.open(stream), np.float32) / 255


def resized(x: _Pixels, sigma: float, rng: np.random.Generator) -> _Pixels:
    """White, then enlarged twice."""
    noisy = (x + sigma * rng.standard_normal(x.shape)).astype(np.float32)
    size = (2 * x.shape[1], 2 * x.shape[0])
    planes = [
        Image.fromarray(plane).resize(size, Image.Resampling.BICUBIC)
        for plane in np.moveaxis(noisy, -1, 0)
    ]
    return rounded(np.stack([np.asarray(plane) for plane in planes], axis=-1))


KINDS: dict[str, _Kind] = {
    "white": white,
    "grey": grey,
    "holes": white,
    "Poisson": poisson,
    "resized": resized,
    "JPEG 75": jpeg,
}


def ours(pixels: _Pixels, known: NDArray[np.bool_] | None) -> float:
    """This project's."""
    return estimate_noise(pixels, known).sigma


def theirs(pixels: _Pixels, known: NDArray[np.bool_] | None) -> float:
    """scikit-image's, which knows no holes."""
    if known is not None:
        return float("nan")
    estimate = importlib.import_module("skimage.restoration").estimate_sigma
    return float(estimate(pixels, channel_axis=-1, average_sigmas=True))


def estimates(
    photos: Sequence[_Pixels], kind: str, sigma: float, estimators: Sequence[Callable[..., float]]
) -> NDArray[np.float64]:
    """(photograph, 1 + estimator): the truth, and what each says."""
    rows = []
    for index, x in enumerate(photos):
        seed = [index, round(1000 * sigma)]
        y = KINDS[kind](x, sigma, np.random.default_rng(seed))
        clean = KINDS[kind](x, 0.0, np.random.default_rng(seed))
        known = None
        if kind == "holes":
            known = np.random.default_rng(index).random(y.shape[:2]) < 0.5
        rows.append([float((y - clean).std()), *(f(y, known) for f in estimators)])
    return np.array(rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", nargs="+", type=Path)
    paths = parser.parse_args(arguments).photos
    photos = [np.asarray(Image.open(path).convert("RGB"), np.float32) / 255 for path in paths]
    estimators: dict[str, Callable[..., float]] = {"ddrm": ours}
    if importlib.util.find_spec("skimage") is not None:
        estimators["scikit-image"] = theirs
    print("| clean | largest | above 0.004 |", *(f" {path.stem} |" for path in paths), sep="")
    print("|---" * (3 + len(paths)), "|", sep="")
    for kind in KINDS:
        table = estimates(photos, kind, 0.0, list(estimators.values()))
        for name, values in zip(estimators, table.T[1:], strict=True):
            each = " | ".join(f"{value:.4f}" for value in values)
            above = int((values > 0.004).sum())
            print(f"| {kind}, {name} | {values.max():.4f} | {above} | {each} |", flush=True)
    print()
    print("| noise | sigma | truth |", *(f" {name} | within 15 % |" for name in estimators), sep="")
    print("|---" * (3 + 2 * len(estimators)), "|", sep="")
    for kind in KINDS:
        for sigma in LEVELS:
            table = estimates(photos, kind, sigma, list(estimators.values()))
            truth = table[:, 0]
            cells = [kind, f"{sigma:g}", f"{np.median(truth):.4f}"]
            for values in table.T[1:]:
                ratio = values / truth
                cells += [
                    f"{np.median(ratio):.2f} ({ratio.min():.2f} to {ratio.max():.2f})",
                    f"{int((abs(ratio - 1) <= 0.15).sum())}",
                ]
            print("|", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
