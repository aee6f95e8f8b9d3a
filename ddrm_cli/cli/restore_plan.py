"""What ``ddrm restore --dry-run`` does to each picture: nothing, but it says what would be done."""

from __future__ import annotations

from pathlib import Path

from .restore_task import UNCHANGED, RestoreTask
from .tasks import Report

__all__ = ["RestorePlan"]


class RestorePlan(RestoreTask):
    """The restorations that would be made, and what they would cost."""

    def prepare(self) -> None:
        """Load the model if that needs no download."""
        from ddrm_cli.weights.cache import is_cached

        if is_cached(self.model):
            self.load()

    def run(self, path: Path, output: Path, *, overwrite: bool) -> Report:
        """Say what would be done with one picture, and what it would cost."""
        from ddrm_cli.planning import expected_cost, model_without_weights

        posed = self.read(path, output)
        if posed is None:
            return Report([], {"notes": [UNCHANGED]}, status="unchanged")
        problem, entry = posed.problem, posed.degradation.entry
        restorer = self.restorer or self.restorer_of(
            model_without_weights(self.model, device=self.device, precision=self.precision)
        )
        plan = restorer.plan(problem)
        facts = posed.facts(restorer, plan, self.outputs)
        cost = expected_cost(
            restorer.model,
            problem.operator.image_shape,
            plan.steps,
            self.tiling,
            samples=len(self.outputs.seeds),
        )
        written = [str(file) for file in self.files(output)]
        _, height, width = problem.image_shape
        y = " x ".join(str(side) for side in reversed(posed.batch.values.shape[2:]))
        missing = (
            f"unknown, {self.model.name} has not been downloaded: ddrm download {self.model.name}"
        )
        lines = [
            f"{path} -> {', '.join(written)}",
            f"  size       {y} to {width} x {height}",
            f"  task       {entry.name}: {entry.summary}",
            f"  noise      sigma = {problem.sigma:.4f}, {problem.sigma_origin}",
            f"  model      {self.model.name}, {facts['precision']} on {facts['device']}",
            f"  network    {_counted(plan.steps, 'step')} of "
            f"{_counted(cost.tiles, 'tile')}, {cost.tile_width} x {cost.tile_height} pixels each",
            f"  time       {missing if cost.seconds is None else _duration(cost.seconds)}",
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


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"about {seconds:.0f} seconds"
    if seconds < 5400:
        return f"about {seconds / 60:.0f} minutes"
    return f"about {seconds / 3600:.1f} hours"
