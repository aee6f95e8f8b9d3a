"""The dial between the faithful and the detailed: distortion against texture.

``python -m tests.benchmarks.dial PHOTO... --out FOLDER`` restores crops of 256 x 256 with all
detail from 0 to 1 and with half, as many and twice as many evaluations as each task takes, prints
a table of PSNR and texture, and writes the figure ``dial.svg`` and a strip of pictures a task,
``dial_TASK.jpg``: the measurement, three turns of the dial and the original, enlarged twice.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path
from statistics import mean

import numpy as np
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from ddrm_cli.evaluation.metrics import psnr
from ddrm_cli.measuring import measure, operator_of
from ddrm_cli.prior import LoadedModel, load_model
from ddrm_cli.problem import InverseProblem, pose
from ddrm_cli.restoration import Restorer
from ddrm_cli.sampler.settings import SamplerSettings
from tests.benchmarks.presets import crop

TASKS = (("sr_bicubic4", 0.0), ("sr4", 0.05), ("deblur_gauss", 0.05), ("inp", 0.0), ("cs2", 0.0))
DETAILS = (0.0, 0.25, 0.5, 0.75, 1.0)
EFFORTS = (0.5, 1.0, 2.0)
WINDOW = 8  # pixels: a patch of skin, sky or fur
STRIP = 96  # pixels of the photograph, shown at twice the size

Point = tuple[float, float]
"""PSNR in dB and texture."""


def texture(x: Tensor, reference: Tensor) -> float:
    """How much of the reference's local contrast there is, both (B, C, H, W).

    The mean over windows of 8 x 8 pixels of the standard deviation of the grey values, over that
    of the reference: 1 is as lively as the original, less is smoother.
    """

    def contrast(picture: Tensor) -> Tensor:
        grey = picture.mean(dim=1, keepdim=True)
        square = F.avg_pool2d(grey**2, WINDOW) - F.avg_pool2d(grey, WINDOW) ** 2
        return square.clamp_min(0).sqrt().mean()

    return float(contrast(x) / contrast(reference))


def main() -> None:
    """Print the table, draw the figure, write the strips."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    photos = [crop(path) for path in arguments.photos]
    model = load_model()
    curves: dict[str, list[list[Point]]] = {}
    for name, sigma in TASKS:
        operator = operator_of(name, (3, *photos[0].shape[-2:]))
        posed = [pose(measure(x, operator, sigma, [0]), operator, sigma=sigma) for x in photos]
        title = name if sigma == 0 else f"{name}, sigma {sigma:g}"
        usual = operator.start.steps
        rows = [f"\n| {title} | {' | '.join(f'detail {d:g}' for d in DETAILS)} |"]
        rows.append(f"|---|{'---|' * len(DETAILS)}")
        curves[title] = []
        for effort in EFFORTS:
            found = [
                point(model, photos, posed, SamplerSettings(detail=d, effort=effort))
                for d in DETAILS
            ]
            curves[title].append(found)
            cells = " | ".join(f"{quality:.2f} / {live:.2f}" for quality, live in found)
            rows.append(f"| {round(usual * effort)} evaluations | {cells} |")
        sys.stdout.write("\n".join(rows) + "\n")
        sys.stdout.flush()
        strip(model, photos[0], posed[0]).save(arguments.out / f"dial_{name}.jpg", quality=90)
    (arguments.out / "dial.svg").write_text(figure(curves), encoding="utf-8")


def point(
    model: LoadedModel,
    photos: list[Tensor],
    posed: list[InverseProblem],
    settings: SamplerSettings,
) -> Point:
    """Means over the photographs."""
    restorer = Restorer(model, settings)
    results = [restorer(problem).x.clamp(0, 1) for problem in posed]
    pairs = list(zip(results, photos, strict=True))
    quality = mean(psnr(*(p[0].movedim(0, -1).numpy() for p in pair)) for pair in pairs)
    return quality, mean(texture(*pair) for pair in pairs)


def strip(model: LoadedModel, x: Tensor, problem: InverseProblem) -> Image.Image:
    """The measurement, three turns of the dial, the original: side by side, twice their size."""
    operator = problem.operator
    first = operator.initial(problem.y)
    pictures = [operator.pinv(problem.y) if first is None else first]
    standard = SamplerSettings()
    for detail in (0.0, 0.5, 1.0):
        restorer = Restorer(model, dataclasses.replace(standard, detail=detail))
        pictures.append(restorer(problem).x)
    pictures.append(x)
    top, left = ((side - STRIP) // 2 for side in x.shape[-2:])
    shown = [p[0, :, top : top + STRIP, left : left + STRIP].clamp(0, 1) for p in pictures]
    tiles = [np.rint(p.movedim(0, -1).numpy() * 255).astype(np.uint8) for p in shown]
    wide = np.concatenate(tiles, axis=1)
    size = (wide.shape[1] * 2, wide.shape[0] * 2)
    return Image.fromarray(wide).resize(size, Image.Resampling.BICUBIC)


_WIDTH, _HEIGHT, _ACROSS = 200, 150, 3
_STROKES = ("#b8860b", "#0b6e8f", "#b3472d")


def figure(curves: dict[str, list[list[Point]]]) -> str:
    """PSNR over texture, a panel for each task, a line for each number of evaluations."""
    parts: list[str] = []
    for index, (title, lines) in enumerate(curves.items()):
        left = 60 + index % _ACROSS * (_WIDTH + 60)
        top = 30 + index // _ACROSS * (_HEIGHT + 75)
        ends = [(min(v), max(v)) for v in zip(*(p for line in lines for p in line), strict=True)]
        (low, high), (smooth, lively) = ends

        def at(
            p: Point,
            left: int = left,
            top: int = top,
            low: float = low,
            high: float = high,
            smooth: float = smooth,
            lively: float = lively,
        ) -> Point:
            across = (p[1] - smooth) / (lively - smooth)
            return left + across * _WIDTH, top + (high - p[0]) / (high - low) * _HEIGHT

        parts.append(
            f'<text x="{left}" y="{top - 10}" font-weight="bold">{title}</text>'
            f'<rect x="{left}" y="{top}" width="{_WIDTH}" height="{_HEIGHT}" fill="none" '
            'stroke="#888" stroke-width="0.7"/>'
        )
        for value, y in ((high, top + 5), (low, top + _HEIGHT)):
            parts.append(f'<text x="{left - 6}" y="{y}" text-anchor="end">{value:.1f}</text>')
        for value, x in ((smooth, left), (lively, left + _WIDTH)):
            y = top + _HEIGHT + 16
            parts.append(f'<text x="{x}" y="{y}" text-anchor="middle">{value:.2f}</text>')
        for line, stroke in zip(lines, _STROKES, strict=True):
            places = [at(p) for p in line]
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
            parts.append(f'<polyline points="{path}" fill="none" stroke="{stroke}"/>')
            parts += [
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{2 + 2 * detail}" fill="{stroke}"/>'
                for (x, y), detail in zip(places, DETAILS, strict=True)
            ]
    left = 60 + 2 * (_WIDTH + 60)
    names = ("half the evaluations", "the task's own", "twice as many")
    words = [
        f'<tspan fill="{stroke}">{n}</tspan>' for n, stroke in zip(names, _STROKES, strict=True)
    ]
    words += ["up: PSNR in dB", "right: texture", "larger dots: more detail, 0 to 1"]
    top = 30 + _HEIGHT + 75
    parts += [f'<text x="{left}" y="{top + 20 * i}">{word}</text>' for i, word in enumerate(words)]
    width, height = 60 + _ACROSS * (_WIDTH + 60), 2 * (_HEIGHT + 75) + 10
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'font-family="sans-serif" font-size="13"><rect width="{width}" height="{height}" '
        f'fill="#fff"/>{"".join(parts)}</svg>\n'
    )


if __name__ == "__main__":
    main()
