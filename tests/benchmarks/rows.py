"""Rows of the table that ``python -m tests.benchmarks`` prints, and the measure of a machine."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch

from ddrm_cli.devices import choose_precision

__all__ = ["PRECISION", "Row", "best", "peak", "share_of_peak"]

SIDE = 2048  # of the matrices whose product is the measure of the machine
PRECISION = choose_precision("auto", torch.device("cpu"))


class Row(NamedTuple):
    """One line of the table."""

    what: str
    measured: str
    reached: str = ""
    """Of the machine's peak, where a network works."""
    goal: str = ""


def best(actions: Sequence[Callable[[], object]], repeats: int) -> list[float]:
    """The shortest time of each, taken in turns, so that a busy machine slows all alike."""
    times = [math.inf] * len(actions)
    for _ in range(repeats + 1):  # the first also chooses algorithms
        for index, action in enumerate(actions):
            started = time.perf_counter()
            action()
            times[index] = min(times[index], time.perf_counter() - started)
    return times


@functools.cache
def peak(dtype: torch.dtype) -> float:
    """Operations a second that this machine reaches in a product of two matrices."""
    a = torch.randn(SIDE, SIDE).to(dtype)
    (seconds,) = best([lambda: a @ a], repeats=20)
    return 2 * SIDE**3 / seconds


def share_of_peak(operations: float, seconds: float) -> str:
    """For the table."""
    rate = operations / seconds
    return f"{rate / 1e9:.0f} GFLOP/s, {100 * rate / peak(PRECISION):.0f} %"
