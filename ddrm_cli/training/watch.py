"""Jumps: numbers that are not finite, or far above what they have been.

A network without normalisation jumps now and then. A step that follows a jump spoils what was
learnt, so it is not taken.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable

__all__ = ["Watch"]

FACTOR = 10.0  # above the largest of the last ones; between batches they differ by less
MEMORY = 100
LEAST = 20  # numbers to compare with, before which only what is not finite is a jump


class Watch:
    """Knows what is usual.

    Args:
        last: Usual numbers so far, the latest last; at most a hundred are kept.
    """

    def __init__(self, last: Iterable[float] = ()) -> None:
        self.last = deque(last, maxlen=MEMORY)

    def is_usual(self, value: float) -> bool:
        """Whether a number is finite and at most ten times the largest of the last hundred."""
        if not math.isfinite(value):
            return False
        return len(self.last) < LEAST or value <= FACTOR * max(self.last)

    def add(self, value: float) -> None:
        """Remember a usual number."""
        self.last.append(value)
