from __future__ import annotations

from pathlib import Path

import pytest

from ddrm_cli.errors import OutputError, OutputExistsError, UsageError
from ddrm_cli.report.page import Page, render
from ddrm_cli.report.place import check_page, write_page

MAKER = "ddrm test"


def a_page(title: str, maker: str = MAKER) -> bytes:
    return render(Page(maker=maker, title=title, cards=[]), Path())


def test_a_page_is_written_anew(tmp_path: Path) -> None:
    place = tmp_path / "new" / "result.html"
    for title in ("first", "second"):
        check_page(place, MAKER)
        write_page(place, a_page(title), MAKER)
    assert place.read_bytes() == a_page("second")


@pytest.mark.parametrize(
    "other",
    [
        b"<!DOCTYPE html><title>mine</title>",
        a_page("another command's", "ddrm other"),
        b"x" * 5000 + a_page("too late"),
        b"",
    ],
)
def test_any_other_file_is_kept(other: bytes, tmp_path: Path) -> None:
    place = tmp_path / "result.html"
    place.write_bytes(other)
    with pytest.raises(OutputExistsError, match=r"no page that ddrm test wrote\. Choose another"):
        write_page(place, a_page("ours"), MAKER)
    assert place.read_bytes() == other


def test_a_link_that_leads_nowhere_is_kept(tmp_path: Path) -> None:
    place = tmp_path / "result.html"
    place.symlink_to(tmp_path / "gone")
    with pytest.raises(OutputExistsError):
        check_page(place, MAKER)


def test_a_folder_and_other_names_are_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(OutputError):
        check_page(tmp_path / "folder.html", MAKER)
    for name in ("photo.jpg", "result"):
        with pytest.raises(UsageError, match=r"Let it end in \.html"):
            check_page(tmp_path / name, MAKER)
