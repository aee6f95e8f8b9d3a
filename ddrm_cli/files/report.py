"""Pages to look at after a run: what came of each picture, before and after under a slider."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ddrm_cli.errors import Progress
from ddrm_cli.report.card import Card, Layer
from ddrm_cli.report.page import Page, render
from ddrm_cli.report.place import check_page, write_page

from .record import read_record

__all__ = ["Outcome", "check_report", "write_report"]

MAKER = "ddrm restore"
CARDS = 100  # of a page; about 80 kB each
LONGEST = 16  # characters of a parameter that is told: no digest of a mask

_STATUSES = {
    "done": "restored",
    "skipped": "restored before",
    "unchanged": "left alone",
    "failed": "failed",
}
"""Each status in words that follow a number."""


@dataclass(frozen=True)
class Outcome:
    """What came of one picture.

    Args:
        path: The picture.
        status: ``"done"``, ``"skipped"``, ``"unchanged"`` or ``"failed"``.
        layers: What it is slid against by what that is called: its results, and the original.
        facts: How it was restored, of JSON's types; where there are none, the result's record.
        sentence: Why there is no result.
    """

    path: Path
    status: str
    layers: Mapping[str, Path] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    sentence: str = ""


def check_report(place: Path) -> None:
    """Find out before a long run what `write_report` would complain about after it.

    Raises:
        UsageError: The name is not that of a page.
        OutputError: It cannot be written, or another file is there.
    """
    check_page(place, MAKER)


def write_report(
    outcomes: Sequence[Outcome],
    place: Path,
    command: str = "",
    *,
    progress: Progress | None = None,
) -> list[Path]:
    """Write what came of pictures as a page, in place of that of an earlier run.

    The page of one picture holds it and its results, and can be given away. Pages of several hold
    small ones, with links to the files; there are as many pages as it takes: ``result.html``,
    ``result-2.html``.

    Args:
        outcomes: In their order.
        place: Of the first page.
        command: What was typed.
        progress: Told how much is done.

    Returns:
        The pages.

    Raises:
        UsageError: The name is not that of a page.
        OutputError: One cannot be written, or another file is there.
    """
    pages = list(_pages(outcomes, place, command))
    for number, (file, page) in enumerate(pages):

        def told(share: float, number: int = number) -> None:
            if progress is not None:
                progress((number + share) / len(pages))

        write_page(file, render(page, place.parent, told), MAKER)
    return [file for file, _ in pages]


def _pages(outcomes: Sequence[Outcome], place: Path, command: str) -> Iterator[tuple[Path, Page]]:
    """The pages with the files they go to; the first says what came of pictures without a card."""
    one = len(outcomes) == 1
    cards = [_card(each, alone=one) for each in outcomes if each.layers]
    starts = range(0, max(1, len(cards)), CARDS)
    files = [place, *(place.with_stem(f"{place.stem}-{n}") for n in range(2, len(starts) + 1))]
    counts = Counter(each.status for each in outcomes)
    told = ", ".join(f"{counts[s]} {words}" for s, words in _STATUSES.items() if counts[s]) + "."
    for file, start in zip(files, starts, strict=True):
        shown = cards[start : start + CARDS]
        page = Page(
            maker=MAKER,
            title=outcomes[0].path.name if one else "Restored pictures",
            command=command,
            notes=[] if one else [told],
            lists=_without_cards(outcomes) if file == place else {},
            cards=shown,
            count=f"{start + 1} to {start + len(shown)} of {len(cards)}" if len(files) > 1 else "",
            places=["" if each == file else quote(os.fsencode(each.name)) for each in files],
        )
        yield file, page


def _without_cards(outcomes: Sequence[Outcome]) -> dict[str, list[tuple[str, str]]]:
    return {
        heading: [(str(each.path), each.sentence) for each in outcomes if each.status == status]
        for heading, status in (("Failed", "failed"), ("Left alone", "unchanged"))
    }


def _card(outcome: Outcome, *, alone: bool) -> Card:
    files = {"input": outcome.path, **outcome.layers}
    # Where a file was says nothing to those whom a page of one picture is given to.
    layers = [
        Layer(label, file, file.name if alone else str(file)) for label, file in files.items()
    ]
    facts = outcome.facts or read_record(layers[1].file) or {}
    before = "Restored before." if outcome.status == "skipped" else ""
    notes = list(filter(None, [before, _told(facts), *facts.get("notes", ())]))
    return Card(outcome.path.name, layers, notes=notes)


def _told(facts: Mapping[str, Any]) -> str:
    """How a picture was restored, in a line; what is not known is left out."""
    values = {name: _short(value) for name, value in facts.items()}
    parameters = facts.get("parameters", {}).items()
    numbers = ", ".join(f"{k} {_short(v)}" for k, v in parameters if len(str(v)) <= LONGEST)
    told = {
        "degradation": f"{values.get('degradation')}{f' ({numbers})' if numbers else ''}",
        "sigma": f"σ = {values.get('sigma')}, {values.get('sigma_origin')}",
        "model": f"model {values.get('model')}",
        "steps": f"{values.get('steps')} step{'' if facts.get('steps') == 1 else 's'}",
        "seed": f"seed {values.get('seed')}",
        "width": f"{values.get('width')} x {values.get('height')} pixels",
        "seconds": f"{values.get('seconds')} s",
    }
    return " · ".join(text for name, text in told.items() if name in facts)


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
