"""What ``ddrm evaluate`` ends with: tables on stdout, files in the folder, who failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .failures import FAILED
from .summary_table import summary_table
from .voice import Voice

if TYPE_CHECKING:
    from ddrm_cli.evaluation.run import Evaluation
    from ddrm_cli.evaluation.tables import Summary

__all__ = ["Written", "show_evaluation", "show_folders"]


@dataclass(frozen=True)
class Written:
    """What the files of an evaluation say of the command.

    Args:
        options: What the user asked for.
        command: As it was typed.
    """

    options: Mapping[str, Any]
    command: str


def show_evaluation(evaluation: Evaluation, written: Written | None, voice: Voice) -> bool:
    """Write and show what an evaluation found; whether a picture failed.

    Args:
        evaluation: What it found.
        written: What its files say of the command; None of a part, which writes none.
        voice: Tells it.
    """
    from ddrm_cli.evaluation.results import write_results
    from ddrm_cli.evaluation.tables import summarise

    report = None
    if written is None:
        voice.remark("Once all parts are done, the command without --shard writes the report.")
    else:
        report = write_results(evaluation, written.options, written.command)
    _show(summarise(evaluation), evaluation.store.protocol.metrics, report, voice)
    failed = dict.fromkeys(failure.name for failure in evaluation.failures)
    if failed:
        tried = {*failed, *(record.name for record in evaluation.records)}
        voice.say(f"{len(failed)} of {len(tried)} pictures failed: {', '.join(failed)}")
    return bool(failed)


def show_folders(
    restored: Path,
    reference: Path,
    out: Path | None,
    metrics: Sequence[str],
    max_pixels: int,
    command: str,
    voice: Voice,
) -> None:
    """Score what exists, and show it.

    Raises:
        UsageError: There are no pairs.
        typer.Exit: With 1, if some failed.
    """
    from ddrm_cli.evaluation.pairs import score_folders
    from ddrm_cli.evaluation.results import write_folder_results
    from ddrm_cli.evaluation.tables import summarise_folders

    scores = score_folders(restored, reference, metrics=metrics, max_pixels=max_pixels)
    report = None
    if out is not None:
        options = {"restored": str(restored), "reference": str(reference)}
        report = write_folder_results(scores, out, options, command)
    for path in [*scores.unpaired_restored, *scores.unpaired_reference]:
        voice.say(f"{path} has no pair.")
    for name, reason in scores.failures.items():
        voice.say(f"{name}: {reason}")
    measured = (*scores.metrics, *scores.set_scores)
    _show(summarise_folders(scores), measured, report, voice)
    if scores.failures:
        raise typer.Exit(FAILED)


def _show(
    summaries: Sequence[Summary], metrics: Sequence[str], report: Path | None, voice: Voice
) -> None:
    """Print a summary, as a table or as JSON, and where the report is."""
    from ddrm_cli.evaluation.text import finite_json

    if voice.as_json:
        for row in summaries:
            voice.result_json(finite_json(asdict(row)))
    else:
        voice.table(summary_table(summaries, metrics))
    if report is not None:
        voice.remark(f"Report: {report}")
