"""``ddrm list-degradations``: a table for people, JSON for scripts."""

from __future__ import annotations

import itertools
import json

import pytest

from ddrm_cli.degradations.table import DEGRADATIONS, PATTERNS

from .program import Program

PUBLISHED = {
    *("deno", "inp", "inp_lolcat", "inp_lorem", "color", "cs2", "cs4"),
    *("sr2", "sr4", "sr8", "sr16", "sr_bicubic4", "sr_bicubic8", "sr_bicubic16"),
    *("deblur_uni", "deblur_gauss", "deblur_aniso", "deblur"),
}


def test_all_published_names_are_there(ddrm: Program) -> None:
    entries = json.loads(ddrm("list-degradations", "--json").stdout)
    assert [entry["name"] for entry in entries if "names" not in entry] == list(DEGRADATIONS)
    assert set(DEGRADATIONS) >= PUBLISHED
    for entry in entries:
        assert {"family", "summary", "use", "takes", "measurement_size"} <= set(entry)


def test_patterns_follow_the_entries_of_their_family(ddrm: Program) -> None:
    entries = json.loads(ddrm("list-degradations", "--json").stdout)
    patterns = {entry["name"]: entry for entry in entries if "names" in entry}
    assert list(patterns) == [pattern.name for pattern in PATTERNS]
    assert "sr3" in patterns["srN"]["names"]
    assert patterns["srN"]["measurement_size"] == "H/N x W/N"
    families = [entry["family"] for entry in entries]
    assert len(list(itertools.groupby(families))) == len(set(families))


def test_masks_of_our_own_are_not_offered_for_what_a_user_has(ddrm: Program) -> None:
    entries = {
        each["name"]: each for each in json.loads(ddrm("list-degradations", "--json").stdout)
    }
    assert "watermarks" in entries["inp"]["use"]
    for name in ("inp_lorem", "inp_lolcat"):
        assert entries[name]["use"] == "benchmarks"
        assert "our own" in entries[name]["summary"]


@pytest.mark.parametrize("columns", ["80", "200"])
def test_the_table_names_everything(
    ddrm: Program, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    outcome = ddrm("list-degradations")
    lines = outcome.stdout.splitlines()
    assert max(map(len, lines)) <= int(columns)
    for name in [*DEGRADATIONS, *(pattern.name for pattern in PATTERNS)]:
        assert any(line.split()[:1] == [name] for line in lines)
