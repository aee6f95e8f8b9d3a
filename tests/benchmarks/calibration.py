"""Is the sampler calibrated? DDRM against the exact posterior of a Gaussian prior.

For ``x ~ N(0, P)`` and ``y = H x + sigma_y z`` the posterior is Gaussian, with

    mean  P A^T (A P A^T + sigma_y^2 I)^-1 y_A,      covariance  P - P A^T (...)^-1 A P,

where A holds the measured rows of ``diag(s) V^T`` and ``y_A`` those of ``U^T y``. The exact
denoiser is ``D(x, sigma) = P (P + sigma^2 I)^-1 x``, so that what DDRM gets wrong here is DDRM's
own doing, not a network's.

``python -m tests.benchmarks.calibration`` prints the tables of docs/calibration.md and, with
``--figure FILE``, draws its figure.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ddrm_cli.degradations.base import LinearOperator
from ddrm_cli.degradations.build import build_operator
from ddrm_cli.images.writing import write_bytes
from ddrm_cli.sampler.ddrm import Noise, sample_ddrm
from ddrm_cli.sampler.noise import ImageNoise
from ddrm_cli.sampler.plan import plan_of
from ddrm_cli.sampler.schedule import NoiseSchedule
from ddrm_cli.sampler.settings import PRESETS, PaperSettings, SamplerSettings, Settings
from tests.degradations.examples import example

__all__ = ["Calibration", "GaussianPrior", "Posterior", "calibrate", "exact_posterior", "main"]

SIDE = 32  # pixels: the posterior's covariance has SIDE^4 entries
CONTRAST = 0.22  # standard deviation of a photograph's pixels on [0, 1]
MEASUREMENTS = 16  # over which the mean's error is averaged
SAMPLES = 64  # for the variance: of SIDE^2 coordinates each, so known to about a hundredth

CASES = (
    ("deno", 0.1),
    ("inp", 0.0),
    ("inp", 0.05),
    ("sr4", 0.0),
    ("sr4", 0.05),
    ("deblur_gauss", 0.05),
)
PRESETS_SHOWN = ("standard", "detailed", "paper")
STEPS = (1, 3, 5, 10, 20, 50, 100, 200)
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


class GaussianPrior:
    """Stationary Gaussian pictures with the power spectrum of photographs, ``c / f^2``.

    One channel, the mean is zero, opposite edges meet.

    Args:
        power: Variance of each Fourier coefficient, shape (H, W), in `torch.fft.fft2`'s order.
    """

    def __init__(self, power: Tensor) -> None:
        self.power = power.double()

    @classmethod
    def of_photographs(cls, side: int = SIDE, contrast: float = CONTRAST) -> GaussianPrior:
        """The prior of ``side x side`` pixels, on [-1, 1], with a photograph's contrast."""
        f = torch.fft.fftfreq(side, dtype=torch.float64)
        squared = f[:, None] ** 2 + f**2
        squared[0, 0] = 1 / (2 * side) ** 2  # the mean varies like a very long wave
        power = 1 / squared
        return cls(power * (2 * contrast) ** 2 / power.mean())

    def denoise(self, x: Tensor, sigma: float) -> Tensor:
        """The exact denoiser, shape (B, 1, H, W) to the same."""
        return self._filter(x, self.power / (self.power + sigma**2))

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Pictures, shape (count, 1, H, W), float64."""
        z = torch.randn(count, 1, *self.power.shape, generator=generator, dtype=torch.float64)
        return self._filter(z, self.power.sqrt())

    def covariance(self) -> Tensor:
        """``P``, shape (H W, H W)."""
        pixels = self.power.numel()
        unit = torch.eye(pixels, dtype=torch.float64).view(pixels, 1, *self.power.shape)
        return self._filter(unit, self.power).flatten(1)

    @staticmethod
    def _filter(x: Tensor, transfer: Tensor) -> Tensor:
        filtered: Tensor = torch.fft.ifft2(torch.fft.fft2(x) * transfer).real
        return filtered


@dataclass(frozen=True)
class Posterior:
    """A Gaussian posterior.

    Args:
        mean: Shape (B, 1, H, W): one for each measurement.
        variance: Mean over pixels of the diagonal of its covariance.
    """

    mean: Tensor
    variance: float


@dataclass(frozen=True)
class Calibration:
    """DDRM beside the exact posterior.

    Args:
        mean_error: Root mean square difference of the means, over the posterior's standard
            deviation: 0 is exact.
        std_ratio: DDRM's standard deviation over the posterior's: 1 is exact, less is too sure.
    """

    mean_error: float
    std_ratio: float

    @property
    def gain(self) -> float:
        """PSNR of a sample above that of an exact posterior sample, in dB.

        The squared error of a sample has the parts 1 (of the original around the mean),
        ``std_ratio^2`` and ``mean_error^2``, and is 2 where the sample is exact.
        """
        return -10 * math.log10((1 + self.std_ratio**2 + self.mean_error**2) / 2)


def exact_posterior(
    prior: GaussianPrior, operator: LinearOperator, y: Tensor, sigma_y: float
) -> Posterior:
    """The posterior of x given ``y = H x + sigma_y z``, in float64.

    Args:
        prior: Of x.
        operator: H, in float64, for one channel.
        y: Shape (B, *measurement_shape).
        sigma_y: In the units of x.
    """
    pixels = prior.power.numel()
    measured = operator.measured.expand(operator.spectral_shape).flatten()
    unit = torch.eye(pixels, dtype=torch.float64).view(pixels, *operator.image_shape)
    A = (operator.singular_values * operator.Vt(unit)).flatten(1).T[measured]
    y_A = operator.Ut(y).flatten(1).T[measured]
    P = prior.covariance()
    PAt = P @ A.T
    K = A @ PAt + sigma_y**2 * torch.eye(len(A), dtype=torch.float64)
    mean = PAt @ torch.linalg.solve(K, y_A)
    explained = (PAt * torch.linalg.solve(K, PAt.T).T).sum()
    variance = float(P.trace() - explained) / pixels
    return Posterior(mean.T.reshape(-1, *operator.image_shape), variance)


def calibrate(
    degradation: str,
    sigma: float,
    settings: Sequence[Settings],
    *,
    prior: GaussianPrior | None = None,
    seed: int = 0,
) -> list[Calibration]:
    """Compare DDRM with the exact posterior of one degradation.

    With a linear denoiser a sample is an affine function of its noise: without any it is DDRM's
    mean, exactly, and what noise adds to it does not depend on the measurement.

    Args:
        degradation: A name of the table, for pictures of one channel.
        sigma: Noise of the measurement on [0, 1].
        settings: Of the sampler; one result each.
        prior: The prior; None takes that of photographs.
        seed: Of pictures, measurements and samples.
    """
    prior = prior or GaussianPrior.of_photographs()
    height, width = prior.power.shape
    operator = build_operator(example(degradation, seed), (1, height, width)).double()
    # A noise-free measurement has no inverse of K in float64 without any noise at all.
    sigma_y = max(2 * sigma, 1e-5)
    generator = torch.Generator().manual_seed(seed)
    y = operator(prior.sample(MEASUREMENTS, generator))
    y = y + sigma_y * torch.randn(y.shape, generator=generator, dtype=torch.float64)
    exact = exact_posterior(prior, operator, y, sigma_y)
    found: list[Calibration] = []
    for each in settings:
        mean = _sample(prior, operator, y, sigma_y, each, _no_noise(len(y)))
        noise = ImageNoise(range(seed, seed + SAMPLES))
        alike = y[:1].expand(SAMPLES, *y.shape[1:])
        around = _sample(prior, operator, alike, sigma_y, each, noise) - mean[:1]
        found.append(
            Calibration(
                mean_error=math.sqrt(float((mean - exact.mean).square().mean()) / exact.variance),
                std_ratio=math.sqrt(float(around.square().mean()) / exact.variance),
            )
        )
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables, and draw the figure."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--figure", type=Path, help="an SVG file to draw")
    figure: Path | None = parser.parse_args(arguments).figure
    by_steps = {
        (name, case): calibrate(
            *case, [dataclasses.replace(PRESETS[name], steps=steps) for steps in STEPS]
        )
        for name, case in itertools.product(PRESETS_SHOWN, CASES)
    }
    for name in PRESETS_SHOWN:
        rows = [(_case(case), by_steps[name, case]) for case in CASES]
        sys.stdout.write(_table(f"{name}, by steps", "steps", [str(n) for n in STEPS], rows))
    dials: dict[str, list[Settings]] = {
        "detail": [SamplerSettings(detail=share) for share in SHARES],
        "eta": [PaperSettings(eta_c=share, eta_a=share) for share in SHARES],
    }
    heads = [f"{share:g}" for share in SHARES]
    for title, (dial, swept) in zip(("standard", "paper"), dials.items(), strict=True):
        rows = [(_case(case), calibrate(*case, swept)) for case in CASES]
        sys.stdout.write(_table(f"{title}, by {dial}", dial, heads, rows))
    if figure is not None:
        write_bytes(figure, _figure(by_steps).encode(), overwrite=True)


def _sample(
    prior: GaussianPrior,
    operator: LinearOperator,
    y: Tensor,
    sigma_y: float,
    settings: Settings,
    noise: Noise,
) -> Tensor:
    schedule = NoiseSchedule.from_betas()
    plan = plan_of(
        settings, operator.start, operator.singular_values, operator.measured, sigma_y, schedule
    )
    return sample_ddrm(
        prior.denoise,
        y,
        operator,
        plan.sigmas,
        sigma_y,
        noise=noise,
        rule=plan.rule,
        x_init=operator.initial(y),
    )


def _no_noise(count: int) -> Noise:
    return lambda shape: torch.zeros(count, *shape)


def _case(case: tuple[str, float]) -> str:
    degradation, sigma = case
    return f"{degradation}, σ = {sigma:g}"


def _table(
    title: str, corner: str, heads: Sequence[str], rows: Iterable[tuple[str, list[Calibration]]]
) -> str:
    """Markdown; a cell is ``mean error / std ratio / gain in dB``."""
    lines = [
        f"### {title}\n",
        f"| {corner} | {' | '.join(heads)} |",
        f"| --- |{' --- |' * len(heads)}",
        *(
            f"| {name} | "
            + " | ".join(f"{c.mean_error:.2f} / {c.std_ratio:.2f} / {c.gain:+.1f}" for c in found)
            + " |"
            for name, found in rows
        ),
    ]
    return "\n".join(lines) + "\n\n"


_STROKES = ("#0b6e8f", "#b3472d", "#7a5aa6", "#3d8b40", "#b8860b", "#5d636b")
_PANEL_WIDTH, _PANEL_HEIGHT = 240, 190


def _figure(found: dict[tuple[str, tuple[str, float]], list[Calibration]]) -> str:
    """The standard deviation's ratio over steps, a panel for each preset."""
    top = 1.1
    parts = []
    for index, preset in enumerate(PRESETS_SHOWN):
        left = 50 + index * (_PANEL_WIDTH + 50)

        def at(steps: int, ratio: float, left: int = left) -> tuple[float, float]:
            share = math.log(steps / STEPS[0]) / math.log(STEPS[-1] / STEPS[0])
            return left + share * _PANEL_WIDTH, 30 + _PANEL_HEIGHT * (1 - min(ratio, top) / top)

        parts.append(
            f'<text x="{left}" y="18" font-weight="bold">{preset}</text>'
            f'<text x="{left + _PANEL_WIDTH / 2}" y="256" text-anchor="middle">steps</text>'
        )
        for ratio in (0.0, 0.25, 0.5, 0.75, 1.0):
            x, y = at(STEPS[0], ratio)
            width = 2 if ratio == 1 else 0.7
            parts.append(
                f'<line x1="{x}" y1="{y:.1f}" x2="{x + _PANEL_WIDTH}" y2="{y:.1f}" '
                f'stroke="#888" stroke-width="{width}"/>'
                f'<text x="{x - 8}" y="{y + 4:.1f}" text-anchor="end">{ratio:g}</text>'
            )
        for steps in STEPS:
            x, y = at(steps, 0)
            parts.append(f'<text x="{x:.1f}" y="{y + 18}" text-anchor="middle">{steps}</text>')
        for case, stroke in zip(CASES, _STROKES, strict=True):
            points = [at(n, c.std_ratio) for n, c in zip(STEPS, found[preset, case], strict=True)]
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            parts.append(
                f'<polyline points="{path}" fill="none" stroke="{stroke}" stroke-width="2"/>'
            )
    for index, (case, stroke) in enumerate(zip(CASES, _STROKES, strict=True)):
        x, y = 50 + index % 3 * 280, 284 + index // 3 * 20
        parts.append(
            f'<line x1="{x}" y1="{y - 4}" x2="{x + 24}" y2="{y - 4}" stroke="{stroke}" '
            f'stroke-width="3"/><text x="{x + 32}" y="{y}">{_case(case)}</text>'
        )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 910 315" '
        'font-family="sans-serif" font-size="13"><rect width="910" height="315" fill="#fff"/>'
        f"{''.join(parts)}</svg>\n"
    )


if __name__ == "__main__":
    main()
