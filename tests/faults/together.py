"""Several runs at once share the work; each one's exit code speaks for all of its pictures."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Sequence

from tests.weights import server

from .bench import Bench, End, case
from .repairs import MODEL, ONLINE, cached, content, table

QUICK = ("-d", "deno", "--sigma", "0.1", "--steps", "2", "--device", "cpu", "-o", "out")
RESTORE = ("restore", "in", *QUICK)
EVALUATE = (
    "evaluate", "in", "-d", "deno", "--sigma", "0.1", "--preset", "fast", "--preprocess", "none",
    "-o", "out", "--device", "cpu",
)  # fmt: skip


def _pictures(bench: Bench, count: int, side: int = 16) -> None:
    for number in range(count):
        bench.picture(f"in/{number}.png", side=side, seed=number)


def _at_once(bench: Bench, commands: Sequence[Sequence[str]]) -> list[End]:
    processes = [bench.start(*command) for command in commands]
    return [bench.end(process) for process in processes]


def _all_made(bench: Bench, count: int) -> None:
    bench.whole_pictures("out")
    assert len(list((bench.work / "out").glob("*.png"))) == count
    assert not bench.litter(), bench.litter()


@case(2, 3)
def on_one_folder(bench: Bench, count: int) -> None:
    """Runs of the same command on one folder all succeed, and every result is there."""
    _pictures(bench, 4)
    for end in _at_once(bench, [RESTORE] * count):
        end.in_order(0)
    _all_made(bench, 4)


@case("restore", "degrade")
def on_one_folder_in_parts(bench: Bench, command: str) -> None:
    """Two runs that each take a part make every result between them."""
    _pictures(bench, 5)
    quick = QUICK if command == "restore" else (*QUICK[:4], "-o", "out")
    shards = [(command, "in", *quick, "--shard", f"{part}/2") for part in (1, 2)]
    for end in _at_once(bench, shards):
        end.in_order(0)
    _all_made(bench, 5)


def _until_in_work(bench: Bench, processes: Sequence[subprocess.Popen[str]]) -> None:
    """Wait until a result is being made."""
    while not [*(bench.work / "out").glob(".ddrm-*.lock")]:
        assert any(process.poll() is None for process in processes), "all ended before"
        time.sleep(0.01)


@case(*((count, number, n) for count in (2, 3) for number in (signal.SIGKILL, signal.SIGINT)
        for n in range(3)))  # fmt: skip
def one_of_them_ends(bench: Bench, count: int, number: signal.Signals, _: int) -> None:
    """Where one of several runs is ended, the others make all, what it held included."""
    _pictures(bench, 4, side=64)
    slow = ("restore", "in", *QUICK[:-2], "--steps", "20", "-o", "out")
    processes = [bench.start(*slow) for _ in range(count)]
    _until_in_work(bench, processes)
    time.sleep(bench.chance.uniform(0, 2))
    processes[0].send_signal(number)
    ended, *others = [bench.end(process) for process in processes]
    assert ended.code in (0, -number, 128 + number), ended
    for end in others:
        end.in_order(0)
    _all_made(bench, 4)


@case(2, 3)
def one_picture_is_none(bench: Bench, count: int) -> None:
    """A picture that fails, fails in each run, and the others are made."""
    _pictures(bench, 3)
    bench.text("in/1.png", "no picture")
    for end in _at_once(bench, [RESTORE] * count):
        end.in_order(1)
        assert "in/1.png" in end.stderr
    _all_made(bench, 2)


@case("--detail", "--seed")
def of_other_settings(bench: Bench, option: str) -> None:
    """Of two runs that ask for different results, one at least does not call them its own."""
    _pictures(bench, 3)
    codes = [end.in_order(0, 1).code for end in _at_once(bench, [RESTORE, (*RESTORE, option, "1")])]
    assert sum(codes), codes
    _all_made(bench, 3)


@case()
def with_overwrite(bench: Bench) -> None:
    """Two runs that both replace what is there succeed, and leave whole pictures."""
    _pictures(bench, 3)
    bench.run(*RESTORE).in_order(0)
    for end in _at_once(bench, [(*RESTORE, "--overwrite")] * 2):
        end.in_order(0)
    _all_made(bench, 3)


@case()
def on_one_picture(bench: Bench) -> None:
    """Of two runs to one file, one makes it, and the other makes it no worse."""
    bench.picture()
    command = ("restore", "a.png", *QUICK[:-1], "b.png")
    codes = sorted(end.in_order(0, 1).code for end in _at_once(bench, [command] * 2))
    assert codes[0] == 0, codes
    bench.whole_pictures()
    assert not bench.litter(), bench.litter()


@case(2, 3)
def evaluations(bench: Bench, count: int) -> None:
    """Evaluations into one folder all succeed."""
    _pictures(bench, 2)
    for end in _at_once(bench, [EVALUATE] * count):
        end.in_order(0)
    bench.whole_pictures("out")
    assert not bench.litter(), bench.litter()


@case(0, 1)
def one_evaluation_is_killed(bench: Bench, _: int) -> None:
    """Where one of two evaluations is killed, the other succeeds."""
    _pictures(bench, 3, side=32)
    killed, other = bench.start(*EVALUATE), bench.start(*EVALUATE)
    time.sleep(bench.chance.uniform(2, 7))
    killed.kill()
    bench.end(killed)
    bench.end(other).in_order(0)
    bench.whole_pictures("out")
    bench.run(*EVALUATE).in_order(0)
    assert not bench.litter(), bench.litter()


@case(2, 4)
def downloads(bench: Bench, count: int) -> None:
    """Downloads of one model at once give the right file, and all succeed."""
    with server.running() as web:
        table(bench, web.serve("/two.pt", server.file(content())))
        processes = [bench.start("download", *MODEL, environment=ONLINE) for _ in range(count)]
        for end in [bench.end(process) for process in processes]:
            end.in_order(0)
        assert cached(bench).read_bytes() == content()
