"""What the shell offers for the value of an option; nothing here loads torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import typer

from ddrm_cli.errors import DDRMError

__all__ = ["degradations", "models", "one_of"]


def one_of(
    values: str,
    flag: str,
    *,
    help: str,
    panel: str | None = None,
    parser: Callable[[str], Any] | None = None,
) -> Any:
    """An option whose values the help shows and the shell completes.

    Args:
        values: With ``|`` between them; what is not in small letters stands for something.
        flag: The name of the option.
        help: What it is for.
        panel: The heading that it belongs to.
        parser: From what is typed to the value; unless given the type that is declared.
    """
    words = [word for word in values.split("|") if word == word.lower()]

    def complete(incomplete: str) -> list[str]:
        return _beginning(incomplete, words)

    return typer.Option(
        flag,
        metavar=values,
        autocompletion=complete,
        help=help,
        rich_help_panel=panel,
        parser=parser,
    )


def degradations(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names for ``--deg``; those that end in any number once a beginning of them is typed."""
    from ddrm_cli.degradations.table import DEGRADATIONS, PATTERNS
    from ddrm_cli.inspection.suggestions import AUTO

    more = {"restore": [AUTO], "evaluate": ["all"]}.get(str(ctx.info_name), [])
    numbered = [name for pattern in PATTERNS for name in pattern.names] if incomplete else []
    return _beginning(incomplete, [*more, *DEGRADATIONS, *numbered])


def models(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Names of the table of models, the user's own too, with what they are good at."""
    from ddrm_cli.weights.registry import load_models

    own = ctx.params.get("models_file")
    try:
        table = load_models(None if own is None else Path(own))
    except DDRMError:  # the command will tell; a shell has no place for it
        return []
    return [
        (name, table[name].good_at or table[name].description)
        for name in _beginning(incomplete, table)
    ]


def _beginning(incomplete: str, words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(word for word in words if word.startswith(incomplete)))
