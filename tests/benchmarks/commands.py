"""Time of whole commands, as somebody waits for them, and of the network inside them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from .child import run, write_pictures
from .network import operations_a_pixel
from .rows import Row, share_of_peak

__all__ = ["rows"]

# What it is called, height and width of the picture, options, how often, and the goal in seconds.
COMMANDS = (
    ("256 x 256 denoised", (256, 256), "--deg deno --sigma 0.1", 3, "3 s"),
    ("12 megapixels denoised", (3024, 4032), "--deg deno --sigma 0.1", 2, "20 s"),
    ("256 x 256 enlarged 4 times", (256, 256), "--deg sr_bicubic4 --sigma 0", 1, ""),
    ("3 megapixels enlarged twice", (1512, 2016), "--deg sr2 --sigma 0", 1, "90 s"),
)


def rows() -> Iterator[Row]:
    """The whole command, and what of it is not start-up, reading and writing."""
    each = operations_a_pixel()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for what, (height, width), options, repeats, goal in COMMANDS:
            write_pictures(folder, height, width)
            command = ["restore", "y.png", *options.split(), "--device", "cpu"]
            command += ["--out", "x.png", "--overwrite"]
            taken = min(run(folder, *command) for _ in range(repeats))
            restoring = taken.facts["seconds"]
            reached = share_of_peak(each * taken.pixels, taken.network)
            yield Row(f"{what}: whole command", f"{taken.seconds:.1f} s", goal=goal)
            yield Row("— start-up, reading and writing", f"{taken.seconds - restoring:.1f} s")
            yield Row("— the network", f"{taken.network:.1f} s", reached)
            ratio = restoring / taken.network
            yield Row("— restoring : network", f"{ratio:.2f}", goal="1.5")
