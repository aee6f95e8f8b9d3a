"""Do two states of the program restore alike, bit by bit?

``python -m tests.benchmarks.same_bits BEFORE AFTER`` runs each state's own command line on the
same photograph: it degrades and restores it in twenty ways, and compares the measurements and the
results, pixel by pixel. Both arguments are folders that hold a state of the repository.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from ddrm_cli.images.reading import read_picture

PHOTO = Path(__file__).parents[1] / "data" / "photos" / "chelsea.png"
CASES = [
    *(f"deno --sigma {sigma}" for sigma in (0, 0.05)),
    *(f"inp --sigma {sigma} --seed 3" for sigma in (0, 0.02)),
    *(f"{name} --sigma {sigma}" for name in ("sr2", "sr4") for sigma in (0, 0.02)),
    *(f"sr_bicubic4 --sigma {sigma}" for sigma in (0, 0.02)),
    *(f"deblur_{name} --sigma {sigma}" for name in ("uni", "gauss") for sigma in (0, 0.02)),
    "deblur_aniso --sigma 0.02",
    *(f"deblur --kernel diagonal.txt --sigma {sigma}" for sigma in (0, 0.02)),
    "color --sigma 0.02",
    "inp_lorem --sigma 0.02",
    "cs2 --sigma 0.02",
]


def main() -> None:
    """Print a line a case."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--steps", default="5")
    arguments = parser.parse_args()
    states = {"before": arguments.before.resolve(), "after": arguments.after.resolve()}
    differing = 0
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        np.savetxt(work / "diagonal.txt", np.eye(9))
        (work / "photo.png").write_bytes(PHOTO.read_bytes())
        for number, case in enumerate(CASES):
            suffix = ".npz" if case.startswith("cs") else ".png"
            for name, state in states.items():
                y, x = f"{number}-{name}-y{suffix}", f"{number}-{name}-x.png"
                run(state, work, "degrade", "photo.png", "--deg", *case.split(), "--out", y)
                run(state, work, "restore", y, "--steps", arguments.steps, "--out", x)
            measured = same(*(work / f"{number}-{name}-y{suffix}" for name in states))
            restored = same(*(work / f"{number}-{name}-x.png" for name in states))
            differing += not (measured and restored)
            print(f"{case:45} measurement {word(measured)}, result {word(restored)}", flush=True)
    print(f"{len(CASES) - differing} of {len(CASES)} are the same to the last bit.")


def run(state: Path, work: Path, *arguments: str) -> None:
    """One command of one state."""
    subprocess.run(
        [sys.executable, "-c", "from ddrm_cli.cli.main import run; run()", *arguments, "--quiet"],
        cwd=work,
        env={**os.environ, "PYTHONPATH": str(state), "OMP_WAIT_POLICY": "PASSIVE"},
        stdout=subprocess.DEVNULL,
        check=True,
    )


def same(first: Path, second: Path) -> bool:
    """Whether two files hold the same numbers."""
    if first.suffix == ".npz":
        return bool(np.array_equal(np.load(first)["y"], np.load(second)["y"]))
    return bool(np.array_equal(read_picture(first).pixels, read_picture(second).pixels))


def word(alike: bool) -> str:
    """For the table."""
    return "the same" if alike else "DIFFERS"


if __name__ == "__main__":
    main()
