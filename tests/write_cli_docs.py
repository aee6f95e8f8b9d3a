"""Write ``docs/cli.md`` from the declarations: ``python -m tests.write_cli_docs``.

Not from the text of ``--help``, whose layout changes with the version of typer.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import typer

from ddrm_cli.cli.main import app

PAGE = Path(__file__).parents[1] / "docs" / "cli.md"

HEAD = """# The command line

Results go to stdout, progress and remarks to stderr; `--json` prints one object a line for scripts.
Exit codes: 0 done, 1 some pictures failed, 2 wrong usage, 130 interrupted. An error is one sentence
and the next thing to do; `--debug` adds a traceback.

Options have defaults in a TOML file: `config.toml` in the configuration folder of your system
(`~/.config/ddrm` on Linux, `~/Library/Application Support/ddrm` on macOS, `%LOCALAPPDATA%\\ddrm` on
Windows), or the file that `--config` names. One table a command, one key an option by its long
name. What the command line says wins.

```toml
[restore]
preset = "paper"
device = "cpu"
```

This page is written from the program's own help texts (`python -m tests.write_cli_docs`).
"""


def commands() -> dict[str, Any]:
    """Every command by its name, as typer knows it."""
    group: Any = typer.main.get_command(app)
    return dict(group.commands)


def page() -> str:
    """The page as it should be."""
    return "\n".join([HEAD, *(_section(name, command) for name, command in commands().items())])


def names(parameter: Any) -> str:
    """An argument or option as it is typed."""
    if parameter.param_type_name == "argument":
        return str(parameter.metavar)
    value = "" if parameter.is_flag else f" {parameter.metavar or 'VALUE'}"
    return ", ".join(sorted(parameter.opts, key=len)) + value


def _section(name: str, command: Any) -> str:
    paragraphs = inspect.cleandoc(command.help).split("\n\n")
    examples = [text for text in paragraphs if text.startswith("ddrm ")]
    lines = [f"## `ddrm {name}`", ""]
    lines += ["\n\n".join(text for text in paragraphs if text not in examples), ""]
    if examples:
        lines += ["```sh", *examples, "```", ""]
    panels: dict[str, list[str]] = {}
    for parameter in command.params:
        panel = getattr(parameter, "rich_help_panel", None) or ""
        panels.setdefault(panel, []).append(_row(parameter))
    for panel, rows in panels.items():
        lines += [f"| {panel} | |", "|---|---|", *rows, ""]
    return "\n".join(lines)


def _row(parameter: Any) -> str:
    default = parameter.default
    shown = "" if default is None or isinstance(default, bool) else f" Default: {default}."
    typed = names(parameter).replace("|", "\\|")
    return f"| `{typed}` | {parameter.help}{shown} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
