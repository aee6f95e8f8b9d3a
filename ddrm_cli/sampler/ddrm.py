"""Denoising diffusion restoration models: the sampler.

Kawar, Elad, Ermon and Song 2022, "Denoising diffusion restoration models", section 4.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from .rules import PaperRule, Rule

__all__ = ["Denoise", "Expected", "Noise", "SpectralOperator", "Step", "sample_ddrm"]

Denoise = Callable[[Tensor, float], Tensor]
"""``D(x, sigma)``: the expected picture given ``x = x_0 + sigma * noise``, of the shape of x."""

Noise = Callable[[tuple[int, ...]], Tensor]
"""Standard normal draws of a shape (without the batch), with the batch in front."""

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


@torch.no_grad()
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
    s, measured = operator.singular_values, operator.measured

    def coordinates(y: Tensor) -> Tensor:
        return torch.where(measured, operator.Ut(y) / s, 0.0)

    y_bar, exact = coordinates(y), torch.where(measured, 0.0, math.inf)
    sigma_bar = torch.where(measured, sigma_y / s, math.inf)
    levels = [*map(float, sigmas), 0.0]

    if x_init is None:
        guess = torch.where(sigma_bar > FAR * levels[0], 0.0, y_bar)
    else:
        guess = operator.Vt(x_init)
    mean, std = rule.start(guess, y_bar, sigma_bar, levels[0])
    x_bar = mean + std * noise(operator.spectral_shape).to(y)

    for index, (sigma_prev, sigma) in enumerate(itertools.pairwise(levels), start=1):
        denoised = denoiser(operator.V(x_bar), sigma_prev)
        d = operator.Vt(denoised)
        known = None if expected is None else expected(denoised, sigma_prev)
        told = (y_bar, sigma_bar) if known is None else (coordinates(known), exact)
        x_bar, std = rule.step(d, *told, sigma, sigma_prev, x_bar)
        if sigma > 0:
            x_bar = x_bar + std * noise(operator.spectral_shape).to(y)
        if callback is not None:
            callback(Step(index, len(levels) - 1, sigma_prev, denoised))
    return operator.V(x_bar)
