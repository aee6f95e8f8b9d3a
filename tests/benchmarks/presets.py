"""Presets side by side: PSNR, SSIM and seconds of every degradation at four noise levels.

``python -m tests.benchmarks.presets PHOTO... --results results.jsonl`` takes a crop of 256 x 256
from the middle of each photograph, measures it in floating point, restores it with each preset,
and prints a row a cell: means over the photographs, seed 0. Results are kept a line each, and only
what is not there yet is computed, so that a run of hours can be stopped. `balanced 20` was the
default before there was a standard: the published update with more of the low levels.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ddrm_cli.degradations.table import DEGRADATIONS
from ddrm_cli.evaluation.metrics import psnr, ssim
from ddrm_cli.images.reading import read_picture
from ddrm_cli.measuring import measure, operator_of
from ddrm_cli.prior import LoadedModel, load_model
from ddrm_cli.problem import pose
from ddrm_cli.restoration import Restorer
from ddrm_cli.sampler.settings import PRESETS, PaperSettings, Settings

SIZE = 256
SIGMAS = (0.0, 0.05, 0.01, 0.001)
WAYS: dict[str, Settings] = {
    "paper": PRESETS["paper"],
    "balanced 20": PaperSettings(20, "quadratic", 1.0, 0.7, 1.0),
    "standard": PRESETS["standard"],
    "fast": PRESETS["fast"],
}
Cell = tuple[str, float, str, str]
"""Degradation, sigma, way, photograph."""


def main() -> None:
    """Compute what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", nargs="+", type=Path)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--deg", action="append", default=[])
    parser.add_argument("--sigma", action="append", default=[], type=float)
    parser.add_argument("--way", action="append", default=[], choices=WAYS)
    arguments = parser.parse_args()
    degradations = arguments.deg or [n for n, entry in DEGRADATIONS.items() if not entry.needs]
    sigmas = arguments.sigma or SIGMAS
    ways = arguments.way or list(WAYS)
    arguments.results.touch()
    known = read(arguments.results)
    model = load_model()
    with arguments.results.open("a", encoding="utf-8") as file:
        for sigma, name in itertools.product(sigmas, degradations):
            if (name, sigma) == ("deno", 0.0):
                continue
            for way, path in itertools.product(ways, arguments.photos):
                key = (name, sigma, way, path.stem)
                if key not in known:
                    known[key] = figures(model, crop(path), name, sigma, WAYS[way])
                    file.write(json.dumps([*key, known[key]]) + "\n")
                    file.flush()
    stems = [path.stem for path in arguments.photos]
    print(f"| degradation | sigma | {' | '.join(ways)} |\n|---|---|{'---|' * len(ways)}")
    for name, sigma in itertools.product(degradations, sorted(sigmas)):
        if (name, sigma) != ("deno", 0.0):
            cells = [text([known[name, sigma, way, stem] for stem in stems]) for way in ways]
            print(f"| `{name}` | {sigma:g} | {' | '.join(cells)} |")


def read(path: Path) -> dict[Cell, Mapping[str, Any]]:
    """The results that are there."""
    lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return {tuple(key): value for *key, value in lines}


def crop(path: Path, size: int = SIZE) -> Tensor:
    """The middle of a photograph, (1, 3, size, size) on [0, 1]."""
    pixels = read_picture(path).pixels
    top, left = ((side - size) // 2 for side in pixels.shape[:2])
    middle = pixels[top : top + size, left : left + size]
    return torch.from_numpy(np.moveaxis(middle, -1, 0).copy())[None]


def figures(
    model: LoadedModel, x: Tensor, name: str, sigma: float, settings: Settings
) -> dict[str, Any]:
    """PSNR in dB, SSIM, evaluations and seconds of one restoration."""
    operator = operator_of(name, (3, SIZE, SIZE))
    problem = pose(measure(x, operator, sigma, [0]), operator, sigma=sigma)
    started = time.perf_counter()
    restoration = Restorer(model, settings)(problem)
    seconds = time.perf_counter() - started
    pair = [each[0].movedim(0, -1).numpy() for each in (restoration.x.clamp(0, 1), x)]
    steps = restoration.plan.steps
    return {"psnr": psnr(*pair), "ssim": ssim(*pair), "steps": steps, "seconds": seconds}


def text(found: list[Mapping[str, Any]]) -> str:
    """Means of a cell."""
    quality, structure, seconds = (mean(f[k] for f in found) for k in ("psnr", "ssim", "seconds"))
    return f"{quality:.2f} / {structure:.3f} ({found[0]['steps']}, {seconds:.1f} s)"


if __name__ == "__main__":
    main()
