"""A restoration that waits, runs, or has ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["Job"]


class _CancelledError(Exception):
    """The way out of a restoration that nobody waits for."""


class Job:
    """One restoration: how far it is, what is told of it, how it ended.

    One thread works on it, others look at it and may cancel it.

    Attributes:
        state: ``"waiting"``, ``"running"``, ``"done"``, ``"cancelled"`` or ``"failed"``.
        notes: What the user should hear, in sentences.
        error: What went wrong, where something did.
        result: The file that was made, where one was.
    """

    def __init__(self) -> None:
        self.state = "waiting"
        self.notes: list[str] = []
        self.error = ""
        self.result: Path | None = None
        self._cancelled = threading.Event()
        self._share = 0.0
        self._started = time.monotonic()

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state in ("done", "cancelled", "failed")

    @property
    def facts(self) -> dict[str, Any]:
        """How far it is; JSON's types. ``left`` is in seconds, None where it cannot be told."""
        passed = time.monotonic() - self._started
        return {
            "state": self.state,
            "share": self._share,
            "left": passed / self._share * (1 - self._share) if self._share else None,
            "notes": self.notes,
            "error": self.error,
            "name": None if self.result is None else self.result.name,
        }

    def cancel(self) -> None:
        """End it at its next step, or before its first."""
        self._cancelled.set()

    def begin(self) -> None:
        """Count time from here on: what comes before the steps says nothing of theirs."""
        self._check()
        self._started = time.monotonic()

    def told(self, share: float) -> None:
        """Take note of the share that is done."""
        self._check()
        self._share = share

    @contextmanager
    def running(self, explain: Callable[[Exception], str]) -> Iterator[None]:
        """What is done for it; whatever way that ends is how the job ends.

        Args:
            explain: What an error becomes, a sentence.
        """
        self.state = "running"
        try:
            self._check()
            yield
        except _CancelledError:
            self.state = "cancelled"
        except Exception as error:
            self.error = explain(error)
            self.state = "failed"
        else:
            self._share = 1.0  # also where nothing had to be evaluated
            self.state = "done"

    def _check(self) -> None:
        """Go on only where it was not cancelled: else an error that `running` takes away."""
        if self._cancelled.is_set():
            raise _CancelledError
