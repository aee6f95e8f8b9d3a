"""What the program is to a test."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from PIL import Image


@dataclass(frozen=True)
class Outcome:
    """What a call of the program gave."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        """What ``--json`` printed, but for the summary."""
        return [each for each in self._all if each.get("status") != "summary"]

    @property
    def summary(self) -> dict[str, Any]:
        """The last line that ``--json`` printed for pictures."""
        last = self._all[-1]
        assert last["status"] == "summary"
        return last

    @property
    def _all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stdout.splitlines()]


class Program(Protocol):
    """The program, called with its arguments."""

    def __call__(self, *arguments: str | Path) -> Outcome: ...


def files_below(folder: Path) -> set[str]:
    """Every file, hidden ones too, relative to the folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def opened(path: str | Path) -> Image.Image:
    """A picture whose file is closed again."""
    with Image.open(path) as image:
        copy: Image.Image = image.copy()
    return copy
