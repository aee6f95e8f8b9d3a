"""What happens beside the loop: the first process measures, shows and saves."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ddrm_cli.images.writing import write_bytes

from .curves import curves
from .held_out import HeldOut
from .loop import Loop, Step
from .output import Output
from .record import Record

__all__ = ["Monitor"]


@dataclass
class Monitor:
    """Follows a training.

    Args:
        loop: The training.
        held_out: What is measured with.
        record: Where it is noted.
        output: Where checkpoint and curves are written.
        identity: What the checkpoint is known again by.
        save_every: Seconds between two checkpoints.
        progress: Called after each step.
        report: Called when the record has a new report.
    """

    loop: Loop
    held_out: HeldOut
    record: Record
    output: Output
    identity: Mapping[str, str]
    save_every: float
    progress: Callable[[Step], None]
    report: Callable[[Record], None]
    _saved: float = field(default_factory=time.monotonic)

    def measure_if_due(self) -> None:
        """Measure the average of the weights, where it is time for a report.

        Raises:
            OutputError: The curves cannot be written, or the disk is full.
        """
        position = self.loop.position
        if not self.record.is_due(position):
            return
        learner = self.loop.learner
        with learner.lower_precision():
            psnr = self.held_out.denoised(learner.average, learner.schedule, learner.prediction)
        self.record.report(position, psnr)
        write_bytes(self.output.curves, curves(self.record).encode(), overwrite=True)
        self.report(self.record)

    def after(self, step: Step) -> None:
        """Note a step, measure and save where it is time.

        Raises:
            OutputError: Curves or checkpoint cannot be written, or the disk is full.
        """
        self.record.add(step)
        self.progress(step)
        self.measure_if_due()
        if time.monotonic() - self._saved >= self.save_every:
            state = {"loop": self.loop.state(), "record": self.record.state()}
            self.output.save(state, self.identity)
            self._saved = time.monotonic()
