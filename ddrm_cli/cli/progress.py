"""How far something is: a bar on stderr, where that is a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console

from ddrm_cli.errors import Progress

from .voice import Voice

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import ProgressColumn

    from ddrm_cli.evaluation.progress import PictureDone
    from ddrm_cli.training.loop import Step as TrainingStep

__all__ = ["byte_bar", "picture_bar", "share_bar", "training_bar"]

stderr = Console(stderr=True)


@contextmanager
def _bar(voice: Voice, *count: ProgressColumn) -> Iterator[Bar]:
    """A bar with a description, how much of all is done, and the time left."""
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}", markup=False),  # names may have brackets
        BarColumn(),
        *count,
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    with Bar(
        *columns,
        console=stderr,
        transient=True,
        redirect_stdout=False,  # to stderr, that is
        disable=voice.quiet or not stderr.is_terminal,
    ) as bar:
        yield bar


@contextmanager
def picture_bar(voice: Voice) -> Iterator[Callable[[PictureDone], None]]:
    """All pictures of all cells of an evaluation; failures are named as they happen."""
    from rich.progress import MofNCompleteColumn, TextColumn

    with _bar(voice, TextColumn("picture"), MofNCompleteColumn()) as bar:
        task = bar.add_task("evaluating", total=None)

        def callback(picture: PictureDone) -> None:
            cell, name = picture.cell.degradation, picture.name
            bar.update(
                task, completed=picture.done, total=picture.total, description=f"{cell} {name}"
            )
            if picture.failure is not None:
                voice.say(f"{name} ({cell}): {picture.failure.reason}")

        yield callback


@contextmanager
def byte_bar(voice: Voice) -> Iterator[Callable[[str, int, int | None], None]]:
    """Files that are downloaded or checked, one bar each."""
    from rich.progress import DownloadColumn, TransferSpeedColumn

    with _bar(voice, DownloadColumn(), TransferSpeedColumn()) as bar:
        tasks = {}

        def callback(name: str, done: int, total: int | None) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=total)
            bar.update(tasks[name], completed=done, total=total)

        yield callback


@contextmanager
def share_bar(voice: Voice, name: str) -> Iterator[Progress]:
    """One thing, of which a share is done."""
    from rich.progress import TaskProgressColumn

    with _bar(voice, TaskProgressColumn()) as bar:
        task = bar.add_task(name, total=1)
        yield lambda share: bar.update(task, completed=share)


@contextmanager
def training_bar(
    voice: Voice,
) -> Iterator[tuple[Callable[[int, int], None], Callable[[TrainingStep], None]]]:
    """How many photographs are prepared, and then how much of the budget is used up."""
    from rich.progress import TaskProgressColumn

    with _bar(voice, TaskProgressColumn()) as bar:
        task = bar.add_task("preparing")

        def preparing(done: int, total: int) -> None:
            description = f"preparing photograph {done} of {total}"
            bar.update(task, completed=done, total=total, description=description)

        def progress(step: TrainingStep) -> None:
            description = f"step {step.position.steps}, loss {step.loss:.4f}"
            bar.update(task, completed=step.position.share, total=1, description=description)

        yield preparing, progress
