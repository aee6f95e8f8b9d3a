"""The help of a command, in panels: what belongs together stands together."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

__all__ = ["MACHINE", "MODEL", "OUTPUT", "SAMPLER", "TASK", "PanelledCommand"]

TASK = "Task"
OUTPUT = "Output"
SAMPLER = "Sampler"
MODEL = "Model"
MACHINE = "Machine"


class PanelledCommand(TyperCommand):
    """Lists options below the heading that their ``rich_help_panel`` names.

    Without rich's frames, which leave a terminal of 80 columns half its width for the texts.
    """

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments and options, those without a panel last."""
        panels: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                is_argument = parameter.param_type_name == "argument"
                other = "Arguments" if is_argument else "Options"
                heading = getattr(parameter, "rich_help_panel", None) or other
                panels.setdefault(heading, []).append(record)
        panels["Options"] = panels.pop("Options", [])
        for heading, records in panels.items():
            with formatter.section(heading):
                formatter.write_dl(records)
