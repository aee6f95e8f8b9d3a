"""What is measured while a network learns."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from .loop import Position, Step

__all__ = ["REPORTS", "Record", "Report"]

REPORTS = 10  # after the one before the first step, evenly over the budget
POINTS = 100  # of the curve of the loss, evenly over the budget


@dataclass(frozen=True)
class Report:
    """How good a prior is by now.

    Args:
        position: How far its training is.
        loss: Mean since the report before, skipped steps left out; None where there is none.
        psnr: Of the held-out photographs, denoised in one step by the average of the weights: mean
            in dB at each of `LEVELS`.
    """

    position: Position
    loss: float | None
    psnr: tuple[float, ...]


@dataclass
class Record:
    """All that was measured.

    Args:
        noisy: PSNR of the noisy photographs themselves, as in a report.
        reference: PSNR of what `photo-small` makes of them.
        reports: The first was made before the first step.
        curve: Shares of the budget, each with the mean of the losses since the one before.
        of_report: Losses since the last report.
        of_point: Losses since the last point of the curve.
    """

    noisy: tuple[float, ...]
    reference: tuple[float, ...]
    reports: list[Report] = field(default_factory=list)
    curve: list[tuple[float, float]] = field(default_factory=list)
    of_report: list[float] = field(default_factory=list)
    of_point: list[float] = field(default_factory=list)

    def is_due(self, position: Position) -> bool:
        """Whether it is time for a report."""
        return _parts(position.share, REPORTS) >= len(self.reports)

    def add(self, step: Step) -> None:
        """Note a step."""
        if not step.skipped:
            self.of_report.append(step.loss)
            self.of_point.append(step.loss)
        if self.of_point and _parts(step.position.share, POINTS) > len(self.curve):
            self.curve.append((step.position.share, _mean(self.of_point)))
            self.of_point.clear()

    def report(self, position: Position, psnr: tuple[float, ...]) -> Report:
        """Note how good the prior is by now."""
        loss = _mean(self.of_report) if self.of_report else None
        self.of_report.clear()
        self.reports.append(Report(position, loss, psnr))
        return self.reports[-1]

    def state(self) -> dict[str, Any]:
        """All of it as numbers and lists."""
        return asdict(self)

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Record:
        """The record that a state was made of."""
        reports = [
            Report(Position(**each["position"]), each["loss"], each["psnr"])
            for each in state["reports"]
        ]
        return cls(**{**state, "reports": reports})


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _parts(share: float, of: int) -> int:
    """How many of equal parts are done, whatever rounding has taken from the last."""
    return int(share * of + 1e-9)
