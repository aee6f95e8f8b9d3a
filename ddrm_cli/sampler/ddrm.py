"""Denoising diffusion restoration models: the sampler.

Kawar, Elad, Ermon and Song 2022, "Denoising diffusion restoration models", section 4.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from .parts import Coordinates
from .rules import Normal, PaperRule, Rule

__all__ = ["Denoise", "Expected", "Noise", "SpectralOperator", "Step", "sample_ddrm"]

Denoise = Callable[[Tensor, float], Tensor]
"""``D(x, sigma)``: the expected picture given ``x = x_0 + sigma * noise``, of the shape of x."""

Noise = Callable[[tuple[int, ...]], Tensor]
"""Standard normal draws of a shape (without the batch), with the batch in front: a new tensor, in
which the sampler makes the next iterate."""

Expected = Callable[[Tensor, float], Tensor | None]
"""What y is expected to be without its noise, given a prediction and the level it was made at; None
where the noise is Gaussian, and the rule knows."""

FAR = 3.0  # times a level: a measured coordinate that is noisier tells the first iterate nothing


class SpectralOperator(Protocol):
    """What the sampler asks of an operator ``H = U diag(s) V^T``."""

    @property
    def spectral_shape(self) -> tuple[int, ...]:
        """Shape of ``V^T x`` without the batch."""

    @property
    def singular_values(self) -> Tensor:
        """Non-negative, broadcastable to ``spectral_shape``."""

    @property
    def measured(self) -> Tensor:
        """Of the shape of ``singular_values``: True where s > 0 and the measurement is trusted."""

    def V(self, x_bar: Tensor, /) -> Tensor:
        """Spectral coordinates to pictures."""

    def Vt(self, x: Tensor, /) -> Tensor:
        """Pictures to spectral coordinates."""

    def Ut(self, y: Tensor, /) -> Tensor:
        """Measurements to spectral coordinates."""


@dataclass(frozen=True)
class Step:
    """What a callback is told after each network evaluation.

    Args:
        index: Evaluations done so far, 1 .. ``steps``.
        steps: Evaluations in all.
        sigma: Noise level that was evaluated.
        denoised: The prediction of the picture, shape (B, C, H, W).
    """

    index: int
    steps: int
    sigma: float
    denoised: Tensor


def sample_ddrm(
    denoiser: Denoise,
    y: Tensor,
    operator: SpectralOperator,
    sigmas: Tensor | Sequence[float],
    sigma_y: float,
    *,
    noise: Noise,
    rule: Rule = PaperRule(),  # noqa: B008
    x_init: Tensor | None = None,
    expected: Expected | None = None,
    callback: Callable[[Step], None] | None = None,
) -> Tensor:
    """Draw x from the posterior of ``y = H x + sigma_y z`` under the denoiser's prior.

    In spectral coordinates ``x_bar = V^T x``, ``y_bar = U^T y / s``, ``sigma_bar = sigma_y / s``
    (infinite where nothing is measured), with ``x_t = x_0 + sigma_t eps``, a rule says from which
    normal distribution the first iterate is drawn, and each next one given the prediction
    ``d = V^T D(x, sigma_prev)``. The last step is to sigma = 0.

    Args:
        denoiser: ``D(x, sigma)``.
        y: Measurement, shape (B, *measurement_shape), in the units of x.
        operator: H, on the device of y.
        sigmas: Noise levels to evaluate the denoiser at, decreasing, shape (steps,); without any
            the start is the result.
        sigma_y: Standard deviation of the measurement's noise, in the units of x.
        noise: Source of random numbers, one draw for the start and one a step but the last.
        rule: `PaperRule` or `SoftRule`.
        x_init: What y alone tells of x, shape (B, C, H, W), for a rule that starts there; the
            pseudo-inverse unless given.
        expected: For noise that is not Gaussian: what it gives is taken for an exact measurement.
        callback: Called after each evaluation.

    Returns:
        The picture, shape (B, C, H, W).
    """
    # What is as large as the picture is let go as soon as nothing needs it: beside y_bar there are
    # two or three of its size at a time. So no decorator, which would hold on to the arguments.
    with torch.no_grad():
        s, measured = operator.singular_values, operator.measured
        coordinates = Coordinates(operator.spectral_shape, s, measured)
        levels = [*map(float, sigmas), 0.0]

        def known(y: Tensor) -> Tensor:
            y_bar = operator.Ut(y) / s
            return torch.where(measured, y_bar, y_bar.new_zeros(()), out=y_bar)

        def drawn(normals: Iterable[Normal], sigma: float) -> Tensor:
            """An iterate of level ``sigma``, from the normal distributions of its parts."""
            if sigma > 0:
                iterate = noise(operator.spectral_shape).to(y_bar)
            else:
                iterate = torch.zeros_like(y_bar)
            for part, (mean, std) in zip(coordinates, normals, strict=True):
                part.of(iterate).mul_(std).add_(mean)
            return iterate

        y_bar = known(y)
        guess = y_bar if x_init is None else operator.Vt(x_init)
        tells = FAR * levels[0] if x_init is None else math.inf
        del y, x_init
        white = rule.white(coordinates, sigma_y, levels[0], first=True)
        starts = (
            rule.start(
                part.of(guess).masked_fill(part.noise(sigma_y) > tells, 0.0),
                part.of(y_bar),
                part.noise(sigma_y),
                levels[0],
                white,
            )
            for part in coordinates
        )
        x_bar = drawn(starts, levels[0])
        del guess, starts

        for index, (sigma_prev, sigma) in enumerate(itertools.pairwise(levels), start=1):
            x = operator.V(x_bar)
            previous = x_bar if rule.looks_back else None
            del x_bar
            denoised = denoiser(x, sigma_prev)
            del x
            if callback is not None:
                callback(Step(index, len(levels) - 1, sigma_prev, denoised))
            d = operator.Vt(denoised)
            exact = None if expected is None else expected(denoised, sigma_prev)
            del denoised
            told, error = (y_bar, sigma_y) if exact is None else (known(exact), 0.0)
            white = rule.white(coordinates, error, sigma)
            steps = (
                rule.step(
                    part.of(d),
                    part.of(told),
                    part.noise(error),
                    sigma,
                    sigma_prev,
                    white,
                    None if previous is None else part.of(previous),
                )
                for part in coordinates
            )
            x_bar = drawn(steps, sigma)
            del d, exact, told, steps, previous
        return operator.V(x_bar)
