"""Many pictures: what is done already, what is to be done and by whom, what failed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ddrm_cli.errors import DDRMError, OutputError, OutputExistsError
from ddrm_cli.sharing import Crew, block, pause, remove_abandoned, shard, turns

from .failures import FAILED
from .jobs import Job, Target, clashes, jobs_of
from .pipes import piped
from .run_progress import RunProgress, run_progress
from .tasks import Report, Task
from .told import Told
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
    part: tuple[int, int] | None,
    progress: str,
    voice: Voice,
) -> None:
    """Do a task to every picture that the arguments stand for.

    Where there are several, results that exist are skipped, so that the same command goes on where
    it stopped, and a picture that fails is named while the rest goes on. Where only some of a
    picture's files exist, and its results are this command's own, what is missing is made, and what
    exists stays as it is. Runs that write into one folder share the pictures, and so do the
    processes that torchrun started, of which the first speaks for all.

    Args:
        pictures: Files, folders and patterns, or ``-``.
        task: What is done.
        out: What ``--out`` says.
        overwrite: Make results that exist again.
        part: Which of how many parts of the sorted pictures; None takes all.
        progress: How it is shown; one of `KINDS`.
        voice: Tells what came of each.

    Raises:
        DDRMError: A single picture failed, or the arguments make no sense.
        typer.Exit: With 1, if some of several failed.
    """
    from ddrm_cli.images.folders import survey

    crew = Crew.here()
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
        wrong = clashes(jobs, task.files, task.reads)
        if part is not None:
            jobs = [*shard(sorted(jobs, key=_name), *part)]
        told = Told(voice, crew, several=several)
        run = _Run(task, wrong, told, overwrite, len(jobs) + len(found.unreadable))
        if crew.is_first:
            voice.surveyed(found)
            for folder, error in found.unreadable.items():
                told.failed(folder, None, error)
        run.examine(block(jobs, crew.rank, crew.size))
        with run_progress(voice, progress if crew.is_first else "none", run.count) as shown:
            run.work(jobs, shown)
        if crew.conclude(lambda: _concluded(told, found, jobs, task)):
            raise typer.Exit(FAILED) if told.error is None or several else told.error


def _concluded(told: Told, found: Survey, jobs: Sequence[Job], task: Task[Any]) -> bool:
    """Tell what came of all pictures, do what is left then, and say whether any failed."""
    failed = told.summary(found)
    if told.several or not failed:
        order = {job.source.path: number for number, job in enumerate(jobs)}
        task.finish(sorted(told.ended, key=lambda each: order.get(each.path, -1)))
    return failed


@dataclass(frozen=True)
class _State:
    """What there is of a job's files.

    Args:
        keep: Those that are there, and stay as they are.
        finished: Where the finished result is, if it is.
        error: Why it cannot be made, if it cannot.
    """

    keep: Collection[Path] = ()
    finished: Path | None = None
    error: DDRMError | None = None

    @property
    def is_settled(self) -> bool:
        """Whether there is nothing to be done."""
        return self.finished is not None or self.error is not None


@dataclass
class _Run:
    """A task on its way through pictures, together with other processes.

    Args:
        task: What is done.
        wrong: Jobs that cannot be done, and why.
        told: What came of pictures.
        overwrite: Make results that exist again.
        total: How many pictures there are for all processes, done and failed ones among them.
    """

    task: Task[Any]
    wrong: Mapping[Job, DDRMError]
    told: Told
    overwrite: bool
    total: int

    def count(self) -> tuple[int, int]:
        """How many pictures are done, and how many are to be, beside those that were there."""
        self.told.hear()
        skipped = self.told.counts["skipped"]
        return len(self.told.ended) - skipped, self.total - skipped

    def examine(self, jobs: Sequence[Job]) -> None:
        """End what is done already, and what cannot be done, before the first is begun.

        What another process has begun meanwhile is its own to end.
        """
        crew = self.told.crew
        for job in jobs:
            if not crew.has_ended(_name(job)):
                state = self._state(job)
                if state.is_settled and not crew.has_begun(_name(job)):
                    self._settle(job, state)
                    self.told.hear()

    def work(self, jobs: Sequence[Job], shown: RunProgress) -> None:
        """Do what is left of the jobs, until all have ended."""
        crew = self.told.crew

        def idle() -> None:
            shown.waiting()
            pause()

        if not self.task.writes:  # then there is nothing to hold
            jobs = block(jobs, crew.rank, crew.size)
        left = {_name(job): job for job in jobs if not crew.has_ended(_name(job))}
        results = {name: job.output for name, job in left.items()}
        with turns(results, crew, idle) if self.task.writes else nullcontext(left) as mine:
            for name in mine:
                # Not before the lock of the last one is given back: whoever reads may interrupt.
                self.told.hear()
                self._do(left[name], shown)
        while crew.is_first and self.told.hear() < self.total:
            idle()
        if crew.is_first and self.task.writes:
            for folder in {job.output.parent for job in jobs}:
                remove_abandoned(folder)

    def _do(self, job: Job, shown: RunProgress) -> None:
        # Another run may have done it since.
        state = self._state(job)
        if state.is_settled:
            self._settle(job, state)
            return
        try:
            work = self.task.read(job)
        except Exception as error:
            self.told.failed(job.source.path, job.output, error)
            return
        if not isinstance(work, Report):
            self.task.prepare()
            shown.picture(job.source.path.name)
            try:
                work = self.task.run(
                    job, work, keep=state.keep, overwrite=self.overwrite, progress=shown.part
                )
            except OutputExistsError as error:
                # Without locks, another run may have been first.
                state = self._state(job)
                self._settle(job, state if state.finished else _State(error=error))
                return
            except Exception as error:
                self.told.failed(job.source.path, job.output, error)
                return
        self.told.done(job, work)

    def _state(self, job: Job) -> _State:
        try:
            if job in self.wrong:
                raise self.wrong[job]
            goes_on = self.told.several and not self.overwrite
            finished, keep = _found(job, self.task, goes_on=goes_on)
            for file in self.task.files(job.output):
                if file not in keep:
                    _check_writable(file, overwrite=self.overwrite)
        except DDRMError as error:
            return _State(error=error)
        return _State(keep, finished)

    def _settle(self, job: Job, state: _State) -> None:
        if state.error is not None:
            self.told.failed(job.source.path, job.output, state.error)
        elif state.finished is not None:
            self.told.skipped(job, state.finished)


def _name(job: Job) -> str:
    """What the processes call a job."""
    return str(job.source.path)


def _found(job: Job, task: Task[Any], *, goes_on: bool) -> tuple[Path | None, Collection[Path]]:
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
