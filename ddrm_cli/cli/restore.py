"""``ddrm restore``: the main job."""

from __future__ import annotations

import dataclasses
import json
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ddrm_cli.errors import UsageError

from .batch import run_all
from .console import print_result, say, stderr
from .download import ensure_cached
from .options import (
    Config,
    Debug,
    Degradation,
    Json,
    Kernel,
    Mask,
    MaxPixels,
    Models,
    Out,
    Overwrite,
    Pictures,
    Quiet,
)

if TYPE_CHECKING:
    from ddrm_cli.jobs import RestoreJob
    from ddrm_cli.restoration import LoadedModel, TilingSettings
    from ddrm_cli.sampler.ddrm import Step
    from ddrm_cli.sampler.settings import SamplerSettings

__all__ = ["restore"]


def restore(
    pictures: Pictures,
    deg: Degradation = None,
    sigma: Annotated[
        str | None,
        typer.Option(
            "--sigma",
            metavar="NUMBER|auto",
            help="Noise in the picture, on [0, 1] pixel values. Default: what the file says, or "
            "else auto, an estimate.",
        ),
    ] = None,
    preset: Annotated[
        str, typer.Option("--preset", metavar="balanced|paper", help="Settings of the sampler.")
    ] = "balanced",
    steps: Annotated[
        int | None, typer.Option("--steps", help="Network evaluations, 1 to 1000. Presets: 20.")
    ] = None,
    spacing: Annotated[
        str | None,
        typer.Option("--spacing", metavar="quadratic|uniform", help="Which noise levels."),
    ] = None,
    eta: Annotated[
        float | None,
        typer.Option(
            "--eta", help="Share of fresh noise, 0 to 1, where nothing clear is measured."
        ),
    ] = None,
    eta_b: Annotated[
        float | None,
        typer.Option("--eta-b", help="Weight of the measurement where it is clear, 0 to 1."),
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Another seed invents other detail.")
    ] = 0,
    mask: Mask = None,
    kernel: Kernel = None,
    model: Annotated[
        str, typer.Option("--model", "-m", metavar="NAME", help="The prior, see: ddrm download.")
    ] = "photo-small",
    models: Models = None,
    device: Annotated[
        str,
        typer.Option("--device", metavar="auto|cpu|cuda|cuda:N|mps", help="Where to compute."),
    ] = "auto",
    precision: Annotated[
        str,
        typer.Option(
            "--precision",
            metavar="auto|float32|bfloat16|float16",
            help="Of the network; auto is the fastest that the device is made for.",
        ),
    ] = "auto",
    tile: Annotated[
        int | None,
        typer.Option("--tile", help="Side in pixels of what the network sees at once."),
    ] = None,
    batch_size: Annotated[
        int, typer.Option("--batch-size", help="Tiles that the network sees at once.")
    ] = 1,
    out: Out = None,
    overwrite: Overwrite = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Download a missing model without asking.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and how long it would take.")
    ] = False,
    max_pixels: MaxPixels = None,
    as_json: Json = False,
    quiet: Quiet = False,
    config: Config = None,
    debug: Debug = False,
) -> None:
    """Restore degraded photographs.

    Takes the degraded photograph itself, or what `ddrm degrade` wrote, and prints the path of the
    result.

    ddrm restore photo.jpg --deg sr_bicubic4
    """
    from ddrm_cli.degradations.table import get_degradation
    from ddrm_cli.images.reading import DEFAULT_MAX_PIXELS
    from ddrm_cli.sampler.settings import get_preset
    from ddrm_cli.weights.registry import get_model, load_models

    # Everything that can be known to be wrong is, before torch is loaded.
    if deg is not None:
        get_degradation(deg)
    number = _parse_sigma(sigma)
    changes: dict[str, Any] = {
        "steps": steps, "spacing": spacing, "eta_c": eta, "eta_a": eta, "eta_b": eta_b
    }  # fmt: skip
    settings = dataclasses.replace(
        get_preset(preset), **{key: value for key, value in changes.items() if value is not None}
    )
    entry = get_model(model, load_models(models))
    if not dry_run:
        ensure_cached(entry, yes=yes)

    from ddrm_cli.jobs import RestoreRequest, prepare_restore
    from ddrm_cli.restoration import TilingSettings

    request = RestoreRequest(
        degradation=deg,
        sigma=number,
        estimate=sigma == "auto",
        mask=mask,
        kernel=kernel,
        max_pixels=max_pixels or DEFAULT_MAX_PIXELS,
    )
    run = _Run(
        settings=settings,
        tiling=TilingSettings(tile, batch_size),
        seed=seed,
        model_name=model,
        models=models,
        device=device,
        precision=precision,
        asked={
            "degradation": deg,
            "sigma": sigma,
            "model": model,
            "seed": seed,
            **dataclasses.asdict(settings),
        },
        overwrite=overwrite,
        as_json=as_json,
        quiet=quiet,
    )

    def one(path: Path, output: Path) -> None:
        job = prepare_restore(path, request)
        if not quiet:
            for note in job.notes:
                say(f"{path}: {note}")
            if job.sigma_origin == "estimated":
                say(f"{path}: noise estimated as sigma = {job.sigma:.4f}.")
        if dry_run:
            run.plan(path, output, job)
        else:
            run.restore(path, output, job)

    run_all(
        pictures,
        one,
        out=out,
        label=f"restored_{deg}" if deg else "restored",
        suffix=".png",
        overwrite=overwrite,
        as_json=as_json,
        quiet=quiet,
        is_same=run.is_same,
    )


def _parse_sigma(text: str | None) -> float | None:
    if text is None or text == "auto":
        return None
    try:
        sigma = float(text)
    except ValueError:
        sigma = math.nan
    if not (math.isfinite(sigma) and sigma >= 0):
        raise UsageError(
            f"'--sigma {text}' is not possible.", "Give a number such as 0.05, or auto."
        )
    return sigma


@dataclasses.dataclass
class _Run:
    """One call of the command: its settings, and its model once it is needed."""

    settings: SamplerSettings
    tiling: TilingSettings
    seed: int
    model_name: str
    models: Path | None
    device: str
    precision: str
    asked: dict[str, Any]
    overwrite: bool
    as_json: bool
    quiet: bool
    loaded: LoadedModel | None = None

    def model(self) -> LoadedModel:
        from ddrm_cli.restoration import load_model

        if self.loaded is None:
            self.loaded = load_model(
                self.model_name,
                device=self.device,
                precision=self.precision,
                models=self.models,
            )
        return self.loaded

    def is_same(self, output: Path) -> bool:
        from ddrm_cli.jobs import read_result_record

        record = read_result_record(output)
        return record is None or record.get("asked") == self.asked

    def restore(self, path: Path, output: Path, job: RestoreJob) -> None:
        from ddrm_cli.images.writing import write_picture
        from ddrm_cli.jobs import result_picture, run_restore

        model = self.model()
        notices: list[str] = []

        def notice(sentence: str) -> None:
            notices.append(sentence)
            if not self.quiet:
                say(f"{path}: {sentence}")

        started = time.perf_counter()
        with _progress(path, self.settings.steps, hidden=self.quiet) as callback:
            pixels = run_restore(
                job,
                model,
                settings=self.settings,
                tiling=self.tiling,
                seeds=range(self.seed, self.seed + 1),
                callback=callback,
                notice=notice,
            )[0]
        seconds = time.perf_counter() - started
        facts = self._facts(job, model)
        picture = result_picture(job, pixels, {**facts, "asked": self.asked})
        notices += write_picture(output, picture, overwrite=self.overwrite)
        if self.as_json:
            self._print_json(
                path, output, "done", {**facts, "seconds": round(seconds, 2), "notes": notices}
            )
        else:
            print_result(output)

    def plan(self, path: Path, output: Path, job: RestoreJob) -> None:
        from ddrm_cli.planning import expected_cost

        cost = expected_cost(self.model(), job.image_shape, self.settings, self.tiling)
        facts = self._facts(job, self.model())
        if self.as_json:
            more = {"seconds": round(cost.seconds, 1), "megabytes": round(cost.megabytes)}
            self._print_json(path, output, "planned", {**facts, **more})
            return
        _, height, width = job.image_shape
        y = " x ".join(str(side) for side in reversed(job.y.shape[1:]))
        for line in (
            f"{path} -> {output}",
            f"  size       {y} to {width} x {height}",
            f"  task       {job.degradation.name}: {job.degradation.summary}",
            f"  noise      sigma = {job.sigma:.4f}, {job.sigma_origin}",
            f"  model      {self.model_name}, {facts['precision']} on {facts['device']}",
            f"  network    {self.settings.steps} steps of {cost.tiles} tile(s), "
            f"{cost.tile_width} x {cost.tile_height} pixels each",
            f"  time       about {_duration(cost.seconds)}",
            f"  memory     about {cost.megabytes / 1000:.1f} GB",
        ):
            print_result(line)

    def _facts(self, job: RestoreJob, model: LoadedModel) -> dict[str, Any]:
        _, height, width = job.image_shape
        return {
            "degradation": job.degradation.name,
            "sigma": job.sigma,
            "sigma_origin": job.sigma_origin,
            "model": self.model_name,
            "device": str(model.device),
            "precision": str(model.precision).removeprefix("torch."),
            "seed": self.seed,
            "width": width,
            "height": height,
            **dataclasses.asdict(self.settings),
        }

    def _print_json(self, path: Path, output: Path, status: str, facts: dict[str, Any]) -> None:
        print_result(
            json.dumps({"input": str(path), "output": str(output), "status": status, **facts})
        )


@contextmanager
def _progress(path: Path, steps: int, *, hidden: bool) -> Iterator[Any]:
    """A bar on stderr with the step and the time left; gives the callback for the sampler."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as TimeLeft

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("step"),
        MofNCompleteColumn(),
        TimeLeft(),
        TextColumn("left"),
    )
    with Progress(*columns, console=stderr, transient=True, disable=hidden) as bar:
        task = bar.add_task(path.name, total=steps)

        def callback(step: Step) -> None:
            bar.update(task, completed=step.index)

        yield callback


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    if seconds < 5400:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours"
