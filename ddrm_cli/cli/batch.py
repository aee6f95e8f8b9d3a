"""Many pictures, one after another: what is done already, what is to be done, what failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ddrm_cli.errors import DDRMError, OutputError, OutputExistsError

from .failures import FAILED, explain
from .jobs import Job, Target, clashes, jobs_of
from .pipes import piped
from .run_progress import run_progress
from .tasks import Ended, Report, Task
from .voice import Voice

if TYPE_CHECKING:
    from ddrm_cli.images.folders import Survey

__all__ = ["run_task"]


def run_task(
    pictures: Sequence[str],
    task: Task[Any],
    *,
    out: str | None,
    overwrite: bool,
    progress: str,
    voice: Voice,
) -> None:
    """Do a task to every picture that the arguments stand for.

    Where there are several, results that exist are skipped, so that the same command goes on where
    it stopped, and a picture that fails is named while the rest goes on. Where only some of a
    picture's files exist, and its results are this command's own, what is missing is made, and what
    exists stays as it is.

    Args:
        pictures: Files, folders and patterns, or ``-``.
        task: What is done.
        out: What ``--out`` says.
        overwrite: Make results that exist again.
        progress: How it is shown; one of `KINDS`.
        voice: Tells what came of each.

    Raises:
        DDRMError: A single picture failed, or the arguments make no sense.
        typer.Exit: With 1, if some of several failed.
    """
    from ddrm_cli.images.folders import survey

    with piped(pictures, out, task, voice) as (pictures, out, voice):
        target = Target.of(out)
        found = survey(
            pictures,
            besides=[*filter(None, [target.folder(several=True)]), *task.reads],
            endings=task.naming.results,
        )
        # One picture that a folder or a pattern stands for is a run over several, too.
        several = len(found.inputs) > 1 or found.inputs[0].path not in map(Path, pictures)
        jobs = jobs_of(found.inputs, target, task.naming, several=several)
        told = _Told(voice)
        voice.surveyed(found)
        for folder, error in found.unreadable.items():
            told.failed(folder, None, error, named=False)
        todo = _examine(jobs, task, told, several=several, overwrite=overwrite)
        with run_progress(voice, progress, len(todo)) as shown:
            for done, (job, keep) in enumerate(todo.items()):
                try:
                    work = task.read(job)
                except Exception as error:
                    told.failed(job.source.path, job.output, error, named=several)
                    continue
                if not isinstance(work, Report):
                    task.prepare()
                    shown.picture(job.source.path.name, done)
                    try:
                        work = task.run(
                            job, work, keep=keep, overwrite=overwrite, progress=shown.part
                        )
                    except Exception as error:
                        told.failed(job.source.path, job.output, error, named=several)
                        continue
                told.done(job, work)
        told.summary(found, several=several)
        if several or told.error is None:
            order = {job.source.path: number for number, job in enumerate(jobs)}
            task.finish(sorted(told.ended, key=lambda each: order.get(each.path, -1)))
        told.raise_failure(several=several)


def _examine(
    jobs: Sequence[Job], task: Task[Any], told: _Told, *, several: bool, overwrite: bool
) -> dict[Job, Collection[Path]]:
    """The jobs that are to be done, each with its files that are there and stay."""
    wrong = clashes(jobs, task.files, task.reads)
    todo = dict[Job, Collection[Path]]()
    for job in jobs:
        try:
            if job in wrong:
                raise wrong[job]
            finished, keep = _state(job, task, goes_on=several and not overwrite)
            for file in task.files(job.output):
                if file not in keep:
                    _check_writable(file, overwrite=overwrite)
        except DDRMError as error:
            told.failed(job.source.path, job.output, error, named=several)
            continue
        if finished is None:
            todo[job] = keep
        else:
            told.skipped(job, finished)
    return todo


def _state(job: Job, task: Task[Any], *, goes_on: bool) -> tuple[Path | None, Collection[Path]]:
    """Where the finished result is, if it is; and the files that are there and stay."""
    if not goes_on:
        return None, ()
    there = [file for file in task.files(job.output) if _exists(file)]
    if any(file in there for file in task.results(job.output)):
        difference = task.difference(job, there)
        if difference is not None:
            raise OutputExistsError(difference, "Choose another --out, or --overwrite.")
        return (job.output if len(there) == len(task.files(job.output)) else None), there
    former = task.files(job.former)
    moved = job.former != job.output and all(map(_exists, former))
    if moved and task.difference(job, former) is None:
        return job.former, former
    return None, ()


class _Told:
    """What was told of each picture.

    Args:
        voice: Tells it.
    """

    def __init__(self, voice: Voice) -> None:
        self.voice = voice
        self.ended: list[Ended] = []
        self.error: Exception | None = None

    def done(self, job: Job, report: Report) -> None:
        """A picture is done."""
        self.ended.append(Ended(job.source.path, job.output, report))
        self.voice.done(job.source.path, job.output, report)

    def skipped(self, job: Job, output: Path) -> None:
        """A picture's result was there."""
        self.ended.append(Ended(job.source.path, output, Report([], {}, "skipped")))
        self.voice.skipped(job.source.path, output)

    def failed(self, path: Path, output: Path | None, error: Exception, *, named: bool) -> None:
        """Nothing came of a picture; the error is told unless it ends the command."""
        report = Report([], {"error": explain(error)}, "failed")
        self.ended.append(Ended(path, output, report))
        self.error = error
        self.voice.failed(path, output, error)
        if named:
            self.voice.error(error, about=str(path))

    def summary(self, found: Survey, *, several: bool) -> None:
        """Tell what came of all."""
        counts = Counter(each.report.status for each in self.ended)
        self.voice.summary(counts, found, several=several)

    def raise_failure(self, *, several: bool) -> None:
        """End the command as what failed asks for.

        Raises:
            DDRMError: The only picture failed.
            typer.Exit: With 1, if some of several failed.
        """
        if self.error is not None and not several:
            raise self.error
        if self.error is not None:
            raise typer.Exit(FAILED)


def _check_writable(file: Path, *, overwrite: bool) -> None:
    from ddrm_cli.images.writing import check_writable

    check_writable(file, overwrite=overwrite)


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
