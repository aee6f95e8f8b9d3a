"""One command of ``ddrm`` in a process of its own, and what it took; needs Linux.

``python -m tests.benchmarks.child [--stub] restore y.png ...`` runs the command and prints a last
line: the peak of resident memory (VmHWM) in bytes, the seconds inside the network, and the pixels
that it saw. With ``--stub`` the network predicts nothing, so that only what grows with the picture
counts, and that soon.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import imagecodecs
import numpy as np

__all__ = ["Taken", "run", "write_pictures"]

STUB = "--stub"
ROOT = Path(__file__).parents[2]


class Taken(NamedTuple):
    """What a command took."""

    seconds: float  # of a clock, from start to end of the process
    peak: int
    network: float
    pixels: int
    facts: dict[str, Any]  # what it said with --json


def run(folder: Path, *arguments: str, stub: bool = False) -> Taken:
    """One command in a folder, whose one picture it tells of with ``--json``."""
    command = [sys.executable, "-m", "tests.benchmarks.child", *([STUB] if stub else [])]
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    started = time.perf_counter()
    done = subprocess.run(
        [*command, *arguments, "--json", "--quiet"],
        cwd=folder, stdout=subprocess.PIPE, text=True, check=True,
        env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    seconds = time.perf_counter() - started
    facts, *_, taken = map(json.loads, done.stdout.splitlines())
    return Taken(seconds, **taken, facts=facts)


def write_pictures(folder: Path, height: int, width: int, kind: str = "8") -> None:
    """``y.png``, smooth with a little noise, and ``mask.png`` of its size with a tenth missing.

    Args:
        folder: Where they go.
        height: Of both.
        width: Of both.
        kind: Bits of the picture, ``8`` or ``16``, and perhaps `` alpha``.
    """
    bits, _, alpha = kind.partition(" ")
    random = np.random.default_rng(0)
    tile = random.normal(0, 0.02, (64, width, 3 + bool(alpha)))
    ramp = np.linspace(0.2, 0.8, width)[None, :, None]
    rows = [(ramp + tile)[: min(64, height - top)] for top in range(0, height, 64)]
    white, kept = (255, np.uint8) if bits == "8" else (65535, np.uint16)
    samples = np.concatenate([np.rint(row.clip(0, 1) * white).astype(kept) for row in rows])
    (folder / "y.png").write_bytes(imagecodecs.png_encode(samples, level=1))
    mask = (np.arange(height * width) % 10 == 0).reshape(height, width)
    (folder / "mask.png").write_bytes(imagecodecs.png_encode(mask.astype(np.uint8) * 255, level=1))


def main(arguments: list[str]) -> None:
    """The command, in this process."""
    from ddrm_cli.networks.plain_unet import PlainUNet  # and torch, as the package likes it

    import torch  # isort: skip
    from torch import Tensor  # isort: skip

    from ddrm_cli.cli.main import app

    stub = arguments[0] == STUB
    forward, spent, pixels = PlainUNet.forward, 0.0, 0

    def timed(
        self: PlainUNet, x: Tensor, timesteps: Tensor, labels: Tensor | None = None
    ) -> Tensor:
        nonlocal spent, pixels
        started = time.perf_counter()
        out = torch.zeros_like(x) if stub else forward(self, x, timesteps, labels)
        spent += time.perf_counter() - started
        pixels += x[:, 0].numel()
        return out

    PlainUNet.forward = timed  # type: ignore[method-assign]
    app(arguments[stub:], standalone_mode=False)
    status = Path("/proc/self/status").read_text()
    peak = 1024 * int(status.split("VmHWM:")[1].split()[0])
    print(json.dumps({"peak": peak, "network": spent, "pixels": pixels}))


if __name__ == "__main__":
    main(sys.argv[1:])
