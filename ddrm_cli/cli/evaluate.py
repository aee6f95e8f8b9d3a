"""``ddrm evaluate``: measure how good restorations are, and compare settings."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ddrm_cli.degradations.entry import check_sigma
from ddrm_cli.errors import UsageError
from ddrm_cli.sharing import Crew, follows
from ddrm_cli.sharing import shard as part_of

from .complete import degradations, models, one_of
from .download import ensure_cached
from .evaluate_results import Written, show_evaluation, show_folders
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
    Shard,
    Threads,
    Tile,
    Yes,
    seed_option,
)
from .progress import picture_bar
from .typed import typed
from .voice import Voice

if TYPE_CHECKING:
    from ddrm_cli.weights.model import Model

__all__ = ["evaluate"]


def _each_checked(sigmas: list[float] | None) -> list[float] | None:
    return None if sigmas is None else [check_sigma(sigma) for sigma in sigmas]


def evaluate(
    ctx: typer.Context,
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
            autocompletion=degradations,
            help="The degradation, see: ddrm list-degradations. May repeat.",
        ),
    ] = None,
    sigma: Annotated[
        list[float] | None,
        typer.Option(
            "--sigma",
            metavar="NUMBER",
            help="Noise to add, on [0, 1] pixel values. May repeat. Default: 0.",
            callback=_each_checked,
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            metavar="NAME|FILE",
            autocompletion=models,
            help="The prior, see: ddrm download; or a file of ddrm train. May repeat. "
            "Default: photo-small.",
        ),
    ] = None,
    preset: Annotated[
        list[str] | None,
        one_of(
            "standard|fast|detailed|paper",
            "--preset",
            help="Settings of the sampler. May repeat. Default: standard.",
        ),
    ] = None,
    steps: Annotated[
        list[int] | None,
        typer.Option(
            "--steps",
            metavar="N",
            help="Network evaluations, 1 to 1000. May repeat. Default: what the task needs.",
        ),
    ] = None,
    detail: Annotated[
        list[float] | None,
        typer.Option(
            "--detail",
            metavar="NUMBER",
            help="From 0, the expected picture, to 1, a sample. May repeat.",
        ),
    ] = None,
    spacing: Annotated[
        str | None,
        one_of(
            "quadratic|uniform",
            "--spacing",
            help="With --preset paper: which noise levels.",
        ),
    ] = None,
    eta: Annotated[
        list[float] | None,
        typer.Option(
            "--eta",
            metavar="NUMBER",
            help="With --preset paper: share of fresh noise, 0 to 1. May repeat.",
        ),
    ] = None,
    eta_b: Annotated[
        float | None,
        typer.Option(
            "--eta-b",
            metavar="NUMBER",
            help="With --preset paper: weight of the measurement, 0 to 1.",
        ),
    ] = None,
    metric: Annotated[
        list[str] | None,
        one_of(
            "lpips|kid|fid",
            "--metric",
            help="To measure besides PSNR, SSIM and the residual; needs the extra 'metrics'. "
            "May repeat.",
        ),
    ] = None,
    preprocess: Annotated[
        str,
        one_of(
            "imagenet|resize|none",
            "--preprocess",
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
        seed_option("Of noise and sampler."),
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
    threads: Threads = None,
    yes: Yes = False,
    max_pixels: MaxPixels = None,
    shard: Shard = None,
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
    voice = Voice(as_json, quiet or follows(), debug)
    limit_pixels = max_pixels or DEFAULT_MAX_PIXELS
    if restored is not None or reference is not None:
        if restored is None or reference is None:
            raise UsageError("--restored and --reference belong together.", "Give both folders.")
        if pictures or deg:
            raise UsageError(
                "--restored scores what exists: it goes neither with pictures nor with --deg.",
                "Leave one of them out.",
            )
        show_folders(restored, reference, out, metrics, limit_pixels, typed(ctx), voice)
        return
    if not pictures or not deg:
        raise UsageError(
            "Nothing to evaluate was given.",
            "For example: ddrm evaluate photos/ --deg sr4, or --restored with --reference.",
        )

    crew = Crew.here()
    # Everything that can be known to be wrong is, before torch is loaded.
    from ddrm_cli.evaluation.grid import make_grid, make_settings
    from ddrm_cli.evaluation.photographs import photographs_of
    from ddrm_cli.evaluation.store import Protocol
    from ddrm_cli.images.folders import survey
    from ddrm_cli.sampler.settings import OLD_NAMES, settings_notes
    from ddrm_cli.weights.own_file import find_model
    from ddrm_cli.weights.registry import DEFAULT_MODEL, load_models

    for old in OLD_NAMES.keys() & set(preset or ()):
        voice.remark(f"The preset {old} is called {OLD_NAMES[old]} by now.")
    settings = make_settings(
        preset or ["standard"],
        steps or [None],
        detail or [None],
        eta or [None],
        spacing=spacing,
        eta_b=eta_b,
    )
    for note in dict.fromkeys(note for each in settings for note in settings_notes(each)):
        voice.remark(note)
    table = load_models(models)
    chosen = _by_name([find_model(name, table) for name in model or [DEFAULT_MODEL]])
    cells = make_grid(deg, sigma or [0.0], chosen, settings)
    protocol = Protocol(seed, preprocess, size, metrics, tile)
    folder = out or Path("evaluation")
    found = survey(pictures, besides=[folder])
    photographs = photographs_of(found, list_file=list_file, limit=limit)
    if crew.is_first:
        voice.surveyed(found)
    for each in chosen.values():
        ensure_cached(each, voice, yes=yes)

    from ddrm_cli.devices import use_threads
    from ddrm_cli.evaluation.run import evaluate as run
    from ddrm_cli.prior import load_model

    use_threads(threads)
    with picture_bar(voice) as progress:
        evaluation = run(
            photographs if shard is None else part_of(photographs, *shard),
            cells,
            folder,
            chosen,
            partial(load_model, device=device, precision=precision),
            protocol=protocol,
            batch_size=batch_size,
            max_pixels=limit_pixels,
            crew=crew,
            progress=progress,
        )
    options = {
        "pictures": pictures,
        "list": str(list_file) if list_file else None,
        "limit": limit,
        "cells": [f"{cell.measurement_folder}/{cell.restoration_folder}" for cell in cells],
    }
    written = None if shard is not None else Written(options, typed(ctx))
    if crew.conclude(lambda: show_evaluation(evaluation, written, voice)) or found.unreadable:
        raise typer.Exit(FAILED)


def _by_name(models: Sequence[Model]) -> dict[str, Model]:
    """Models by the names that results are kept under."""
    named: dict[str, Model] = {}
    for model in models:
        if named.setdefault(model.name, model) != model:
            raise UsageError(
                f"Two models are called {model.name}, and results are kept by name.",
                "Rename one of the files.",
            )
    return named
