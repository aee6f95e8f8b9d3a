"""The loop: one step after the other until the budget is used up."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ddrm_cli.errors import Notice

from .batches import Batches
from .budget import Budget
from .learner import Learner
from .recipe import Crops, Recipe
from .team import Team
from .watch import Watch

__all__ = ["Loop", "Position", "Step"]

PATIENCE = 10  # steps skipped one after the other, until it is the weights that must be wrong


@dataclass(frozen=True)
class Position:
    """How far a training is.

    Args:
        share: Of the budget that is used up, 0 to 1.
        steps: Steps so far, skipped ones among them.
        megapixels: Millions of pixels that the network has seen.
        seconds: That the training has taken.
    """

    share: float
    steps: int
    megapixels: float
    seconds: float


@dataclass(frozen=True)
class Step:
    """What a callback is told after each step.

    Args:
        position: How far the training is.
        loss: Of this step.
        rate: Learning rate of this step.
        skipped: Whether nothing was learnt from it, because loss or gradient jumped.
    """

    position: Position
    loss: float
    rate: float
    skipped: bool


class Loop:
    """A training from step to step.

    Args:
        learner: What learns.
        batches: What it learns from.
        recipe: Which crops and which learning rate when.
        budget: How long.
        team: Processes that learn together.
        notice: Told of each step that is skipped.
    """

    def __init__(
        self,
        learner: Learner,
        batches: Batches,
        recipe: Recipe,
        budget: Budget,
        team: Team,
        notice: Notice,
    ) -> None:
        self.learner = learner
        self.batches = batches
        self.recipe = recipe
        self.budget = budget
        self.team = team
        self.notice = notice
        self.step = self.pixels = self.stage = self.skipped = 0
        self.seconds = 0.0
        self.losses, self.norms = Watch(), Watch()

    @property
    def position(self) -> Position:
        """How far the training is."""
        share = self.budget.share(self.seconds, self.pixels)
        return Position(share, self.step, self.pixels / 1e6, self.seconds)

    def steps(self) -> Iterator[Step]:
        """Train: a step for each that is asked for, until the budget is used up."""
        then = time.monotonic()
        while (share := self.position.share) < 1:
            index, stage, done = self.recipe.stage(share)
            if index != self.stage:
                self.learner.go_back()
                self.stage = index
            rate = stage.rate(done) * self.learner.warmth
            crops = self._crops(share)
            batch = self.batches.draw(crops, self.step, rank=self.team.rank, of=self.team.size)
            found = self.learner.find_gradient(batch.to(self.team.device))
            now = time.monotonic()
            loss, norm, elapsed = self.team.means([*found, now - then])
            then = now
            self.seconds += elapsed
            self.pixels += crops.pixels
            self.step += 1
            usual = self.losses.is_usual(loss) and self.norms.is_usual(norm)
            if usual:
                self.learner.step(rate, stage.decay)
                self.losses.add(loss)
                self.norms.add(norm)
                self.skipped = 0
            else:
                self._skip(loss, norm)
            yield Step(self.position, loss, rate, not usual)

    def _crops(self, share: float) -> Crops:
        """What is seen in the next step: a batch that the processes can share evenly."""
        crops, size = self.recipe.crops(share, self.step), self.team.size
        return replace(crops, batch=-(-crops.batch // size) * size)

    def _skip(self, loss: float, norm: float) -> None:
        self.skipped += 1
        self.notice(
            f"Step {self.step} is skipped: its loss is {loss:.3g}, its gradient's norm {norm:.3g}, "
            "and one of them is not usual."
        )
        if self.skipped == PATIENCE:
            self.notice(f"{PATIENCE} steps were skipped: going on from the average of the weights.")
            self.learner.go_back()
            self.losses, self.norms, self.skipped = Watch(), Watch(), 0

    def state(self) -> dict[str, Any]:
        """Where the training is: tensors, numbers and lists of them."""
        return {
            "learner": self.learner.state(),
            "step": self.step,
            "pixels": self.pixels,
            "seconds": self.seconds,
            "stage": self.stage,
            "skipped": self.skipped,
            "losses": list(self.losses.last),
            "norms": list(self.norms.last),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Be where another training was."""
        self.learner.load_state(state["learner"])
        for name in ("step", "pixels", "seconds", "stage", "skipped"):
            setattr(self, name, state[name])
        self.losses, self.norms = Watch(state["losses"]), Watch(state["norms"])
