"""How far a restoration is: a bar on stderr."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .console import stderr

if TYPE_CHECKING:
    from ddrm_cli.sampler.ddrm import Step

__all__ = ["step_bar"]


@contextmanager
def step_bar(name: str, steps: int, *, hidden: bool) -> Iterator[Callable[[Step], None]]:
    """A bar with the step and the time left; gives the callback for the sampler.

    There is none where stderr is no terminal.
    """
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),  # names may have brackets
        BarColumn(),
        TextColumn("step"),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    hidden = hidden or not stderr.is_terminal
    with Progress(*columns, console=stderr, transient=True, disable=hidden) as bar:
        task = bar.add_task(name, total=steps)

        def callback(step: Step) -> None:
            bar.update(task, completed=step.index)

        yield callback
