"""How far a run over pictures is: bars on a terminal, now and then a line elsewhere, or JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ddrm_cli.errors import UnknownNameError

from . import progress
from .plain_words import duration
from .voice import Voice

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

__all__ = ["KINDS", "Place", "RunProgress", "run_progress"]

KINDS = ("bar", "json", "none")
EVERY = 30.0  # seconds from one line to the next
Clock = Callable[[], float]
Count = Callable[[], tuple[int, int]]


@dataclass(frozen=True)
class Place:
    """Where a run is.

    Args:
        name: Of the picture; empty while others do what is left.
        share: How much of it is done, from 0 to 1.
        done: Pictures that are done.
        total: Pictures in all.
        seconds: Since the beginning.
    """

    name: str
    share: float
    done: int
    total: int
    seconds: float

    @property
    def all(self) -> float:
        """How much of all pictures is done, from 0 to 1."""
        return (self.done + self.share) / max(self.total, 1)

    @property
    def seconds_left(self) -> float | None:
        """For all pictures, if they take as long as those so far; None before the first step."""
        return self.seconds * (1 - self.all) / self.all if self.all > 0 else None

    @property
    def what(self) -> str:
        """What is done now."""
        return f"{self.name} {self.share:.0%}" if self.name else "others do the rest"

    @property
    def left(self) -> str:
        """The time left in words."""
        return "" if self.seconds_left is None else f"{duration(self.seconds_left)} left"


class RunProgress:
    """Follows a run, and shows each change.

    Args:
        count: How many pictures are done, and how many there are, whoever does them.
        show: Shows it.
        clock: Seconds.
    """

    def __init__(self, count: Count, show: Callable[[Place], None], clock: Clock) -> None:
        self._count = count
        self._show = show
        self._clock = clock
        self._began = clock()
        self._name = ""

    def picture(self, name: str) -> None:
        """A picture begins."""
        self._name = name
        self.part(0)

    def part(self, share: float) -> None:
        """So much of the picture is done."""
        done, total = self._count()
        self._show(Place(self._name, share, done, total, self._clock() - self._began))

    def waiting(self) -> None:
        """Others do what is left."""
        self.picture("")


@contextmanager
def run_progress(
    voice: Voice, kind: str, count: Count, *, clock: Clock = time.monotonic
) -> Iterator[RunProgress]:
    """Show on stderr how far a run is.

    Args:
        voice: Tells it.
        kind: One of `KINDS`: ``bar`` gives lines where stderr is no terminal, and nothing where
            the voice is quiet; ``json`` an object a line at each change.
        count: How many pictures are done, and how many there are.
        clock: Seconds.

    Raises:
        UnknownNameError: No such kind.
    """
    if kind not in KINDS:
        raise UnknownNameError("kind of progress", kind, KINDS)
    with _shown(voice, kind, clock) as show:
        yield RunProgress(count, show, clock)


def _shown(
    voice: Voice, kind: str, clock: Clock
) -> AbstractContextManager[Callable[[Place], None]]:
    if kind == "json":
        return _objects(voice)
    if kind == "none" or voice.quiet:
        return _nothing()
    return _bars() if progress.stderr.is_terminal else _lines(voice, clock)


@contextmanager
def _nothing() -> Iterator[Callable[[Place], None]]:
    yield lambda place: None


@contextmanager
def _objects(voice: Voice) -> Iterator[Callable[[Place], None]]:
    last: object = None

    def show(place: Place) -> None:
        nonlocal last
        left = place.seconds_left
        told = {
            "progress": round(place.all, 4),
            "picture": place.name,
            "share": round(place.share, 4),
            "done": place.done,
            "total": place.total,
        }
        if told != last:
            last = told
            seconds = None if left is None else round(left, 1)
            voice.say(json.dumps({**told, "seconds_left": seconds}))

    yield show


@contextmanager
def _lines(voice: Voice, clock: Clock) -> Iterator[Callable[[Place], None]]:
    last = clock()

    def show(place: Place) -> None:
        nonlocal last
        if clock() - last < EVERY:
            return
        last = clock()
        counted = f"{place.done} of {place.total} pictures done, " if place.total > 1 else ""
        left = f", {place.left}" if place.left else ""
        voice.say(f"{counted}{place.what}{left}.")

    yield show


@contextmanager
def _bars() -> Iterator[Callable[[Place], None]]:
    """A bar for all pictures, where there are several, and one for the picture.

    They stand there from the first picture on: before it, the user may be asked for a download.
    """
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bars

    bars = Bars(
        TextColumn("{task.description}", markup=False),  # names may have brackets
        BarColumn(),
        TextColumn("{task.fields[told]}", markup=False),
        console=progress.stderr,
        transient=True,
        redirect_stdout=sys.stdout.isatty(),  # results stand above the bars then
    )
    try:
        yield _show_in(bars)
    finally:
        bars.stop()


def _show_in(bars: Bars) -> Callable[[Place], None]:
    run = bars.add_task("", total=1, told="", visible=False)
    one = bars.add_task("", total=1, told="", visible=False)

    def show(place: Place) -> None:
        bars.start()
        if place.total > 1:
            told = f"{place.done} of {place.total} pictures  {place.left}"
            bars.update(run, completed=place.all, description="all", told=told, visible=True)
        told = f"{place.share:.0%}" + (f"  {place.left}" if place.total == 1 else "")
        what = place.name or "others do the rest"
        bars.update(one, completed=place.share, description=what, told=told, visible=True)

    return show
