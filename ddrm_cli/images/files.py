"""Pictures and arrays of the user's, opened for reading; the system's errors become ours."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ddrm_cli import untrusted
from ddrm_cli.errors import ImageReadError

__all__ = ["opened", "system_errors"]


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
