"""How the iterate goes from one noise level to the next: the paper's rule, and the soft one.

A rule gives the mean and the standard deviation of the next iterate in spectral coordinates.
There ``d = V^T D(x, sigma_prev)`` is the prediction, ``y_bar = U^T y / s`` the measurement and
``sigma_bar = sigma_y / s`` its noise: 0 where it is exact, infinite where nothing is measured.
Each coordinate is treated by itself, so that any part of them may be asked for; what hangs on all
of them is one number, the fresh noise of the unmeasured ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from .parts import Coordinates

__all__ = ["Normal", "PaperRule", "Rule", "SoftRule"]

Normal = tuple[Tensor, Tensor]  # mean and standard deviation, broadcastable to each other


class Rule(Protocol):
    """From one noise level to the next."""

    @property
    def looks_back(self) -> bool:
        """Whether a step looks at the iterate that it goes on from."""

    def white(
        self, coordinates: Coordinates, sigma_y: float, sigma: float, *, first: bool = False
    ) -> float:
        """Fresh noise of unmeasured coordinates at level ``sigma``; ``first`` at the start."""

    def start(
        self, guess: Tensor, y_bar: Tensor, sigma_bar: Tensor, sigma: float, white: float
    ) -> Normal:
        """The first iterate, at noise level ``sigma``; ``guess`` is V^T of what y alone tells."""

    def step(
        self,
        d: Tensor,
        y_bar: Tensor,
        sigma_bar: Tensor,
        sigma: float,
        sigma_prev: float,
        white: float,
        x_bar: Tensor | None,
    ) -> Normal:
        """The next iterate, at noise level ``sigma``, which is 0 at the end.

        ``x_bar`` is the present one; None for a rule that does not look back.
        """


@dataclass(frozen=True)
class PaperRule:
    """The published update (Kawar et al. 2022, eqs. 7 and 8).

    It starts at the largest noise level with

        N(y_bar, sigma^2 - sigma_bar^2)                                 sigma >= sigma_bar
        N(0, sigma^2)                                                   otherwise

    (eq. 7), and each step from sigma_prev to sigma draws

        N(d + sqrt(1 - eta_c^2) sigma (x_bar - d) / sigma_prev, eta_c^2 sigma^2)     unmeasured
        N(d + sqrt(1 - eta_a^2) sigma (y_bar - d) / sigma_bar,  eta_a^2 sigma^2)  sigma < sigma_bar
        N((1 - eta_b) d + eta_b y_bar,  sigma^2 - eta_b^2 sigma_bar^2)            otherwise

    (eq. 8). With sigma_y = 0 and eta_b = 1 the last step gives ``H x = y``.

    Args:
        eta_c: Share of fresh noise in unmeasured coordinates.
        eta_a: Share of fresh noise where sigma < sigma_bar.
        eta_b: Weight of the measurement where sigma >= sigma_bar.
    """

    eta_c: float = 0.85
    eta_a: float = 0.85
    eta_b: float = 1.0

    @property
    def looks_back(self) -> bool:
        """Always: at unmeasured coordinates."""
        return True

    def white(
        self, coordinates: Coordinates, sigma_y: float, sigma: float, *, first: bool = False
    ) -> float:
        """The last term of eq. 8."""
        return sigma if first else self.eta_c * sigma

    def start(
        self, guess: Tensor, y_bar: Tensor, sigma_bar: Tensor, sigma: float, white: float
    ) -> Normal:
        """Eq. 7."""
        clearer = sigma >= sigma_bar
        std = _sqrt(sigma**2 - torch.where(clearer, sigma_bar, 0.0) ** 2)
        return torch.where(clearer, y_bar, 0.0), std

    def step(
        self,
        d: Tensor,
        y_bar: Tensor,
        sigma_bar: Tensor,
        sigma: float,
        sigma_prev: float,
        white: float,
        x_bar: Tensor | None,
    ) -> Normal:
        """Eq. 8: its three cases as the weights of one sum."""
        assert x_bar is not None  # it looks back
        measured = torch.isfinite(sigma_bar)
        clearer = sigma >= sigma_bar  # than the iterate; never where unmeasured
        from_x = torch.where(measured, 0.0, math.sqrt(1 - self.eta_c**2) * sigma / sigma_prev)
        from_y = torch.where(clearer, self.eta_b, math.sqrt(1 - self.eta_a**2) * sigma / sigma_bar)
        std = torch.where(
            clearer,
            _sqrt(sigma**2 - (self.eta_b * sigma_bar) ** 2),
            torch.where(measured, self.eta_a * sigma, white),
        )
        return d + from_x * (x_bar - d) + from_y * (y_bar - d), std


@dataclass(frozen=True)
class SoftRule:
    """One formula for all coordinates: the measurement's weight falls with its noise.

        w     = sigma^2 / (sigma^2 + lambda sigma_bar^2)
        x_bar = d + w (y_bar - d) + kappa sqrt(max(0, sigma^2 - w^2 sigma_bar^2)) z

    The limits are the paper's cases: an exact measurement is taken (w = 1), what is not measured
    is predicted (w = 0), and between them a measurement of variance sigma_bar^2 is weighed against
    a prediction of variance sigma^2 / lambda. Unmeasured coordinates get the noise that the
    measured ones carry on average, so that the denoiser meets white noise. With a perfect
    denoiser and kappa = 1 a measured coordinate carries noise of max(sigma, w sigma_bar).

    The last step, to sigma = 0, weighs anew: the prediction has used the measurement already, and
    only one that is clearer than the last level can add to it,

        w     = max(0, (sigma_prev^2 - sigma_bar^2) / (sigma_prev^2 + 2 sigma_bar^2)).

    With kappa = 0, all measured and lambda = 0.23 the steps are those of plug-and-play half
    quadratic splitting (Zhang et al. 2021, "Plug-and-play image restoration with deep denoiser
    prior").

    Args:
        kappa: Fresh noise, from 0, the expected picture, to 1, a sample.
        weight: lambda.
    """

    kappa: float = 0.7
    weight: float = 0.2

    @property
    def looks_back(self) -> bool:
        """Never."""
        return False

    def white(
        self, coordinates: Coordinates, sigma_y: float, sigma: float, *, first: bool = False
    ) -> float:
        """What the measured coordinates carry on average in all, and no more than ``sigma``."""

        def variance(sigma_bar: Tensor) -> Tensor:
            carried = sigma_bar if first else self._weight(sigma_bar, sigma) * sigma_bar
            return self._fresh(carried, sigma) ** 2 + carried**2

        average = coordinates.mean(variance, sigma_y)
        return self.kappa * sigma if average is None else min(math.sqrt(average), sigma)

    def start(
        self, guess: Tensor, y_bar: Tensor, sigma_bar: Tensor, sigma: float, white: float
    ) -> Normal:
        """The rule with the guess in the prediction's place; noise up to the level, and no more.

        The guess carries the measurement's noise: what is as noisy as the level gets none on top.
        """
        measured = torch.isfinite(sigma_bar)
        w = self._weight(sigma_bar, sigma)
        std = self._fresh(torch.where(measured, sigma_bar, 0.0), sigma)
        return guess + w * (y_bar - guess), torch.where(measured, std, white)

    def step(
        self,
        d: Tensor,
        y_bar: Tensor,
        sigma_bar: Tensor,
        sigma: float,
        sigma_prev: float,
        white: float,
        x_bar: Tensor | None,
    ) -> Normal:
        """See the class."""
        measured = torch.isfinite(sigma_bar)
        noise = torch.where(measured, sigma_bar, 0.0)
        if sigma == 0:
            w = (sigma_prev**2 - noise**2) / (sigma_prev**2 + 2 * noise**2)
            w = torch.where(measured, w.clamp_min(0), 0.0)
            return d + w * (y_bar - d), torch.zeros_like(noise)
        w = self._weight(sigma_bar, sigma)
        std = self._fresh(w * noise, sigma)
        return d + w * (y_bar - d), torch.where(measured, std, white)

    def _weight(self, sigma_bar: Tensor, sigma: float) -> Tensor:
        # Also where sigma is zero, and at both ends of sigma_bar: 1 for exact, 0 for unmeasured.
        w = sigma**2 / (sigma**2 + self.weight * sigma_bar**2)
        return torch.where(sigma_bar == 0, 1.0, w)

    def _fresh(self, carried: Tensor, sigma: float) -> Tensor:
        """Deviation of the fresh noise of a coordinate that carries some of the measurement's."""
        return self.kappa * _sqrt(sigma**2 - carried**2)


def _sqrt(variance: Tensor) -> Tensor:
    # Where two equal variances cancel, rounding may leave a negative zero behind.
    return variance.clamp_min(0).sqrt()
