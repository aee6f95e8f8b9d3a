"""Denoising diffusion restoration models: the sampler.

Kawar, Elad, Ermon and Song 2022, "Denoising diffusion restoration models", section 4.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

__all__ = ["Denoise", "Noise", "SpectralOperator", "Step", "sample_ddrm"]

Denoise = Callable[[Tensor, float], Tensor]
"""``D(x, sigma)``: the expected picture given ``x = x_0 + sigma * noise``, of the shape of x."""

Noise = Callable[[tuple[int, ...]], Tensor]
"""Standard normal draws of a shape (without the batch), with the batch in front."""


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
    sigmas: Tensor,
    sigma_y: float,
    *,
    noise: Noise,
    eta_c: float = 1.0,
    eta_a: float = 0.7,
    eta_b: float = 1.0,
    callback: Callable[[Step], None] | None = None,
) -> Tensor:
    """Draw x from the posterior of ``y = H x + sigma_y z`` under the denoiser's prior.

    In spectral coordinates ``x_bar = V^T x``, ``y_bar = U^T y / s``, ``sigma_bar = sigma_y / s``
    (infinite where nothing is measured), with ``x_t = x_0 + sigma_t eps``, the first iterate is

        N(y_bar, sigma_T^2 - sigma_bar^2)                               sigma_T >= sigma_bar
        N(0, sigma_T^2)                                                 otherwise

    (eq. 7) and each step from sigma_prev to sigma, with ``d = V^T D(x, sigma_prev)``, draws

        N(d + sqrt(1 - eta_c^2) sigma (x_bar - d) / sigma_prev, eta_c^2 sigma^2)     unmeasured
        N(d + sqrt(1 - eta_a^2) sigma (y_bar - d) / sigma_bar,  eta_a^2 sigma^2)  sigma < sigma_bar
        N((1 - eta_b) d + eta_b y_bar,  sigma^2 - eta_b^2 sigma_bar^2)            otherwise

    (eq. 8). The last step is to sigma = 0; with sigma_y = 0 and eta_b = 1 it gives ``H x = y``.

    Args:
        denoiser: ``D(x, sigma)``.
        y: Measurement, shape (B, *measurement_shape), in the units of x.
        operator: H, on the device of y.
        sigmas: Noise levels to evaluate the denoiser at, decreasing, shape (steps,).
        sigma_y: Standard deviation of the measurement's noise, in the units of x.
        noise: Source of random numbers, one draw for the start and one a step but the last.
        eta_c: Share of fresh noise in unmeasured coordinates.
        eta_a: Share of fresh noise where sigma < sigma_bar.
        eta_b: Weight of the measurement where sigma >= sigma_bar.
        callback: Called after each evaluation.

    Returns:
        The picture, shape (B, C, H, W).
    """
    s, measured = operator.singular_values, operator.measured
    y_bar = torch.where(measured, operator.Ut(y) / s, 0.0)
    sigma_bar = torch.where(measured, sigma_y / s, math.inf)

    levels = [float(sigma) for sigma in sigmas]
    sigma_T = levels[0]
    std = _sqrt(sigma_T**2 - torch.where(sigma_T >= sigma_bar, sigma_bar, 0.0) ** 2)
    x_bar = torch.where(sigma_T >= sigma_bar, y_bar, 0.0)
    x_bar = x_bar + std * noise(operator.spectral_shape).to(y)

    for index, (sigma_prev, sigma) in enumerate(itertools.pairwise([*levels, 0.0]), start=1):
        denoised = denoiser(operator.V(x_bar), sigma_prev)
        d = operator.Vt(denoised)

        # The three cases of eq. 8 as the weights of one sum, of the shape of s.
        clearer = sigma >= sigma_bar  # than the iterate; never where unmeasured
        from_x = torch.where(measured, 0.0, math.sqrt(1 - eta_c**2) * sigma / sigma_prev)
        from_y = torch.where(clearer, eta_b, math.sqrt(1 - eta_a**2) * sigma / sigma_bar)
        std = torch.where(
            clearer,
            _sqrt(sigma**2 - (eta_b * sigma_bar) ** 2),
            torch.where(measured, eta_a * sigma, eta_c * sigma),
        )
        x_bar = d + from_x * (x_bar - d) + from_y * (y_bar - d)
        if sigma > 0:
            x_bar = x_bar + std * noise(operator.spectral_shape).to(y)
        if callback is not None:
            callback(Step(index, len(levels), sigma_prev, denoised))
    return operator.V(x_bar)


def _sqrt(variance: Tensor) -> Tensor:
    # Where two equal variances cancel, rounding may leave a negative zero behind.
    return variance.clamp_min(0).sqrt()
