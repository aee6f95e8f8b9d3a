"""Diffusion schedules: betas, noise levels, and which timesteps are evaluated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ddrm_cli.errors import UnknownNameError

__all__ = ["BETA_SCHEDULES", "NoiseSchedule", "select_timesteps"]

QUADRATIC_START = 950  # first timestep of 20 uniform ones; sigma is about 100 there


def _linear(start: float, end: float, count: int) -> Tensor:
    return torch.linspace(start, end, count, dtype=torch.float64)


def _quad(start: float, end: float, count: int) -> Tensor:
    return _linear(start**0.5, end**0.5, count) ** 2


def _const(start: float, end: float, count: int) -> Tensor:
    return torch.full((count,), end, dtype=torch.float64)


def _jsd(start: float, end: float, count: int) -> Tensor:
    return 1 / _linear(count, 1, count)


def _sigmoid(start: float, end: float, count: int) -> Tensor:
    return torch.sigmoid(_linear(-6, 6, count)) * (end - start) + start


BETA_SCHEDULES: Mapping[str, Callable[[float, float, int], Tensor]] = {
    "linear": _linear,
    "quad": _quad,
    "const": _const,
    "jsd": _jsd,
    "sigmoid": _sigmoid,
}
"""The published beta schedules: (first beta, last beta, count) to betas in float64."""


@dataclass(frozen=True)
class NoiseSchedule:
    """Noise level of each timestep, ``sigma_t = sqrt((1 - a_t) / a_t)``, ``a_t = prod (1 - beta)``.

    Args:
        alpha_bars: ``a_t``, shape (T,), float64, decreasing, in (0, 1).
    """

    alpha_bars: Tensor

    @classmethod
    def from_betas(
        cls, name: str = "linear", start: float = 1e-4, end: float = 0.02, count: int = 1000
    ) -> NoiseSchedule:
        """Schedule of a name of `BETA_SCHEDULES`.

        Raises:
            UnknownNameError: No schedule of that name.
        """
        if name not in BETA_SCHEDULES:
            raise UnknownNameError("beta schedule", name, BETA_SCHEDULES)
        alpha_bars = torch.cumprod(1 - BETA_SCHEDULES[name](start, end, count), dim=0)
        # `jsd` ends with beta = 1, where a_t would be zero and sigma infinite.
        return cls(alpha_bars.clamp_min(1e-12))

    def sigmas(self, timesteps: Tensor) -> Tensor:
        """Noise levels of timesteps, float64, of the same shape."""
        alpha_bars = self.alpha_bars[timesteps]
        return ((1 - alpha_bars) / alpha_bars).sqrt()

    def timestep(self, sigma: float) -> int:
        """The timestep whose noise level is nearest on a logarithmic scale."""
        sigmas = self.sigmas(torch.arange(len(self.alpha_bars)))
        return int((sigmas.log() - torch.tensor(sigma).double().log()).abs().argmin())


def select_timesteps(steps: int, spacing: str, count: int = 1000) -> Tensor:
    """The timesteps to evaluate, strictly decreasing, exactly ``steps`` of them.

    ``uniform`` is ``floor(i * count / steps)``, which for divisors of ``count`` is the published
    ``range(0, count, count // steps)``. ``quadratic`` is ``round(950 (i / (steps - 1))^2)``, spread
    out where neighbours would coincide.

    Args:
        steps: How many, 1 .. ``count``.
        spacing: ``"uniform"`` or ``"quadratic"``.
        count: Timesteps of the schedule.

    Returns:
        Shape (steps,), int64.
    """
    i = torch.arange(steps)
    if spacing == "uniform":
        return (i * count // steps).flip(0)
    start = QUADRATIC_START * count / 1000
    if steps == 1:
        return torch.tensor([round(start)])
    timesteps = (start * (i / (steps - 1)).double() ** 2).round().long()
    # Two bounds make them distinct: i steps have to fit below, and steps - 1 - i above.
    timesteps = torch.cummax(timesteps - i, dim=0).values + i
    return torch.minimum(timesteps, count - steps + i).flip(0)
