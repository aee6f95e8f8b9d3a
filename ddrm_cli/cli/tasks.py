"""What a command does to each of many pictures."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Report", "Task"]


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
class Task(ABC):
    """What is done to each picture, and what its results are called.

    Args:
        label: What is done, for the names of results beside their inputs.
        result_labels: Labels, which may be patterns, of files that are no inputs of a folder: in
            `photo_restored_sr4_seed0.png` the label is what follows `photo_`.
        formats: Suffixes that a result may have; the first is that of a result without a name.
        reads: Further files that are read, which no output may replace.
    """

    label: str
    result_labels: Collection[str]
    formats: Sequence[str]
    reads: Sequence[Path]

    def files(self, output: Path) -> Sequence[Path]:
        """Every file that is written for an output."""
        return [output]

    @abstractmethod
    def is_same(self, path: Path, output: Path) -> bool:
        """Whether the files that exist for an input and its output are what would be made.

        Only asked where there is one.

        Raises:
            ImageReadError: The input cannot be read.
        """

    def prepare(self) -> None:
        """Have what all pictures need; called once, before the first that has to be made.

        Raises:
            DDRMError: Something is wrong that concerns all of them.
        """
        return

    @abstractmethod
    def run(self, path: Path, output: Path, *, overwrite: bool) -> Report:
        """Do it to one picture.

        Args:
            path: The picture.
            output: Where the result goes, or what the names of several are made from.
            overwrite: Replace files that exist.

        Raises:
            DDRMError: It cannot be read, worked on or written.
        """
