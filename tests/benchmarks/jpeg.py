"""JPEG files restored, and photographs that were blurred before they were compressed.

``python -m tests.benchmarks.jpeg PHOTO...`` takes ``--size`` x ``--size`` pixels from the middle of
each photograph, compresses them (4:2:0), and prints means over the photographs: PSNR in dB and
blockiness (see `blockiness`) of the JPEG, of our restoration, and of the published way of ddrm-jpeg
with as many evaluations as ``--published`` says. ``--blurred`` prints instead what deblurring
reaches with the noise level that a JPEG's tables say, and with the best of several.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Iterable
from pathlib import Path
from statistics import mean

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ddrm_cli.degradations.base import ImageShape
from ddrm_cli.degradations.compression import Compression
from ddrm_cli.degradations.jpeg import JPEG
from ddrm_cli.degradations.table import Degradation
from ddrm_cli.evaluation.metrics import psnr
from ddrm_cli.measuring import measure, operator_of
from ddrm_cli.prior import LoadedModel, load_model
from ddrm_cli.problem import pose
from ddrm_cli.restoration import Restorer
from ddrm_cli.sampler.noise import ImageNoise
from tests.benchmarks.presets import SIZE, crop

QUALITIES = (5, 10, 20, 40, 75)
BLURRED = (75, 85, 92)
SIGMAS = (0.006, 0.009, 0.013, 0.019, 0.027)
FIRST_TIMESTEP, ETA_B = 300, 0.4  # what ddrm-jpeg takes unless told otherwise; its eta is 1


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", nargs="+", type=Path)
    parser.add_argument("--published", type=int, default=20, metavar="STEPS")
    parser.add_argument("--size", type=int, default=SIZE)
    parser.add_argument("--blurred", action="store_true")
    arguments = parser.parse_args()
    photos = [crop(path, arguments.size) for path in arguments.photos]
    model = load_model()
    rows = (
        blurred(model, photos) if arguments.blurred else table(model, photos, arguments.published)
    )
    for row in rows:
        sys.stdout.write(f"| {' | '.join(row)} |\n")
        sys.stdout.flush()


def shape_of(x: Tensor) -> ImageShape:
    """(C, H, W) of a batch."""
    _, channels, height, width = x.shape
    return channels, height, width


def table(model: LoadedModel, photos: list[Tensor], steps: int) -> Iterable[tuple[str, ...]]:
    """A row a quality."""
    yield ("quality", "JPEG", "ours", f"published ({steps})")
    yield ("---",) * 4
    yield ("original", f"- / {mean(blockiness(pixels(x)) for x in photos):.2f}", "", "")
    for quality in QUALITIES:
        operator = operator_of(f"jpeg{quality}", shape_of(photos[0]))
        assert isinstance(operator, JPEG)
        cells: list[list[tuple[float, float]]] = []
        for x in photos:
            seen = operator.observe(x)
            problem = pose(seen, operator)
            ways = (seen, Restorer(model)(problem).x, published(model, operator, seen, steps))
            cells.append([(quality_of(way, x), blockiness(pixels(way))) for way in ways])
        means = [map(mean, zip(*column, strict=True)) for column in zip(*cells, strict=True)]
        yield (str(quality), *(f"{q:.2f} / {b:.2f}" for q, b in means))


def published(model: LoadedModel, operator: JPEG, seen: Tensor, steps: int) -> Tensor:
    """What ddrm-jpeg does (Kawar, Song, Ermon and Elad 2022), with our network.

    From the JPEG at timestep 300 on, uniform timesteps; each prediction d becomes
    ``d + eta_b (decode(encode(seen)) - decode(encode(d)))``, with fresh noise of the next level.
    """

    def through(x: Tensor) -> Tensor:
        return operator.unframed(operator.pinv(operator.rounded(operator(operator.framed(x)))))

    timesteps = torch.arange(0, FIRST_TIMESTEP, FIRST_TIMESTEP // steps).flip(0)
    sigmas = [*model.schedule.sigmas(timesteps).tolist(), 0.0]
    denoiser = model.denoiser(limited=False)
    noise = ImageNoise([0])
    shape = tuple(seen.shape[1:])
    known = through(seen)
    x = 2 * seen - 1 + sigmas[0] * noise(shape)
    with torch.no_grad():
        for sigma, following in itertools.pairwise(sigmas):
            d = (denoiser(x, sigma) + 1) / 2
            d = d + ETA_B * (known - through(d))
            x = 2 * d - 1 + following * noise(shape)
    restored: Tensor = (x + 1) / 2
    return restored


def blockiness(x: NDArray[np.float32]) -> float:
    """How much larger steps of luma are across the borders of 8 x 8 blocks than elsewhere.

    The mean square of differences between neighbours across the borders over that of all others:
    1 where no blocks are seen.

    Args:
        x: Shape (H, W, 3), on [0, 1].
    """
    luma = x @ np.array([0.299, 0.587, 0.114])
    across, within = [], []
    for plane in (luma, luma.T):
        squares = np.diff(plane, axis=1) ** 2
        border = np.arange(squares.shape[1]) % 8 == 7
        across.append(squares[:, border].ravel())
        within.append(squares[:, ~border].ravel())
    return float(np.concatenate(across).mean() / np.concatenate(within).mean())


def blurred(model: LoadedModel, photos: list[Tensor]) -> Iterable[tuple[str, ...]]:
    """A row a blur and quality: automatic, and the best of several noise levels by hand."""
    yield ("blur", "quality", "input", "automatic", "sigma", "best by hand", "its sigma")
    yield ("---",) * 7
    blurs = {
        "deblur_gauss": Degradation("deblur_gauss"),
        "motion, 11 pixels": Degradation("deblur", {"kernel": motion(11, 30)}),
    }
    for title, blur in blurs.items():
        operator = operator_of(blur, shape_of(photos[0]))
        for quality in BLURRED:
            compression = operator_of(f"jpeg{quality}", shape_of(photos[0]))
            seen = [compression.observe(measure(x, operator, 0, [0])) for x in photos]
            sigma = Compression.of_quality(quality).hidden_noise
            found = {}
            for level in (sigma, *SIGMAS):
                restorer = Restorer(model)
                results = [restorer(pose(to_8_bits(y), blur, sigma=level)).x for y in seen]
                pairs = zip(results, photos, strict=True)
                found[level] = mean(quality_of(result, x) for result, x in pairs)
            best = max(found, key=found.__getitem__)
            before = mean(quality_of(y, x) for y, x in zip(seen, photos, strict=True))
            figures = (f"{before:.2f}", f"{found[sigma]:.2f}", f"{sigma:.4f}")
            yield (title, str(quality), *figures, f"{found[best]:.2f}", f"{best:g}")


def motion(length: int, degrees: float) -> NDArray[np.float64]:
    """A straight line, drawn by points that lie dense and are shared among four pixels each."""
    kernel = np.zeros((length, length))
    t = np.linspace(-(length - 1) / 2, (length - 1) / 2, 64 * length)
    rows = length // 2 - t * np.sin(np.radians(degrees))
    columns = length // 2 + t * np.cos(np.radians(degrees))
    for row, column in zip(rows, columns, strict=True):
        top, left = int(row), int(column)
        down, right = row - top, column - left
        for i, weight in ((top, 1 - down), (top + 1, down)):
            for j, share in ((left, 1 - right), (left + 1, right)):
                if weight * share > 0:
                    kernel[i, j] += weight * share
    kernel = kernel[kernel.any(axis=1)]
    return np.asarray(kernel / kernel.sum())


def to_8_bits(y: Tensor) -> Tensor:
    """What a file holds of it."""
    return (y.clamp(0, 1) * 255).round().to(torch.uint8)


def pixels(x: Tensor) -> NDArray[np.float32]:
    """One picture as (H, W, C), clipped as a file is."""
    return x[0].clamp(0, 1).movedim(0, -1).numpy()


def quality_of(result: Tensor, x: Tensor) -> float:
    """PSNR in dB."""
    return psnr(pixels(result), pixels(x))


if __name__ == "__main__":
    main()
