"""The curves of a training as a picture: its loss, and the PSNR at each noise level."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ddrm_cli.evaluation.svg import line, ticks
from ddrm_cli.evaluation.text import short_number

from .held_out import LEVELS
from .record import Record

__all__ = ["curves"]

Points = Sequence[tuple[float, float]]

COLUMNS = 4
WIDTH, HEIGHT = 200, 130  # of the area of a panel
LEFT, TOP, GAP = 44, 34, 40  # around it: labels, title, the next panel

_STYLE = """
svg { background: #fff; font: 12px sans-serif; }
text { fill: #555; } text.title { fill: #222; font-weight: bold; }
line.grid { stroke: #e3e3e3; } line.reference { stroke: #888; stroke-dasharray: 5 4; }
polyline { fill: none; stroke: #1f6fb4; stroke-width: 2; stroke-linejoin: round; }
circle { fill: #1f6fb4; }
"""


def curves(record: Record) -> str:
    """An SVG: one panel for the loss, and one a noise level, over the budget that is used up.

    A broken line is what `photo-small` reaches. Each panel has its own scale: what counts is
    tenths of a decibel, at levels that lie decibels apart. The loss is on a logarithmic scale.

    Args:
        record: All that was measured.
    """
    panels = [_loss_panel(record.curve)]
    for place, level in enumerate(LEVELS):
        points = [(report.position.share, report.psnr[place]) for report in record.reports]
        title = f"noise {level}: PSNR (noisy {record.noisy[place]:.1f})"
        panels.append(_panel(title, points, record.reference[place]))
    rows = -(-len(panels) // COLUMNS)
    width, height = COLUMNS * (LEFT + WIDTH + GAP), rows * (TOP + HEIGHT + GAP) + 24
    placed = "".join(
        f'<g transform="translate({LEFT + (LEFT + WIDTH + GAP) * (index % COLUMNS)},'
        f'{TOP + (TOP + HEIGHT + GAP) * (index // COLUMNS)})">{panel}</g>'
        for index, panel in enumerate(panels)
    )
    key = (
        f"{line(LEFT, height - 16, LEFT + 24, height - 16, 'reference')}"
        f'<text x="{LEFT + 32}" y="{height - 12}">photo-small; noise of 255, PSNR in dB of '
        "held-out photographs, over the share of the budget that is used up</text>"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}"><style>{_STYLE}</style>{placed}{key}</svg>\n'
    )


def _loss_panel(points: Points) -> str:
    logarithms = [(share, math.log10(loss)) for share, loss in points if loss > 0]
    return _panel("loss (power of ten)", logarithms)


def _panel(title: str, points: Points, reference: float | None = None) -> str:
    """Axes, a broken line and the curve; the upper left corner of the area is at (0, 0)."""
    values = [value for _, value in points] + ([] if reference is None else [reference])
    marks = ticks(values or [0.0])

    def down(value: float) -> float:
        return HEIGHT * (marks[-1] - value) / (marks[-1] - marks[0])

    parts = [f'<text class="title" x="0" y="-14">{title}</text>']
    for mark in marks:
        parts.append(line(0, down(mark), WIDTH, down(mark), "grid"))
        parts.append(
            f'<text x="-6" y="{down(mark) + 4:.1f}" text-anchor="end">{short_number(mark)}</text>'
        )
    for share in (0.0, 0.5, 1.0):
        parts.append(
            f'<text x="{share * WIDTH:.0f}" y="{HEIGHT + 18}" text-anchor="middle">{share:.0%}'
            "</text>"
        )
    if reference is not None:
        parts.append(line(0, down(reference), WIDTH, down(reference), "reference"))
    at = [(share * WIDTH, down(value)) for share, value in points]
    parts.append(f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in at)}"/>')
    if reference is not None:  # few points, which a single one is seen of, too
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in at]
    return "".join(parts)
