"""``docs/json.md`` names every field that ``--json`` prints, and nothing that it does not."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from .program import Program, opened

PAGE = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")


def named(heading: str) -> set[str]:
    """All words in code type below a heading."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return set(re.findall(r"`([a-z_]+)`", section))


@pytest.mark.parametrize("options", [(), ("--dry-run",), ("--preset", "paper", "--steps", "5")])
def test_fields_of_restore(ddrm: Program, photo: Path, options: tuple[str, ...]) -> None:
    outcome = ddrm("restore", photo, "-d", "deno", "--sigma", "0.1", "--json", *options)
    for line in map(json.loads, outcome.stdout.splitlines()):  # the picture, and the summary
        assert line.keys() <= named("`restore` and `degrade`")


def test_fields_of_a_picture_that_failed(ddrm: Program, photo: Path) -> None:
    Path("in").mkdir()
    photo.rename("in/a.png")
    Path("in/b.png").touch()
    outcome = ddrm("degrade", "in", "-d", "sr2", "--json", "--out", "out")
    lines = [json.loads(line) for line in outcome.stdout.splitlines()]
    assert [line["status"] for line in lines] == ["done", "failed", "summary"]
    for line in lines:
        assert line.keys() <= named("`restore` and `degrade`")


def test_fields_of_progress(ddrm: Program, photo: Path) -> None:
    outcome = ddrm("restore", photo, "-d", "deno", "--sigma", "0.1", "--progress", "json")
    for line in map(json.loads, outcome.stderr.splitlines()):
        assert line.keys() == named("`--progress json`")


def test_fields_of_the_record(ddrm: Program, photo: Path) -> None:
    ddrm("restore", photo, "-d", "deno", "--sigma", "0.1", "--out", "x.png")
    text: Any = opened("x.png").info["ddrm-result"]
    record = json.loads(text)
    known = named("`restore` and `degrade`") | named("The record in a result")
    assert record.keys() <= known
    assert {"input", "weights", "mask"} <= record["asked"].keys()


def test_fields_of_inspect(ddrm: Program, photo: Path) -> None:
    opened(photo).save("photo.jpg", quality=20)
    (findings,) = ddrm("inspect", "photo.jpg", "--json").objects
    fields = {*findings, *findings["jpeg"], *findings["suggestions"][0]}
    assert fields <= named("The other commands")
