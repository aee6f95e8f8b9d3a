"""From arguments to input files, and from input files to the names of outputs."""

from __future__ import annotations

import fnmatch
import glob
import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ddrm_cli.errors import ImageReadError, UsageError
from ddrm_cli.images.files import system_errors
from ddrm_cli.images.reading import PICTURE_SUFFIXES

__all__ = [
    "INPUT_SUFFIXES",
    "Source",
    "check_collisions",
    "find_pictures",
    "is_folder",
    "output_path",
]

INPUT_SUFFIXES = PICTURE_SUFFIXES | {".npz"}


@dataclass(frozen=True)
class Source:
    """An input file.

    Attributes:
        path: The file.
        root: The folder argument it was found under; None where it was named itself.
    """

    path: Path
    root: Path | None = None


def find_pictures(
    arguments: Sequence[str], *, out: Path | None = None, labels: Collection[str] = ()
) -> list[Source]:
    """The input files that arguments stand for, in their order, each once.

    A file stands for itself, whatever its suffix. A folder stands for the pictures and ``.npz``
    files below it, sorted. A pattern with ``*``, ``?``, ``[...]`` or ``**`` that no file is named
    like stands for the pictures and ``.npz`` files it matches. Hidden files and folders are left
    out of folders and patterns.

    Results of earlier runs are not inputs. In a folder those are the files below ``out``, and the
    files ``STEM_LABEL.*`` with a LABEL of ``labels`` that have a picture ``STEM.*`` beside them; of
    a pattern's matches, the files of that kind whose ``STEM.*`` it matches as well, so that
    ``*_LABEL.*`` still takes them. A file that is named is taken in any case.

    Args:
        arguments: Files, folders and patterns.
        out: Folder that outputs go to, if any.
        labels: What ``output_path`` may have put into names; may be patterns.

    Raises:
        ImageReadError: An argument does not exist or cannot, or a folder may not be read.
        UsageError: There is no argument, or a folder or pattern has no picture.
    """
    if not arguments:
        raise UsageError("No picture was given.", "Name files, folders or patterns.")
    found: dict[str, Source] = {}
    for argument in arguments:
        with system_errors(argument):
            for source in _expand(argument, out, labels):
                found.setdefault(_key(source.path), source)
    return list(found.values())


def _expand(argument: str, out: Path | None, labels: Collection[str]) -> list[Source]:
    path = Path(argument)
    if path.is_dir():
        return _in_folder(path, out, labels)
    if path.exists():
        return [Source(path)]
    if not glob.has_magic(argument):
        raise ImageReadError(f"There is no file or folder '{argument}'.", "Check its name.")
    matches = sorted(Path(match) for match in glob.glob(argument, recursive=True))  # noqa: PTH207
    inputs = [match for match in matches if _is_input(match) and match.is_file()]
    if not inputs:
        raise UsageError(f"No picture matches '{argument}'.", "Check the pattern and the folder.")
    stems: dict[Path, set[str]] = {}
    for match in inputs:
        stems.setdefault(match.parent, set()).add(match.stem)
    return [
        Source(match) for match in inputs if not _is_result(match.stem, stems[match.parent], labels)
    ]


def _in_folder(root: Path, out: Path | None, labels: Collection[str]) -> list[Source]:
    def refuse(error: OSError) -> None:
        raise ImageReadError(
            f"The folder '{error.filename}' cannot be read.", "Change its permissions."
        ) from error

    # Where outputs go to the input folder itself there is nothing to leave out by place.
    left_out = None if out is None or _key(out) == _key(root) else _key(out)
    sources: list[Source] = []
    for folder, subfolders, names in os.walk(root, onerror=refuse):
        here = Path(folder)
        subfolders[:] = sorted(
            name
            for name in subfolders
            if not name.startswith(".") and _key(here / name) != left_out
        )
        inputs = [here / name for name in sorted(names) if _is_input(Path(name))]
        stems = {path.stem for path in inputs}
        sources += [
            Source(path, root) for path in inputs if not _is_result(path.stem, stems, labels)
        ]
    if not sources:
        raise UsageError(
            f"There is no picture in the folder '{root}'.",
            f"Pictures end in {' '.join(sorted(INPUT_SUFFIXES))}.",
        )
    return sources


def _is_input(path: Path) -> bool:
    return path.suffix.lower() in INPUT_SUFFIXES and not path.name.startswith(".")


def _is_result(stem: str, stems: Collection[str], labels: Iterable[str]) -> bool:
    return any(
        stem[:i] in stems and any(fnmatch.fnmatchcase(stem[i + 1 :], label) for label in labels)
        for i, character in enumerate(stem)
        if character == "_"
    )


def is_folder(out: Path) -> bool:
    """Whether an ``--out`` names a folder: it is one, or its name has no known suffix."""
    # Path.is_dir raises where a name is too long, before Python 3.14.
    return os.path.isdir(out) or out.suffix.lower() not in INPUT_SUFFIXES  # noqa: PTH112


def output_path(source: Source, *, out: Path | None, label: str, suffix: str) -> Path:
    """Where the result for an input goes.

    Without ``out``: beside the input, with what was done in the name (``photo_sr4.png``). With a
    file: that file. With a folder: there under the input's own name, in the same subfolder as
    below the input folder, so that both trees can be compared by name.

    Args:
        source: The input.
        out: File or folder (``is_folder``), or None.
        label: What was done, such as the name of the degradation.
        suffix: Suffix of the output, such as ``.png``.
    """
    path = source.path
    if out is None:
        return path.with_name(f"{path.stem}_{label}{suffix}")
    if not is_folder(out):
        return out
    below = path.relative_to(source.root).parent if source.root else Path()
    return out / below / f"{path.stem}{suffix}"


def check_collisions(outputs: Sequence[tuple[Source, Path]], *, reads: Iterable[Path] = ()) -> None:
    """Make sure that no output takes the place of another, or of an input.

    Args:
        outputs: Each input with its output.
        reads: Further inputs, such as a mask.

    Raises:
        UsageError: Two inputs have the same output, or an output is one of the inputs.
    """
    inputs = {_key(path) for path in (*reads, *(source.path for source, _ in outputs))}
    taken: dict[str, Path] = {}
    for source, output in outputs:
        key = _key(output)
        if key in inputs:
            raise UsageError(
                f"The result for '{source.path}' would replace the input '{output}'.",
                "Choose another place with --out.",
            )
        if key in taken:
            raise UsageError(
                f"'{taken[key]}' and '{source.path}' would both be written to '{output}'.",
                "Rename one of them, or run them one after the other with different --out.",
            )
        taken[key] = source.path


def _key(path: Path) -> str:
    with system_errors(path):
        # Unlike Path.resolve, it does not mind links that go in a circle.
        return os.path.normcase(os.path.realpath(path))
