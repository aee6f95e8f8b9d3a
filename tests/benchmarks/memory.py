"""Memory of a restoration: ``python -m tests.benchmarks.memory``; needs Linux.

Restores pictures of several sizes in fresh processes and prints a table: the peak of resident
memory above the program's own, in bytes a pixel of the result, and the estimate of ``--dry-run``
beside it. The program's own memory is the peak for a result of one window. Without ``--network``
the network predicts nothing, so that only what grows with the picture counts, and that soon.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from .child import run, write_pictures
from .rows import Row

SIZES = {4: (1728, 2304), 12: (3024, 4032), 64: (6912, 9216)}  # megapixels of the result
WINDOW = (512, 512)
TASKS = {
    "deno": ("--deg deno --sigma 0.05", 1),
    "sr2": ("--deg sr2 --sigma 0", 2),
    "sr_bicubic4": ("--deg sr_bicubic4 --sigma 0", 4),
    "inp": ("--deg inp --mask mask.png --sigma 0.02", 1),
}
KINDS = ("8", "8 alpha", "16", "16 alpha")
CHOSEN = (("deno", "8", (4, 12, 64)), ("deno", "16 alpha", (4, 12)), ("sr_bicubic4", "8", (4, 12)),
          ("inp", "8", (4, 12)))  # fmt: skip


class Peak(NamedTuple):
    """Of restoring one picture, in bytes."""

    measured: float
    estimated: float
    pixels: int


def peak(
    folder: Path, task: str, kind: str, size: tuple[int, int], options: Sequence[str], stub: bool
) -> Peak:
    """Of a result of that height and width."""
    what, factor = TASKS[task]
    height, width = (side // factor for side in size)
    write_pictures(folder, height, width, kind)
    command = ["restore", "y.png", *what.split(), "--steps", "2", *options]
    estimated = 1e6 * run(folder, *command, "--dry-run", stub=stub).facts["megabytes"]
    taken = run(folder, *command, "--out", "x.png", "--overwrite", stub=stub)
    return Peak(taken.peak, estimated, height * width * factor**2)


def cells(
    task: str, kind: str, sizes: Sequence[int], options: Sequence[str] = (), *, stub: bool = True
) -> Iterator[str]:
    """For each size the bytes a pixel above the program's own, and how far off the estimate is."""
    with tempfile.TemporaryDirectory() as name:
        own = peak(Path(name), task, kind, WINDOW, options, stub)
        for size in sizes:
            whole = peak(Path(name), task, kind, SIZES[size], options, stub)
            share = (whole.measured - own.measured) / (whole.pixels - own.pixels)
            off = 100 * (whole.estimated / whole.measured - 1)
            yield f"{share:.1f} ({whole.measured / 1e9:.2f} GB, estimate {off:+.0f} %)"


def rows() -> Iterator[Row]:
    """Of the table of all figures."""
    for task, kind, sizes in CHOSEN:
        for size, cell in zip(sizes, cells(task, kind, sizes), strict=True):
            what = f"memory, `{task}`, {kind} bits, {size} megapixels: bytes a pixel"
            yield Row(what, cell, goal="60; estimate within 15 %")


def main() -> None:
    """Print a table of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=list(SIZES), choices=SIZES)
    parser.add_argument("--tasks", nargs="*", default=list(TASKS), choices=TASKS)
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), choices=KINDS)
    parser.add_argument("--network", action="store_true", help="evaluate the network, too")
    parser.add_argument("options", nargs="*", help="more options of ddrm restore, after --")
    asked = parser.parse_args()
    print(f"| task | bits | {' | '.join(f'{size} MP, bytes a pixel' for size in asked.sizes)} |")
    print("|---" * (2 + len(asked.sizes)) + "|")
    for task in asked.tasks:
        for kind in asked.kinds:
            found = cells(task, kind, asked.sizes, asked.options, stub=not asked.network)
            print(f"| {task} | {kind} | {' | '.join(found)} |", flush=True)


if __name__ == "__main__":
    main()
