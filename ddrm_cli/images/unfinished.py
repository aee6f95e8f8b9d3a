"""The file that bytes go to until all of them are on the disk, and what a killed writer leaves.

A writer holds a lock on its unfinished file for as long as it lives; the system frees it when the
writer ends, however it ends, and on whichever host that was. So a file whose lock can be had has
lost its owner. Windows needs no lock: it deletes no file that somebody has open.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

if sys.platform != "win32":
    import fcntl

__all__ = ["remove_unfinished", "remove_unfinished_once", "unfinished_file"]

_NAME = re.compile(r"\.ddrm-[0-9a-f]{16}\.part")


@contextlib.contextmanager
def unfinished_file(path: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """A new file beside ``path``, open for writing and locked; it is deleted if it is still there.

    Args:
        path: What it is to become. Its own name is short: that of ``path`` may already be as long
            as the file system allows.
    """
    temporary, file = _created(path)
    try:
        with file:
            yield temporary, file
    finally:
        temporary.unlink(missing_ok=True)


def _created(path: Path) -> tuple[Path, BinaryIO]:
    while True:
        temporary = path.with_name(f".ddrm-{secrets.token_hex(8)}.part")
        file = temporary.open("xb")
        _lock(file.fileno(), wait=True)
        # Between these two lines, somebody may have taken it for one without an owner.
        if os.fstat(file.fileno()).st_nlink:
            return temporary, file
        file.close()


def _lock(descriptor: int, *, wait: bool) -> bool:
    """Lock an open file; False if somebody else has it, or the file system knows no locks."""
    if sys.platform == "win32":
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


@functools.cache
def remove_unfinished_once(folder: Path) -> None:
    """`remove_unfinished`, the first time that this process writes into a folder."""
    remove_unfinished(folder)


def remove_unfinished(folder: Path) -> None:
    """Delete what killed writers left in a folder; what cannot be deleted stays."""
    with contextlib.suppress(OSError):
        for file in [each for each in folder.iterdir() if _NAME.fullmatch(each.name)]:
            _remove(file)


def _remove(unfinished: Path) -> None:
    """Delete a file, if nobody holds it any longer."""
    with contextlib.suppress(OSError):
        if sys.platform == "win32":
            unfinished.unlink()
            return
        with unfinished.open("rb+") as file:
            if _lock(file.fileno(), wait=False):
                unfinished.unlink()
