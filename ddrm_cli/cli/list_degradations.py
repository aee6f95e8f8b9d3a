"""``ddrm list-degradations``: what ``--deg`` takes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from ddrm_cli.degradations.table import DEGRADATIONS, Entry

from .options import Debug
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
        voice.result_json([_described(entry) for entry in DEGRADATIONS.values()], indent=2)
        return
    from rich import box
    from rich.table import Table

    # Widths that fit a terminal of 80 columns; a wider one gives the rest to the texts.
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("name", no_wrap=True)
    table.add_column("what it does", ratio=6)
    table.add_column("parameters", ratio=4)
    table.add_column("y of H x W", width=11)
    table.add_column("typical use", ratio=4, min_width=15)
    family = ""
    for entry in DEGRADATIONS.values():
        if entry.family != family:
            family = entry.family
            table.add_section()
            table.add_row(family, style="italic")
        table.add_row(
            f"  {entry.name}", entry.summary, _parameters(entry), entry.measurement_size, entry.use
        )
    voice.table(table)


def _parameters(entry: Entry) -> str:
    fixed = [f"{name.replace('_', ' ')} {value:g}" for name, value in entry.parameters.items()]
    given = [f"--{name}" for name in entry.takes]
    return ", ".join(fixed + given)


def _described(entry: Entry) -> dict[str, object]:
    described = {**asdict(entry), "measurement_size": entry.measurement_size}
    del described["target"]
    described["parameters"] = dict(entry.parameters)
    described["measurement"] = described.pop("gives")
    return described
