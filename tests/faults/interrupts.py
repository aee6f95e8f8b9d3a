"""Ctrl-C at any moment: 130, one sentence, no traceback."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

from tests.weights import server

from .bench import Bench, SkipError, case
from .repairs import MODEL, ONLINE, content, table

COMMAND = ("restore", "a.png", "-d", "deno", "--sigma", "0.1", "--steps", "1000", "--device", "cpu")


def _started(process: subprocess.Popen[str]) -> None:
    """Wait for the program's first line: from there on it catches SIGTERM."""
    status = Path(f"/proc/{process.pid}/status")
    if not status.exists():
        raise SkipError("no /proc")
    caught = 1 << (signal.SIGTERM - 1)
    while process.poll() is None:
        lines = status.read_text().splitlines()
        mask = next((line.split()[1] for line in lines if line.startswith("SigCgt")), "0")
        if int(mask, 16) & caught:
            return
        time.sleep(0.002)
    raise AssertionError("it never catches SIGTERM")


@case(0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 4.0)
def once(bench: Bench, after: float) -> None:
    """From the first line on, Ctrl-C ends with 130 and a sentence."""
    bench.picture(side=64)
    with bench.start(*COMMAND) as process:
        _started(process)
        time.sleep(after)
        process.send_signal(signal.SIGINT)
        end = bench.end(process)
    end.in_order(130)
    assert "Interrupted" in end.stderr, end.stderr
    assert not bench.litter()


@case((0.0, 0.01), (0.3, 0.005), (1.0, 0.02), (2.5, 0.01), (3.5, 0.1), (4.0, 0.3))
def twice(bench: Bench, after: float, apart: float) -> None:
    """A second Ctrl-C while the first is cleaned up after changes nothing."""
    bench.picture(side=64)
    with bench.start(*COMMAND) as process:
        _started(process)
        time.sleep(after)
        process.send_signal(signal.SIGINT)
        time.sleep(apart)
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        end = bench.end(process)
    end.in_order(130)
    assert not bench.litter()


@case((signal.SIGTERM, 143), (signal.SIGHUP, 129))
def other_signals(bench: Bench, number: signal.Signals, code: int) -> None:
    """SIGTERM and SIGHUP end like Ctrl-C, each with its own exit code."""
    bench.picture(side=64)
    with bench.start(*COMMAND) as process:
        _started(process)
        time.sleep(3)
        process.send_signal(number)
        end = bench.end(process)
    end.in_order(code)
    assert "Interrupted" in end.stderr


LONG = {
    "evaluate": ("evaluate", "in", "-d", "deno", "--sigma", "0.1", "--steps", "1000", "-o", "out"),
    "train": ("train", "in", "-o", "own.pt", "--minutes", "10", "--device", "cpu"),
    "web": ("web", "--no-browser"),
    "download": ("download", *MODEL),
}


@case(*((name, after) for name in LONG for after in (0.3, 3.0, 6.0)))
def other_commands(bench: Bench, name: str, after: float) -> None:
    """Ctrl-C ends each command that takes long with 130, and leaves no temporary file.

    A page that is open ends with 0: it has no other end.
    """
    for number in range(2):
        bench.picture(f"in/{number}.png", side=256, seed=number)
    bench.path("tmp").mkdir()
    environment = {**ONLINE, "TMPDIR": str(bench.path("tmp"))}
    with server.running() as web:
        table(bench, web.serve("/two.pt", web.stall(content(), 100_000)))
        with bench.start(*LONG[name], environment=environment) as process:
            _started(process)
            time.sleep(after)
            process.send_signal(signal.SIGINT)
            end = bench.end(process)
            web.go_on.set()
    end.in_order(130, *((0,) if name == "web" else ()))
    assert not bench.litter(), bench.litter()
    left = [path.name for path in bench.path("tmp").rglob("*") if path.is_file()]
    assert not left, left  # torch makes folders there, for itself


@case()
def hang_up_that_is_ignored(bench: Bench) -> None:
    """Under ``nohup`` the program goes on."""
    bench.picture()
    quick = ("-d", "deno", "--sigma", "0.1", "--steps", "1", "--device", "cpu")
    with bench.start("restore", "a.png", *quick, before=("nohup",)) as process:
        time.sleep(1.5)
        process.send_signal(signal.SIGHUP)
        bench.end(process).in_order(0)


@case(("restore", "no.png", "-d", "deno"), ("restore", "a.png", "-d", "nothing"),
      ("download", "no-model"), ("evaluate", "a.png", "-d", "nothing", "-o", "out"))  # fmt: skip
def sentence_comes_last(bench: Bench, *command: str) -> None:
    """With ``--debug`` the sentence comes after the traceback."""
    bench.picture()
    end = bench.run(*command, "--debug")
    assert "Traceback" in end.stderr
    last = end.stderr.strip().splitlines()[-1]
    assert last.startswith(("Error: ", "no.png: ")), last
