"""What ``ddrm restore --dry-run`` does to each picture: nothing, but it says what would be done."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from ddrm_cli.errors import Progress

from .jobs import Job
from .plain_words import counted, duration
from .restore_task import RestoreTask
from .tasks import Report

if TYPE_CHECKING:
    from ddrm_cli.files.restoring import FileProblem

__all__ = ["RestorePlan"]


@dataclasses.dataclass(kw_only=True)
class RestorePlan(RestoreTask):
    """The restorations that would be made, and what they would cost."""

    writes: bool = False

    def prepare(self) -> None:
        """Load the model if that needs no download."""
        from ddrm_cli.weights.cache import is_cached

        if self.restorer is None and is_cached(self.model):
            self.load()

    def run(
        self,
        job: Job,
        work: FileProblem,
        *,
        keep: Collection[Path],
        overwrite: bool,
        progress: Progress,
    ) -> Report:
        """Say what would be done with one picture, and what it would cost."""
        from ddrm_cli.planning import expected_cost, model_without_weights, shortage

        problem, entry = work.problem, work.degradation.entry
        restorer = self.restorer or self.restorer_of(
            model_without_weights(self.model, device=self.device, precision=self.precision)
        )
        plan, samples = restorer.plan(problem), len(self.outputs.seeds)
        facts = work.facts(restorer, plan, self.outputs)
        model, operator = restorer.model, problem.operator
        cost = expected_cost(model, operator, plan.steps, self.tiling, samples=samples)
        short = shortage(model, operator, self.tiling, samples=samples)
        if short is not None:
            self.voice.remark(f"{job.source.path}: {short}")
        written = self.written(job, keep)
        _, height, width = problem.image_shape
        y = " x ".join(str(side) for side in reversed(work.batch.values.shape[2:]))
        missing = (
            f"unknown, {self.model.name} has not been downloaded: ddrm download {self.model.name}"
        )
        lines = [
            f"{job.source.path} -> {', '.join(written)}",
            f"  size       {y} to {width} x {height}",
            f"  task       {entry.name}: {entry.summary}",
            f"  noise      sigma = {problem.sigma:.4f}, {problem.sigma_origin}",
            f"  model      {self.model.name}, {facts['precision']} on {facts['device']}",
            f"  network    {counted(plan.steps, 'step')} of "
            f"{counted(cost.tiles, 'tile')}, {cost.tile_width} x {cost.tile_height} pixels each",
            f"  time       {missing if cost.seconds is None else duration(cost.seconds)}",
            f"  memory     about {cost.megabytes / 1000:.1f} GB",
        ]
        seconds = None if cost.seconds is None else round(cost.seconds, 1)
        more = {
            "class": self.class_label,
            "files": written,
            "seconds": seconds,
            "megabytes": round(cost.megabytes),
        }
        return Report(lines, {**facts, **more}, status="planned")
