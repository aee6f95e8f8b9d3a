"""Who makes a result: the process that holds a lock of the system's for it.

The system frees a lock when its holder ends, however it ends and on whichever host, so no clock
and no process id decides who is alive. The lock belongs to a hidden, empty file beside the result.

Its holder deletes that file while it still holds the lock. Another process may have opened the
file before, and get the lock of what has no name any longer, while a third makes a file anew: so
whoever got a lock sees to it that the file is still the one of that name.

Should a lock fail nevertheless, as on a file system that only seems to have them, a result is made
twice: writing replaces nothing, so it is never damaged.

The library `filelock` is not used here: its locks have a finaliser, in which a signal is lost that
comes at that moment, and here that is between any two pictures.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from ddrm_cli.errors import OutputError

from .crew import pause

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

__all__ = ["claimed", "remove_abandoned"]

# What systems say of a lock that another has, and of a file that another has deleted.
_NOT_HERE = {errno.EAGAIN, errno.EACCES, errno.EDEADLK, errno.ENOENT, errno.ESTALE}


@contextlib.contextmanager
def claimed(result: Path, *, wait: bool = False, required: bool = False) -> Iterator[bool]:
    """Have a result to make, alone, for the body of a ``with``; False where another process has it.

    Folders that are missing are made, and removed again if they stay empty.

    Args:
        result: The file that is to be made.
        wait: Wait for the process that has it.
        required: Whether nothing may be made without a lock. Otherwise, where the file system has
            none, every process has the result to make.

    Raises:
        OutputError: A lock is required, and cannot be had.
    """
    file = result.with_name(f".ddrm-{_mark(result.name)}.lock")
    made = [folder for folder in file.parents if not os.path.lexists(folder)]
    descriptor = None
    try:
        try:
            descriptor = _locked(file)
            while descriptor is None and wait:
                pause()
                descriptor = _locked(file)
            mine = descriptor is not None
        except OSError as error:
            _delete(file)
            if required:
                raise OutputError(
                    f"'{file.parent}' has no locks by which processes can share work: "
                    f"{error.strerror or error}.",
                    "Choose another place with --out, or run each with a --shard of its own.",
                ) from error
            mine = True
        yield mine
    finally:
        if descriptor is not None:
            _release(file, descriptor)
        for folder in made:
            with contextlib.suppress(OSError):
                folder.rmdir()


def remove_abandoned(folder: Path) -> None:
    """Delete the files of locks in a folder that killed processes left; what cannot be, stays."""
    with contextlib.suppress(OSError):
        for file in folder.glob(".ddrm-*.lock"):
            descriptor = _locked(file)
            if descriptor is not None:
                _release(file, descriptor)


def _locked(file: Path) -> int | None:
    """A descriptor of a file whose lock this process has now; None where another has it.

    Raises:
        OSError: There is no lock to be had.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT)
    except FileNotFoundError:  # another process has just removed the folder
        return None
    held = False
    try:
        _lock(descriptor)
        with contextlib.suppress(PermissionError):  # another account's, which let us in already
            file.chmod(0o666)  # anyone who may write here may lock here
        held = os.path.samestat(os.fstat(descriptor), file.stat())
    except OSError as error:
        if error.errno not in _NOT_HERE:
            raise
    finally:
        if not held:
            os.close(descriptor)
    return descriptor if held else None


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _release(file: Path, descriptor: int) -> None:
    if sys.platform == "win32":  # which deletes no open file
        os.close(descriptor)
        _delete(file)
    else:
        _delete(file)
        os.close(descriptor)


def _delete(file: Path) -> None:
    with contextlib.suppress(OSError):
        file.unlink()


def _mark(name: str) -> str:
    """Stands for the name of a result, which may be as long as the file system allows."""
    return hashlib.sha256(os.fsencode(name)).hexdigest()[:16]
