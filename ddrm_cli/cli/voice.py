"""All that a command says: results on stdout, everything else on stderr."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ddrm_cli.errors import OutputError

from .failures import explain
from .plain_words import counted
from .streams import printing, write_line

if TYPE_CHECKING:
    from rich.table import Table

    from ddrm_cli.images.folders import Survey

    from .tasks import Report

__all__ = ["Voice"]

_STATUSES = ("done", "planned", "unchanged", "skipped", "failed")
_WIDE = 10_000  # characters; tables are only as wide as their texts


@dataclass(frozen=True)
class Voice:
    """How a command speaks.

    What prints a result raises `BrokenPipeError` where nobody reads on, and `OutputError` where
    stdout cannot be written. Nothing fails because stderr cannot be.

    Args:
        as_json: Print results as JSON.
        quiet: No progress and no remarks.
        debug: Show tracebacks with errors.
        results: Print what came of pictures.
    """

    as_json: bool = False
    quiet: bool = False
    debug: bool = False
    results: bool = True

    def result(self, line: object) -> None:
        """Print a line of a result as it is."""
        with printing(sys.stdout):
            write_line(sys.stdout, str(line))

    def result_json(self, value: object, *, indent: int | None = None) -> None:
        """Print a result for scripts, in ASCII: exact on any stream."""
        self.result(json.dumps(value, indent=indent))

    def table(self, table: Table) -> None:
        """Print a table as wide as the terminal, or else a row a line, for `grep` and its like.

        Its texts are plain, without rich's markup.
        """
        from rich.console import Console

        with printing(sys.stdout):
            console = Console(markup=False, emoji=False, highlight=False)
            if not console.is_terminal and "COLUMNS" not in os.environ:
                console.width = _WIDE
            console.print(table)

    def say(self, sentence: str) -> None:
        """Tell what is no result, and has to be known."""
        with contextlib.suppress(OutputError, BrokenPipeError), printing(sys.stderr):
            write_line(sys.stderr, sentence)

    def remark(self, sentence: str) -> None:
        """Tell what is good to know."""
        if not self.quiet:
            self.say(sentence)

    def error(self, error: Exception, *, about: str) -> None:
        """Tell what is wrong.

        Args:
            error: What was raised.
            about: What it is about, such as a file's name; left out where the sentence names it.
        """
        self.trace(error)
        self.wrong(explain(error), about=about)

    def trace(self, error: Exception) -> None:
        """Show where an error comes from, to who asked for that."""
        if self.debug:
            self.say("".join(traceback.format_exception(error)).rstrip())

    def wrong(self, sentence: str, *, about: str) -> None:
        """Tell what is wrong, as `error` does."""
        self.say(sentence if f"'{about}'" in sentence else f"{about}: {sentence}")

    def done(self, path: Path, output: Path, report: Report) -> None:
        """Print what came of a picture."""
        if self.as_json:
            self._picture(path, output, report.status, report.facts)
        elif self.results:
            for line in report.lines:
                self.result(line)

    def skipped(self, path: Path, output: Path) -> None:
        """Tell that a picture's result was there."""
        if self.as_json:
            self._picture(path, output, "skipped", {})
        else:
            self.remark(f"{output}: exists already, skipped.")

    def failed(self, path: Path, output: Path | None, report: Report) -> None:
        """Tell scripts that nothing came of a picture; people hear what is wrong."""
        if self.as_json:
            self._picture(path, output, report.status, report.facts)

    def surveyed(self, found: Survey) -> None:
        """Tell what is left out of a run, and which folders cannot be looked into."""
        if found.left_out:
            self.remark(f"{found.left_out_words}.".capitalize())
        for folder, error in found.unreadable.items():
            self.error(error, about=str(folder))

    def summary(self, counts: Mapping[str, int], found: Survey, *, several: bool) -> None:
        """Tell what came of all pictures: how many of each status, and what was left out."""
        total = sum(counts.values())
        if self.as_json:
            each = {status: counts.get(status, 0) for status in _STATUSES}
            left_out = dict(found.left_out)
            self.result_json({"status": "summary", "total": total, **each, "left_out": left_out})
        if several:
            told = [f"{counts[status]} {status}" for status in _STATUSES if counts.get(status)]
            tell = self.say if counts.get("failed") else self.remark
            tell(f"{counted(total, 'picture')}: {', '.join(told)}.")

    def _picture(
        self, path: Path, output: Path | None, status: str, facts: Mapping[str, Any]
    ) -> None:
        where = None if output is None else str(output)
        self.result_json({"input": str(path), "output": where, "status": status, **facts})
