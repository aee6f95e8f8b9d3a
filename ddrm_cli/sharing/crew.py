"""The processes that torchrun started for one run, or one alone: what each hears of the others.

They meet at the key-value store of torchrun's agent, which outlives the workers: after a restart
everything that ended before is still known. Nothing else is asked of `torch.distributed`.

::

    members        how many processes there have been, those before a restart too
    begun/WORK     somebody has begun with a piece of work
    log/M/N        what came of the N-th piece of work that process M ended
    ended/WORK     somebody has ended it
    ended          how often
    told/M         how many of process M's the first process has told
    conclusion     what the first process found in the end
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from ddrm_cli.errors import DDRMError

__all__ = ["Crew", "Memory", "News", "Store", "follows", "launched", "pause"]

_MOMENT = 0.1  # seconds from one look at what others do to the next
_PATIENCE = timedelta(minutes=5)  # for an answer of the store


class Store(Protocol):
    """What is asked of a store; `torch.distributed.TCPStore` has it."""

    def set(self, key: str, value: str) -> None:
        """Keep a value."""

    def get(self, key: str) -> bytes:
        """A value that is there."""

    def check(self, keys: list[str]) -> bool:
        """Whether all of the keys are there."""

    def add(self, key: str, amount: int) -> int:
        """A counter, after something was added."""


class Memory:
    """A store of processes that are one."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def set(self, key: str, value: str) -> None:
        """Keep a value."""
        self._values[key] = value

    def get(self, key: str) -> bytes:
        """A value that is there."""
        return self._values[key].encode()

    def check(self, keys: list[str]) -> bool:
        """Whether all of the keys are there."""
        return all(key in self._values for key in keys)

    def add(self, key: str, amount: int) -> int:
        """A counter, after something was added."""
        value = int(self._values.get(key, "0")) + amount
        self._values[key] = str(value)
        return value


def launched() -> bool:
    """Whether torchrun started this process."""
    return "TORCHELASTIC_RUN_ID" in os.environ


def follows() -> bool:
    """Whether this is one of torchrun's processes next to the first, which speaks for all."""
    return launched() and os.environ["RANK"] != "0"


@dataclass(frozen=True)
class News:
    """A piece of work that has ended.

    Args:
        text: What came of it.
        own: Whether this process did it.
        told: Whether the first process told it before a restart.
    """

    text: str
    own: bool
    told: bool


class Crew:
    """This process among those of its run.

    Args:
        store: Where they meet.
        rank: Its number; the first, 0, speaks for all.
        size: How many there are.
    """

    def __init__(self, store: Store, rank: int = 0, size: int = 1) -> None:
        self.rank = rank
        self.size = size
        self._store = store
        self._member = store.add("members", 1)
        self._own = 0
        self._heard: dict[int, int] = {}
        self._seen = -1
        self._names: set[str] = set()

    @classmethod
    def here(cls) -> Crew:
        """That of torchrun's environment, or of one.

        Raises:
            DDRMError: The agent's store cannot be reached.
        """
        if not launched():
            return cls(Memory())
        size = int(os.environ["WORLD_SIZE"])
        return cls(_AgentStore(), int(os.environ["RANK"]), size)

    @property
    def is_first(self) -> bool:
        """Whether this is the process that speaks."""
        return self.rank == 0

    def begin(self, name: str) -> None:
        """Say that this process has begun with a piece of work."""
        self._store.set(f"begun/{name!a}", "")

    def has_begun(self, name: str) -> bool:
        """Whether anybody has."""
        return self._store.check([f"begun/{name!a}"])

    def end(self, name: str, text: str) -> None:
        """Say what came of a piece of work, for `news` of the first process.

        In this order: whenever the process dies, what is known to have ended is told.
        """
        self._store.set(f"log/{self._member}/{self._own}", f"{name!a}\n{text}")
        self._own += 1
        self._store.add("ended", 1)
        self._store.set(f"ended/{name!a}", "")

    def has_ended(self, name: str) -> bool:
        """Whether a piece of work has ended, whatever came of it and whoever did it."""
        return self._store.check([f"ended/{name!a}"])

    def news(self) -> Iterator[News]:
        """What has ended since the first process asked last, each piece of work once."""
        ended = self._store.add("ended", 0)
        if not self.is_first or ended == self._seen:
            return
        self._seen = ended
        for member in range(1, self._store.add("members", 0) + 1):
            told = self._store.add(f"told/{member}", 0)
            number = self._heard.get(member, 0)
            while self._store.check([f"log/{member}/{number}"]):
                entry = self._store.get(f"log/{member}/{number}").decode()
                number += 1
                self._heard[member] = number
                name, _, text = entry.partition("\n")
                if name not in self._names:
                    self._names.add(name)
                    yield News(text, member == self._member, number <= told)
                if number > told:
                    told = self._store.add(f"told/{member}", 1)

    def conclude(self, find: Callable[[], bool]) -> bool:
        """What the first process finds in the end, in all of them, and after a restart still."""
        if self.is_first and not self._store.check(["conclusion"]):
            self._store.set("conclusion", str(find()))
        while not self._store.check(["conclusion"]):
            pause()
        return self._store.get("conclusion") == b"True"


def pause() -> None:
    """Wait a moment for others."""
    time.sleep(_MOMENT)


class _AgentStore:
    """The store of torchrun's agent.

    Raises:
        DDRMError: It cannot be reached.
    """

    def __init__(self) -> None:
        from torch.distributed import PrefixStore, TCPStore  # type: ignore[attr-defined]

        with self._reached():
            address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
            store = TCPStore(address, port, is_master=False, timeout=_PATIENCE)
            self._store = PrefixStore("ddrm", store)

    @contextlib.contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:  # torch's DistError among them
            raise DDRMError(
                "The first machine of torchrun does not answer any longer.",
                "Run the same command again: what is finished is not done again.",
            ) from error

    def set(self, key: str, value: str) -> None:
        with self._reached():
            self._store.set(key, value)

    def get(self, key: str) -> bytes:
        with self._reached():
            return bytes(self._store.get(key))

    def check(self, keys: list[str]) -> bool:
        with self._reached():
            return bool(self._store.check(keys))

    def add(self, key: str, amount: int) -> int:
        with self._reached():
            return int(self._store.add(key, amount))
