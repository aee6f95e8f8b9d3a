"""What ``ddrm inspect`` makes of photographs whose past is known: a confusion table.

``python -m tests.benchmarks.inspect PHOTO...`` takes the middle of each photograph through every
combination of a life: blurred or not, then noise, then enlarged or not, then a JPEG or none, saved
as PNG. It prints the tables of docs/inspect.md: how often what was said.
"""

from __future__ import annotations

import argparse
import io
import itertools
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ddrm_cli.inspection.findings import Findings
from ddrm_cli.inspection.inspect import inspect

__all__ = ["main"]

QUALITIES = (None, 95, 85, 60, 30)
SIGMAS = (0.0, 0.02, 0.05)
BLURS = (0.0, 1.5)
SIDES = {1: 256, 2: 192, 4: 128}  # of the middle that is taken, by how often it is enlarged

_Pixels = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Life:
    """What happened to a picture."""

    quality: int | None
    sigma: float
    factor: int
    blur: float


@dataclass(frozen=True)
class Case:
    """A life, how much noise is left of it, and what was found."""

    life: Life
    sigma: float
    findings: Findings

    @property
    def size(self) -> str:
        """What was said of its detail, in a column of the table."""
        soft, detail = self.findings.softness, self.findings.detail
        if soft is None or detail in ("sharp", "soft"):
            return detail
        if detail == "enlarged":
            return f"enlarged {soft.enlarged}"
        return "blurred" if len(soft.factors) == 1 else "blurred or enlarged"


SAID = ("sharp", "enlarged 2", "enlarged 3", "enlarged 4", "blurred", "blurred or enlarged", "soft")


def blurred(x: _Pixels, sigma: float) -> _Pixels:
    """By a Gaussian, mirrored at the border."""
    radius = int(np.ceil(4 * sigma))
    taps = np.exp(-(np.arange(-radius, radius + 1) ** 2) / (2 * sigma**2))
    taps /= taps.sum()
    for axis in (0, 1):
        width = [(radius, radius) if a == axis else (0, 0) for a in range(3)]
        padded = np.moveaxis(np.pad(x, width, mode="symmetric"), axis, 0)
        rows = sum(tap * padded[k : k + x.shape[axis]] for k, tap in enumerate(taps))
        x = np.moveaxis(np.asarray(rows), 0, axis)
    return x


def enlarged(x: _Pixels, factor: int) -> _Pixels:
    """Bicubic."""
    size = (factor * x.shape[1], factor * x.shape[0])
    planes = [
        Image.fromarray(plane.astype(np.float32)).resize(size, Image.Resampling.BICUBIC)
        for plane in np.moveaxis(x, -1, 0)
    ]
    return np.stack([np.asarray(plane) for plane in planes], axis=-1)


def lived(photo: _Pixels, life: Life, seed: int) -> tuple[NDArray[np.uint8], float]:
    """A picture after its life, and the noise that it had before it became a JPEG."""
    side = SIDES[life.factor]
    top, left = ((length - side) // 2 for length in photo.shape[:2])
    x = photo[top : top + side, left : left + side]
    if life.blur:
        x = blurred(x, life.blur)
    noise: _Pixels = life.sigma * np.random.default_rng(seed).standard_normal(x.shape)
    y: _Pixels = x + noise
    if life.factor > 1:
        y, noise = enlarged(y, life.factor), enlarged(noise, life.factor)
    pixels = np.uint8(np.rint(255 * y.clip(0, 1)))
    if life.quality is not None:
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "JPEG", quality=life.quality)
        pixels = np.asarray(Image.open(stream))
    return pixels, float(noise.std())


def cases(paths: Sequence[Path]) -> Iterator[Case]:
    """Every photograph in every life."""
    lives = itertools.starmap(Life, itertools.product(QUALITIES, SIGMAS, SIDES, BLURS))
    photos = [np.asarray(Image.open(path).convert("RGB"), np.float64) / 255 for path in paths]
    for number, (life, (seed, photo)) in enumerate(
        itertools.product(lives, enumerate(photos)), start=1
    ):
        pixels, sigma = lived(photo, life, seed)
        yield Case(life, sigma, inspect(pixels))
        if number % 50 == 0:
            print(f"{number} pictures", file=sys.stderr, flush=True)


def compression_table(all_cases: Sequence[Case]) -> Iterator[str]:
    """How often which quality was found."""
    yield "| JPEG | found, within 2 | found, another | none found |"
    yield "|---|---|---|---|"
    for quality in QUALITIES:
        found = [c.findings.jpeg for c in all_cases if c.life.quality == quality]
        near = sum(f is not None and abs(f.quality - (quality or -9)) <= 2 for f in found)
        none = found.count(None)
        yield f"| {quality or 'none'} | {near} | {len(found) - near - none} | {none} |"


def noise_table(all_cases: Sequence[Case]) -> Iterator[str]:
    """How much noise was found of how much there was."""
    yield "| JPEG | enlarged | noise there | found, median | 10 % to 90 % | called coarse |"
    yield "|---|---|---|---|---|---|"
    for quality, factor, sigma in itertools.product(QUALITIES, SIDES, SIGMAS):
        group = [
            c
            for c in all_cases
            if (c.life.quality, c.life.factor, c.life.sigma) == (quality, factor, sigma)
        ]
        there = np.mean([c.sigma for c in group])
        found = [c.findings.noise.sigma for c in group]
        low, middle, high = np.quantile(found, [0.1, 0.5, 0.9])
        coarse = sum(c.findings.noise.coarse for c in group)
        yield (
            f"| {quality or 'none'} | {factor} | {there:.4f} | {middle:.4f} | "
            f"{low:.4f} to {high:.4f} | {coarse} of {len(group)} |"
        )


def size_table(all_cases: Sequence[Case]) -> Iterator[str]:
    """What was said of the detail."""
    yield f"| JPEG | noise | truth | {' | '.join(SAID)} |"
    yield "|---" * (3 + len(SAID)) + "|"
    for quality, sigma, factor, blur in itertools.product(QUALITIES, SIGMAS, SIDES, BLURS):
        life = Life(quality, sigma, factor, blur)
        said = Counter(c.size for c in all_cases if c.life == life)
        truth = ("blurred" if blur else "sharp") + (f", enlarged {factor}" if factor > 1 else "")
        counts = " | ".join(str(said[each] or "") for each in SAID)
        yield f"| {quality or 'none'} | {sigma:g} | {truth} | {counts} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", nargs="+", type=Path)
    found = list(cases(parser.parse_args(arguments).photos))
    for table in (compression_table, noise_table, size_table):
        print("\n".join(table(found)), end="\n\n", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
