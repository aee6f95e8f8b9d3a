"""Writing into the cache: one process a file, and never to the brim of the disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ddrm_cli.errors import Notice, OutputError

__all__ = ["adopted", "check_disk", "writing"]

_SPARE_DISK = 64 << 20  # bytes left free, so that a download never fills a disk to the brim


@contextmanager
def writing(target: Path, notice: Notice) -> Iterator[None]:
    """Have the cache to write ``target`` in, alone, for the body of a ``with``.

    Args:
        target: The file; its folder is made if it is not there.
        notice: Told once if another process has to be waited for.

    Raises:
        OutputError: The cache cannot be written, or the disk is full.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _locked(target, notice):
            adopted(target).unlink(missing_ok=True)  # whose writer was killed: the lock is ours
            yield
    except OSError as error:
        raise OutputError(
            f"{target.parent} cannot be written: {error.strerror or error}.",
            "Free some space or set DDRM_CACHE_DIR to another folder; what has arrived is kept.",
        ) from error


def _locked(target: Path, notice: Notice) -> AbstractContextManager[object]:
    """The lock of a file, held; the system frees it when its holder ends, however it ends."""
    lock = FileLock(target.with_name(f".{target.name}.lock"))
    try:
        return lock.acquire(blocking=False)
    except Timeout:
        notice(f"Another process is downloading {target.name}; waiting for it.")
        return lock.acquire()


def adopted(target: Path) -> Path:
    """Where bytes that are copied to ``target`` wait until all are there, under its lock."""
    return target.with_name(f"{target.name}.adopted")


def check_disk(target: Path, needed: int) -> None:
    """Check that the disk has room for so many bytes more.

    Raises:
        OutputError: It has not.
    """
    free = shutil.disk_usage(target.parent).free
    if needed + _SPARE_DISK > free:
        raise OutputError(
            f"{target.name} needs {needed / 1e9:.2f} GB, and {target.parent} has "
            f"{free / 1e9:.2f} GB free.",
            "Free some space, or set DDRM_CACHE_DIR to a folder on another disk.",
        )
