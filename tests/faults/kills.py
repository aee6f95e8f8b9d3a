"""Kills at random moments and at system calls: nothing is half written, and a rerun finishes."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.weights import server

from .bench import Bench, SkipError, case
from .repairs import MODEL, ONLINE, cached, content, table

QUICK = ("-d", "deno", "--sigma", "0.1", "--steps", "1", "--device", "cpu", "-o", "out")
RESTORE = ("restore", "in", *QUICK)
EVALUATE = (
    "evaluate", "in", "-d", "deno", "--sigma", "0.1", "--preset", "fast", "--preprocess", "none",
    "-o", "out", "--device", "cpu",
)  # fmt: skip


def _goes_on(bench: Bench, *command: str) -> None:
    """After a kill, everything is whole, and the same command finishes and leaves no litter."""
    bench.whole_pictures("in")
    if command[0] == "restore":
        for path in (bench.work / "out").glob("*.png"):
            assert path.stat().st_size, f"{path.name} is empty"
        bench.whole_pictures("out")
    bench.run(*command).in_order(0)
    bench.whole_pictures("out")
    assert not bench.litter(), bench.litter()


def _pictures(bench: Bench, count: int = 3) -> None:
    for number in range(count):
        bench.picture(f"in/{number}.png", side=16, seed=number)


@case(*((signal.SIGKILL, n) for n in range(8)), *((signal.SIGTERM, n) for n in range(4)),
      *((signal.SIGHUP, n) for n in range(3)), *((signal.SIGINT, n) for n in range(3)))  # fmt: skip
def at_a_random_moment(bench: Bench, number: signal.Signals, _: int) -> None:
    """Whenever a run of a folder is ended, the same command goes on where it stopped."""
    _pictures(bench)
    end = bench.signalled(number, bench.chance.uniform(0.3, 6), *RESTORE)
    if number != signal.SIGKILL:
        assert end.code in (0, 128 + number, -number), end
        assert not bench.litter(), "litter after a signal that can be heeded"
    _goes_on(bench, *RESTORE)


@case(0, 1, 2)
def evaluation_at_a_random_moment(bench: Bench, _: int) -> None:
    """A killed evaluation goes on where it stopped."""
    _pictures(bench, 2)
    bench.signalled(signal.SIGKILL, bench.chance.uniform(2, 7), *EVALUATE)
    _goes_on(bench, *EVALUATE)


@case(0, 1, 2, 3)
def download_at_a_random_moment(bench: Bench, _: int) -> None:
    """A killed download goes on, and gives the right file."""
    with server.running() as web:
        table(bench, web.serve("/two.pt", web.stall(content(), 200_000), server.file(content())))
        with bench.start("download", *MODEL, environment=ONLINE) as process:
            bench.chance.random()
            try:
                process.wait(bench.chance.uniform(0.5, 2.5))
            except subprocess.TimeoutExpired:
                process.kill()
            web.go_on.set()
            bench.end(process)
        bench.run("download", *MODEL, environment=ONLINE).in_order(0)
        assert cached(bench).read_bytes() == content()
        left = {path.name for path in cached(bench).parent.iterdir()}
        assert left <= {"two.pt", ".two.pt.lock"}, left


def _traced(*injected: str) -> tuple[str, ...]:
    """Run under ``strace`` with these faults; not with --seccomp-bpf, which swallows signals."""
    strace = shutil.which("strace")
    if strace is None:
        raise SkipError("no strace")
    calls = ",".join(each.partition(":")[0] for each in injected)
    asked = [part for each in injected for part in ("-e", f"inject={each}")]
    return (strace, "-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}", *asked, "--")


def _hit(bench: Bench, command: Sequence[str], *injected: str) -> None:
    """Run a command until the signal that is injected ends it."""
    if bench.run(*command, before=_traced(*injected)).code == 0:
        raise SkipError("the call is not made so often")


@case(
    "fsync:signal=KILL:when=1",
    "fsync:signal=KILL:when=2",
    "link,linkat:signal=KILL:when=1",
    "link,linkat:signal=KILL:when=2",
    "flock:signal=KILL:when=1",
    "fsync:signal=TERM:when=1",
    "fsync:signal=HUP:when=2",
    "link,linkat:signal=INT:when=1",
    "link,linkat:signal=TERM:when=2",
)
def at_a_system_call(bench: Bench, inject: str) -> None:
    """A kill at the moment of writing leaves no half file, and a rerun no litter."""
    _pictures(bench, 2)
    _hit(bench, RESTORE, inject)
    if "KILL" not in inject:
        assert not bench.litter(), "litter after a signal that can be heeded"
    _goes_on(bench, *RESTORE)


@case(*(("rename", when) for when in range(1, 3)))
def at_the_rename_without_hard_links(bench: Bench, call: str, when: int) -> None:
    """Where the file system has no hard links, a kill at the rename leaves no result either."""
    _pictures(bench, 2)
    no_links = "link,linkat:error=EPERM"
    _hit(bench, RESTORE, no_links, f"{call}:signal=KILL:when={when}")
    bench.run(*RESTORE, before=_traced(no_links)).in_order(0)
    bench.whole_pictures("out")
    assert not bench.litter(), bench.litter()


@case("fsync:signal=KILL:when=2", "rename:signal=KILL:when=2", "rename:signal=KILL:when=5")
def evaluation_at_a_system_call(bench: Bench, inject: str) -> None:
    """A kill while an evaluation writes leaves nothing that a rerun does not mend."""
    _pictures(bench, 2)
    _hit(bench, EVALUATE, inject)
    _goes_on(bench, *EVALUATE)


@case("fsync:error=EIO", "fsync:error=ENOSPC", "fsync:error=EDQUOT", "link,linkat:error=ENOSPC",
      "link,linkat:error=EROFS", "flock:error=ENOLCK", "flock:error=ENOSYS")  # fmt: skip
def failing_call(bench: Bench, inject: str) -> None:
    """A call that fails while a result is written gives a sentence and leaves no litter."""
    _pictures(bench, 1)
    end = bench.run(*RESTORE, before=_traced(inject))
    end.in_order(*((0,) if inject.startswith("flock") else (1,)))
    left = [path for path in Path(bench.work).rglob("*") if path.is_file()]
    expected = 2 if end.code == 0 else 1
    assert len(left) == expected, left
    _goes_on(bench, *RESTORE)
