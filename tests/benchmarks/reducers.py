"""Pictures that were made smaller in one way, enlarged as if it had been another.

``python -m tests.benchmarks.reducers PHOTO... --factor 4 --size 128`` cuts a square out of the
middle of each photograph, reduces it in each way, rounds it to 8 bits, and enlarges it with each of
the operators. It prints a row a reducer: mean PSNR in dB, seed 0, beside bicubic interpolation.
``cubic`` is a reduction without a filter by cubic interpolation (a = -0.75), as OpenCV makes it.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import mean

import numpy as np
import torch
from torch import Tensor

from ddrm_cli.degradations.table import Degradation
from ddrm_cli.evaluation.baselines import enlarge
from ddrm_cli.measuring import degrade
from ddrm_cli.prior import LoadedModel, load_model
from ddrm_cli.restoration import restore

from .frames import middle, photograph, quality

STEMS = ("sr_bicubic", "sr_lanczos", "sr_bilinear", "sr", "sr_nearest")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", nargs="+", type=Path)
    parser.add_argument("--factor", type=int, default=4)
    parser.add_argument("--size", type=int, default=128)
    arguments = parser.parse_args()
    factor, size = arguments.factor, arguments.size // arguments.factor * arguments.factor
    model, ways = load_model(), reducers(factor)
    print(f"| reduced by | bicubic interpolation | {' | '.join(f'`{way}`' for way in ways)} |")
    print(f"|---|---|{'---|' * len(ways)}")
    for name, reducer in ways.items():
        rows = [
            figures(model, middle(photograph(path), size), reducer, list(ways.values()), factor)
            for path in arguments.photos
        ]
        means = [f"{mean(column):.2f}" for column in zip(*rows, strict=True)]
        print(f"| `{name}` | {' | '.join(means)} |", flush=True)


def reducers(factor: int) -> dict[str, Degradation]:
    """Each way to make a picture smaller, by what it is called."""
    found = {f"{stem}{factor}": Degradation(f"{stem}{factor}") for stem in STEMS}
    taps = np.array([1.0])
    if factor % 2 == 0:  # between two pixels, of which two more are seen on each side
        taps = np.array([-0.09375, 0.59375, 0.59375, -0.09375])
    return {**found, "cubic": found[f"sr{factor}"].given(kernel=np.outer(taps, taps))}


def figures(
    model: LoadedModel, x: Tensor, reducer: Degradation, ways: list[Degradation], factor: int
) -> list[float]:
    """PSNR of bicubic interpolation, and of each operator."""
    y = (degrade(x, reducer).clamp(0, 1) * 255).round().to(torch.uint8)
    plain = enlarge(y[None] / 255, factor)[0].clamp(0, 1) * 255
    enlarged = [restore(y, way, sigma=0.0, model=model) for way in ways]
    return [quality(each, x) for each in (plain, *enlarged)]


if __name__ == "__main__":
    main()
