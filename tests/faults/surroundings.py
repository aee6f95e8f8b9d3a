"""What the system can have against a path or a stream: a sentence each time."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .bench import Bench, SkipError, case

QUICK = ("-d", "deno", "--sigma", "0.1", "--steps", "1", "--device", "cpu")
NAMELESS = 54321


def _as_nobody(bench: Bench) -> tuple[str, ...]:
    """Run as a user without a name, to whom the folder of the case belongs."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        raise SkipError("needs root and setpriv")
    for path in (bench.folder, *bench.folder.rglob("*")):
        os.chown(path, NAMELESS, NAMELESS, follow_symlinks=False)
    return ("setpriv", f"--reuid={NAMELESS}", f"--regid={NAMELESS}", "--clear-groups", "--")


@case((), ("--overwrite",))
def no_home(bench: Bench, *more: str) -> None:
    """Without HOME and with a user id without a name, the bundled model restores."""
    bench.picture()
    before = ("env", "-u", "HOME", "-u", "XDG_CONFIG_HOME", "-u", "XDG_DATA_HOME", "-u",
              "DDRM_CACHE_DIR", *_as_nobody(bench))  # fmt: skip
    bench.run("restore", "a.png", *QUICK, *more, before=before).in_order(0)


@case(("download",), ("download", "ffhq"), ("download", "--verify"), ("list-degradations",),
      ("restore", "a.png", *QUICK, "-m", "ffhq"))  # fmt: skip
def no_home_at_all(bench: Bench, *command: str) -> None:
    """Without a home, what needs the cache says what to set."""
    bench.picture()
    before = ("env", "-u", "HOME", "-u", "XDG_CONFIG_HOME", "-u", "XDG_DATA_HOME", "-u",
              "DDRM_CACHE_DIR", *_as_nobody(bench))  # fmt: skip
    bench.run(*command, before=before).in_order(0, 1, 2)


@case("~nosuchuser/cache", "/proc/nothing", "/dev/null/cache", "x" * 5000, "\udcff")
def strange_cache(bench: Bench, folder: str) -> None:
    """A cache that cannot be is refused by a sentence."""
    bench.picture()
    strange = {"DDRM_CACHE_DIR": folder}
    bench.run("restore", "a.png", *QUICK, "-m", "ffhq", environment=strange).refused()
    bench.run("download", environment=strange).in_order(0, 1, 2)
    bench.run("download", "ffhq", "--verify", environment=strange).refused()


@case("~nosuchuser/w.pt", "x" * 300, "a/" * 3000, "\udcff.pt", "w\npt")
def strange_weights(bench: Bench, name: str) -> None:
    """A name of weights that cannot be is refused by a sentence."""
    bench.picture()
    bench.run("restore", "a.png", *QUICK, "-m", name).refused()
    bench.run("restore", "a.png", *QUICK, "-m", name, "--arch", "photo-small").refused()


@case()
def home_of_nobody_in_a_table(bench: Bench) -> None:
    """``~nosuchuser`` in a table of models is refused by a sentence."""
    from .limits import MODEL, USUAL

    bench.picture()
    bench.text("m.toml", MODEL.format(**USUAL).replace("own.pt", "~nosuchuser/own.pt"))
    bench.run("restore", "a.png", *QUICK, "--models", "m.toml", "-m", "own").refused("nosuchuser")


UNREADABLE = {
    "configuration": (("c.toml",), ("restore", "a.png", *QUICK, "--config", "c.toml")),
    "models": (("m.toml",), ("restore", "a.png", *QUICK, "--models", "m.toml")),
    "own configuration": (("../home/config",), ("restore", "a.png", *QUICK)),
    "cache": (("../home/cache",), ("restore", "a.png", *QUICK, "-m", "ffhq")),
    "cache of a list": (("../home/cache",), ("download",)),
    "cache to verify": (("../home/cache",), ("download", "--verify")),
    "cache to remove from": (("../home/cache",), ("download", "--remove", "ffhq")),
    "cache to download to": (("../home/cache",), ("download", "ffhq")),
    "input": (("b.png",), ("restore", "b.png", *QUICK)),
    "parent of the input": (("in",), ("restore", "in/b.png", *QUICK)),
    "folder of inputs": (("in",), ("restore", "in", *QUICK)),
    "parent of a folder": (("in",), ("restore", "in/deeper", *QUICK)),
    "parent of the output": (("out",), ("restore", "a.png", *QUICK, "-o", "out/b.png")),
    "grandparent of the output": (("out",), ("restore", "a.png", *QUICK, "-o", "out/c/b.png")),
    "folder of outputs": (("out",), ("restore", "a.png", *QUICK, "-o", "out/c/")),
    "mask": (("in",), ("restore", "a.png", "-d", "inp", "--mask", "in/b.png")),
    "kernel": (("in",), ("restore", "a.png", "-d", "deblur", "--kernel", "in/b.txt")),
    "weights": (("in",), ("restore", "a.png", *QUICK, "-m", "in/b.pt")),
    "weights of an architecture": (
        ("in",), ("restore", "a.png", *QUICK, "-m", "in/b.pt", "--arch", "photo-small"),
    ),
    "folder of an evaluation": (("out",), ("evaluate", "a.png", "-d", "deno", "-o", "out")),
    "list": (("in",), ("evaluate", "a.png", "-d", "deno", "-o", "new", "--list", "in/l.txt")),
    "file by hand": (("in",), ("download", "ffhq", "--from-file", "in/f.pt")),
}  # fmt: skip


@case(*UNREADABLE)
def unreadable(bench: Bench, what: str) -> None:
    """What may not be read or written is named in a sentence."""
    closed, command = UNREADABLE[what]
    bench.picture()
    bench.picture("b.png")
    for name in ("in/b.png", "in/deeper/b.png", "out/d.png"):
        bench.picture(name)
    for name in ("c.toml", "m.toml", "in/b.txt", "in/b.pt", "in/l.txt", "in/f.pt"):
        bench.text(name, "")
    for name in ("../home/config/ddrm", "../home/cache"):
        (bench.work / name).mkdir(parents=True, exist_ok=True)
    before = _as_nobody(bench)
    for name in closed:
        (bench.work / name).chmod(0)
    try:
        end = bench.run(*command, before=before)
    finally:
        for name in closed:
            (bench.work / name).chmod(0o700)
    end.in_order(*((0, 1, 2) if what == "cache of a list" else (1, 2)))
    assert end.code == 0 or end.stderr.strip()


LOOPS = {
    "input": ("restore", "loop", *QUICK),
    "in a folder": ("restore", ".", *QUICK, "-o", "out"),
    "output": ("restore", "a.png", *QUICK, "-o", "loop"),
    "below the output": ("restore", "a.png", *QUICK, "-o", "loop/b.png"),
    "configuration": ("restore", "a.png", *QUICK, "--config", "loop"),
    "models": ("restore", "a.png", *QUICK, "--models", "loop"),
    "mask": ("restore", "a.png", "-d", "inp", "--mask", "loop"),
    "kernel": ("restore", "a.png", "-d", "deblur", "--kernel", "loop"),
    "weights": ("restore", "a.png", *QUICK, "-m", "loop"),
    "weights of an architecture": ("restore", "a.png", *QUICK, "-m", "loop", "--arch", "ffhq"),
    "evaluation": ("evaluate", "a.png", "-d", "deno", "-o", "loop"),
    "file by hand": ("download", "ffhq", "--from-file", "loop"),
}


@case(*LOOPS)
def link_in_a_circle(bench: Bench, what: str) -> None:
    """A link that leads to itself is named in a sentence."""
    bench.picture()
    bench.path("loop").symlink_to("loop")
    bench.run(*LOOPS[what]).in_order(*((0, 1) if what == "in a folder" else (1, 2)))


@case(*LOOPS)
def name_over_the_limit(bench: Bench, what: str) -> None:
    """A name that is too long for the file system is refused in a sentence."""
    bench.picture()
    long = "n" * 300
    command = [each.replace("loop", long) for each in LOOPS[what]]
    bench.run(*command).in_order(*((0, 1) if what == "in a folder" else (1, 2)))


@case()
def result_name_over_the_limit(bench: Bench) -> None:
    """An input whose result's name would be too long is refused in a sentence."""
    bench.picture("n" * 245 + ".png")
    bench.run("restore", "n" * 245 + ".png", *QUICK).refused()


@case("stdout", "stderr")
def stream_on_a_full_device(bench: Bench, stream: str) -> None:
    """A picture that is written has not failed because nobody can be told."""
    bench.picture("in/a.png")
    bench.picture("in/b.png", seed=1)
    with open("/dev/full", "w") as full:  # noqa: PTH123
        where = {stream: full.fileno()}
        with bench.start("restore", "in", *QUICK, "-o", "out", **where) as process:  # type: ignore[arg-type]
            end = bench.end(process)
    end.in_order(0, 1)
    assert "pictures failed" not in end.stderr, end.stderr
    # Where results cannot be printed, it may stop: after a picture, not within one.
    made = len(list((bench.work / "out").glob("*.png")))
    assert made == 2 or (stream == "stdout" and end.code == 1 and made == 1), f"{made} pictures"
    bench.whole_pictures("out")


@case("restore", "evaluate")
def name_that_is_no_text(bench: Bench, command: str) -> None:
    """A file whose name is no text in UTF-8 is worked on like any other, or refused."""
    picture = bench.picture()
    (bench.work / "in").mkdir()
    picture.rename(bench.work / "in/\udcff\udcfe.png")
    more = ("--preprocess", "none") if command == "evaluate" else ("--steps", "1")
    bench.run(command, "in", "-d", "deno", "--sigma", "0.1", *more, "-o", "out").in_order(0, 1, 2)


@contextmanager
def _mounted(bench: Bench, options: str) -> Iterator[Path]:
    place = bench.path("small")
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], capture_output=True, check=False
    )
    if done.returncode:
        raise SkipError("no right to mount a tmpfs")
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


@case("restore", "degrade")
def full_disk(bench: Bench, command: str) -> None:
    """On a full disk nothing is half written, and the sentence says that it is full."""
    bench.picture(side=64)
    more = QUICK if command == "restore" else QUICK[:4]
    with _mounted(bench, "size=32k") as place:
        place.joinpath("filler").write_bytes(bytes(28_000))
        bench.run(command, "a.png", *more, "-o", "small/b.png").refused("b.png")
        assert [path.name for path in place.iterdir()] == ["filler"]


@case()
def no_inodes(bench: Bench) -> None:
    """Where no file can be made, that is said."""
    bench.picture()
    with _mounted(bench, "nr_inodes=1"):
        bench.run("restore", "a.png", *QUICK, "-o", "small/b.png").refused("b.png")


@case("restore", "evaluate")
def read_only(bench: Bench, command: str) -> None:
    """A place that is read-only is refused."""
    bench.picture()
    with _mounted(bench, "ro"):
        if command == "restore":
            bench.run("restore", "a.png", *QUICK, "-o", "small/b.png").refused("b.png")
        else:
            bench.run("evaluate", "a.png", "-d", "deno", "-o", "small/out").refused("small")


@case()
def full_cache(bench: Bench) -> None:
    """A cache on a full disk is refused before anything is downloaded."""
    from tests.weights import server

    from .repairs import MODEL, ONLINE, content, table

    with _mounted(bench, "size=64k") as place, server.running() as web:
        table(bench, web.serve("/two.pt", server.file(content())))
        environment = {**ONLINE, "DDRM_CACHE_DIR": str(place)}
        bench.run("download", *MODEL, environment=environment).refused("free")
