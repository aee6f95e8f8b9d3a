"""The program as a process: Ctrl-C, pipes, and what it costs to ask for help."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ddrm_cli.cli.main import app

from .program import Program, files_below, opened

Start = Callable[..., "subprocess.Popen[str]"]
LONG = ("--steps", "1000", "--device", "cpu")


@pytest.mark.slow
def test_ctrl_c_in_the_middle_leaves_no_half_file(
    ddrm_process: Start, photo: Path, folder: Path
) -> None:
    with ddrm_process("restore", "photo.png", "-d", "deno", *LONG) as process:
        assert process.stderr is not None
        assert "noise estimated" in process.stderr.readline()  # it has begun
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stdout == ""
    assert stderr.endswith("Interrupted. What was finished is kept; nothing is half written.\n")
    assert "Traceback" not in stderr
    assert files_below(folder) == {"photo.png"}


@pytest.mark.slow
def test_ctrl_c_keeps_what_was_finished_and_the_same_command_goes_on(
    ddrm: Program, ddrm_process: Start, photo: Path, folder: Path
) -> None:
    Path("in").mkdir()
    opened(photo).resize((16, 16)).save("in/a.png")
    # The second picture takes so much longer than the first that it cannot be done in time.
    opened(photo).resize((512, 512)).save("in/b.png")
    command = ("restore", "in", "-d", "deno", "--sigma", "0.1", "--steps", "10", "-o", "out")
    with ddrm_process(*command) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "out/a.png\n"
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 130
    assert files_below(folder / "out") == {"a.png"}
    assert opened("out/a.png").size == (16, 16)
    Path("in/b.png").unlink()
    assert ddrm(*command).stderr.startswith("out/a.png: exists already, skipped.\n")


def test_a_reader_that_has_had_enough_ends_it_quietly(ddrm_process: Start) -> None:
    with ddrm_process("list-degradations", "--json") as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert process.returncode in (0, 1)  # 0 where all of it went into the pipe before


@pytest.mark.slow
def test_results_go_to_stdout_and_all_else_to_stderr(ddrm_process: Start, photo: Path) -> None:
    with ddrm_process("restore", "photo.png", "-d", "deno", "--steps", "1") as process:
        stdout, stderr = process.communicate(timeout=60)
    assert stdout == "photo_restored_deno.png\n"
    assert "\x1b" not in stderr  # no colours and bars where there is no terminal
    assert len(stderr.splitlines()) == 1


def test_help_needs_no_torch() -> None:
    names = [command.name for command in app.registered_commands]
    calls = [["--help"], ["list-degradations"], *([name, "--help"] for name in names)]
    code = (
        "import sys\nfrom ddrm_cli.cli.main import app\n"
        f"for call in {calls}:\n"
        "    try: app(call)\n"
        "    except SystemExit as end: assert not end.code\n"
        "    heavy = {'torch', 'numpy', 'PIL', 'requests'} & set(sys.modules)\n"
        "    assert not heavy, (call, heavy)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_every_command_has_help_with_an_example(ddrm: Program) -> None:
    for command in app.registered_commands:
        assert command.name is not None
        outcome = ddrm(command.name, "--help")
        assert outcome.exit_code == 0
        assert ddrm(command.name, "-h").stdout == outcome.stdout
        if command.name not in ("list-degradations", "download"):
            assert f"\n  ddrm {command.name} " in outcome.stdout


def test_without_a_command_the_commands_are_shown(ddrm: Program) -> None:
    outcome = ddrm()
    assert outcome.exit_code == 2
    for name in ("restore", "degrade", "evaluate", "list-degradations", "download"):
        assert name in outcome.stdout + outcome.stderr


def test_version(ddrm: Program) -> None:
    import ddrm_cli

    assert ddrm("--version").stdout == f"ddrm {ddrm_cli.__version__}\n"
