"""Stdout and stderr: both carry every name, and neither fails what was done before."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import TextIO

from ddrm_cli.errors import OutputError

__all__ = ["STREAM", "carry_every_name", "printing", "write_line"]

OWN_BYTES = "ddrm.own_bytes"

STREAM = "-"
"""What stands for stdin among pictures, and for stdout after ``--out``."""


def carry_every_name() -> None:
    """Give both streams an error handler, so that whatever they are told can be written.

    What is no text in a file's name goes out as the file system's own bytes where the stream has
    the file system's encoding. All else that an encoding lacks becomes a backslash escape.
    """
    codecs.register_error(OWN_BYTES, _own_bytes)
    names = codecs.lookup(sys.getfilesystemencoding()).name
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            same = codecs.lookup(stream.encoding).name == names
            stream.reconfigure(errors=OWN_BYTES if same else "backslashreplace")


def _own_bytes(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    # One character at a time: the file system's handler refuses all where one is not its own.
    first = UnicodeEncodeError(
        error.encoding, error.object, error.start, error.start + 1, error.reason
    )
    try:
        return codecs.lookup_error(sys.getfilesystemencodeerrors())(first)
    except UnicodeEncodeError:
        return codecs.backslashreplace_errors(first)


def write_line(stream: TextIO | None, line: str) -> None:
    """Write a line at once and as it is: rich would replace ``:smile:``, expand tabs and wrap.

    Raises:
        OSError: The stream takes no more.
    """
    if stream is not None:  # as Python has it where it was closed from the beginning
        stream.write(f"{line}\n")
        stream.flush()


@contextlib.contextmanager
def printing(stream: TextIO | None) -> Iterator[None]:
    """What it means that a stream takes no more.

    Raises:
        BrokenPipeError: Nobody reads it any longer.
        OutputError: It cannot be written, such as a file on a full disk.
    """
    try:
        yield
    except OSError as error:
        _abandon(stream)
        if isinstance(error, BrokenPipeError):
            raise
        raise OutputError(
            f"The results cannot be printed: {error.strerror or error}.",
            "Send them to where there is room; what was finished is kept.",
        ) from error


def _abandon(stream: TextIO | None) -> None:
    """Let what a stream still holds go nowhere: Python would try again at its end, and complain."""
    if stream is None:
        return
    with contextlib.suppress(OSError):  # a stream that is no file
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
