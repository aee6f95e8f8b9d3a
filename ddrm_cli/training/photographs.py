"""Which photographs a prior is trained on, and which are held out to measure it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ddrm_cli.errors import ImageError, Notice, UsageError
from ddrm_cli.images.files import file_digest
from ddrm_cli.images.folders import survey
from ddrm_cli.images.reading import PICTURE_SUFFIXES

from .tiles import prepare

__all__ = ["Photographs", "sort_photographs"]

EVERY, MOST = 10, 8  # one photograph in ten is held out, at least one and at most eight


@dataclass(frozen=True)
class Photographs:
    """Photographs that can be read and are large enough, each content once.

    Args:
        tiles: Files of the tiles of those that are trained on.
        held_out: Those that are not.
        digest: Of the contents of all of them.
    """

    tiles: tuple[Path, ...]
    held_out: tuple[Path, ...]
    digest: str


def sort_photographs(
    pictures: Sequence[str],
    *,
    max_pixels: int,
    notice: Notice,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Photographs:
    """Prepare the tiles of photographs, and hold some of the photographs out.

    Which are held out hangs on the contents of the files: neither on their names and order, nor on
    what else is there, but for how many it is.

    Args:
        pictures: Files, folders and patterns, as `survey` takes them.
        max_pixels: Largest photograph that is read.
        notice: Told of each that is left out, and why.
        progress: Told how many are done, and of how many.

    Raises:
        ImageReadError: An argument does not exist.
        UsageError: There are not two photographs that can be used.
        OutputError: The cache cannot be written, or the disk is full.
    """
    found = survey(pictures)
    for error in found.unreadable.values():
        notice(f"{error.message.removesuffix('.')}: it is left out.")
    paths = [each.path for each in found.inputs if each.path.suffix.lower() in PICTURE_SUFFIXES]
    prepared: dict[str, tuple[Path, Path]] = {}
    left_out: list[str] = []
    for done, path in enumerate(paths, start=1):
        try:
            digest = file_digest(path)
            if digest not in prepared:
                prepared[digest] = (path, prepare(path, digest, max_pixels))
        except (ImageError, UsageError) as error:
            left_out.append(error.message)
            notice(f"{error.message.removesuffix('.')}: it is left out.")
        progress(done, len(paths))
    if len(prepared) < 2:
        reason = f" {left_out[0]}" if left_out else ""
        raise UsageError(
            f"{len(prepared)} of {len(paths)} photographs can be used, and at least 2 are needed: "
            f"one is held out.{reason}",
            "Name a folder with more photographs.",
        )
    order = sorted(prepared)
    held_out = min(MOST, max(1, len(order) // EVERY))
    return Photographs(
        tiles=tuple(prepared[digest][1] for digest in order[held_out:]),
        held_out=tuple(prepared[digest][0] for digest in order[:held_out]),
        digest=hashlib.sha256("".join(order).encode()).hexdigest(),
    )
