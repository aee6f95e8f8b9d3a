"""Many pictures, one after another: where results go, what is skipped, what failed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ddrm_cli.errors import DDRMError, OutputError, OutputExistsError, UsageError

from .failures import FAILED
from .tasks import Task
from .voice import Voice

if TYPE_CHECKING:
    from ddrm_cli.images.folders import Source

__all__ = ["run_task"]


def run_task(
    pictures: Sequence[str], task: Task, *, out: Path | None, overwrite: bool, voice: Voice
) -> None:
    """Do a task to every picture that the arguments stand for.

    Where there are several, results that exist are skipped, so that the same command goes on where
    it stopped, and a picture that fails is named while the rest goes on. Where only some of a
    picture's files exist and are this command's own, it stopped between them: all are made again.

    Args:
        pictures: Files, folders and patterns.
        task: What is done.
        out: What ``--out`` says.
        overwrite: Make results that exist again.
        voice: Tells what came of each.

    Raises:
        DDRMError: A single picture failed, or the arguments make no sense.
        typer.Exit: With 1, if some of several failed.
    """
    from ddrm_cli.images.folders import check_collisions, find_pictures, is_folder
    from ddrm_cli.images.writing import check_writable

    folder = out if out is not None and is_folder(out) else None
    sources = find_pictures(pictures, out=folder, labels=task.result_labels)
    # One picture that a folder or a pattern stands for is a run over several, too.
    several = len(sources) > 1 or sources[0].path not in map(Path, pictures)
    jobs = [(source, _output(source, task, out, len(sources), several)) for source in sources]
    check_collisions(
        [(source, file) for source, output in jobs for file in task.files(output)],
        reads=task.reads,
    )
    failed = 0

    def fail(path: Path, output: Path, error: Exception) -> None:
        nonlocal failed
        voice.failed(path, output, error)
        if not several:
            raise error
        failed += 1
        voice.error(error, about=str(path))

    todo = []
    for source, output in jobs:
        path, files = source.path, task.files(output)
        try:
            existing = [_exists(file) for file in files]
            goes_on = several and not overwrite and any(existing)
            if goes_on and not task.is_same(path, output):
                raise OutputExistsError(
                    f"'{output}' was made with other settings or of another picture.",
                    "Choose another --out, or --overwrite.",
                )
            finished = goes_on and all(existing)
            for file in files if not finished else ():
                check_writable(file, overwrite=overwrite or goes_on)
        except DDRMError as error:
            fail(path, output, error)
            continue
        if finished:
            voice.skipped(path, output)
        else:
            todo.append((path, output, overwrite or goes_on))
    if todo:
        task.prepare()
    for path, output, replace in todo:
        try:
            report = task.run(path, output, overwrite=replace)
        except Exception as error:
            fail(path, output, error)
        else:
            voice.done(path, output, report)
    if failed:
        voice.say(f"{failed} of {len(jobs)} pictures failed.")
        raise typer.Exit(FAILED)


def _output(source: Source, task: Task, out: Path | None, count: int, several: bool) -> Path:
    from ddrm_cli.images.folders import is_folder, output_path

    if out is None or out.is_dir() or (is_folder(out) and (several or not out.suffix)):
        return output_path(source, out=out, label=task.label, suffix=task.formats[0])
    # One picture to a name with a suffix: a file is meant, whatever the suffix.
    if out.suffix.lower() not in task.formats:
        raise UsageError(
            f"'{out}' does not end in a suffix that can be written.",
            f"Use one of: {' '.join(task.formats)}; or name a folder that exists.",
        )
    if count > 1:
        raise UsageError(
            f"{count} pictures cannot all be written to '{out}'.", "Give a folder to --out."
        )
    return out


def _exists(file: Path) -> bool:
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:  # such as a name that is too long, now that a label was added
        raise OutputError(
            f"'{file}' cannot be written: {error.strerror or error}.",
            "Choose another place with --out.",
        ) from error
    return True
