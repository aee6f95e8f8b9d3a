"""Parts of figures as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["line", "ticks"]


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """A straight line of a class of the page's style."""
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def ticks(values: Sequence[float]) -> list[float]:
    """About five round numbers from at most the smallest to at least the largest value."""
    low, high = min(values), max(values)
    span = max(high - low, 1e-3)
    step = 10.0 ** math.floor(math.log10(span / 4))
    step *= next(factor for factor in (1, 2, 5, 10) if span / (factor * step) <= 5)
    first, last = math.floor(low / step), math.ceil(high / step)
    # Rounded: 3 * 0.1 is not 0.3.
    return [round(index * step, 10) for index in range(first, max(last, first + 1) + 1)]
