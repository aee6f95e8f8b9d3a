"""Many pictures, one after another: where results go, what is skipped, what failed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import typer

from ddrm_cli.errors import DDRMError, OutputExistsError, UsageError

from .console import print_result, say

__all__ = ["run_all"]


def run_all(
    pictures: Sequence[str],
    action: Callable[[Path, Path], None],
    *,
    out: Path | None,
    label: str,
    suffix: str,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
    is_same: Callable[[Path], bool] = lambda output: True,
) -> None:
    """Apply an action to every picture that the arguments stand for.

    Where there are several, results that exist are skipped, so that the same command goes on where
    it stopped, and a picture that fails is named while the rest goes on.

    Args:
        pictures: Files, folders and patterns.
        action: Called with the input and the output.
        out: What ``--out`` says.
        label: What is done, for the names of results beside their inputs.
        suffix: Suffix of a result whose name is not given.
        overwrite: Make results that exist again.
        as_json: Say on stdout, as JSON, what was skipped and what failed.
        quiet: Say nothing of what was skipped.
        is_same: Whether a result that exists is what this command would make.

    Raises:
        DDRMError: A single picture failed, or the arguments make no sense.
        typer.Exit: With 1, if some of several failed.
    """
    from ddrm_cli.degradations.table import DEGRADATIONS
    from ddrm_cli.images.folders import check_collisions, find_pictures, is_folder, output_path
    from ddrm_cli.images.writing import check_writable, output_format

    labels = [f"{done}_{name}" for done in ("restored", "degraded") for name in DEGRADATIONS]
    folder = None if out is None or not is_folder(out) else out
    sources = find_pictures(pictures, out=folder, labels=labels)
    if out is not None and folder is None:
        if out.suffix.lower() != ".npz":
            output_format(out)
        if len(sources) > 1:
            raise UsageError(
                f"{len(sources)} pictures cannot all be written to '{out}'.",
                "Give a folder to --out.",
            )
    jobs = [
        (source, output_path(source, out=out, label=label, suffix=suffix)) for source in sources
    ]
    check_collisions(jobs)
    several = len(jobs) > 1 or sources[0].root is not None
    failed = 0
    for source, output in jobs:
        try:
            if several and output.exists() and not overwrite:
                if not is_same(output):
                    raise OutputExistsError(
                        f"'{output}' was made with other settings.",
                        "Choose another --out, or --overwrite.",
                    )
                if as_json:
                    _report(source.path, output, "skipped")
                elif not quiet:
                    say(f"{output}: exists already, skipped.")
                continue
            check_writable(output, overwrite=overwrite)
            action(source.path, output)
        except DDRMError as error:
            if not several:
                raise
            failed += 1
            say(f"{source.path}: {error}")
            if as_json:
                _report(source.path, output, "failed", error=str(error))
    if failed:
        say(f"{failed} of {len(jobs)} pictures failed.")
        raise typer.Exit(1)


def _report(path: Path, output: Path, status: str, **more: str) -> None:
    print_result(json.dumps({"input": str(path), "output": str(output), "status": status, **more}))
