"""Whose turn it is: every process takes the next result that is neither made nor held."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from ddrm_cli.errors import UsageError

from .claims import claimed
from .crew import Crew

__all__ = ["block", "parse_shard", "shard", "turns"]

_Item = TypeVar("_Item")


@contextlib.contextmanager
def turns(
    results: Mapping[str, Path], crew: Crew, idle: Callable[[], None]
) -> Iterator[Iterator[str]]:
    """The work that is this process's to do, each piece while it alone may.

    The lock of a piece is held until the next is asked for. Those that others hold are asked for
    again at the end, until they are made or their holder has died. Each piece comes once at most.
    Whether another process, which is not of the crew, has made a result meanwhile is for the
    caller to see.

    Args:
        results: The file that each piece of work makes, by the name of the piece.
        crew: The processes that work together; each begins at another place.
        idle: Waits a moment; called where all that is left is held by others.

    Raises:
        OutputError: There are no locks, and the crew has more than one process.
    """
    with contextlib.closing(_turns(results, crew, idle)) as names:
        yield names


def _turns(
    results: Mapping[str, Path], crew: Crew, idle: Callable[[], None]
) -> Generator[str, None, None]:
    start = crew.rank * len(results) // crew.size
    left = [*results][start:] + [*results][:start]
    while left:
        held = []
        for name in left:
            if crew.has_ended(name):
                continue
            with claimed(results[name], required=crew.size > 1) as mine:
                if not mine:
                    held.append(name)
                elif not crew.has_ended(name):
                    crew.begin(name)
                    yield name
        if held == left:
            idle()
        left = held


def block(items: Sequence[_Item], rank: int, size: int) -> Sequence[_Item]:
    """One of so many consecutive parts, as equal as can be."""
    first, last = (each * len(items) // size for each in (rank, rank + 1))
    return items[first:last]


def parse_shard(text: str) -> tuple[int, int]:
    """The number and the count of ``2/8``.

    Raises:
        UsageError: It is not of that form.
    """
    number, slash, count = text.partition("/")
    if slash and number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count):
        return int(number), int(count)
    raise UsageError(
        f"'--shard {text}' is no part of a run.", "Say for example 2/8: the second of eight parts."
    )


def shard(items: Sequence[_Item], number: int, count: int) -> Sequence[_Item]:
    """One of so many parts, each of every ``count``-th item: together they have each once.

    Args:
        items: In an order that is the same everywhere.
        number: Which part, from 1.
        count: How many parts there are.
    """
    return items[number - 1 :: count]
