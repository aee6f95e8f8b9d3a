"""The files that an evaluation ends with: CSV, JSON and the report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ddrm_cli.images.writing import write_bytes

from .pairs import FolderScores
from .report import evaluation_report, folders_report
from .run import Evaluation
from .tables import evaluation_csv, evaluation_json, folders_csv, folders_json

__all__ = ["CSV", "JSON", "REPORT", "write_folder_results", "write_results"]

CSV, JSON, REPORT = "results.csv", "results.json", "report.html"


def write_results(evaluation: Evaluation, options: Mapping[str, Any], command: str = "") -> Path:
    """Write the files of an evaluation into its folder, in place of earlier ones.

    Args:
        evaluation: What was found.
        options: What the user asked for, kept in the JSON file.
        command: What was typed, for the report's head.

    Returns:
        The report.

    Raises:
        OutputError: One of them cannot be written.
    """
    store = evaluation.store
    store.write(CSV, evaluation_csv(evaluation).encode())
    store.write(JSON, evaluation_json(evaluation, options).encode())
    store.write(REPORT, evaluation_report(evaluation, command))
    return store.out / REPORT


def write_folder_results(
    scores: FolderScores, out: Path, options: Mapping[str, Any], command: str = ""
) -> Path:
    """The same for restorations that existed already.

    Raises:
        OutputExistsError: The folder has results already.
        OutputError: One of them cannot be written.
    """
    write_bytes(out / CSV, folders_csv(scores).encode(), overwrite=False)
    write_bytes(out / JSON, folders_json(scores, options).encode(), overwrite=False)
    write_bytes(out / REPORT, folders_report(scores, out, command), overwrite=False)
    return out / REPORT
