"""Plots of means with their errors, as SVG inside a page."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

from .metrics import METRICS
from .svg import line, ticks
from .tables import Summary
from .text import short_number

__all__ = ["plots"]


def plots(summaries: Sequence[Summary], metrics: Sequence[str]) -> str:
    """A figure for each metric that has a better direction, one after the other, as HTML.

    Args:
        summaries: Rows of the summary; those whose mean is infinite are left out.
        metrics: Names of metrics.
    """
    drawn = [name for name in metrics if METRICS[name].higher_is_better is not None]
    return "".join(_plot(name, [row for row in summaries if name in row.means]) for name in drawn)


def _plot(metric: str, rows: Sequence[Summary]) -> str:
    """A point for each method, with whiskers of one standard error, below its name.

    Points and not bars: a bar has to start at zero, where a decibel would be too small to see.
    """
    rows = [row for row in rows if math.isfinite(row.means[metric].value)]
    if not rows:
        return ""
    shown = METRICS[metric]
    marks = ticks([end for row in rows for end in _whiskers(row, metric)])
    left, width, height = 12, 300, 34

    def at(value: float) -> float:
        return left + width * (value - marks[0]) / (marks[-1] - marks[0])

    parts: list[str] = []
    y, group = 24, ""
    for row in rows:
        if row.group != group:
            group = row.group
            parts.append(f'<text class="g" x="0" y="{y}">{html.escape(group)}</text>')
            y += 18
        kind = "baseline" if row.is_baseline else "ours"
        low, high = _whiskers(row, metric)
        value = row.means[metric].value
        parts.append(
            f'<text x="{left}" y="{y}">{html.escape(row.method)}</text>'
            f"{line(at(low), y + 11, at(high), y + 11, kind)}"
            f'<circle class="{kind}" cx="{at(value):.1f}" cy="{y + 11}" r="4.5"/>'
            f'<text class="v" x="{left + width + 14}" y="{y + 15}">{shown.format(value)}</text>'
        )
        y += height
    grid = "".join(
        line(at(tick), 8, at(tick), y - 12, "grid")
        + f'<text x="{at(tick):.1f}" y="{y + 4}" text-anchor="middle">{short_number(tick)}</text>'
        for tick in marks
    )
    return (
        f'<figure class="plot"><figcaption>{html.escape(shown.heading)}</figcaption>'
        f'<svg viewBox="0 0 {left + width + 60} {y + 10}" role="img" '
        f'aria-label="{html.escape(shown.title)} of each method">{grid}{"".join(parts)}'
        "</svg></figure>"
    )


def _whiskers(row: Summary, metric: str) -> tuple[float, float]:
    mean = row.means[metric]
    error = mean.error if math.isfinite(mean.error) else 0.0
    return mean.value - error, mean.value + error
