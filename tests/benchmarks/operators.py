"""Time and memory of the operators: ``python -m tests.benchmarks.operators``; needs Linux.

Two Markdown tables. The first has a row for each degradation, on pictures of three channels: what
it takes to build the operator at one size, and one V and one V^T at another. The second says how
time and memory grow with the pixels, on sides that a Fourier transform likes and on prime ones.
Memory is the peak above what there was, without the arguments, in bytes a pixel: a copy of the
picture takes 12. Each row runs in a process of its own, with two threads; the seconds are those of
a clock, and those that all cores worked, which other programs change less. Random subsets are drawn
before the time begins.
"""

from __future__ import annotations

import argparse
import functools
import math
import multiprocessing
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple
from unittest import mock

import numpy as np
import torch

from ddrm_cli.degradations.base import LinearOperator
from ddrm_cli.degradations.framing import build_framed
from ddrm_cli.degradations.table import DEGRADATIONS, get_entry
from tests.degradations.examples import example

from .rows import Row

GROWING = ("sr4", "sr_bicubic4", "deblur_gauss", "deblur", "cs2")
SIDES = {"fast": (1024, 2048, 4096, 8192), "prime": (1021, 2039, 4093, 8191)}


class Cost(NamedTuple):
    """Of one action."""

    seconds: float
    processor: float  # seconds, of all cores together
    peak: int  # bytes


def measured(action: Callable[[], object], repeats: int = 1) -> Cost:
    """The shortest of several times, and the most memory in use beyond what was."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak is what there is now
    before, times, busy = _status("VmRSS"), [], []
    for _ in range(repeats):
        started, worked = time.perf_counter(), time.process_time()
        action()
        times.append(time.perf_counter() - started)
        busy.append(time.process_time() - worked)
    return Cost(min(times), min(busy), max(0, _status("VmHWM") - before))


def _status(key: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(key))


def build(name: str, side: int) -> LinearOperator:
    """The operator, framed where it needs it; its measurement has a prime side where side is."""
    scale = get_entry(name).scale
    measurement = side // scale
    while side in SIDES["prime"] and not is_prime(measurement):
        measurement -= 1
    return build_framed(example(name), (3, scale * measurement, scale * measurement))


def is_prime(number: int) -> bool:
    """For the smaller ones."""
    return all(number % divisor for divisor in range(2, math.isqrt(number) + 1))


def maps(operator: LinearOperator, repeats: int) -> tuple[int, Cost, Cost]:
    """Pixels, and the costs of V and V^T."""
    _, height, width = operator.image_shape
    x = torch.rand(1, *operator.image_shape)
    x_bar = x.reshape(1, *operator.spectral_shape)
    with torch.inference_mode():
        return (
            height * width,
            measured(lambda: operator.V(x_bar), repeats),
            measured(lambda: operator.Vt(x), repeats),
        )


class Costs(NamedTuple):
    """Of one degradation."""

    built: Cost  # with what a process does once
    again: Cost
    forth: Cost
    back: Cost
    pixels: int  # of the pictures of both maps


def costs(name: str, large: int, size: int, repeats: int) -> Costs:
    """To build the operator at one size, and of V and V^T at another."""
    torch.set_num_threads(2)
    # Drawing a random order takes NumPy longer than all else: the second time it is known.
    known = SimpleNamespace(permutation=functools.cache(np.random.RandomState(0).permutation))
    with mock.patch("numpy.random.RandomState", return_value=known):
        first = measured(lambda: build(name, large))
        again = measured(lambda: build(name, large))
    known.permutation.cache_clear()
    pixels, forth, back = maps(build(name, size), repeats)
    return Costs(first, again, forth, back, pixels)


def row(name: str, large: int, size: int, repeats: int) -> str:
    """Of the first table."""
    first, again, forth, back, pixels = costs(name, large, size, repeats)
    return (
        f"| `{name}` | {again.seconds:.2f} | {again.processor:.2f} | {first.peak / large**2:.0f} "
        f"| {forth.seconds:.2f} | {forth.processor:.2f} | {forth.peak / pixels:.0f} "
        f"| {back.seconds:.2f} | {back.processor:.2f} | {back.peak / pixels:.0f} |"
    )


class Growth(NamedTuple):
    """With the pixels, of V and V^T together."""

    seconds: list[float]  # of processor, at each size
    exponent: float
    exponent_of_memory: float


def growth(name: str, kind: str, repeats: int) -> Growth:
    """Exponents of a line through all sizes, and the times."""
    torch.set_num_threads(2)
    counts, seconds, peaks = [], [], []
    for side in SIDES[kind]:
        operator = build(name, side)
        pixels, forth, back = maps(operator, repeats)
        counts.append(pixels)
        seconds.append(forth.processor + back.processor)
        peaks.append(forth.peak)
    return Growth(seconds, _slope(counts, seconds), _slope(counts, peaks))


def growth_row(name: str, kind: str, repeats: int) -> str:
    """Of the second table."""
    seconds, *exponents = growth(name, kind, repeats)
    return f"| `{name}` | {kind} | {' | '.join(f'{x:.2f}' for x in (*seconds, *exponents))} |"


def _slope(x: list[int], y: list[float] | list[int]) -> float:
    if min(y) <= 0:
        return 0.0  # a map that does nothing
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def rows() -> Iterator[Row]:
    """Of the table of all figures: the kinds of operators, each once."""
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for name in GROWING:
            built, again, forth, back, _ = pool.apply(costs, (name, 8192, 4096, 2))
            copies = built.peak / (12 * 8192**2)
            yield Row(
                f"`{name}`, built at 8192 x 8192",
                f"{again.seconds:.2f} s, {copies:.1f} copies of the picture",
                goal="5 s, 3 copies",
            )
            yield Row(
                "— V and V^T at 4096 x 4096",
                f"{forth.seconds:.2f} and {back.seconds:.2f} s",
                goal="1.5 s each",
            )
        for name in GROWING:
            for kind in SIDES:
                _, *exponents = pool.apply(growth, (name, kind, 1))
                yield Row(
                    f"`{name}`, 1 to 64 megapixels, {kind} sides: exponents of time and memory",
                    " and ".join(f"{exponent:.2f}" for exponent in exponents),
                    goal="1.15",
                )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--large", type=int, default=8192, help="side to build at")
    parser.add_argument("--size", type=int, default=4096, help="side to run the maps at")
    parser.add_argument("--repeats", type=int, default=5, help="of which the best counts")
    parser.add_argument("--names", nargs="+", default=list(DEGRADATIONS))
    arguments = parser.parse_args()
    large, size, repeats = arguments.large, arguments.size, arguments.repeats
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        print(
            f"| | build {large}², s | of processor | bytes a pixel "
            f"| V {size}², s | of processor | bytes a pixel | V^T, s | of processor "
            f"| bytes a pixel |\n|---|{'---:|' * 9}"
        )
        for name in arguments.names:
            print(pool.apply(row, (name, large, size, repeats)), flush=True)
        print(
            "\nProcessor seconds of V and V^T together, at 1, 4, 16 and 64 megapixels.\n\n"
            f"| | sides | 1 | 4 | 16 | 64 | exponent | of memory |\n|---|---|{'---:|' * 6}"
        )
        for name in [name for name in GROWING if name in arguments.names]:
            for kind in SIDES:
                print(pool.apply(growth_row, (name, kind, repeats)), flush=True)


if __name__ == "__main__":
    main()
