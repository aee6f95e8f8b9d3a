"""Where the command line writes: results on stdout, everything else on stderr."""

from __future__ import annotations

from rich.console import Console

__all__ = ["print_result", "say", "stderr", "stdout"]

stdout = Console()
stderr = Console(stderr=True)


def print_result(line: object) -> None:
    """Print a result as it is, on one line however narrow the terminal."""
    stdout.print(str(line), markup=False, highlight=False, soft_wrap=True)


def say(sentence: str) -> None:
    """Tell the user something that is no result."""
    stderr.print(sentence, markup=False, highlight=False, soft_wrap=True)
