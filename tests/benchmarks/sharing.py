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
from pathlib import Path

from PIL import Image

SIDE, EACH, REPEATS = 256, 16, 3


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


def main() -> None:
    """Print the table."""
    print("| processes | pictures | seconds | pictures a minute | efficiency |")
    print("|---|---|---|---|---|")
    alone = 0.0
    for processes in (1, 2):
        runs = []
        for _ in range(REPEATS):
            with tempfile.TemporaryDirectory() as folder:
                runs.append(seconds(Path(sys.argv[1]), processes, Path(folder)))
        best = min(runs)
        alone = alone or best
        count = EACH * processes
        print(
            f"| {processes} | {count} | {best:.1f} | {60 * count / best:.1f} | {alone / best:.0%} |"
        )


if __name__ == "__main__":
    main()
