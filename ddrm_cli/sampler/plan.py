"""From settings to what the sampler does: its noise levels and its rule."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from ddrm_cli.errors import Progress

from .grey import GREY_NOISE_RATIO
from .rules import PaperRule, Rule, SoftRule
from .schedule import NoiseSchedule, select_timesteps
from .settings import PaperSettings, Settings

__all__ = ["Plan", "plan_of"]

LAST_LEVEL = 0.05  # on [-1, 1]: below it nothing is gained
OF_THE_NOISE = 0.6  # of the measurement's noise, which the last level need not fall below


class Beginning(Protocol):
    """What a plan asks of an operator's `Start`."""

    @property
    def level(self) -> float:
        """Noise level on [-1, 1]."""

    @property
    def steps(self) -> int:
        """Usual number of evaluations."""

    @property
    def detail(self) -> float | None:
        """Share of fresh noise, where it is not the usual one."""


@dataclass(frozen=True)
class Plan:
    """What the sampler does.

    Args:
        sigmas: Noise levels to evaluate, decreasing; on [-1, 1].
        rule: How it goes from one to the next.
        limited: Whether predictions are limited to the range of pictures.
    """

    sigmas: tuple[float, ...]
    rule: Rule
    limited: bool = True

    @property
    def steps(self) -> int:
        """Network evaluations."""
        return len(self.sigmas)

    def overall(self, progress: Progress | None) -> Progress:
        """From the share of one evaluation, which ends with 1, to the share of all of them."""
        finished = 0

        def part(share: float) -> None:
            nonlocal finished
            if progress is not None:
                progress((finished + share) / self.steps)
            finished += share == 1

        return part

    @property
    def facts(self) -> dict[str, Any]:
        """What was chosen, for records and tables; JSON's types."""
        rule = dataclasses.asdict(self.rule)  # type: ignore[call-overload]
        first, last = (self.sigmas[0], self.sigmas[-1]) if self.sigmas else (0.0, 0.0)
        return {"steps": self.steps, "first_level": first, "last_level": last, **rule}


def plan_of(
    settings: Settings,
    start: Beginning,
    singular_values: Tensor,
    measured: Tensor,
    sigma_y: float,
    schedule: NoiseSchedule,
    *,
    grey: bool = False,
) -> Plan:
    """Work out the levels and the rule for one problem.

    The soft rule goes geometrically from the operator's level, or the noise of what is measured
    best where that is more, to 0.6 of the noise, or 0.05. Where nothing is missing and nothing is
    noisy there is nothing to evaluate.

    Args:
        settings: The user's.
        start: Where the operator says to begin.
        singular_values: Of the operator.
        measured: Which of its coordinates are trusted.
        sigma_y: The measurement's noise on [-1, 1].
        schedule: Noise levels that the network knows.
        grey: Whether the picture has one channel, which the network sees in three.
    """
    if isinstance(settings, PaperSettings):
        timesteps = select_timesteps(settings.steps, settings.spacing, len(schedule.alpha_bars))
        sigmas = schedule.sigmas(timesteps) / (GREY_NOISE_RATIO if grey else 1.0)
        published = PaperRule(settings.eta_c, settings.eta_a, settings.eta_b)
        return Plan(tuple(sigmas.tolist()), published, limited=False)
    strongest = float(singular_values.max())
    rule = SoftRule(settings.kappa_for(start.detail))
    if sigma_y == 0 and bool(measured.all()):
        return Plan((), rule)
    clearest = sigma_y / strongest  # the noise of what is measured best
    first = max(start.level, clearest)
    noise = sigma_y / max(1.0, strongest)  # of a pixel, also where a measurement is scaled up
    last = max(OF_THE_NOISE * noise, LAST_LEVEL)
    if last >= first:
        last = OF_THE_NOISE * first
    # The middles of so many parts, even by their ratio: one evaluation lies between the two, where
    # it is worth most, and from eight on it is all the same.
    steps = settings.steps_for(start.steps)
    parts = (torch.arange(steps, dtype=torch.float64) + 0.5) / steps
    highest, *rest = (first * (last / first) ** parts).tolist()
    return Plan((max(highest, clearest), *rest), rule)
