"""``ddrm list-degradations``: a table for people, JSON for scripts."""

from __future__ import annotations

import json

import pytest

from ddrm_cli.degradations.table import DEGRADATIONS

from .program import Program

PUBLISHED = {
    *("deno", "inp", "inp_lolcat", "inp_lorem", "color", "cs2", "cs4"),
    *("sr2", "sr4", "sr8", "sr16", "sr_bicubic4", "sr_bicubic8", "sr_bicubic16"),
    *("deblur_uni", "deblur_gauss", "deblur_aniso", "deblur"),
}


def test_all_published_names_are_there(ddrm: Program) -> None:
    entries = json.loads(ddrm("list-degradations", "--json").stdout)
    assert [entry["name"] for entry in entries] == list(DEGRADATIONS)
    assert set(DEGRADATIONS) >= PUBLISHED
    for entry in entries:
        assert {"family", "summary", "use", "parameters", "takes", "measurement_size"} <= set(entry)


@pytest.mark.parametrize("columns", ["80", "200"])
def test_the_table_names_everything(
    ddrm: Program, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    outcome = ddrm("list-degradations")
    lines = outcome.stdout.splitlines()
    assert max(map(len, lines)) <= int(columns)
    for name in DEGRADATIONS:
        assert any(line.split()[:1] == [name] for line in lines)
