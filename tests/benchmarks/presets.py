"""Presets side by side: PSNR, SSIM and seconds of every degradation at four noise levels.

``python -m tests.benchmarks.presets PHOTO... > table.md`` takes a crop of 256 x 256 from the middle
of each photograph, measures it in floating point, restores it with each preset, and prints a row
a cell: means over the photographs, seed 0. `balanced 20` was the default before there was a
standard: the published update with more of the low levels.
"""

from __future__ import annotations

import argparse
import itertools
import time
from pathlib import Path
from statistics import mean

import numpy as np
import torch
from torch import Tensor

from ddrm_cli.degradations.table import DEGRADATIONS
from ddrm_cli.evaluation.metrics import psnr, ssim
from ddrm_cli.images.reading import read_picture
from ddrm_cli.prior import LoadedModel, load_model
from ddrm_cli.problem import measure, operator_of, pose
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


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", nargs="+", type=Path)
    parser.add_argument("--deg", action="append", default=[])
    arguments = parser.parse_args()
    photos = [crop(path) for path in arguments.photos]
    model = load_model()
    names = arguments.deg or [name for name, entry in DEGRADATIONS.items() if not entry.needs]
    print(f"| degradation | sigma | {' | '.join(WAYS)} |\n|---|---|{'---|' * len(WAYS)}")
    for sigma, name in itertools.product(SIGMAS, names):
        if (name, sigma) != ("deno", 0.0):
            cells = [cell(model, photos, name, sigma, settings) for settings in WAYS.values()]
            print(f"| `{name}` | {sigma:g} | {' | '.join(cells)} |", flush=True)


def crop(path: Path) -> Tensor:
    """The middle of a photograph, (1, 3, 256, 256) on [0, 1]."""
    pixels = read_picture(path).pixels
    top, left = ((side - SIZE) // 2 for side in pixels.shape[:2])
    middle = pixels[top : top + SIZE, left : left + SIZE]
    return torch.from_numpy(np.moveaxis(middle, -1, 0).copy())[None]


def cell(
    model: LoadedModel, photos: list[Tensor], name: str, sigma: float, settings: Settings
) -> str:
    """Means over the photographs: PSNR in dB, SSIM, evaluations and seconds a picture."""
    restorer = Restorer(model, settings)
    found: list[tuple[float, float, float]] = []
    steps = 0
    for x in photos:
        operator = operator_of(name, (3, SIZE, SIZE))
        problem = pose(measure(x, operator, sigma, [0]), operator, sigma=sigma)
        started = time.perf_counter()
        restoration = restorer(problem)
        seconds = time.perf_counter() - started
        steps = restoration.plan.steps
        pair = [each[0].movedim(0, -1).numpy() for each in (restoration.x.clamp(0, 1), x)]
        found.append((psnr(*pair), ssim(*pair), seconds))
    quality, structure, seconds = (mean(each) for each in zip(*found, strict=True))
    return f"{quality:.2f} / {structure:.3f} ({steps}, {seconds:.1f} s)"


if __name__ == "__main__":
    main()
