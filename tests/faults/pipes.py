"""What is no regular file is refused, and not waited for."""

from __future__ import annotations

import os
from pathlib import Path

from .bench import Bench, case

DENO = ("-d", "deno", "--sigma", "0.1", "--steps", "1")
PLACES: dict[str, tuple[str, ...]] = {
    "a.npz": ("restore", "IT"),
    "a.png": ("restore", "IT", *DENO),
    "a.jpg": ("inspect", "IT"),
    "k.npy": ("restore", "p.png", "-d", "deblur", "--kernel", "IT"),
    "k.npz": ("restore", "p.png", "-d", "deblur", "--kernel", "IT"),
    "k.txt": ("degrade", "p.png", "-d", "deblur", "--kernel", "IT"),
    "k.png": ("degrade", "p.png", "-d", "deblur", "--kernel", "IT"),
    "m.png": ("restore", "p.png", "-d", "inp", "--mask", "IT"),
    "c.toml": ("restore", "p.png", *DENO, "--config", "IT"),
    "m.toml": ("restore", "p.png", *DENO, "--models", "IT"),
    "w.pt": ("restore", "p.png", *DENO, "--model", "IT"),
    "x.pt": ("restore", "p.png", *DENO, "--model", "IT", "--arch", "photo-small"),
    "o.png": ("restore", "p.png", *DENO, "--compare", "--original", "IT"),
    "l.txt": ("evaluate", "p.png", "-d", "deno", "-o", "out", "--list", "IT"),
    "d.toml": ("download", "--models", "IT"),
    "f.pt": ("download", "ffhq", "--from-file", "IT"),
}


def _put(bench: Bench, name: str, thing: Path | None) -> tuple[str, ...]:
    bench.picture("p.png")
    if thing is None:
        os.mkfifo(bench.path(name))
    else:
        bench.path(name).symlink_to(thing)
    return tuple(name if each == "IT" else each for each in PLACES[name])


@case(*PLACES)
def named_pipe(bench: Bench, name: str) -> None:
    """A named pipe is refused at once."""
    bench.run(*_put(bench, name, None), patience=60).refused(name)


@case("a.npz", "k.npy", "c.toml", "m.toml", "w.pt", "x.pt")
def endless_device(bench: Bench, name: str) -> None:
    """A device without end is refused at once."""
    bench.run(*_put(bench, name, Path("/dev/zero")), patience=60).refused(name)


@case("a.npz", "k.npy", "k.txt", "m.png", "c.toml", "m.toml", "x.pt", "o.png", "f.pt")
def folder_for_a_file(bench: Bench, name: str) -> None:
    """A folder where a file is wanted is refused by its name."""
    bench.run(*_put(bench, name, bench.folder / "home"), patience=60).refused(name)
