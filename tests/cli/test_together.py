"""Several processes at one folder: torchrun's, on one machine and on two, and runs side by side."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .program import Program, files_below, opened

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="ends processes as Linux does"),
]

ROOT = Path(__file__).parents[2]
QUICK = ("-d", "deno", "--steps", "1", "--sigma", "0.05", "--device", "cpu")
RESTORE = ("restore", "in", *QUICK, "-o", "out", "--json")
MORTAL = str(Path(__file__).with_name("mortal_program.py"))
TORCHRUN = (sys.executable, "-m", "torch.distributed.run")


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), **more}


def run(*command: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env=environment(**more), capture_output=True, text=True, timeout=120, check=False
    )


def torchrun(count: int, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
    here = ("--standalone", "--nproc-per-node", str(count), "--max-restarts", "1")
    return run(*TORCHRUN, *here, *command, **more)


def ddrm_started(**more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, MORTAL, *RESTORE],
        env=environment(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def objects(stdout: str) -> tuple[Counter[str], dict[str, Any]]:
    """How often each picture is told of, and the summary."""
    told = [json.loads(line) for line in stdout.splitlines()]
    (summary,) = (each for each in told if each["status"] == "summary")
    return Counter(each["input"] for each in told if "input" in each), summary


def until(what: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait for something that a process does, however long it takes."""
    while not what():
        assert process.poll() is None, "it ended before"
        time.sleep(0.05)


@pytest.fixture
def names(photo: Path) -> list[str]:
    """Five pictures of 16 x 16 pixels in a folder."""
    Path("in").mkdir()
    small = opened(photo).resize((16, 16))
    for number in range(5):
        small.rotate(10 * number).save(f"in/{number}.png")
    return [f"in/{number}.png" for number in range(5)]


def pixels(folder: str) -> list[bytes]:
    return [opened(path).tobytes() for path in sorted(Path(folder).glob("*.png"))]


@pytest.mark.parametrize("count", [2, 4])
def test_torchrun_does_each_picture_once_and_to_the_same_bits(
    ddrm: Program, names: list[str], count: int
) -> None:
    done = torchrun(count, "-m", "ddrm_cli", *RESTORE)
    assert done.returncode == 0, done.stderr
    told, summary = objects(done.stdout)
    assert told == Counter(names)
    assert (summary["total"], summary["done"]) == (5, 5)
    assert files_below(Path("out")) == {Path(name).name for name in names}
    assert done.stderr.count("5 pictures: 5 done.") == 1
    assert ddrm("restore", "in", *QUICK, "-o", "one").exit_code == 0
    assert pixels("out") == pixels("one")


def test_a_failed_picture_is_named_once_and_the_exit_code_is_that_of_all(names: list[str]) -> None:
    Path(names[3]).write_text("no picture")
    done = torchrun(2, "-m", "ddrm_cli", *RESTORE)
    assert done.returncode == 1
    told, summary = objects(done.stdout)  # and though torchrun has restarted, all once
    assert told == Counter(names)
    assert (summary["done"], summary["failed"]) == (4, 1)
    assert len([line for line in done.stderr.splitlines() if line.startswith("'in/3.png'")]) == 1


def test_a_single_picture_is_restored_by_one_of_them(names: list[str]) -> None:
    done = torchrun(2, "-m", "ddrm_cli", "restore", names[0], *QUICK)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "in/0_restored_deno.png\n"


def test_torchrun_begins_anew_where_a_process_was_killed(names: list[str]) -> None:
    """The first, which speaks for all; what it has told is not told again."""
    done = torchrun(2, MORTAL, *RESTORE, MORTAL_RANK="0", MORTAL_FILE="died")
    assert Path("died").exists()
    assert done.returncode == 0, done.stderr
    told, summary = objects(done.stdout)
    assert told == Counter(names)
    assert summary["total"] == 5
    assert files_below(Path("out")) == {Path(name).name for name in names}


def test_what_is_there_is_skipped_once(ddrm: Program, names: list[str]) -> None:
    assert ddrm(*RESTORE).exit_code == 0
    done = torchrun(2, "-m", "ddrm_cli", *RESTORE)
    assert done.returncode == 0, done.stderr
    told, summary = objects(done.stdout)
    assert (told, summary["skipped"]) == (Counter(names), 5)


def test_a_dry_run_tells_of_each_picture_once(names: list[str]) -> None:
    done = torchrun(2, "-m", "ddrm_cli", *RESTORE, "--dry-run")
    assert done.returncode == 0, done.stderr
    told, summary = objects(done.stdout)
    assert (told, summary["planned"]) == (Counter(names), 5)
    assert not Path("out").exists()


def test_two_runs_side_by_side_share_the_work(names: list[str]) -> None:
    """Both succeed, each says what came of all, and no picture is done by both."""
    runs = [ddrm_started(MORTAL_RANK="none") for _ in range(2)]
    ends = [process.communicate(timeout=120) for process in runs]
    assert [process.returncode for process in runs] == [0, 0], ends
    done = 0
    for stdout, _ in ends:
        told, summary = objects(stdout)
        assert told == Counter(names)
        assert summary["done"] + summary["skipped"] == 5
        done += summary["done"]
    assert done == 5
    assert files_below(Path("out")) == {Path(name).name for name in names}


def test_a_run_redoes_what_another_held_when_it_was_killed(names: list[str]) -> None:
    with ddrm_started(MORTAL_FILE="has begun", MORTAL_WAITS="") as other:
        until(Path("has begun").exists, other)
        with ddrm_started(MORTAL_RANK="none") as process:
            # All but the one it holds.
            until(lambda: len(list(Path("out").glob("*.png"))) == 4, process)
            assert process.poll() is None
            other.kill()
            stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 0, stderr
    told, summary = objects(stdout)
    assert (told, summary["done"]) == (Counter(names), 5)
    assert files_below(Path("out")) == {Path(name).name for name in names}


def test_shards_have_each_picture_once(ddrm: Program, names: list[str]) -> None:
    told = Counter[str]()
    for number in (1, 2, 3, 4, 5, 6):
        outcome = ddrm(*RESTORE, "--shard", f"{number}/6")
        assert outcome.exit_code == 0, outcome.stderr
        told.update(each["input"] for each in outcome.objects)
    assert told == Counter(names)
    assert ddrm(*RESTORE, "--shard", "7/6").exit_code == 2


def evaluation(out: str) -> tuple[str, ...]:
    """A grid of two cells over five pictures, without the times in its files."""
    sizes = ("--preprocess", "none", "--preset", "fast")
    grid = ("-d", "deno", "--sigma", "0.05", "--sigma", "0.1", "--steps", "1")
    return ("evaluate", "in", *grid, *sizes, "--device", "cpu", "--json", "-o", out)


def scores(out: str) -> list[Any]:
    records = sorted(Path(out, "cells").rglob("*.json"))
    return [json.loads(record.read_text())["scores"] for record in records]


def test_torchrun_and_runs_side_by_side_share_an_evaluation(
    ddrm: Program, names: list[str]
) -> None:
    shared = torchrun(2, "-m", "ddrm_cli", *evaluation("shared"))
    assert shared.returncode == 0, shared.stderr
    both = [
        subprocess.Popen(
            [sys.executable, "-m", "ddrm_cli", *evaluation("both")],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    ends = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], ends
    alone = ddrm(*evaluation("alone"))
    assert alone.exit_code == 0, alone.stderr

    def means(stdout: str) -> list[Any]:
        rows = map(json.loads, stdout.splitlines())
        return [(row["group"], row["method"], row["means"]) for row in rows]

    assert means(shared.stdout) == means(alone.stdout)
    for stdout, _ in ends:
        assert means(stdout) == means(alone.stdout)
    assert scores("shared") == scores("both") == scores("alone")
    assert len(scores("alone")) == 10
    for out in ("shared", "both", "alone"):
        assert Path(out, "report.html").exists()
        assert not list(Path(out).rglob(".*"))


@pytest.fixture
def hosts() -> Iterator[list[tuple[str, ...]]]:
    """Two hosts with a cable between them: how a command is started on each."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("needs root, and iproute2")
    spaces = [f"ddrm-{os.getpid()}-{number}" for number in (1, 2)]
    ends = [f"dd{os.getpid() % 10**6}{number}" for number in "ab"]

    def ip(*arguments: str) -> bool:
        return subprocess.run(["ip", *arguments], capture_output=True, check=False).returncode == 0

    try:
        made = all(ip("netns", "add", space) for space in spaces)
        made = made and ip("link", "add", ends[0], "type", "veth", "peer", "name", ends[1])
        for number, (space, end) in enumerate(zip(spaces, ends, strict=True), start=1):
            made = made and ip("link", "set", end, "netns", space)
            made = made and ip("-n", space, "addr", "add", f"10.213.7.{number}/24", "dev", end)
            made = made and ip("-n", space, "link", "set", end, "up")
            made = made and ip("-n", space, "link", "set", "lo", "up")
        if not made:
            pytest.skip("may not make network namespaces")
        yield [("ip", "netns", "exec", space) for space in spaces]
    finally:
        for space in spaces:
            ip("netns", "del", space)


def kill_all_on(host: tuple[str, ...]) -> None:
    """As if somebody pulled its plug."""
    *_, space = host
    found = subprocess.run(
        ["ip", "netns", "pids", space], capture_output=True, text=True, check=True
    )
    for process in found.stdout.split():
        os.kill(int(process), signal.SIGKILL)


def test_a_host_that_dies_leaves_its_pictures_to_the_other(
    hosts: list[tuple[str, ...]], names: list[str]
) -> None:
    """The second host stops in the middle of its first picture, and is killed with all it runs."""
    together = ("--nnodes", "2", "--master-addr", "10.213.7.1", "--nproc-per-node", "1")
    started = [
        subprocess.Popen(
            [*host, *TORCHRUN, *together, "--node-rank", str(number), MORTAL, *RESTORE],
            env=environment(MORTAL_RANK="1", MORTAL_FILE="has begun", MORTAL_WAITS=""),
            stdout=subprocess.PIPE if number == 0 else subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for number, host in enumerate(hosts)
    ]
    try:
        until(Path("has begun").exists, started[1])
        until(lambda: len(list(Path("out").glob("*.png"))) == 4, started[0])
        kill_all_on(hosts[1])
        assert started[0].stdout is not None
        lines = [started[0].stdout.readline() for _ in range(6)]  # torchrun waits for the dead
    finally:
        for host, process in zip(hosts, started, strict=True):
            kill_all_on(host)
            process.communicate()
    told, summary = objects("".join(lines))
    assert (told, summary["done"]) == (Counter(names), 5)
    assert files_below(Path("out")) == {Path(name).name for name in names}
