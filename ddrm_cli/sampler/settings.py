"""What a user can turn at the sampler, and the presets."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ddrm_cli.errors import UnknownNameError, UsageError, shown

__all__ = [
    "LARGEST_SEED",
    "MAX_SAMPLES",
    "MAX_STEPS",
    "PRESETS",
    "SPACINGS",
    "PaperSettings",
    "SamplerSettings",
    "Settings",
    "get_preset",
    "settings_notes",
    "settings_of",
]

SPACINGS = ("quadratic", "uniform")
LARGEST_SEED = 2**30 - 1
"""torch's generator takes 32 bits, two of which tell apart what numbers are drawn for."""

MAX_SAMPLES = 10_000  # at once, each a file; further ones take another seed
MAX_STEPS = 1000  # the timesteps that every published network was trained with
LEAST_KAPPA = 0.4  # fresh noise below it leaves holes and enlargements unfinished
FEWEST_OF_PAPER = 5  # with noise or holes 4 steps lose 4 to 5 dB to 20, and one leaves the noise
FEWEST = 3  # evaluations to which less effort goes down
USUAL_DETAIL = 0.5


def _check_steps(steps: int) -> None:
    if not isinstance(steps, int) or not 1 <= steps <= MAX_STEPS:
        raise UsageError(
            f"{shown(steps)} steps are not possible.",
            f"Choose a whole number from 1 to {MAX_STEPS}.",
        )


def _check_share(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise UsageError(
            f"{name} = {shown(value)} is not possible.", "Choose a number from 0 to 1."
        )


@dataclass(frozen=True)
class SamplerSettings:
    """Settings of the soft rule, which starts at the measurement; the defaults are ``standard``.

    Args:
        steps: Network evaluations, 1 .. 1000; None takes as many as the task needs.
        detail: From 0, the expected picture, to 1, a sample: sharp, and partly invented. None takes
            what suits the task: 1 for colour, 0.5 otherwise.
        effort: By how much the task's own number of evaluations is multiplied.

    Raises:
        UsageError: A value out of range.
    """

    steps: int | None = None
    detail: float | None = None
    effort: float = 1.0

    def __post_init__(self) -> None:
        if self.steps is not None:
            _check_steps(self.steps)
        if self.detail is not None:
            _check_share("detail", self.detail)
        if not 0 < self.effort <= MAX_STEPS:
            raise UsageError(
                f"An effort of {shown(self.effort)} is not possible.", "Choose 0.5 or 2."
            )

    def steps_for(self, usual: int) -> int:
        """Evaluations for a task that usually takes so many."""
        if self.steps is not None:
            return self.steps
        return min(MAX_STEPS, max(round(usual * self.effort), min(usual, FEWEST)))

    def kappa_for(self, usual: float | None) -> float:
        """Share of fresh noise for a task of so much detail, ``0.4 + 0.6 detail``."""
        detail = usual if self.detail is None else self.detail
        return LEAST_KAPPA + (1 - LEAST_KAPPA) * (USUAL_DETAIL if detail is None else detail)


@dataclass(frozen=True)
class PaperSettings:
    """Settings of the published update; the defaults are the preset ``paper``.

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
    spacing: str = "uniform"
    eta_c: float = 0.85
    eta_a: float = 0.85
    eta_b: float = 1.0

    def __post_init__(self) -> None:
        _check_steps(self.steps)
        if self.spacing not in SPACINGS:
            raise UnknownNameError("spacing", self.spacing, SPACINGS)
        for name in ("eta_c", "eta_a", "eta_b"):
            _check_share(name, getattr(self, name))


Settings = SamplerSettings | PaperSettings
"""Those of either rule."""

PRESETS: Mapping[str, Settings] = {
    "standard": SamplerSettings(),
    "fast": SamplerSettings(effort=0.5),
    "detailed": SamplerSettings(detail=1.0, effort=2.0),
    "paper": PaperSettings(),
}
"""``standard`` is the default, ``fast`` takes half of its evaluations, ``detailed`` twice as many
and draws a sample; ``paper`` is what Kawar et al. 2022 publish."""

OLD_NAMES = {"balanced": "standard"}  # until 0.3


def get_preset(name: str) -> Settings:
    """The settings of a preset.

    Raises:
        UnknownNameError: There is none of that name.
    """
    name = OLD_NAMES.get(name, name)
    if name not in PRESETS:
        raise UnknownNameError("preset", name, PRESETS)
    return PRESETS[name]


def settings_notes(settings: Settings) -> tuple[str, ...]:
    """What the user should hear of settings that are possible, but cannot be right."""
    if isinstance(settings, PaperSettings) and settings.steps < FEWEST_OF_PAPER:
        steps = "One step" if settings.steps == 1 else f"{settings.steps} steps"
        return (
            f"{steps} of the preset paper cannot remove noise or fill holes; "
            f"its usual number is {PaperSettings().steps}.",
        )
    return ()


def settings_of(
    preset: str,
    *,
    steps: int | None = None,
    detail: float | None = None,
    spacing: str | None = None,
    eta: float | None = None,
    eta_b: float | None = None,
) -> Settings:
    """The settings of a preset with the user's changes; None changes nothing.

    Args:
        preset: Its name.
        steps: Network evaluations.
        detail: See `SamplerSettings`.
        spacing: See `PaperSettings`, as the rest.
        eta: For ``eta_c`` and ``eta_a`` together.
        eta_b: Weight of the measurement.

    Raises:
        UnknownNameError: No preset or spacing of that name.
        UsageError: A value out of range, or one that the preset's rule does not have.
    """
    settings = get_preset(preset)
    published = {"spacing": spacing, "eta_c": eta, "eta_a": eta, "eta_b": eta_b}
    of_paper = isinstance(settings, PaperSettings)
    if of_paper and detail is not None:
        raise UsageError("The preset paper has no detail.", "Leave it out, or turn --eta.")
    if not of_paper and any(value is not None for value in published.values()):
        raise UsageError(
            "--spacing, --eta and --eta-b belong to the preset paper.",
            "Add --preset paper, or turn --detail.",
        )
    changes: dict[str, Any] = {"steps": steps, "detail": detail, **published}
    given = {key: value for key, value in changes.items() if value is not None}
    if steps is not None and not of_paper:
        given["effort"] = 1.0  # it would multiply a number that the user has given
    return dataclasses.replace(settings, **given)
