"""Files and texts of the user's: nothing is waited for, everything has a limit and a sentence."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ddrm_cli.errors import ConfigError, UsageError, is_out_of_memory, shown
from ddrm_cli.untrusted import (
    expanded,
    is_file,
    is_there,
    opened,
    parse_json,
    parse_toml,
    read_text,
    user_folder,
)


def test_a_file_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text("a = 1\n", encoding="utf-8-sig")
    assert read_text(path, ConfigError) == "a = 1\n"
    with opened(path, ConfigError) as file:
        assert file.read().endswith(b"a = 1\n")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match=r"pipe' is not a regular file"):
        read_text(tmp_path / "pipe", ConfigError)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("gone", "There is no file"),
        ("", "is a folder"),
        ("loop", "cannot be opened"),
        ("n" * 5000, "cannot be opened"),
        ("zero\0byte", "cannot be opened"),
        ("large", "more than 10 bytes"),
        ("binary", "not a text file"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "large").write_bytes(b"x" * 11)
    (tmp_path / "binary").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match=says) as caught:
        read_text(tmp_path / name, ConfigError, limit=10)
    assert caught.value.hint


def test_what_is_there_is_told_from_what_cannot_be_known(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    (tmp_path / "link").symlink_to("nowhere")
    assert is_file(tmp_path / "a", UsageError)
    assert is_there(tmp_path / "link", UsageError)
    assert not is_file(tmp_path / "link", UsageError)
    assert not is_there(tmp_path / "a" / "b", UsageError)
    with pytest.raises(UsageError, match="cannot be opened"):
        is_there(tmp_path / ("n" * 5000), UsageError)


@pytest.mark.parametrize(
    "value", ["9" * 5000, "1" + "0" * 400, str(2**63), "[" * 5000 + "]" * 5000, "1e30", "["]
)
def test_texts_are_bounded(value: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_json(value)
    with pytest.raises(ValueError, match=r".+"):
        parse_toml(f"a = {value}")


def test_what_texts_say_within_the_bounds() -> None:
    assert parse_toml(f"a = {2**63 - 1}\nb = [1.5]") == {"a": 2**63 - 1, "b": [1.5]}
    assert parse_json('{"a": [-1, 0.25, null]}') == {"a": [-1, 0.25, None]}


def test_homes_that_nobody_knows() -> None:
    with pytest.raises(UsageError, match="~nosuchuser"):
        expanded("~nosuchuser/models")

    def unknown() -> Path:
        raise RuntimeError("could not determine the home directory")

    assert user_folder(unknown) is None
    assert user_folder(lambda: Path("~/.config")) is None
    assert user_folder(lambda: Path("/a")) == Path("/a")


def test_what_a_sentence_quotes_fits_into_a_line() -> None:
    assert shown(0.5) == "0.5"
    assert len(shown(10**400)) < 60
    assert "digits" in shown(10**5000)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("could not create a primitive"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
        ImportError("libtorch.so: failed to map segment from shared object"),
        OSError(12, "Cannot allocate memory"),
    ],
)
def test_memory_that_ran_out_is_known_by_whoever_says_it(error: Exception) -> None:
    assert is_out_of_memory(error)
    wrapped = ValueError("something else")
    assert not is_out_of_memory(wrapped)
    wrapped.__cause__ = error
    assert is_out_of_memory(wrapped)
