"""``ddrm restore --report``: a page to look at, of one picture or of a folder."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import pytest
from PIL import Image

from ddrm_cli.errors import OutputError
from ddrm_cli.files import report
from tests.report.reader import Reader

from .program import Program, files_below, opened

ONE = ("-d", "deno", "--steps", "1", "--sigma", "0.05")


def read(path: str) -> Reader:
    return Reader(Path(path).read_bytes())


def seen(page: Reader) -> list[str | None]:
    return [values["data-label"] for values in page.all("img")]


@pytest.fixture
def photos(photo: Path) -> Path:
    """A folder of two pictures of 16 x 16 pixels, and a file that is none."""
    folder = Path("in")
    folder.mkdir()
    small = opened(photo).resize((16, 16))
    small.save(folder / "a.png")
    small.rotate(90).save(folder / "c.png")
    (folder / "b.png").write_text("no picture")
    return folder


def test_one_picture_has_a_page_of_its_own(ddrm: Program, photo: Path) -> None:
    outcome = ddrm("restore", "photo.png", *ONE, "--original", photo, "--report", "my page.html")
    assert outcome.exit_code == 0, outcome.stderr
    assert outcome.stdout == "photo_restored_deno.png\n"
    assert outcome.stderr == "Report: my page.html\n"
    page = read("my page.html")
    assert seen(page) == ["input", "restored", "original"]
    assert page.files == []
    command = f"ddrm restore photo.png {' '.join(ONE)} --original {photo} --report 'my page.html'"
    assert command in page.texts


def test_samples_and_their_uncertainty_can_be_slid_against_each_other(
    ddrm: Program, photo: Path
) -> None:
    options = (*ONE, "--samples", "2", "--report", "page.html", "--quiet")
    ddrm("restore", photo, *options)
    assert seen(read("page.html")) == ["input", "seed 0", "seed 1"]
    ddrm("restore", photo, *options, "--average")
    assert seen(read("page.html")) == ["input", "average of 2", "uncertainty"]


def test_of_a_folder_every_picture_is_on_the_page_in_its_order(ddrm: Program, photos: Path) -> None:
    command = ("restore", str(photos), *ONE, "--out", "out", "--report", "page.html")
    Path("out").mkdir()
    opened(photos / "a.png").save("out/a.png")  # in the way of a result
    for told in ("1 restored, 2 failed.", "1 restored before, 2 failed."):
        outcome = ddrm(*command)
        assert outcome.exit_code == 1
        page = read("page.html")
        assert [card["data-name"] for card in page.cards] == ["c.png"]
        assert told in page.texts
        assert [text for text in page.texts if text.startswith("in/")] == ["in/a.png", "in/b.png"]
        assert any("does not say how it was made" in text for text in page.texts)
    Path("out/a.png").unlink()
    ddrm(*command)
    page = read("page.html")
    assert [card["data-name"] for card in page.cards] == ["a.png", "c.png"]
    assert "1 restored, 1 restored before, 1 failed." in page.texts
    assert all(Path(unquote(address)).is_file() for address in page.files)
    assert len(page.files) == 2 * 4


def test_what_is_left_as_it_is_stands_on_the_page(ddrm: Program, photo: Path) -> None:
    Image.new("RGB", (64, 64), (200, 100, 50)).save(photo)  # nothing is found on it
    outcome = ddrm("restore", photo, "-d", "auto", "--report", "page.html")
    assert outcome.exit_code == 0
    assert any("Nothing was found" in text for text in read("page.html").texts)


def test_another_file_is_kept_and_nothing_is_begun(ddrm: Program, photo: Path) -> None:
    Path("page.html").write_text("mine")
    before = files_below(Path())
    for name, code, why in (
        ("page.html", 1, "exists and is no page that ddrm restore wrote"),
        ("photo.png", 2, "is no name of a page"),
    ):
        outcome = ddrm("restore", photo, *ONE, "--overwrite", "--report", name)
        assert outcome.exit_code == code
        assert why in outcome.stderr
    assert files_below(Path()) == before
    assert Path("page.html").read_text() == "mine"


def test_a_picture_that_fails_alone_leaves_the_page_of_an_earlier_run(
    ddrm: Program, photo: Path
) -> None:
    command = ("restore", str(photo), *ONE, "--report", "page.html")
    ddrm(*command)
    page = Path("page.html").read_bytes()
    assert ddrm(*command).exit_code == 1  # its result is there
    assert Path("page.html").read_bytes() == page


def test_a_part_writes_no_page_of_all(ddrm: Program, photo: Path) -> None:
    outcome = ddrm("restore", photo, *ONE, "--shard", "1/2", "--report", "page.html")
    assert outcome.exit_code == 2
    assert "a run without --shard" in outcome.stderr
    assert not Path("page.html").exists()


def test_a_dry_run_writes_no_page(ddrm: Program, photo: Path) -> None:
    before = files_below(Path())
    outcome = ddrm("restore", photo, *ONE, "--dry-run", "--report", "page.html")
    assert outcome.exit_code == 0
    assert files_below(Path()) == before


def test_a_page_that_cannot_be_written_in_the_end_loses_nothing(
    ddrm: Program, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OutputError("The disk is full.")

    monkeypatch.setattr(report, "write_report", refuse)
    options = (*ONE, "--out", "out", "--report", "page.html", "--json")
    outcome = ddrm("restore", photos, *options)
    assert outcome.exit_code == 1
    assert outcome.stderr.endswith("Error: The disk is full.\n")
    assert (outcome.summary["done"], outcome.summary["failed"]) == (2, 1)
    assert files_below(Path("out")) == {"a.png", "c.png"}
