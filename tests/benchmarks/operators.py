"""Time and memory of the operators: ``python -m tests.benchmarks.operators``.

For each degradation: milliseconds for one sampler step (V and V^T) and for all four maps on a
picture of three channels, on one thread; then seconds and memory to build it at a large size.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import torch

from ddrm_cli.degradations.build import build_operator
from ddrm_cli.degradations.table import DEGRADATIONS
from tests.degradations.examples import example


def best(action: Callable[[], object], repeats: int) -> float:
    """The shortest of several times, in seconds: what the machine does when left alone."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return min(times)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--large", type=int, default=2048)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    size, large = arguments.size, arguments.large
    x = torch.rand(1, 3, size, size)
    print(f"{'name':14} {'step ms':>8} {'four maps ms':>13} {'build s':>8} {'buffers MB':>11}")
    for name in DEGRADATIONS:
        operator = build_operator(example(name), (3, size, size))
        x_bar, y = operator.Vt(x), operator(x)

        def step() -> None:
            operator.V(operator.Vt(x))  # noqa: B023

        def maps() -> None:
            step()
            operator.U(x_bar), operator.Ut(y)  # noqa: B023

        step_ms, maps_ms = 1e3 * best(step, 30), 1e3 * best(maps, 30)
        started = time.perf_counter()
        built = build_operator(example(name), (3, large, large))
        seconds = time.perf_counter() - started
        megabytes = sum(buffer.nbytes for buffer in built.buffers()) / 1e6
        print(f"{name:14} {step_ms:8.2f} {maps_ms:13.2f} {seconds:8.2f} {megabytes:11.1f}")


if __name__ == "__main__":
    main()
