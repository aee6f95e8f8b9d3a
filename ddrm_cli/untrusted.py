"""Files of the user's and the texts in them, opened without trusting them.

What the system has against a file becomes a sentence that names it. What is no regular file is not
waited for, and what is larger than anything of its kind is not read. Nesting and numbers in TOML
and JSON have bounds: a parser takes thousands of digits for a number, which nothing after it does.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import tomli

from ddrm_cli.errors import DDRMError, UsageError

__all__ = [
    "expanded",
    "is_file",
    "is_there",
    "opened",
    "parse_json",
    "parse_toml",
    "read_text",
    "system_errors",
    "user_folder",
]

LARGEST_TEXT = 1 << 20  # bytes of a file of settings
LARGEST_NUMBER = 2**63  # what TOML promises for whole numbers


@contextlib.contextmanager
def system_errors(path: str | os.PathLike[str], kind: type[DDRMError]) -> Iterator[None]:
    """What the system has against reading a file or folder, as an error that names it.

    Args:
        path: The file or folder.
        kind: What is raised: it is missing, may not be read, or has a name that cannot be.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise kind(f"There is no file '{path}'.", "Check its name.") from error
    except PermissionError as error:
        raise kind(f"You may not read '{path}'.", "Change its permissions, or copy it.") from error
    except OSError as error:
        raise kind(
            f"'{path}' cannot be opened: {error.strerror or error}.", "Check its name."
        ) from error
    except ValueError as error:  # a zero byte in the name, or what is no text
        raise kind(f"'{path}' cannot be opened: {error}.", "Check its name.") from error


@contextlib.contextmanager
def opened(path: Path, kind: type[DDRMError]) -> Iterator[BinaryIO]:
    """The bytes of a file.

    Args:
        path: The file.
        kind: What is raised: it is missing, a folder, a pipe or a device, or may not be read.
    """
    with system_errors(path, kind):
        if path.is_dir():
            raise kind(f"'{path}' is a folder, not a file.", "Name a file in it.")
        with open(path, "rb", opener=_at_once) as file:
            # Of the file that is open: its name may stand for another by now.
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise kind(f"'{path}' is not a regular file.", "Copy it to one.")
            yield file


def _at_once(path: str, flags: int) -> int:
    """Opening a pipe would wait for its other end; not every system has pipes."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def read_text(path: Path, kind: type[DDRMError], limit: int = LARGEST_TEXT) -> str:
    """The text in a file in UTF-8.

    Args:
        path: The file.
        kind: What is raised where `opened` raises it, and where the file is no text or too large.
        limit: The most bytes that it may have.
    """
    with opened(path, kind) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise kind(
            f"'{path}' has more than {limit} bytes, more than any file of its kind.",
            "Check its name.",
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise kind(f"'{path}' is not a text file in UTF-8.", "Check its name.") from error


def is_there(path: Path, kind: type[DDRMError]) -> bool:
    """Whether a name is taken, if only by a link that leads nowhere.

    Args:
        path: The name.
        kind: What is raised: it cannot be found out.
    """
    with system_errors(path, kind):
        try:
            path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True


def is_file(path: Path, kind: type[DDRMError]) -> bool:
    """Whether there is a regular file, as `is_there`."""
    with system_errors(path, kind):
        try:
            return stat.S_ISREG(path.stat().st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return False


def parse_toml(text: str) -> dict[str, Any]:
    """What a text in TOML says.

    Raises:
        ValueError: It is no TOML, nested too deeply, or holds a number beyond 64 bits.
    """
    found: dict[str, Any] = _parsed(tomli.loads, text)
    return found


def parse_json(text: str) -> Any:
    """What a text in JSON says.

    Raises:
        ValueError: It is no JSON, nested too deeply, or holds a number beyond 64 bits.
    """
    return _parsed(json.loads, text)


def _parsed(parse: Callable[[str], Any], text: str) -> Any:
    try:
        found = parse(text)
        _check_numbers(found)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except (tomli.TOMLDecodeError, json.JSONDecodeError):
        raise
    except ValueError as error:
        raise ValueError("it holds a number beyond 64 bits") from error
    return found


def _check_numbers(value: Any) -> None:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            _check_numbers(each)
    elif isinstance(value, (int, float)) and LARGEST_NUMBER <= abs(value) < math.inf:
        raise ValueError  # what is not finite is for the reader to name


def expanded(path: str | Path) -> Path:
    """A path with the home folder for its ``~``.

    Raises:
        UsageError: Whose home it is, or where that is, is not known.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise UsageError(
            f"It is not known which folder the '~' in '{path}' is.", "Write the whole path."
        ) from error


def user_folder(find: Callable[[], Path]) -> Path | None:
    """One of the folders that programs keep for a user; None if the user has no home.

    Args:
        find: Asks ``platformdirs`` for it.
    """
    try:
        folder = find()
    except RuntimeError:
        return None
    return None if str(folder).startswith("~") else folder  # as older ones say it
