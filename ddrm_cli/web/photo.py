"""A photograph that lies open, with all that was made of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ddrm_cli.degradations.table import get_entry
from ddrm_cli.images.reading import read_picture
from ddrm_cli.images.writing import write_picture
from ddrm_cli.inspection.inspect import inspect
from ddrm_cli.inspection.suggestions import Suggestion, described, suggestions

from .job import Job

__all__ = ["Photo"]

_LONGEST = 50  # characters of a name, so that the result's fits into any file system


@dataclass(eq=False)
class Photo:
    """A photograph in a folder of its own.

    Args:
        folder: Where everything of it lies; exists, and is empty.
        name: What the user calls it.
        job: Its restoration; None before there is any.
    """

    folder: Path
    name: str
    job: Job | None = None

    def __post_init__(self) -> None:
        # The name of a file, wherever it came from and whatever the system here makes of names.
        name = re.sub(r"[^\w .()+-]", "_", re.split(r"[/\\]", self.name)[-1])[-_LONGEST:]
        self.name = name.strip(" .") or "photo"
        (self.folder / "seen").mkdir()

    @property
    def path(self) -> Path:
        """The file as the user gave it."""
        return self.folder / self.name

    @property
    def small(self) -> Path:
        """The photograph made smaller, for what was enlarged."""
        return self.path.with_name(f"{self.path.stem}_small.png")

    @property
    def mask(self) -> Path:
        """What was painted: white is missing."""
        return self.folder / "seen" / "mask.png"

    @property
    def view(self) -> Path:
        """The photograph as any browser can show it, of the same size, upright."""
        return self.folder / "seen" / "view.jpg"

    def look(self, max_pixels: int) -> dict[str, Any]:
        """Read it, make its view, and find out what happened to it.

        Returns:
            What the page should know; JSON's types.

        Raises:
            ImageError: It cannot be read.
        """
        picture = read_picture(self.path, max_pixels=max_pixels)
        write_picture(self.view, picture)
        findings = inspect(picture)
        return {
            "name": self.name,
            "width": picture.width,
            "height": picture.height,
            "is_jpeg": picture.compression is not None,
            "has_holes": picture.hidden is not None,
            "noise": round(findings.noise.sigma, 4),
            "found": described(findings),
            "suggestions": [_said(each) for each in suggestions(findings)],
        }


def _said(suggestion: Suggestion) -> dict[str, Any]:
    """A suggestion in JSON's types, its degradation by the name that its entry has."""
    name = suggestion.degradation
    return {
        "degradation": None if name is None else get_entry(name).name,
        "parameters": dict(suggestion.parameters),
        "reduced": suggestion.reduced > 1,
        "why": suggestion.why,
    }
