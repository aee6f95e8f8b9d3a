"""What was typed, for pages that say how they were made."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

import typer

__all__ = ["remember", "typed"]

TYPED = "ddrm.typed"  # where the context remembers it


def remember(ctx: Any, arguments: Sequence[str]) -> None:
    """Keep the arguments of the program, before they are parsed."""
    ctx.meta[TYPED] = shlex.join(["ddrm", *arguments])


def typed(ctx: typer.Context) -> str:
    """The command as it was typed, quoted for a shell."""
    return str(ctx.meta[TYPED])
