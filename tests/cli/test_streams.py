"""What the program prints: exact names on any stream, and no picture lost to one that ends."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from ddrm_cli.cli import progress
from ddrm_cli.cli.voice import Voice

from .program import files_below, opened

NAMES = ["😀", ":smile:", "a:b", "tab\there", "[bold]", *([] if os.name == "nt" else ["caf\udce9"])]
STREAMS = ["ascii", "cp1252", "utf-8"]
COMMANDS = [("degrade", "-d", "deno"), ("restore", "-d", "deno", "--sigma", "0.1", "--steps", "1")]

pytestmark = pytest.mark.slow  # each test starts the program

posix = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a stream that is full")


def run(
    *arguments: str | Path, encoding: str = "utf-8", **more: Any
) -> subprocess.CompletedProcess[bytes]:
    """The program in a process of its own, whose streams refuse what they cannot encode."""
    return subprocess.run(
        [sys.executable, "-m", "ddrm_cli", *map(str, arguments)],
        env={**os.environ, "PYTHONIOENCODING": f"{encoding}:strict"},
        check=False,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more},
    )


def shown(text: str, encoding: str) -> bytes:
    """A name on a stream: the file system's bytes, or escapes where its encoding is another."""
    if encoding == sys.getfilesystemencoding():
        return os.fsencode(text)
    return text.encode(encoding, "backslashreplace")


@pytest.fixture
def names(photo: Path) -> list[str]:
    """Small pictures in a folder, whose names are awkward; those that can be had here."""
    picture = io.BytesIO()
    opened(photo).resize((16, 16)).save(picture, "PNG")
    folder = Path("in")
    folder.mkdir()
    names = []
    for stem in NAMES:
        try:
            (folder / f"{stem}.png").write_bytes(picture.getvalue())
        except OSError:
            continue
        names.append(f"{stem}.png")
    return names


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize("encoding", STREAMS)
def test_the_path_that_was_written_is_shown(
    names: list[str], encoding: str, command: tuple[str, ...]
) -> None:
    done = run(*command, "in", "-o", "out", encoding=encoding)
    assert done.returncode == 0
    assert done.stderr.decode(encoding) == f"{len(names)} pictures: {len(names)} done.\n"
    expected = {shown(str(Path("out", name)), encoding) for name in names}
    assert set(done.stdout.splitlines()) == expected
    assert files_below(Path("out")) == set(names)


def test_json_is_exact(names: list[str]) -> None:
    done = run("degrade", "in", "-d", "deno", "--json", "-o", "out", encoding="ascii")
    *objects, _ = map(json.loads, done.stdout.decode("ascii").splitlines())
    outputs = [each["output"] for each in objects]
    assert sorted(outputs) == sorted(str(Path("out", name)) for name in names)
    assert all(Path(output).is_file() for output in outputs)


@pytest.mark.parametrize("encoding", STREAMS)
def test_errors_and_remarks_name_their_picture(names: list[str], encoding: str) -> None:
    for name in names[1:]:
        Path("in", name).write_bytes(b"")
    opened(Path("in", names[0])).resize((17, 16)).save(Path("in", names[0]))
    done = run("degrade", "in", "-d", "sr2", "-o", "out", encoding=encoding)
    assert done.returncode == 1
    said = done.stderr.splitlines()
    assert (
        shown(f"in/{names[0]}: Cropped from 17 x 16 to 16 x 16, which 2 divides.", encoding) in said
    )
    for name in names[1:]:
        assert sum(shown(f"'in/{name}'", encoding) in line for line in said) == 1
    assert said[-1] == f"{len(names)} pictures: 1 done, {len(names) - 1} failed.".encode()


@pytest.mark.parametrize("encoding", STREAMS)
def test_an_evaluation_goes_to_a_file(names: list[str], encoding: str, tmp_path: Path) -> None:
    for name in names[1:]:
        Path("in", name).write_bytes(b"")
    table = tmp_path / "table.txt"
    with table.open("wb") as file:
        done = run(
            "evaluate", "in", "-d", "sr2", "--size", "16", "--steps", "1", "--precision", "float32",
            encoding=encoding, stdout=file,
        )  # fmt: skip
    assert done.returncode == 1
    lines = table.read_bytes().splitlines()
    assert shown("sr2, σ = 0", encoding) in [line.strip() for line in lines]
    assert any(line.startswith(b"photo-small, standard, 1 step ") for line in lines)
    for name in names[1:]:
        assert shown(f"{Path(name).stem} (sr2): 'in/{name}' is empty.", encoding) in done.stderr


@pytest.mark.parametrize("command", ["list-degradations", "download"])
def test_tables_go_to_any_stream(command: str) -> None:
    done = run(command, encoding="ascii")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.isascii()


def test_texts_in_a_table_are_plain(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table(":smile: [bold]")
    table.add_row("[red] :cat:")
    Voice().table(table)
    shown = capsys.readouterr().out
    assert ":smile: [bold]" in shown
    assert "[red] :cat:" in shown


@posix
def test_a_stdout_that_is_full_ends_the_run_and_costs_no_picture(names: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = run("degrade", "in", "-d", "deno", "-o", "out", stdout=full)
    assert done.returncode == 1
    assert done.stderr.decode() == (
        "Error: The results cannot be printed: No space left on device. "
        "Send them to where there is room; what was finished is kept.\n"
    )
    assert len(files_below(Path("out"))) == 1


@posix
@pytest.mark.parametrize(
    "command", [("list-degradations",), ("list-degradations", "--json"), ("download", "--json")]
)
def test_a_stdout_that_is_full_is_said(command: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = run(*command, stdout=full)
    assert done.returncode == 1
    assert done.stderr.startswith(b"Error: The results cannot be printed: ")
    assert len(done.stderr.splitlines()) == 1


def test_a_reader_that_has_gone_ends_the_run_silently(names: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = run("degrade", "in", "-d", "deno", "-o", "out", stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")
    assert len(files_below(Path("out"))) == 1


@posix
@pytest.mark.parametrize("broken", ["full", "pipe"])
def test_a_stderr_that_takes_nothing_changes_nothing(names: list[str], broken: str) -> None:
    opened(Path("in", names[0])).resize((17, 16)).save(Path("in", names[0]))  # gives a remark
    if broken == "full":
        stderr = os.open("/dev/full", os.O_WRONLY)
    else:
        reading, stderr = os.pipe()
        os.close(reading)
    done = run("degrade", "in", "-d", "sr2", "-o", "out", stderr=stderr)
    os.close(stderr)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == len(names)


@pytest.mark.skipif(os.name == "nt", reason="needs a shell that closes streams")
@pytest.mark.parametrize("closed", [1, 2])
def test_a_stream_that_was_closed_from_the_beginning(names: list[str], closed: int) -> None:
    def close() -> None:
        os.close(closed)

    done = run("degrade", Path("in", names[0]), "-d", "deno", "-o", "y.png", preexec_fn=close)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == (b"" if closed == 1 else b"y.png\n")


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """A terminal in the place of stderr, where there are bars."""
    screen = io.StringIO()
    terminal = Console(file=screen, force_terminal=True, width=100)
    monkeypatch.setattr(progress, "stderr", terminal)
    return screen


def test_beside_a_bar_results_go_to_stdout_and_remarks_above_the_bar(
    screen: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    voice = Voice()
    with progress.byte_bar(voice) as told:
        told("[bold]:smile:", 1, 2)
        voice.result("result")
        voice.remark(":cat: [red]")
    assert capsys.readouterr().out == "result\n"
    for text in ("[bold]:smile:", ":cat: [red]", "left"):
        assert text in screen.getvalue()


def test_quiet_has_no_bar(screen: io.StringIO) -> None:
    with progress.byte_bar(Voice(quiet=True)) as told:
        told("weights", 1, 2)
    assert screen.getvalue() == ""


def test_python_m_is_the_program() -> None:
    done = run("--help")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"Usage: ddrm [OPTIONS]" in done.stdout
