"""Weak scaling of a folder run: twice the processes have twice the pictures, and take as long.

    python -m tests.benchmarks.sharing PHOTO

Whole commands, start-up included, under torchrun with one thread a process; the best of several,
as the machine may have other things to do.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from .rows import Row

SIDE, EACH, REPEATS = 256, 16, 3
PHOTO = Path(__file__).parents[1] / "data" / "photos" / "chelsea.png"


def seconds(photo: Path, processes: int, folder: Path) -> float:
    """Of one run over `EACH` pictures a process."""
    pictures = folder / "in"
    pictures.mkdir()
    with Image.open(photo) as opened:
        tile = opened.convert("RGB").crop((0, 0, SIDE, SIDE))
    for number in range(EACH * processes):
        tile.rotate(number).save(pictures / f"{number:03}.png")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node"]
    command += [str(processes), "-m", "ddrm_cli", "restore", str(pictures), "--quiet"]
    command += ["--deg", "deno", "--sigma", "0.1", "--device", "cpu", "--out", str(folder / "out")]
    began = time.monotonic()
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    return time.monotonic() - began


def times(photo: Path, repeats: int) -> Iterator[tuple[int, float]]:
    """Processes, and the seconds of the best of several runs."""
    for processes in (1, 2):
        runs = []
        for _ in range(repeats):
            with tempfile.TemporaryDirectory() as folder:
                runs.append(seconds(photo, processes, Path(folder)))
        yield processes, min(runs)


def rows() -> Iterator[Row]:
    """Of the table of all figures."""
    (_, alone), (_, together) = times(PHOTO, repeats=2)
    what = f"two processes and twice the pictures: {alone:.1f} s against {together:.1f} s"
    yield Row(what, f"{alone / together:.0%}")


def main() -> None:
    """Print a table of its own."""
    print("| processes | pictures | seconds | pictures a minute | efficiency |")
    print("|---|---|---|---|---|")
    alone = 0.0
    for processes, taken in times(Path(sys.argv[1]), REPEATS):
        alone = alone or taken
        count, rate = EACH * processes, 60 * EACH * processes / taken
        print(f"| {processes} | {count} | {taken:.1f} | {rate:.1f} | {alone / taken:.0%} |")


if __name__ == "__main__":
    main()
