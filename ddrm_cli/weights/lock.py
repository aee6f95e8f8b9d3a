"""A lock between processes, so that a file is downloaded once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

__all__ = ["locked"]

_POLL_SECONDS = 0.2

if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@contextmanager
def locked(
    path: Path, *, waiting: Callable[[], None], sleep: Callable[[float], None]
) -> Iterator[None]:
    """Hold the lock of ``path`` for the body of a ``with``, waiting for whoever has it.

    The system frees the lock when its holder ends, however it ends, so no lock is ever stale.
    The empty lock file stays: deleting it would let two processes lock two files of one name.

    Args:
        path: What is locked; the lock file lies beside it.
        waiting: Called once if somebody else holds the lock.
        sleep: Called between tries with a number of seconds.

    Raises:
        OSError: The lock file cannot be opened.
    """
    with path.with_name(f".{path.name}.lock").open("ab") as file:
        if not _try_lock(file):
            waiting()
            while not _try_lock(file):
                sleep(_POLL_SECONDS)
        yield
