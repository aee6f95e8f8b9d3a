"""What came of each picture in each cell, whichever process did it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ddrm_cli.sharing import Crew

from .grid import Cell
from .photographs import Photograph

__all__ = ["Failure", "PictureDone", "Told"]


@dataclass(frozen=True)
class Failure:
    """A picture that could not be evaluated in some cell.

    Args:
        cell: What was to be done.
        name: The picture's.
        reason: What was wrong, in a sentence.
    """

    cell: Cell
    name: str
    reason: str


@dataclass(frozen=True)
class PictureDone:
    """What a callback is told after each picture.

    Args:
        done: Pictures done so far, over all cells, failed ones and earlier ones among them.
        total: Pictures times cells.
        cell: The cell of this one.
        name: Its name.
        reused: Whether an earlier run had finished it.
        failure: Why it failed, or None.
    """

    done: int
    total: int
    cell: Cell
    name: str
    reused: bool = False
    failure: Failure | None = None


class Told:
    """What came of the work, whichever process did it, for a callback of the first.

    Args:
        crew: The processes.
        work: What there is to do, by names that are the same in all of them.
        progress: Called for each piece once.
    """

    def __init__(
        self,
        crew: Crew,
        work: Mapping[str, tuple[Cell, Photograph]],
        progress: Callable[[PictureDone], None] | None,
    ) -> None:
        self._crew = crew
        self._work = work
        self._progress = progress
        self._done = 0
        self.failures: dict[str, Failure] = {}

    def end(self, name: str, reused: bool, reason: str | None) -> None:
        """A piece of work has ended; a reason says why it failed."""
        self._crew.end(name, json.dumps([name, reused, reason]))
        self.hear()

    def hear(self) -> None:
        """Tell what has ended since."""
        for news in self._crew.news():
            name, reused, reason = json.loads(news.text)
            cell, photograph = self._work[name]
            failure = None if reason is None else Failure(cell, photograph.name, reason)
            if failure is not None:
                self.failures[name] = failure
            self._done += 1
            if self._progress is not None and not news.told:
                done, total = self._done, len(self._work)
                self._progress(PictureDone(done, total, cell, photograph.name, reused, failure))
