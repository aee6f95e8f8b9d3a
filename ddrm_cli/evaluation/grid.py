"""What is compared with what: the cells of a grid. Importing this imports no torch."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from ddrm_cli.degradations.entry import Entry
from ddrm_cli.degradations.table import DEGRADATIONS, get_entry
from ddrm_cli.errors import UsageError
from ddrm_cli.sampler.settings import (
    PRESETS,
    PaperSettings,
    SamplerSettings,
    Settings,
    settings_of,
)

from .text import short_number

__all__ = ["ALL", "Cell", "make_grid", "make_settings", "preset_of", "settings_name"]

ALL = "all"  # every degradation that needs no file of the user's


@dataclass(frozen=True)
class Cell:
    """One way of degrading and restoring, applied to every picture.

    Args:
        degradation: A name of the table.
        sigma: Noise of the measurement on [0, 1] pixel values.
        model: A name of the table of models.
        settings: The sampler's.
    """

    degradation: str
    sigma: float
    model: str
    settings: Settings

    @property
    def entry(self) -> Entry:
        """The degradation's entry in the table."""
        return get_entry(self.degradation)

    @property
    def measurement_folder(self) -> str:
        """Names what is measured, as a folder; cells that share it share their measurements."""
        return f"{self.degradation}_sigma{short_number(self.sigma)}"

    @property
    def restoration_folder(self) -> str:
        """Names how it is restored, as a folder."""
        s = self.settings
        if isinstance(s, PaperSettings):
            etas = "-".join(map(short_number, (s.eta_c, s.eta_a, s.eta_b)))
            return f"{self.model}_{s.spacing}{s.steps}_eta{etas}"
        steps = f"x{short_number(s.effort)}" if s.steps is None else str(s.steps)
        detail = "" if s.detail is None else f"_detail{short_number(s.detail)}"
        return f"{self.model}_soft{steps}{detail}"

    @property
    def measurement_title(self) -> str:
        """Names what is measured, to readers."""
        return f"{self.degradation}, σ = {short_number(self.sigma)}"

    @property
    def restoration_title(self) -> str:
        """Names how it is restored, to readers."""
        steps = self.settings.steps
        counted = "" if steps is None else f", {steps} step{'s' if steps > 1 else ''}"
        return f"{self.model}, {settings_name(self.settings)}{counted}"

    @property
    def title(self) -> str:
        """Names all of it, to readers."""
        return f"{self.measurement_title}: {self.restoration_title}"


def make_grid(
    degradations: Iterable[str],
    sigmas: Iterable[float],
    models: Iterable[str],
    settings: Iterable[Settings],
) -> list[Cell]:
    """Every combination, each once; one model after the other, so that each is loaded once.

    Args:
        degradations: Names of the table; ``"all"`` stands for all that need nothing more.
        sigmas: Noise levels on [0, 1] pixel values.
        models: Names of the table of models.
        settings: Settings of the sampler.

    Raises:
        UnknownNameError: No degradation of that name.
        UsageError: One that needs a file of the user's, a noise level that is not possible, or
            nothing to combine.
    """
    names = _expand(degradations)
    combinations = itertools.product(dict.fromkeys(models), names, sigmas, settings)
    cells = [Cell(name, sigma, model, chosen) for model, name, sigma, chosen in combinations]
    for cell in cells:
        cell.entry.check_sigma(cell.sigma)
    if not cells:
        raise UsageError("There is nothing to evaluate.", "Name a degradation with --deg.")
    return list(dict.fromkeys(cells))


def make_settings(
    presets: Iterable[str],
    steps: Iterable[int | None] = (None,),
    details: Iterable[float | None] = (None,),
    etas: Iterable[float | None] = (None,),
    *,
    spacing: str | None = None,
    eta_b: float | None = None,
) -> list[Settings]:
    """Every combination; None leaves what the preset says.

    Args:
        presets: Names of presets.
        steps: Network evaluations.
        details: From the expected picture to a sample.
        etas: Shares of fresh noise, each for ``eta_c`` and ``eta_a`` together.
        spacing: Of all of them.
        eta_b: Of all of them.

    Raises:
        UnknownNameError: No preset or spacing of that name.
        UsageError: A value out of range, or one that a preset does not have.
    """
    return [
        settings_of(preset, steps=count, detail=detail, spacing=spacing, eta=eta, eta_b=eta_b)
        for preset, count, detail, eta in itertools.product(presets, steps, details, etas)
    ]


def preset_of(settings: Settings) -> str | None:
    """The preset that these are, but for the steps; None where more was changed."""
    wanted = {**asdict(settings), "steps": None}
    names = (name for name, each in PRESETS.items() if {**asdict(each), "steps": None} == wanted)
    return next(names, None)


def settings_name(settings: Settings) -> str:
    """The preset that these are, but for the steps; otherwise what they are."""
    preset = preset_of(settings)
    if preset is not None:
        return preset
    s = settings
    if isinstance(s, SamplerSettings):
        effort = "" if s.effort == 1 else f", effort {short_number(s.effort)}"
        return f"soft{effort}" + ("" if s.detail is None else f", detail {short_number(s.detail)}")
    # As few as say it: one for both where they are equal.
    etas = "/".join(map(short_number, dict.fromkeys((s.eta_c, s.eta_a))))
    eta_b = "" if s.eta_b == 1 else f", η_b {short_number(s.eta_b)}"
    return f"{s.spacing}, η {etas}{eta_b}"


def _expand(names: Iterable[str]) -> Sequence[str]:
    expanded: list[str] = []
    for name in names:
        if name == ALL:
            expanded += [each for each, entry in DEGRADATIONS.items() if not entry.needs]
            continue
        entry = get_entry(name)
        if entry.needs:
            raise UsageError(
                f"{name} needs more than its name, which an evaluation does not take.",
                f"Choose another degradation by {entry.family}.",
            )
        expanded.append(entry.name)
    return list(dict.fromkeys(expanded))
