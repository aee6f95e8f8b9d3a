"""What a command does to each of many pictures."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from ddrm_cli.errors import Progress

from .jobs import Job, Naming

__all__ = ["Report", "Task"]

Work = TypeVar("Work")


@dataclass(frozen=True)
class Report:
    """What came of one picture.

    Args:
        lines: For people, such as the paths that were written.
        facts: For scripts, of JSON's types.
        status: ``"done"``, ``"planned"``, or ``"unchanged"`` where nothing was to be done.
    """

    lines: Sequence[object]
    facts: Mapping[str, Any]
    status: str = "done"


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
