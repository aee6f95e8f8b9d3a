"""What killed writers leave is removed by the next, and what a living one writes is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ddrm_cli.images import unfinished
from ddrm_cli.images.unfinished import remove_unfinished, unfinished_file
from ddrm_cli.images.writing import write_bytes

KILLED = """
import os, pathlib, sys
from ddrm_cli.images import writing
def no_links(*_):
    raise PermissionError(1, "no links here")
def killed(*_):
    os._exit(9)
os.link, pathlib.Path.rename = no_links, killed
writing.write_bytes(pathlib.Path(sys.argv[1]), b"whole", overwrite=False)
"""


def _killed_at_the_rename(path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert done.returncode == 9


def test_what_a_kill_leaves_is_removed_by_the_next_writer(tmp_path: Path) -> None:
    _killed_at_the_rename(tmp_path / "a.png")
    (tmp_path / "a.png").touch()  # the user's own
    assert len(list(tmp_path.iterdir())) == 2
    remove_unfinished(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_without_hard_links_a_kill_leaves_nothing_of_the_name(tmp_path: Path) -> None:
    _killed_at_the_rename(tmp_path / "a.png")
    assert not (tmp_path / "a.png").exists()
    write_bytes(tmp_path / "a.png", b"x", overwrite=False)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_writing_removes_it_too(tmp_path: Path) -> None:
    _killed_at_the_rename(tmp_path / "a.png")
    write_bytes(tmp_path / "b.png", b"x", overwrite=False)
    assert [path.name for path in tmp_path.iterdir()] == ["b.png"]


def test_what_a_living_writer_holds_stays(tmp_path: Path) -> None:
    with unfinished_file(tmp_path / "a.png") as (temporary, file):
        remove_unfinished(tmp_path)
        assert temporary.exists()
        file.write(b"x")
    assert not temporary.exists()


def test_a_file_of_another_name_stays_though_it_has_no_owner(tmp_path: Path) -> None:
    for name in (".ddrm-a.part", ".ddrm-notes.part", "a.part"):
        (tmp_path / name).touch()
    remove_unfinished(tmp_path)
    assert len(list(tmp_path.iterdir())) == 3


def test_a_folder_that_is_not_there_has_nothing_to_remove(tmp_path: Path) -> None:
    remove_unfinished(tmp_path / "gone")


def test_without_locks_files_are_written_and_none_is_taken_for_orphaned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unfinished, "_lock", lambda *_, **__: False)
    _killed_at_the_rename(tmp_path / "a.png")
    write_bytes(tmp_path / "b.png", b"x", overwrite=False)
    assert len(list(tmp_path.iterdir())) == 2
