"""``-``: a picture from stdin, a result to stdout, as files for the time of a run."""

from __future__ import annotations

import dataclasses
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ddrm_cli.errors import UsageError

from .streams import STREAM, printing
from .tasks import Task
from .voice import Voice

__all__ = ["piped"]


@contextmanager
def piped(
    pictures: Sequence[str], out: str | None, task: Task[Any], voice: Voice
) -> Iterator[tuple[Sequence[str], str | None, Voice]]:
    """What the arguments of a command are with files in the place of ``-``.

    What comes from stdin goes to stdout unless ``out`` names a file. A picture that is left as it
    is goes through. Stdout holds the bytes of one picture then, and nothing else.

    Args:
        pictures: Files, folders and patterns, or ``-``.
        out: What ``--out`` says.
        task: What is done.
        voice: How the command speaks.

    Raises:
        UsageError: More than one picture, or something that stdout has no place for.
        BrokenPipeError: Nobody reads stdout.
        OutputError: Stdout cannot be written.
    """
    if STREAM not in pictures and out != STREAM:
        yield pictures, out, voice
        return
    if len(pictures) > 1:
        raise UsageError("'-' stands for one picture.", "Name one picture, or leave '-' out.")
    with tempfile.TemporaryDirectory(prefix="ddrm-") as folder:
        picture = Path(pictures[0])
        if pictures[0] == STREAM:
            data = sys.stdin.buffer.read()
            picture = Path(folder, f"stdin{'.npz' if data.startswith(b'PK') else ''}")
            picture.write_bytes(data)
        if out not in (None, STREAM):
            yield [str(picture)], out, voice
            return
        suffix, _ = task.naming.suffix(picture)
        result = Path(folder, f"stdout{suffix}")
        if voice.as_json or len(task.files(result)) > 1 or picture.is_dir():
            raise UsageError(
                "Stdout holds one picture and nothing else.",
                "Leave out --json, --samples and figures, or name a file with --out.",
            )
        if sys.stdout.isatty():
            raise UsageError("A picture is nothing for a terminal.", "Name a file with --out.")
        if not task.writes:
            yield [str(picture)], str(result), voice
            return
        yield [str(picture)], str(result), dataclasses.replace(voice, results=False)
        with printing(sys.stdout):
            sys.stdout.buffer.write((result if result.exists() else picture).read_bytes())
            sys.stdout.buffer.flush()
