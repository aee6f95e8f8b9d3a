"""Blurs that did not know the frame, and blurs that did, restored as the one and as the other.

``python -m tests.benchmarks.frames PHOTO... --size 128`` blurs each photograph whole and cuts a
square out of its middle, or cuts first and blurs the square with mirrored borders; both are rounded
to 8 bits and restored with either boundary. It prints a row a blur: mean PSNR in dB, seed 0.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import mean

import numpy as np
import torch
from torch import Tensor

from ddrm_cli.degradations.table import Degradation
from ddrm_cli.evaluation.metrics import psnr
from ddrm_cli.images.reading import read_picture
from ddrm_cli.measuring import degrade
from ddrm_cli.prior import LoadedModel, load_model
from ddrm_cli.restoration import restore

BLURS = {
    "motion, 1 x 15": Degradation("deblur_motion", {"blur": 15}),
    "mean over 9 x 9": Degradation("deblur_uni"),
    "Gaussian, 5 x 5": Degradation("deblur_gauss"),
    "Gaussian of 1.3": Degradation("deblur_gauss", {"blur": 1.3}),
}
WAYS = [(borders, said) for borders in ("cut", "mirrored") for said in ("unknown", "reflect")]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", nargs="+", type=Path)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--sigma", type=float, default=0.0)
    arguments = parser.parse_args()
    model = load_model()
    heads = [f"{borders}, as `{said}`" for borders, said in WAYS]
    print(f"| blur | cut, blurred | {' | '.join(heads)} |\n|---|---|{'---|' * len(WAYS)}")
    for name, blur in BLURS.items():
        rows = [
            figures(model, photograph(path), blur, arguments.size, arguments.sigma)
            for path in arguments.photos
        ]
        means = [f"{mean(column):.2f}" for column in zip(*rows, strict=True)]
        print(f"| {name} | {' | '.join(means)} |", flush=True)


def photograph(path: Path) -> Tensor:
    """(3, H, W) on [0, 1]."""
    return torch.from_numpy(np.moveaxis(read_picture(path).pixels, -1, 0).copy())


def figures(
    model: LoadedModel, scene: Tensor, blur: Degradation, size: int, sigma: float
) -> list[float]:
    """PSNR of the blurred square, and of each way to restore it."""
    x = middle(scene, size)
    measured = {
        "cut": middle(degrade(scene, blur, sigma=sigma), size),
        "mirrored": degrade(x, blur, sigma=sigma),
    }
    rounded = {key: (y.clamp(0, 1) * 255).round().to(torch.uint8) for key, y in measured.items()}
    found = [quality(rounded["cut"], x)]
    for borders, said in WAYS:
        restored = restore(rounded[borders], blur.given(boundary=said), sigma=sigma, model=model)
        found.append(quality(restored, x))
    return found


def middle(picture: Tensor, size: int) -> Tensor:
    """The square of some side in the middle of a picture."""
    top, left = ((side - size) // 2 for side in picture.shape[1:])
    return picture[:, top : top + size, left : left + size]


def quality(restored: Tensor, x: Tensor) -> float:
    """PSNR in dB of a picture of 8 bits."""
    return psnr(restored.movedim(0, -1).numpy() / np.float32(255), x.movedim(0, -1).numpy())


if __name__ == "__main__":
    main()
