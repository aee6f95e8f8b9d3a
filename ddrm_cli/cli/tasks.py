"""What a command does to each of many pictures."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from ddrm_cli.errors import Progress

from .jobs import Job, Naming

__all__ = ["Ended", "Report", "Task"]

Work = TypeVar("Work")


@dataclass(frozen=True)
class Report:
    """What came of one picture.

    Args:
        lines: For people, such as the paths that were written.
        facts: For scripts, of JSON's types.
        status: ``"done"``, ``"planned"``, ``"unchanged"`` where nothing was to be done,
            ``"skipped"`` where it was done before, or ``"failed"``.
    """

    lines: Sequence[object]
    facts: Mapping[str, Any]
    status: str = "done"


@dataclass(frozen=True)
class Ended:
    """A picture that nothing more comes of.

    Args:
        path: The picture, or a folder that cannot be looked into.
        output: Where its result is, or would be.
        report: What came of it.
    """

    path: Path
    output: Path | None
    report: Report


@dataclass(kw_only=True)
class Task(ABC, Generic[Work]):
    """What is done to each picture, and what its results are called.

    Args:
        naming: What results are called.
        reads: Further files that are read, which no output may replace; folders among them hold no
            inputs.
        writes: Whether files are written; otherwise it only tells.
    """

    naming: Naming
    reads: Sequence[Path]
    writes: bool = True

    def results(self, output: Path) -> Sequence[Path]:
        """The files of an output that say how they were made."""
        return [output]

    def files(self, output: Path) -> Sequence[Path]:
        """Every file that is written for an output."""
        return self.results(output)

    @abstractmethod
    def difference(self, job: Job, there: Sequence[Path]) -> str | None:
        """What is wrong with files that exist, a sentence; None if they are what would be made.

        Raises:
            DDRMError: An input cannot be read.
        """

    @abstractmethod
    def read(self, job: Job) -> Work | Report:
        """Read a picture and all that belongs to it; a report where nothing is to be done.

        Raises:
            DDRMError: It cannot be read, or could not be worked on or written.
        """

    def prepare(self) -> None:
        """Have what all pictures need; called before each picture, works once.

        Raises:
            DDRMError: Something is wrong that concerns all of them.
        """
        return

    @abstractmethod
    def run(
        self,
        job: Job,
        work: Work,
        *,
        keep: Collection[Path],
        overwrite: bool,
        progress: Progress,
    ) -> Report:
        """Do it to one picture.

        Args:
            job: The picture, and where its result goes.
            work: What was read.
            keep: Files of it that are there, and stay as they are.
            overwrite: Replace files that exist.
            progress: Told how much of the picture is done.

        Raises:
            DDRMError: It cannot be worked on or written.
        """

    def finish(self, ended: Sequence[Ended]) -> None:
        """Do what is left to do once all pictures have ended; the only one has not failed.

        Args:
            ended: All of them, in the order of the inputs.

        Raises:
            DDRMError: It cannot be done.
        """
        return
