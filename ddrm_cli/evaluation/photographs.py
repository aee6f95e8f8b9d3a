"""Which pictures are evaluated: folders, and lists of names with labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from ddrm_cli.errors import UsageError
from ddrm_cli.images.folders import Survey, survey
from ddrm_cli.images.naming import distinct_names
from ddrm_cli.images.reading import PICTURE_SUFFIXES
from ddrm_cli.untrusted import read_text

__all__ = ["Photograph", "find_photographs", "photographs_of", "read_list"]

LARGEST_LIST = 1 << 28  # bytes: some million names


@dataclass(frozen=True)
class Photograph:
    """A picture to evaluate.

    Args:
        name: Its path below its folder, without the suffix where that is distinct, with ``/``.
        path: Its file.
        label: Its class, where a list gives one.
    """

    name: str
    path: Path
    label: int | None = None


def find_photographs(
    arguments: Sequence[str],
    *,
    out: Path | None = None,
    list_file: Path | None = None,
    limit: int | None = None,
) -> list[Photograph]:
    """The pictures that arguments stand for, each with a name of its own.

    Args:
        arguments: Files, folders and patterns, as `survey` takes them.
        out: Folder of results, whose pictures are none of these.
        list_file: Which of them, and in which order; see `read_list`.
        limit: Only the first so many.

    Raises:
        ImageReadError: An argument does not exist.
        UsageError: What `photographs_of` raises.
    """
    found = survey(arguments, besides=() if out is None else [out])
    return photographs_of(found, list_file=list_file, limit=limit)


def photographs_of(
    found: Survey, *, list_file: Path | None = None, limit: int | None = None
) -> list[Photograph]:
    """The pictures of a survey, each with a name of its own.

    Args:
        found: What arguments stand for.
        list_file: Which of them, and in which order; see `read_list`.
        limit: Only the first so many.

    Raises:
        UsageError: There is no picture, two have one name, a listed one is missing, or the limit
            is not positive.
    """
    if limit is not None and (type(limit) is not int or limit < 1):
        raise UsageError(
            f"A limit of {limit} pictures is not possible.", "Choose a whole number, 1 or more."
        )
    sources = [each for each in found.inputs if each.path.suffix.lower() in PICTURE_SUFFIXES]
    names = distinct_names([source.below for source in sources])
    photographs: dict[str, Photograph] = {}
    for name, source in zip(names, sources, strict=True):
        photograph = Photograph(name.as_posix(), source.path)
        if photograph.name in photographs:
            raise UsageError(
                f"'{photographs[photograph.name].path}' and '{source.path}' have the same name.",
                "Rename one of them: results are kept by name.",
            )
        photographs[photograph.name] = photograph
    if not photographs:
        raise UsageError("None of the files is a picture.", "Name a folder of pictures.")
    chosen = list(photographs.values()) if list_file is None else read_list(list_file, photographs)
    return chosen[:limit]


def read_list(file: Path, photographs: Mapping[str, Photograph]) -> list[Photograph]:
    """The photographs that a text file in UTF-8 lists, one a line: ``name`` or ``name label``.

    A name may have its suffix or not, and may be the end of a path: a list of file names fits a
    tree of folders too. Blank lines, and lines that begin with ``#``, are skipped.

    Raises:
        UsageError: The file cannot be read, is empty, or names what is not there, or not one.
    """
    lines = read_text(file, UsageError, LARGEST_LIST).splitlines()
    by_end: dict[str, list[Photograph]] = {}
    for photograph in photographs.values():
        whole = PurePosixPath(photograph.name)
        for start in range(len(whole.parts)):
            stem = PurePosixPath(*whole.parts[start:])
            for end in (stem, stem.with_name(stem.name + photograph.path.suffix)):
                by_end.setdefault(str(end), []).append(photograph)
    listed = [
        _listed(line.strip(), by_end, f"{file}, line {number}")
        for number, line in enumerate(lines, start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not listed:
        raise UsageError(f"The list '{file}' names no picture.", "Write one name a line.")
    return list(dict.fromkeys(listed))


def _listed(line: str, by_end: Mapping[str, Sequence[Photograph]], where: str) -> Photograph:
    found, label = by_end.get(line, ()), None
    name, _, last = line.rpartition(" ")
    if not found and last.isdecimal() and len(last) < 10:  # more digits are no class
        found, label = by_end.get(name.rstrip(), ()), int(last)
    if not found:
        raise UsageError(f"{where}: there is no picture '{line}'.", "Check the list and folder.")
    whole = [each for each in found if each.name in (line, name.rstrip())]
    if len(found) > 1 and not whole:
        raise UsageError(
            f"{where}: '{line}' may be '{found[0].path}' or '{found[1].path}'.",
            "Write more of its path.",
        )
    return replace((whole or found)[0], label=label)
