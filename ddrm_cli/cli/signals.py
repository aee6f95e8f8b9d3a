"""Signals that ask the program to end: Ctrl-C, and what a system sends that shuts down.

It ends in order: what is half done is cleaned up, and the exit code is the shell's own for the
signal. Imports nothing that takes time, so that it holds from the program's first line on.
"""

from __future__ import annotations

import os
import signal
from types import FrameType

__all__ = ["INTERRUPTED_SENTENCE", "Stopped", "ignore_signals", "stop_in_order"]

INTERRUPTED_SENTENCE = "Interrupted. What was finished is kept; nothing is half written."

# Not every system has each of them.
_SIGNALS = [getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP")]


class Stopped(BaseException):
    """A signal asked to end; no KeyboardInterrupt, which others handle on its way.

    Args:
        number: The signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.exit_code = 128 + number


class _Stop:
    """Raises `Stopped` once; the second signal lets the first be cleaned up after."""

    def __init__(self) -> None:
        self._asked = 0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self._asked += 1
        if self._asked == 1:
            raise Stopped(number)
        if self._asked > 2:  # whoever asks a third time means it
            os._exit(128 + number)


def stop_in_order() -> None:
    """Have signals raise `Stopped`; those that are ignored, as `nohup` does, stay so."""
    stop = _Stop()
    for number in _SIGNALS:
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, stop)


def ignore_signals() -> None:
    """Be deaf to them, for the moment that a program takes which has done its work."""
    for number in _SIGNALS:
        if number is not None:
            signal.signal(number, signal.SIG_IGN)
