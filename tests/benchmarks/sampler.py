"""Time of a restoration, and the share outside the network.

``python -m tests.benchmarks.sampler``
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import torch

import ddrm_cli


def main() -> None:
    """Print one line a degradation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("degradations", nargs="*", default=["deno", "sr_bicubic4", "deblur_uni"])
    arguments = parser.parse_args()
    model = ddrm_cli.load_model(precision=arguments.precision)
    forward = model.network.forward
    spent = 0.0

    def timed(*inputs: Any) -> Any:
        nonlocal spent
        started = time.perf_counter()
        out = forward(*inputs)
        spent += time.perf_counter() - started
        return out

    model.network.forward = timed
    x = torch.rand(3, arguments.size, arguments.size)
    for name in arguments.degradations:
        y = ddrm_cli.degrade(x, name)
        best = (float("inf"), 0.0)
        for _ in range(3):
            spent, started = 0.0, time.perf_counter()
            ddrm_cli.restore(y, name, sigma=0.0, model=model)
            best = min(best, (time.perf_counter() - started, spent))
        total, network = best
        print(
            f"{name:14} {total:6.2f} s, network {network:6.2f} s, "
            f"outside {100 * (total - network) / total:4.1f} %"
        )


if __name__ == "__main__":
    main()
