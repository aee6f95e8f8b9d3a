"""Pictures and arrays of the user's, opened for reading; the system's errors become ours."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ddrm_cli import untrusted
from ddrm_cli.errors import ImageReadError

__all__ = ["check_named", "file_digest", "opened", "system_errors"]


def system_errors(path: str | os.PathLike[str]) -> contextlib.AbstractContextManager[None]:
    """What the system has against reading a file or folder, as an error that names it.

    Raises:
        ImageReadError: It is missing, may not be read, or has a name that cannot be.
    """
    return untrusted.system_errors(path, ImageReadError)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The bytes of a file.

    Raises:
        ImageReadError: It is missing, a folder, a pipe or a device, empty, or may not be read.
    """
    with untrusted.opened(path, ImageReadError) as file:
        if os.fstat(file.fileno()).st_size == 0:
            raise ImageReadError(f"'{path}' is empty.", "Copy or download it again.")
        yield file


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal digits: a result remembers its inputs by it.

    Raises:
        ImageReadError: The file is missing or cannot be read.
    """
    digest = hashlib.sha256()
    with opened(path) as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def check_named(argument: str) -> None:
    """Make sure that a file or folder is there; patterns may match later.

    Raises:
        ImageReadError: It is not, or its name cannot be.
    """
    with system_errors(argument):
        if not Path(argument).exists() and not glob.has_magic(argument):
            raise ImageReadError(f"There is no file or folder '{argument}'.", "Check its name.")
