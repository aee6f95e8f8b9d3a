"""Whoever has a claim is alone, nobody waits for the dead, and nothing is left."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ddrm_cli.errors import OutputError
from ddrm_cli.sharing import claimed, remove_abandoned


def test_only_one_has_it_at_a_time(tmp_path: Path) -> None:
    with claimed(tmp_path / "a.png") as first, claimed(tmp_path / "a.png") as second:
        assert (first, second) == (True, False)
    with claimed(tmp_path / "a.png") as again, claimed(tmp_path / "b.png") as other:
        assert again
        assert other
    assert not list(tmp_path.iterdir())


def test_never_two_however_often_the_file_comes_and_goes(tmp_path: Path) -> None:
    """The holder deletes the file that others have opened meanwhile."""
    busy, wrong = tmp_path / "busy", list[str]()

    def work() -> None:
        had = 0
        while had < 100:
            with claimed(tmp_path / "a.png") as mine:
                if mine:
                    try:
                        busy.touch(exist_ok=False)
                        busy.unlink()
                    except OSError as error:
                        wrong.append(str(error))
                    had += 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="ends a process as only Unix can")
def test_the_dead_hold_nothing(tmp_path: Path) -> None:
    code = (
        "import os, sys, signal\nfrom pathlib import Path\n"
        "from ddrm_cli.sharing import claimed\n"
        "with claimed(Path(sys.argv[1])) as mine:\n"
        "    assert mine\n    os.kill(os.getpid(), signal.SIGKILL)"
    )
    result = tmp_path / "a.png"
    ended = subprocess.run([sys.executable, "-c", code, str(result)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert list(tmp_path.iterdir())  # its file is there still
    with claimed(result) as mine:
        assert mine
    assert not list(tmp_path.iterdir())


def test_the_files_of_the_dead_are_removed_and_those_of_the_living_stay(tmp_path: Path) -> None:
    left = tmp_path / ".ddrm-0123456789abcdef.lock"
    left.touch()
    with claimed(tmp_path / "a.png"):
        remove_abandoned(tmp_path)
        assert len(list(tmp_path.iterdir())) == 1
        assert not left.exists()
    assert not list(tmp_path.iterdir())


def test_folders_are_made_and_stay_if_something_is_in_them(tmp_path: Path) -> None:
    with claimed(tmp_path / "x" / "y" / "a.png"):
        assert (tmp_path / "x" / "y").is_dir()
    assert not list(tmp_path.iterdir())
    with claimed(tmp_path / "x" / "a.png"):
        (tmp_path / "x" / "a.png").touch()
    assert [path.name for path in (tmp_path / "x").iterdir()] == ["a.png"]


def test_a_name_may_be_as_long_as_the_system_allows(tmp_path: Path) -> None:
    with claimed(tmp_path / f"{'a' * 251}.png") as mine:
        assert mine


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_where_there_are_no_locks_one_process_goes_on_and_a_crew_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with claimed(tmp_path / "a.png") as mine:
        assert mine
    with pytest.raises(OutputError, match="--shard"), claimed(tmp_path / "a.png", required=True):
        pass
    assert not list(tmp_path.iterdir())
