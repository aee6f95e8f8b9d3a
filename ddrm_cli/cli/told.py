"""What came of each picture of a run, told once by the first of the processes that share it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from ddrm_cli.sharing import Crew, News

from .failures import explain
from .jobs import Job
from .tasks import Ended, Report
from .voice import Voice

if TYPE_CHECKING:
    from ddrm_cli.images.folders import Survey

__all__ = ["Told"]


class Told:
    """Collects what comes of pictures, and tells it.

    Args:
        voice: Tells it.
        crew: The processes that share the run.
        several: Whether there may be more than one picture: the error of a single one is not told
            with the others, as it ends the command.
    """

    def __init__(self, voice: Voice, crew: Crew, *, several: bool) -> None:
        self.voice = voice
        self.crew = crew
        self.several = several
        self.ended: list[Ended] = []
        self.counts = Counter[str]()
        self.error: Exception | None = None

    def done(self, job: Job, report: Report) -> None:
        """A picture is done."""
        self._end(Ended(job.source.path, job.output, report))

    def skipped(self, job: Job, output: Path) -> None:
        """A picture's result was there."""
        self._end(Ended(job.source.path, output, Report([], {}, "skipped")))

    def failed(self, path: Path, output: Path | None, error: Exception) -> None:
        """Nothing came of a picture."""
        if self.several:
            self.voice.trace(error)
        self.error = error
        self._end(Ended(path, output, Report([], {"error": explain(error)}, "failed")))

    def _end(self, ended: Ended) -> None:
        self.crew.end(str(ended.path), _as_text(ended))

    def hear(self) -> int:
        """Tell what has ended since; how much has in all."""
        for news in self.crew.news():
            ended = _from_text(news.text)
            self.ended.append(ended)
            self.counts[ended.report.status] += 1
            if not news.told:
                self._tell(ended, news)
        return len(self.ended)

    def _tell(self, ended: Ended, news: News) -> None:
        path, output, report = ended.path, ended.output, ended.report
        if not news.own:  # whoever did it kept quiet
            for note in report.facts.get("notes", ()):
                self.voice.remark(f"{path}: {note}")
        if report.status == "skipped" and output is not None:
            self.voice.skipped(path, output)
        elif report.status == "failed":
            self.voice.failed(path, output, report)
            if self.several and output is not None:  # else told with the survey
                self.voice.wrong(report.facts["error"], about=str(path))
        elif output is not None:
            self.voice.done(path, output, report)

    def summary(self, found: Survey) -> bool:
        """Tell what came of all; whether anything failed."""
        self.voice.summary(self.counts, found, several=self.several)
        return self.counts["failed"] > 0


def _as_text(ended: Ended) -> str:
    """In ASCII, as names of files may be no text."""
    output, report = ended.output, ended.report
    return json.dumps(
        {
            "path": str(ended.path),
            "output": None if output is None else str(output),
            "lines": [str(line) for line in report.lines],
            "facts": report.facts,
            "status": report.status,
        }
    )


def _from_text(text: str) -> Ended:
    found = json.loads(text)
    report = Report(found["lines"], found["facts"], found["status"])
    output = None if found["output"] is None else Path(found["output"])
    return Ended(Path(found["path"]), output, report)
