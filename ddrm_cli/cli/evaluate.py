"""``ddrm evaluate``: measure how good restorations are, and compare settings."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ddrm_cli.errors import UsageError
from ddrm_cli.sampler.settings import LARGEST_SEED

from .console import print_result, say, stderr, stdout
from .download import ensure_cached
from .failures import FAILED
from .options import (
    BatchSize,
    Config,
    Debug,
    Device,
    MaxPixels,
    Models,
    Precision,
    Quiet,
    Tile,
    Yes,
)
from .summary_table import summary_table

if TYPE_CHECKING:
    from ddrm_cli.evaluation.run import PictureDone
    from ddrm_cli.evaluation.tables import Summary

__all__ = ["evaluate"]


def evaluate(
    pictures: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PICTURE",
            help="Clean pictures: files, folders or patterns.",
            show_default=False,
        ),
    ] = None,
    deg: Annotated[
        list[str] | None,
        typer.Option(
            "--deg",
            "-d",
            metavar="NAME|all",
            help="The degradation, see: ddrm list-degradations. May repeat.",
        ),
    ] = None,
    sigma: Annotated[
        list[float] | None,
        typer.Option(
            "--sigma",
            metavar="NUMBER",
            help="Noise to add, on [0, 1] pixel values. May repeat. Default: 0.",
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            metavar="NAME",
            help="The prior, see: ddrm download. May repeat. Default: photo-small.",
        ),
    ] = None,
    preset: Annotated[
        list[str] | None,
        typer.Option(
            "--preset",
            metavar="balanced|paper",
            help="Settings of the sampler. May repeat. Default: balanced.",
        ),
    ] = None,
    steps: Annotated[
        list[int] | None,
        typer.Option(
            "--steps", metavar="N", help="Network evaluations, 1 to 1000. May repeat. Presets: 20."
        ),
    ] = None,
    spacing: Annotated[
        str | None,
        typer.Option("--spacing", metavar="quadratic|uniform", help="Which noise levels."),
    ] = None,
    eta: Annotated[
        list[float] | None,
        typer.Option(
            "--eta",
            metavar="NUMBER",
            help="Share of fresh noise, 0 to 1, where nothing clear is measured. May repeat.",
        ),
    ] = None,
    eta_b: Annotated[
        float | None,
        typer.Option(
            "--eta-b", metavar="NUMBER", help="Weight of the measurement where it is clear, 0 to 1."
        ),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            "--metric",
            metavar="lpips|kid|fid",
            help="To measure besides PSNR, SSIM and the residual; needs the extra 'metrics'. "
            "May repeat.",
        ),
    ] = None,
    preprocess: Annotated[
        str,
        typer.Option(
            "--preprocess",
            metavar="imagenet|resize|none",
            help="imagenet: the published centre crop; resize: the whole picture, its short side "
            "at --size; none: as it is.",
        ),
    ] = "imagenet",
    size: Annotated[
        int, typer.Option("--size", metavar="PIXELS", help="Pixels a side after --preprocess.")
    ] = 256,
    list_file: Annotated[
        Path | None,
        typer.Option(
            "--list",
            metavar="FILE",
            help="Which of the pictures: one name a line, or a name and a class label.",
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", help="Only the first N pictures.")
    ] = None,
    seed: Annotated[
        int,
        typer.Option("--seed", metavar="N", min=0, max=LARGEST_SEED, help="Of noise and sampler."),
    ] = 0,
    restored: Annotated[
        Path | None,
        typer.Option(
            "--restored",
            metavar="FOLDER",
            help="Score the pictures of this folder instead, paired by name.",
        ),
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option("--reference", metavar="FOLDER", help="The originals of --restored."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FOLDER",
            help="For results and report; a run that is there goes on. Default: evaluation.",
        ),
    ] = None,
    models: Models = None,
    device: Device = "auto",
    precision: Precision = "auto",
    tile: Tile = None,
    batch_size: BatchSize = 1,
    yes: Yes = False,
    max_pixels: MaxPixels = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="The summary as JSON, one object a row.")
    ] = False,
    quiet: Quiet = False,
    config: Config = None,
    debug: Debug = False,
) -> None:
    """Measure restorations: degrade pictures, restore and score them, and compare settings.

    Every combination of the options that may repeat is run. Results, the pictures and a report
    to open in a browser go to a folder; the same command again goes on where it stopped.

    ddrm evaluate photos/ --deg sr4 --sigma 0.05 --steps 10 --steps 20
    """
    from ddrm_cli.evaluation.metrics import DEFAULT_METRICS
    from ddrm_cli.images.reading import DEFAULT_MAX_PIXELS

    metrics = tuple(dict.fromkeys([*DEFAULT_METRICS, *(metric or [])]))
    show = _Output(metrics, as_json, quiet)
    limit_pixels = max_pixels or DEFAULT_MAX_PIXELS
    if restored is not None or reference is not None:
        if restored is None or reference is None:
            raise UsageError("--restored and --reference belong together.", "Give both folders.")
        if pictures or deg:
            raise UsageError(
                "--restored scores what exists: it goes neither with pictures nor with --deg.",
                "Leave one of them out.",
            )
        _score_folders(restored, reference, out, limit_pixels, show)
        return
    if not pictures or not deg:
        raise UsageError(
            "Nothing to evaluate was given.",
            "For example: ddrm evaluate photos/ --deg sr4, or --restored with --reference.",
        )

    # Everything that can be known to be wrong is, before torch is loaded.
    from ddrm_cli.evaluation.grid import make_grid, make_settings
    from ddrm_cli.evaluation.photographs import find_photographs
    from ddrm_cli.evaluation.store import Protocol
    from ddrm_cli.weights.registry import DEFAULT_MODEL, get_model, load_models

    settings = make_settings(
        preset or ["balanced"], steps or [None], eta or [None], spacing=spacing, eta_b=eta_b
    )
    names = model or [DEFAULT_MODEL]
    cells = make_grid(deg, sigma or [0.0], names, settings)
    protocol = Protocol(seed, preprocess, size, metrics, tile)
    table = load_models(models)
    entries = [get_model(name, table) for name in names]
    folder = out or Path("evaluation")
    photographs = find_photographs(pictures, out=folder, list_file=list_file, limit=limit)
    for entry in entries:
        ensure_cached(entry, yes=yes)

    from ddrm_cli.evaluation.results import write_results
    from ddrm_cli.evaluation.run import evaluate as run
    from ddrm_cli.evaluation.tables import summarise
    from ddrm_cli.restoration import load_model

    with _progress(hidden=quiet) as progress:
        evaluation = run(
            photographs,
            cells,
            folder,
            partial(load_model, device=device, precision=precision, models=models),
            protocol=protocol,
            batch_size=batch_size,
            max_pixels=limit_pixels,
            progress=progress,
        )
    options = {
        "pictures": pictures,
        "list": str(list_file) if list_file else None,
        "limit": limit,
        "cells": [f"{cell.measurement_folder}/{cell.restoration_folder}" for cell in cells],
    }
    report = write_results(evaluation, options)
    show(summarise(evaluation), report)
    if evaluation.failures:
        failed = dict.fromkeys(failure.name for failure in evaluation.failures)
        say(f"{len(failed)} of {len(photographs)} pictures failed: {', '.join(failed)}")
        raise typer.Exit(FAILED)


def _score_folders(
    restored: Path, reference: Path, out: Path | None, max_pixels: int, show: _Output
) -> None:
    from ddrm_cli.evaluation.pairs import score_folders
    from ddrm_cli.evaluation.results import write_folder_results
    from ddrm_cli.evaluation.tables import summarise_folders

    scores = score_folders(restored, reference, metrics=show.metrics, max_pixels=max_pixels)
    report = None
    if out is not None:
        options = {"restored": str(restored), "reference": str(reference)}
        report = write_folder_results(scores, out, options)
    for path in [*scores.unpaired_restored, *scores.unpaired_reference]:
        say(f"{path} has no pair.")
    for name, reason in scores.failures.items():
        say(f"{name}: {reason}")
    measured = replace(show, metrics=(*scores.metrics, *scores.set_scores))
    measured(summarise_folders(scores), report)
    if scores.failures:
        raise typer.Exit(FAILED)


@dataclass(frozen=True)
class _Output:
    """Shows a summary on stdout: a table, or JSON."""

    metrics: Sequence[str]
    as_json: bool
    quiet: bool

    def __call__(self, summaries: Sequence[Summary], report: Path | None) -> None:
        if self.as_json:
            from ddrm_cli.evaluation.text import finite_json

            for row in summaries:
                print_result(json.dumps(finite_json(asdict(row)), allow_nan=False))
        else:
            stdout.print(summary_table(summaries, self.metrics), highlight=False)
        if report is not None and not self.quiet:
            say(f"Report: {report}")


@contextmanager
def _progress(*, hidden: bool) -> Iterator[Callable[[PictureDone], None]]:
    """A bar on stderr over all pictures of all cells; failures are named as they happen."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=stderr, disable=hidden or not stderr.is_terminal) as bar:
        task = bar.add_task("evaluating", total=None)

        def told(progress: PictureDone) -> None:
            description = f"{progress.cell.degradation} {progress.name}"
            bar.update(task, completed=progress.done, total=progress.total, description=description)
            if progress.failure is not None:
                say(f"{progress.name} ({progress.cell.degradation}): {progress.failure.reason}")

        yield told
