"""Several runs at once share the work; each one's exit code speaks for all of its pictures."""

from __future__ import annotations

from tests.weights import server

from .bench import Bench, case
from .repairs import MODEL, ONLINE, cached, content, table

QUICK = ("-d", "deno", "--sigma", "0.1", "--steps", "2", "--device", "cpu", "-o", "out")


@case(2, 3)
def on_one_folder(bench: Bench, count: int) -> None:
    """Runs of the same command on one folder all succeed, and every result is there."""
    for number in range(4):
        bench.picture(f"in/{number}.png", seed=number)
    processes = [bench.start("restore", "in", *QUICK) for _ in range(count)]
    for end in [bench.end(process) for process in processes]:
        end.in_order(0)
    bench.whole_pictures("out")
    assert len(list((bench.work / "out").glob("*.png"))) == 4
    assert not bench.litter()


@case()
def on_one_picture(bench: Bench) -> None:
    """Of two runs to one file, one makes it, and the other makes it no worse."""
    bench.picture()
    processes = [bench.start("restore", "a.png", *QUICK[:-1], "b.png") for _ in range(2)]
    codes = sorted(bench.end(process).in_order(0, 1).code for process in processes)
    assert codes[0] == 0, codes
    bench.whole_pictures()


@case()
def evaluations(bench: Bench) -> None:
    """Two evaluations into one folder both succeed."""
    for number in range(2):
        bench.picture(f"in/{number}.png", seed=number)
    command = ("evaluate", "in", "-d", "deno", "--sigma", "0.1", "--preset", "fast",
               "--preprocess", "none", "-o", "out", "--device", "cpu")  # fmt: skip
    processes = [bench.start(*command) for _ in range(2)]
    for end in [bench.end(process) for process in processes]:
        end.in_order(0)
    bench.whole_pictures("out")


@case(2, 4)
def downloads(bench: Bench, count: int) -> None:
    """Downloads of one model at once give the right file, and all succeed."""
    with server.running() as web:
        table(bench, web.serve("/two.pt", server.file(content())))
        processes = [bench.start("download", *MODEL, environment=ONLINE) for _ in range(count)]
        for end in [bench.end(process) for process in processes]:
            end.in_order(0)
        assert cached(bench).read_bytes() == content()
