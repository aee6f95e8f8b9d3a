"""Where a page may be written: a page of ours is written anew, any other file is kept."""

from __future__ import annotations

import html
import os
from pathlib import Path

from ddrm_cli.errors import ImageReadError, OutputExistsError, UsageError
from ddrm_cli.images.files import opened
from ddrm_cli.images.writing import check_writable, write_bytes

__all__ = ["check_page", "mark", "write_page"]

SUFFIXES = (".html", ".htm")
_HEAD = 1024  # bytes of a page within which its mark stands


def mark(maker: str) -> str:
    """What a page says of who made it, in its first bytes.

    Args:
        maker: The command.
    """
    return f'<meta name="generator" content="{html.escape(maker)}">'


def check_page(path: Path, maker: str) -> None:
    """Find out before a long run what `write_page` would complain about after it.

    Raises:
        UsageError: The name is not that of a page.
        OutputExistsError: Another file is there, or a page of another command.
        OutputError: The folder cannot be written.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"'{path}' is no name of a page.", f"Let it end in {' or '.join(SUFFIXES)}."
        )
    check_writable(path, overwrite=True)
    if os.path.lexists(path) and not _is_ours(path, maker):
        raise OutputExistsError(
            f"'{path}' exists and is no page that {maker} wrote.", "Choose another name."
        )


def write_page(path: Path, page: bytes, maker: str) -> None:
    """Write a page, in place of an earlier one of the same maker.

    Args:
        path: The file; missing folders are made.
        page: Its content.
        maker: The command.

    Raises:
        As `check_page`.
    """
    check_page(path, maker)
    write_bytes(path, page, overwrite=True)


def _is_ours(path: Path, maker: str) -> bool:
    try:
        with opened(path) as file:
            return mark(maker).encode() in file.read(_HEAD)
    except ImageReadError:  # empty, or a link that leads nowhere
        return False
