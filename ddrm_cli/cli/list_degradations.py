"""``ddrm list-degradations``: what ``--deg`` takes."""

from __future__ import annotations

from typing import Annotated

import typer

from ddrm_cli.degradations.entry import OPTIONS, Entry, Pattern
from ddrm_cli.degradations.table import DEGRADATIONS, PATTERNS

from .options import Debug
from .plain_table import plain_table
from .voice import Voice

__all__ = ["list_degradations"]


def list_degradations(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False,
    debug: Debug = False,
) -> None:
    """List every degradation: what it does to a picture, and what it is good for.

    Their names are what --deg of the other commands takes.
    """
    voice = Voice(as_json, debug=debug)
    if as_json:
        voice.result_json([_described(each) for each in _rows()], indent=2)
        return
    # Widths that fit a terminal of 80 columns; a wider one gives the rest to the texts.
    table = plain_table()
    table.add_column("name", no_wrap=True)
    table.add_column("what it does", ratio=6)
    table.add_column("parameters", ratio=4)
    table.add_column("y of H x W", width=11)
    table.add_column("typical use", ratio=4, min_width=15)
    family = ""
    for row in _rows():
        if row.family != family:
            family = row.family
            table.add_row()
            table.add_row(family, style="italic")
        table.add_row(f"  {row.name}", row.summary, _parameters(row), row.measurement_size, row.use)
    voice.table(table)


def _rows() -> list[Entry | Pattern]:
    """Entries in the order of their table, the patterns of each family after them."""
    rows: list[Entry | Pattern] = [*DEGRADATIONS.values(), *PATTERNS]
    families = dict.fromkeys(row.family for row in rows)
    return [row for family in families for row in rows if row.family == family]


def _parameters(row: Entry | Pattern) -> str:
    if isinstance(row, Pattern):
        return f"N {row.numbers[0]} to {row.numbers[-1]}"
    fixed = [f"{name.replace('_', ' ')} {value}" for name, value in row.parameters.items()]
    given = [OPTIONS[name] for name in row.takes if name in OPTIONS]
    return ", ".join(fixed + given)


def _described(row: Entry | Pattern) -> dict[str, object]:
    entry = row if isinstance(row, Entry) else row.make(row.numbers[0])
    described: dict[str, object] = {
        "name": row.name,
        "family": row.family,
        "summary": row.summary,
        "use": row.use,
        "takes": entry.takes,
        "needs": entry.needs,
        "measurement": entry.gives,
        "measurement_size": row.measurement_size,
    }
    if isinstance(row, Entry):
        return {**described, "parameters": dict(row.parameters), "scale": row.scale}
    return {**described, "names": row.names}
