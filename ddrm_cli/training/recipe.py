"""The recipe: every number of a training, but for those that the photographs decide.

`SCRATCH` made the bundled prior, `FINE_TUNING` goes on from weights that are good already. A budget
stretches a recipe or shrinks it: what comes when is said in shares of the whole.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

__all__ = ["FINE_TUNING", "SCRATCH", "Crops", "Recipe", "Stage", "View"]


class _Part(Protocol):
    @property
    def megapixels(self) -> float: ...


_AnyPart = TypeVar("_AnyPart", bound=_Part)


@dataclass(frozen=True)
class Stage:
    """A part of the training over which the learning rate falls, as a cosine or not at all.

    A stage begins with the average of the weights that the one before it has reached, and with an
    optimizer that remembers nothing.

    Args:
        megapixels: How long it is, in millions of pixels that the network sees.
        first_rate: Learning rate at its beginning.
        last_rate: Learning rate at the end of the cosine.
        reach: Share of the cosine that is gone through.
        decay: Of the average of the weights, a step.
    """

    megapixels: float
    first_rate: float
    last_rate: float
    reach: float = 1.0
    decay: float = 0.9998

    def rate(self, share: float) -> float:
        """Learning rate when a share of the stage, 0 to 1, is done."""
        fallen = (1 - math.cos(math.pi * self.reach * share)) / 2
        return self.first_rate + (self.last_rate - self.first_rate) * fallen


@dataclass(frozen=True)
class Crops:
    """What the network sees in one step: squares of tiles.

    Args:
        side: In pixels.
        batch: How many.
        low_noise: Share of the timesteps that is ``1000 u^2`` with u uniform on [0, 1], and not
            ``1000 u``: low noise is what restorations spend most of their steps on.
    """

    side: int
    batch: int
    low_noise: float = 0.6

    @property
    def pixels(self) -> int:
        """Of one step."""
        return self.batch * self.side**2


@dataclass(frozen=True)
class View:
    """A part of the training with one kind of crops, or two.

    Args:
        megapixels: How long it is, in millions of pixels that the network sees.
        crops: What it sees.
        third: What it sees in every third step instead.
    """

    megapixels: float
    crops: Crops
    third: Crops | None = None


@dataclass(frozen=True)
class Recipe:
    """How a prior is trained.

    Args:
        stages: Learning rate and average, one stage after the other.
        views: Crops, one view after the other; as long as the stages together.
        betas: Of AdamW.
        weight_decay: Of AdamW, for all weights.
        largest_norm: To which the norm of the gradient is clipped.
        activity_range: A tile is drawn as often as its activity, its mean absolute gradient in
            grey levels, limited to this range,
        activity_power: to this power.
        permuted: Share of crops whose channels are permuted,
        grey: that lose their colour,
        stretched: whose contrast is stretched and clipped,
        flat: that are replaced by one colour or a ramp between two.
    """

    stages: tuple[Stage, ...]
    views: tuple[View, ...]
    betas: tuple[float, float] = (0.9, 0.99)
    weight_decay: float = 1e-4
    largest_norm: float = 0.5
    activity_range: tuple[float, float] = (1.0, 12.0)
    activity_power: float = 0.7
    permuted: float = 0.12
    grey: float = 0.05
    stretched: float = 0.03
    flat: float = 0.02

    @property
    def megapixels(self) -> float:
        """How long the training is where nobody says, in millions of pixels."""
        return sum(stage.megapixels for stage in self.stages)

    def stage(self, share: float) -> tuple[int, Stage, float]:
        """The stage when a share of the training, 0 to 1, is done: its index, itself, its share."""
        return _part(self.stages, share)

    def crops(self, share: float, step: int) -> Crops:
        """What the network sees in a step, when a share of the training is done."""
        _, view, _ = _part(self.views, share)
        return view.third if view.third is not None and step % 3 == 2 else view.crops


def _part(parts: Sequence[_AnyPart], share: float) -> tuple[int, _AnyPart, float]:
    position = share * sum(part.megapixels for part in parts)
    for index, part in enumerate(parts[:-1]):
        if position < part.megapixels:
            return index, part, position / part.megapixels
        position -= part.megapixels
    return len(parts) - 1, parts[-1], min(1.0, position / parts[-1].megapixels)


_SMALL, _MIDDLE, _WHOLE = Crops(64, 32), Crops(128, 8), Crops(256, 2, low_noise=0.0)

SCRATCH = Recipe(
    stages=(
        Stage(1800, 6e-4, 0.0, reach=1800 / 2600),
        Stage(240, 2e-4, 2e-4),
        Stage(1560, 2e-4, 4e-6, decay=0.9995),
    ),
    views=(View(100, _SMALL), View(2400, _MIDDLE), View(1100, _MIDDLE, third=_WHOLE)),
)
"""The recipe of the bundled prior: three hours on two cores of a CPU."""

FINE_TUNING = replace(
    SCRATCH,
    stages=(Stage(300, 2e-5, 4e-7, decay=0.9995),),
    views=(View(300, _MIDDLE, third=_WHOLE),),
)
"""The end of that recipe, more gently: for weights that are good already."""
