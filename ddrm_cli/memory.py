"""Memory of this machine: how much is free, and giving back what is not used any more."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

__all__ = ["give_back", "keep_freed", "memory_to_be_had"]

_STATUS = "/proc/self/status"


def memory_to_be_had() -> int | None:
    """Bytes that this process can have in all, with those that it has; None where nobody knows.

    Linux says it. Limits of a container are not seen.
    """
    try:
        free, own = _kilobytes("/proc/meminfo", "MemAvailable"), _kilobytes(_STATUS, "VmRSS")
    except (OSError, LookupError, ValueError):
        return None
    return 1024 * (free + own)


def _kilobytes(file: str, key: str) -> int:
    return int(Path(file).read_text().split(f"{key}:")[1].split()[0])


def give_back() -> None:
    """Give freed memory back to the system, where its allocator keeps it (glibc).

    Decoding a picture leaves holes between what is still used, which nothing as large as the
    picture fits into.
    """
    _glibc("malloc_trim", 0)


def keep_freed() -> None:
    """Have freed memory kept for what comes next, but for blocks as large as a picture (glibc).

    A network's maps come and go with each layer. Fetched from the system anew, page by page, they
    took 4 to 6 % of an evaluation of the bundled prior in bfloat16 without matrix units, and take
    the more, the faster the arithmetic is.
    """
    _glibc("mallopt", _M_MMAP_THRESHOLD, _LARGEST_KEPT)
    _glibc("mallopt", _M_TRIM_THRESHOLD, 4 * _LARGEST_KEPT)


_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of malloc.h
_LARGEST_KEPT = 40 << 20  # bytes: more than a map of any known network at 256 x 256 in bfloat16


def _glibc(name: str, *arguments: int) -> None:
    function = getattr(ctypes.CDLL(None), name, None) if os.name == "posix" else None
    if function is not None:
        function(*arguments)
