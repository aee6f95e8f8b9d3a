"""``ddrm train``: a prior of the user's own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ddrm_cli.errors import UsageError

from .complete import models, one_of
from .options import Config, Debug, Device, Json, MaxPixels, Overwrite, Pictures, Quiet, seed_option
from .plain_table import plain_table
from .progress import training_bar
from .voice import Voice

if TYPE_CHECKING:
    from rich.table import Table

    from ddrm_cli.training.record import Record, Report

__all__ = ["train"]


def train(
    pictures: Pictures,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="The prior, such as my-prior.pt.")
    ],
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="NAME|FILE",
            autocompletion=models,
            help="Begin with the weights of photo-small or of a prior of your own. "
            "Default: with random ones.",
        ),
    ] = None,
    minutes: Annotated[
        float | None, typer.Option("--minutes", metavar="NUMBER", help="How long to train.")
    ] = None,
    megapixels: Annotated[
        float | None,
        typer.Option(
            "--megapixels",
            metavar="NUMBER",
            help="How long to train, in millions of pixels seen. Default: 3600; 300 with --from.",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a training that was interrupted.")
    ] = False,
    overwrite: Overwrite = False,
    seed: Annotated[
        int,
        seed_option("Of all that is random."),
    ] = 0,
    device: Device = "auto",
    precision: Annotated[
        str,
        one_of(
            "auto|float32|bfloat16",
            "--precision",
            help="To compute in; weights are float32 in any case.",
        ),
    ] = "auto",
    max_pixels: MaxPixels = None,
    as_json: Json = False,
    quiet: Quiet = False,
    config: Config = None,
    debug: Debug = False,
) -> None:
    """Train a prior on your own photographs.

    Some of them are held out; how well those are denoised is printed eleven times. The prior is
    for --model of ddrm restore and ddrm evaluate. Interrupted, the same command with --resume goes
    on. Under torchrun, several processes train one prior.

    ddrm train photos/ --out my-prior.pt --from photo-small --minutes 30
    """
    # Everything that can be known to be wrong is, before torch is loaded.
    from ddrm_cli.images.reading import DEFAULT_MAX_PIXELS
    from ddrm_cli.training.budget import Budget

    if resume and overwrite:
        raise UsageError("--resume and --overwrite exclude each other.", "Leave one of them out.")
    if minutes is not None and megapixels is not None:
        raise UsageError("--minutes and --megapixels exclude each other.", "Leave one of them out.")
    budget = None
    if minutes is not None:
        budget = Budget(minutes, "minutes")
    elif megapixels is not None:
        budget = Budget(megapixels, "megapixels")
    # The processes that torchrun started next to the first have nothing to say.
    voice = Voice(as_json, quiet or os.environ.get("RANK", "0") != "0", debug)

    from ddrm_cli.training.train import train as run

    with training_bar(voice) as (preparing, progress):
        trained = run(
            pictures,
            out,
            start=start,
            budget=budget,
            seed=seed,
            device=device,
            precision=precision,
            existing="resume" if resume else "overwrite" if overwrite else "refuse",
            max_pixels=max_pixels or DEFAULT_MAX_PIXELS,
            preparing=preparing,
            progress=progress,
            report=_Figures(voice).show,
            notice=voice.say,
        )
    voice.remark(f"{trained.model.weights.path}: ready for --model.")


@dataclass
class _Figures:
    """Prints reports as they come, those of before an interruption with the first.

    Args:
        voice: Prints them.
        shown: How many have been printed.
    """

    voice: Voice
    shown: int = 0

    def show(self, record: Record) -> None:
        """Print what is new in a record: rows of a table, or an object each."""
        from ddrm_cli.training.held_out import LEVELS

        reports = record.reports[self.shown :]
        if self.voice.as_json:
            if not self.shown:
                compared = {"noisy": record.noisy, "photo-small": record.reference}
                self.voice.result_json({"levels": LEVELS, **compared})
            for report in reports:
                self.voice.result_json(asdict(report))
        else:
            table = _table(LEVELS, headed=not self.shown)
            if not self.shown:
                table.add_row("noisy", *["–"] * 3, *_decibels(record.noisy, 1), style="dim")
                table.add_row("photo-small", *["–"] * 3, *_decibels(record.reference), style="dim")
            for report in reports:
                table.add_row(*_row(report))
            self.voice.table(table)
        self.shown = len(record.reports)


def _row(report: Report) -> list[str]:
    at = report.position
    loss = "–" if report.loss is None else f"{report.loss:.4f}"
    spent = [f"{at.share:.0%}", f"{at.seconds / 60:.1f}", f"{at.megapixels:.1f}"]
    return [*spent, loss, *_decibels(report.psnr)]


def _table(levels: Sequence[int], *, headed: bool) -> Table:
    """Part of a table; columns are as wide in each, and eighty characters in all."""
    title = "PSNR in dB of held-out photographs, by noise of 255" if headed else None
    table = plain_table(title=title)
    table.show_header = headed
    table.add_column("", width=11)
    for name in ("minutes", "Mpixels", "loss"):
        table.add_column(name, justify="right", width=7)
    for level in levels:
        table.add_column(str(level), justify="right", width=5)
    return table


def _decibels(values: Sequence[float], digits: int = 2) -> list[str]:
    return [f"{value:.{digits}f}" for value in values]
