"""The summary of an evaluation as a table on stdout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .plain_table import plain_table

if TYPE_CHECKING:
    from rich.table import Table

    from ddrm_cli.evaluation.tables import Summary

__all__ = ["summary_table"]


def summary_table(summaries: Sequence[Summary], metrics: Sequence[str]) -> Table:
    """Rows below the heading of their group, baselines dim.

    Args:
        summaries: Rows, those of a group one after the other.
        metrics: Names of the metrics: a column each.
    """
    from ddrm_cli.evaluation.metrics import METRICS

    table = plain_table()
    table.add_column("method")
    table.add_column("n", justify="right")
    for name in metrics:
        table.add_column(METRICS[name].heading, justify="right")
    table.add_column("seconds", justify="right")
    group = None
    for row in summaries:
        if row.group != group:
            group = row.group
            if group:
                table.add_row()
                table.add_row(group, style="bold")
        seconds = "–" if row.seconds is None else f"{row.seconds.value:.2f}"
        table.add_row(
            row.method,
            str(row.count),
            *(row.text(name) for name in metrics),
            seconds,
            style="dim" if row.is_baseline else "",
        )
    return table
