"""The unfinished file of a download: ``NAME.part``, and ``NAME.part.json`` that says whence.

Both survive whatever ends the download, so that a later one goes on from there.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path

from ddrm_cli.errors import WeightsError
from ddrm_cli.untrusted import parse_json, read_text

from .http import PartOrigin
from .verify import CHUNK, new_hash

__all__ = ["Part", "part_paths"]


def part_paths(target: Path) -> tuple[Path, Path]:
    """The unfinished file of ``target`` and the note beside it."""
    return target.with_name(f"{target.name}.part"), target.with_name(f"{target.name}.part.json")


class Part:
    """An unfinished file, and the hash of what is in it.

    Args:
        target: The finished file's path.
        algorithm: Of the hash.

    Attributes:
        size: Bytes that are there.
        mixed: Whether they came in more than one answer, so that a wrong hash may only mean
            that the answers did not belong together.
    """

    def __init__(self, target: Path, algorithm: str) -> None:
        self.path, self._note = part_paths(target)
        self._target = target
        self._algorithm = algorithm
        self._reset()
        if self.path.is_symlink():  # never write through a link that somebody put there
            self.path.unlink()

    def _reset(self) -> None:
        self.size = 0
        self.mixed = False
        self._hash = new_hash(self._algorithm)

    @property
    def digest(self) -> str:
        """Hexadecimal digest of what is there."""
        return self._hash.hexdigest()

    @property
    def origin(self) -> PartOrigin | None:
        """Where the bytes came from; None if nobody knows."""
        try:
            origin = PartOrigin(**parse_json(read_text(self._note, WeightsError)))
        # absent, cut short, of another version
        except (WeightsError, ValueError, TypeError):
            return None
        # They go into a request, which has no place for line breaks.
        texts = (origin.url, origin.mark)
        fit = all(isinstance(text, str) and text.isascii() for text in texts)
        return origin if fit and "".join(texts).isprintable() else None

    def pick_up(self, progress: Callable[[int], None]) -> None:
        """Hash what an earlier download left; ``progress`` is called with the bytes done."""
        if not self.path.is_file():
            return
        self.mixed = True
        with self.path.open("rb") as stream:
            while chunk := stream.read(CHUNK):
                self._hash.update(chunk)
                self.size += len(chunk)
                progress(self.size)

    def begin(self, origin: PartOrigin) -> None:
        """Forget what is there, and note where the new bytes come from."""
        self.discard()
        self._note.write_text(json.dumps(asdict(origin)), encoding="utf-8")

    def append(self, chunks: Iterable[bytes], progress: Callable[[int], None]) -> None:
        """Write more bytes; ``progress`` is called with the bytes done, and may raise."""
        self.mixed = self.size > 0
        with self.path.open("ab") as stream:
            for chunk in chunks:
                stream.write(chunk)
                self._hash.update(chunk)
                self.size += len(chunk)
                progress(self.size)

    def discard(self) -> None:
        """Delete what is there."""
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)
        self._reset()

    def finish(self) -> None:
        """Move into place; the name appears only once all bytes are on the disk."""
        with self.path.open("rb+") as stream:
            os.fsync(stream.fileno())
        self.path.replace(self._target)
        self._note.unlink(missing_ok=True)
