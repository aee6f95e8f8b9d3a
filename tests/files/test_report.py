from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest

from ddrm_cli.errors import OutputExistsError
from ddrm_cli.files import report
from ddrm_cli.files.record import with_record
from ddrm_cli.files.report import Outcome, check_report, write_report
from ddrm_cli.images.picture import Picture
from ddrm_cli.images.writing import write_picture
from tests.report.reader import Reader

FACTS = {
    "degradation": "deblur_gauss",
    "parameters": {"blur": 1.5, "mask_sha256": "0" * 64},
    "sigma": 0.0123,
    "sigma_origin": "estimated",
    "model": "photo-small",
    "seed": 3,
    "steps": 8,
    "width": 12,
    "height": 8,
}
TOLD = (
    "deblur_gauss (blur 1.5) · σ = 0.0123, estimated · model photo-small · 8 steps · seed 3 · "
    "12 x 8 pixels"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the program runs."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def picture(path: str, record: dict[str, object] | None = None) -> Path:
    plain = Picture(np.full((8, 12, 3), 0.5, np.float32))
    write_picture(path, plain if record is None else with_record(plain, record))
    return Path(path)


def restored(name: str, status: str = "done", **facts: object) -> Outcome:
    """A picture of the folder ``in`` that was restored to the folder ``out``."""
    results = {"restored": picture(f"out/{name}", FACTS)}
    known = {} if status == "skipped" else {**FACTS, **facts}
    return Outcome(picture(f"in/{name}"), status, results, known)


def read(path: Path) -> Reader:
    return Reader(path.read_bytes())


def labels(page: Reader) -> list[str | None]:
    return [values["data-label"] for values in page.all("img")]


def test_the_page_of_one_picture_holds_it_and_all_that_came_of_it(folder: Path) -> None:
    results = {f"seed {n}": picture(f"out/a_seed{n}.png") for n in (3, 4)}
    results["original"] = picture("a.png")
    outcome = Outcome(picture("in/a.png"), "done", results, {**FACTS, "notes": ["Grain."]})
    assert write_report([outcome], Path("result.html"), "ddrm restore in/a.png") == [
        Path("result.html")
    ]
    page = read(folder / "result.html")
    assert labels(page) == ["input", "seed 3", "seed 4", "original"]
    assert all(address.startswith("data:") for address in page.loaded)
    assert page.files == []
    assert {"ddrm restore in/a.png", TOLD, "Grain.", " a_seed3.png"} <= set(page.texts)
    assert not any("out" in text for text in page.texts if text.endswith(".png"))
    assert page.all("div", "alone")


def test_of_a_folder_every_picture_is_named_whatever_came_of_it(folder: Path) -> None:
    outcomes = [
        restored("a.png", seconds=1.234),
        restored("b.png", "skipped"),
        Outcome(Path("in/c.png"), "failed", sentence="It is broken. Copy it again."),
        Outcome(picture("in/d.png"), "unchanged", sentence="Nothing was found."),
        restored("e.png"),
    ]
    write_report(outcomes, folder / "pages" / "result.html")
    page = read(folder / "pages" / "result.html")
    assert [card["data-name"] for card in page.cards] == ["a.png", "b.png", "e.png"]
    assert "2 restored, 1 restored before, 1 left alone, 1 failed." in page.texts
    assert f"{TOLD} · 1.23 s" in page.texts
    # What was skipped says in its own record how it was made.
    assert page.texts.count(TOLD) == 2
    assert page.texts.count("Restored before.") == 1
    for texts in (
        ["Failed", "in/c.png", ": It is broken. Copy it again."],
        ["Left alone", "in/d.png", ": Nothing was found."],
    ):
        start = page.texts.index(texts[0])
        assert page.texts[start : start + 3] == texts
    assert len(page.files) == 2 * 6
    for address in page.files:
        assert (folder / "pages" / unquote(address)).is_file()


def test_hundreds_are_spread_over_pages_that_lead_to_each_other(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "CARDS", 2)
    names = [f"{letter}.png" for letter in "abcde"]
    failed = Outcome(Path("in/f.png"), "failed", sentence="It is broken.")
    told: list[float] = []
    outcomes = [*map(restored, names), failed]
    pages = write_report(outcomes, Path("my result.html"), progress=told.append)
    assert told == sorted(told)
    assert (len(told), told[-1]) == (len(names), 1)
    assert [page.name for page in pages] == [
        "my result.html",
        "my result-2.html",
        "my result-3.html",
    ]
    read_pages = [read(page) for page in pages]
    assert [card["data-name"] for page in read_pages for card in page.cards] == names
    assert [sum("in/f.png" in text for text in page.texts) for page in read_pages] == [1, 0, 0]
    for number, page in enumerate(read_pages):
        links = [unquote(address) for address in page.files if address.endswith(".html")]
        assert links == [each.name for each in pages if each != pages[number]]
    assert "(3 to 4 of 5)" in read_pages[1].texts
    assert not read_pages[2].all("div", "alone")  # one card, but of several pictures


def test_where_nothing_was_restored_that_is_said(folder: Path) -> None:
    outcomes = [Outcome(picture("a.png"), "unchanged", sentence="Nothing was found.")]
    write_report(outcomes, Path("result.html"))
    page = read(folder / "result.html")
    assert page.cards == []
    assert {"a.png", ": Nothing was found."} <= set(page.texts)


def test_the_next_run_writes_the_page_anew_and_nothing_else(folder: Path) -> None:
    place = folder / "result.html"
    write_report([restored("a.png")], place)
    check_report(place)
    write_report([restored("b.png")], place)
    assert [card["data-name"] for card in read(place).cards] == ["b.png"]
    place.write_text("mine")
    for refused in (lambda: check_report(place), lambda: write_report([restored("c.png")], place)):
        with pytest.raises(OutputExistsError, match="no page that ddrm restore wrote"):
            refused()
    assert place.read_text() == "mine"
