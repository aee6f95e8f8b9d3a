"""What a user can turn at the sampler, and the presets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ddrm_cli.errors import UnknownNameError, UsageError

__all__ = ["LARGEST_SEED", "MAX_STEPS", "PRESETS", "SPACINGS", "SamplerSettings", "get_preset"]

SPACINGS = ("quadratic", "uniform")
LARGEST_SEED = 2**30 - 1
"""torch's generator takes 32 bits, two of which tell apart what numbers are drawn for."""

MAX_STEPS = 1000  # the timesteps that every published network was trained with


@dataclass(frozen=True)
class SamplerSettings:
    """Settings of `ddrm_cli.sample_ddrm`; the defaults are the preset ``balanced``.

    Args:
        steps: Network evaluations, 1 .. 1000.
        spacing: Which timesteps: ``"uniform"``, or ``"quadratic"``, denser at the end where
            missing detail is decided.
        eta_c: Share of fresh noise in unmeasured coordinates, 0 .. 1.
        eta_a: Share of fresh noise in coordinates whose measurement is noisier than the iterate.
        eta_b: How far the measurement replaces the prediction where it is less noisy, 0 .. 1.

    Raises:
        UsageError: A value out of range.
    """

    steps: int = 20
    spacing: str = "quadratic"
    eta_c: float = 1.0
    eta_a: float = 0.7
    eta_b: float = 1.0

    def __post_init__(self) -> None:
        if not isinstance(self.steps, int) or not 1 <= self.steps <= MAX_STEPS:
            raise UsageError(
                f"{self.steps} steps are not possible.",
                f"Choose a whole number from 1 to {MAX_STEPS}; 20 is usual.",
            )
        if self.spacing not in SPACINGS:
            raise UnknownNameError("spacing", self.spacing, SPACINGS)
        for name in ("eta_c", "eta_a", "eta_b"):
            value = getattr(self, name)
            if not (math.isfinite(value) and 0 <= value <= 1):
                raise UsageError(
                    f"{name} = {value} is not possible.", "Choose a number from 0 to 1."
                )


PRESETS: Mapping[str, SamplerSettings] = {
    "balanced": SamplerSettings(),
    "paper": SamplerSettings(spacing="uniform", eta_c=0.85, eta_a=0.85, eta_b=1.0),
}
"""``balanced`` is the default; ``paper`` is what Kawar et al. 2022 publish."""


def get_preset(name: str) -> SamplerSettings:
    """The settings of a preset.

    Raises:
        UnknownNameError: There is none of that name.
    """
    if name not in PRESETS:
        raise UnknownNameError("preset", name, PRESETS)
    return PRESETS[name]
