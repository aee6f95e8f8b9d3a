"""From inputs and what ``--out`` says to jobs: which result goes where."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ddrm_cli.errors import DDRMError, UsageError

if TYPE_CHECKING:
    from ddrm_cli.images.folders import Source

__all__ = ["Job", "Naming", "Target", "clashes", "jobs_of"]


@dataclass(frozen=True)
class Job:
    """One picture, and where its result goes.

    Args:
        source: The picture.
        output: The result's file, or what the names of several are made from.
        former: What it would be called among other inputs: a result that was finished there counts.
        notes: What the user should hear about the name.
    """

    source: Source
    output: Path
    former: Path
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Naming:
    """What a task calls its results.

    Args:
        beside: Added to the stem of an input, beside which its result goes: ``_restored_sr4``.
        below: Added to the stem in a folder of their own.
        results: What names of results beside inputs may add to a stem; may be patterns.
        suffixes: Those that a result may have; the first is the usual one.
        form: The format that was asked for, one of `FORMATS`; None takes the usual one.
    """

    beside: str
    below: str
    results: Collection[str]
    suffixes: Sequence[str]
    form: str | None = None

    def suffix(self, path: Path) -> tuple[str, tuple[str, ...]]:
        """Of the result for an input, with what the user should hear."""
        from ddrm_cli.images.naming import suffix_for

        if self.form is None:
            return self.suffixes[0], ()
        suffix, note = suffix_for(self.form, path)
        return suffix, () if note is None else (note,)


@dataclass(frozen=True)
class Target:
    """What ``--out`` says.

    Args:
        path: File or folder; None where nothing is said, and results go beside their inputs.
        is_folder: Whether it is a folder in any case: it ends in a slash, or there is one.
    """

    path: Path | None
    is_folder: bool

    @classmethod
    def of(cls, out: str | None) -> Target:
        """From the text of the option."""
        if out is None:
            return cls(None, False)
        slash = out.endswith(tuple(filter(None, (os.sep, os.altsep))))
        # Path.is_dir raises where a name is too long, before Python 3.14.
        return cls(Path(out), slash or os.path.isdir(out))  # noqa: PTH112

    def folder(self, several: bool) -> Path | None:
        """The folder of results; None where they go elsewhere.

        Args:
            several: Whether there may be more than one: then a name without a known suffix is a
                folder; a single picture with a suffix is a file, whatever the suffix.
        """
        from ddrm_cli.images.folders import INPUT_SUFFIXES

        if self.path is None:
            return None
        suffix = self.path.suffix.lower()
        found = self.is_folder or not suffix or (several and suffix not in INPUT_SUFFIXES)
        return self.path if found else None


def jobs_of(
    sources: Sequence[Source], target: Target, naming: Naming, *, several: bool
) -> list[Job]:
    """Where the results of all inputs go.

    Beside the input, with what was done in the name (``photo_restored_sr4.png``); or in a folder
    under the input's own name, in the same subfolder as below the input folder, so that both trees
    can be compared by name; or, of one picture, in a file. Inputs with equal names but for their
    suffix keep it (``photo.jpg.png``).

    Raises:
        UsageError: A file for several pictures, or one whose suffix is not to be written.
    """
    from ddrm_cli.images.naming import distinct_names

    folder = target.folder(several)
    if target.path is not None and folder is None:
        _check_file(target.path, naming, len(sources))
        return [Job(sources[0], target.path, target.path)]
    ending = naming.beside if folder is None else naming.below
    places = [s.path if folder is None else folder / s.below for s in sources]
    jobs = []
    for source, place, name in zip(sources, places, distinct_names(places), strict=True):
        suffix, notes = naming.suffix(source.path)
        other = place if name != place else place.with_suffix("")
        output, former = (each.with_name(f"{each.name}{ending}{suffix}") for each in (name, other))
        jobs.append(Job(source, output, former, notes))
    return jobs


def _check_file(out: Path, naming: Naming, count: int) -> None:
    suffix = out.suffix.lower()
    if suffix not in naming.suffixes:
        raise UsageError(
            f"'{out}' does not end in a suffix that can be written.",
            f"Use one of: {' '.join(naming.suffixes)}; or name a folder that exists.",
        )
    if count > 1:
        raise UsageError(
            f"{count} pictures cannot all be written to '{out}'.",
            "Give a folder to --out: its name may end in a slash.",
        )
    from ddrm_cli.images.encoding import OUTPUT_FORMATS

    asked = None if naming.form is None else OUTPUT_FORMATS.get(f".{naming.form}")
    if asked is not None and OUTPUT_FORMATS.get(suffix) != asked:
        raise UsageError(
            f"'{out}' is not of the format {naming.form}.", "Leave --format out, or rename it."
        )


def clashes(
    jobs: Iterable[Job], files: Callable[[Path], Iterable[Path]], reads: Iterable[Path]
) -> Mapping[Job, DDRMError]:
    """The jobs whose files would take the place of an input or of another's, and why.

    Files are compared by device and inode where they exist, as a folder may have two names.

    Args:
        jobs: All jobs of a run.
        files: From an output to all files that are written for it.
        reads: Further files that are read, such as a mask.

    Raises:
        ImageReadError: A name that no file can have.
    """
    from ddrm_cli.images.folders import find_key

    jobs = list(jobs)
    read = [*reads, *(job.source.path for job in jobs)]
    keys, inodes = {find_key(path) for path in read}, {*map(_inode, read)} - {None}
    wrong = dict[Job, DDRMError]()
    taken = dict[str, Job]()
    for job in jobs:
        for file in files(job.output):
            key = find_key(file)
            other = taken.setdefault(key, job)
            if key in keys or _inode(file) in inodes:
                wrong[job] = UsageError(
                    f"The result for '{job.source.path}' would replace the input '{file}'.",
                    "Choose another place with --out.",
                )
            elif other is not job:
                wrong[other] = wrong[job] = UsageError(
                    f"'{other.source.path}' and '{job.source.path}' would both be written to "
                    f"'{file}'.",
                    "Rename one of them, or run them one after the other with different --out.",
                )
    return wrong


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino
