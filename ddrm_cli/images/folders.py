"""From arguments to input files: what is taken, what is left out, what cannot be looked into."""

from __future__ import annotations

import fnmatch
import glob
import os
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ddrm_cli.errors import DDRMError, ImageReadError, UsageError
from ddrm_cli.images.files import check_named, file_digest, system_errors
from ddrm_cli.images.metadata import MEASUREMENT_KEY, RESULT_KEY
from ddrm_cli.images.reading import PICTURE_SUFFIXES, read_texts
from ddrm_cli.untrusted import parse_json

__all__ = ["INPUT_SUFFIXES", "Source", "Survey", "find_key", "survey"]

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

    @property
    def below(self) -> Path:
        """Its path below its folder; its name where it was named itself."""
        return Path(self.path.name) if self.root is None else self.path.relative_to(self.root)


@dataclass(frozen=True)
class Survey:
    """What arguments stand for.

    Attributes:
        inputs: The files that are taken, in the order of the arguments, each once.
        left_out: Suffixes of files in the folders that are no pictures, and how many of each.
        unreadable: Folders that cannot be looked into, and why.
    """

    inputs: Sequence[Source]
    left_out: Mapping[str, int] = field(default_factory=dict)
    unreadable: Mapping[Path, DDRMError] = field(default_factory=dict)

    @property
    def left_out_words(self) -> str:
        """Such as ``left out: 3 .heic, 1 .dng``; empty where nothing was."""
        counts = sorted(self.left_out.items(), key=lambda item: (-item[1], item[0]))
        listed = ", ".join(f"{n} {suffix or 'without a suffix'}" for suffix, n in counts)
        return f"left out: {listed}" if listed else ""


def survey(
    arguments: Sequence[str],
    *,
    besides: Collection[Path] = (),
    endings: Collection[str] = (),
) -> Survey:
    """The input files that arguments stand for.

    A file stands for itself, whatever its suffix. A folder stands for the pictures and ``.npz``
    files below it, sorted; links to folders are followed, and each folder is taken once. A pattern
    with ``*``, ``?``, ``[...]`` or ``**`` that no file is named like stands for the pictures and
    ``.npz`` files it matches. Hidden files and folders are left out of folders and patterns.

    Results of earlier runs are not inputs. Of what one folder or one pattern stands for, these are
    the pictures whose record holds the digest of another of them, whatever their names, and, since
    BMP holds no record, the files ``STEM ENDING.*`` of which there is a ``STEM.*`` beside them.
    A file that is named is taken in any case, and so are a folder that holds results alone, and
    what ``ddrm degrade`` made of a result.

    Args:
        arguments: Files, folders and patterns.
        besides: Folders whose files are no inputs, such as that of the outputs; files are let be.
        endings: What outputs beside their inputs may add to a stem; may be patterns.

    Raises:
        ImageReadError: An argument does not exist, or nothing is found in folders that may not be
            read.
        UsageError: There is no argument, or nothing stands for a picture.
    """
    if not arguments:
        raise UsageError("No picture was given.", "Name files, folders or patterns.")
    found: dict[str, Source] = {}
    walk = _Walk({find_key(folder) for folder in besides})
    for argument in arguments:
        with system_errors(argument):
            for source in _without_results(_expand(argument, walk), endings):
                found.setdefault(find_key(source.path), source)
    result = Survey(list(found.values()), dict(walk.left_out), walk.unreadable)
    if not found:
        raise next(iter(walk.unreadable.values()), None) or _nothing(arguments[0], result)
    return result


def find_key(path: Path) -> str:
    """A text that is the same for all names of a place."""
    with system_errors(path):
        # Unlike Path.resolve, it does not mind links that go in a circle.
        return os.path.normcase(os.path.realpath(path))


def _expand(argument: str, walk: _Walk) -> list[Source]:
    path = Path(argument)
    if path.is_dir():
        return [Source(file, path) for file in walk.inputs(path)]
    check_named(argument)
    if path.exists():
        return [Source(path)]
    matches = sorted(Path(match) for match in glob.glob(argument, recursive=True))  # noqa: PTH207
    inputs = [match for match in matches if _is_input(match) and match.is_file()]
    if not inputs:
        raise UsageError(f"No picture matches '{argument}'.", "Check the pattern and the folder.")
    return [Source(match) for match in inputs]


class _Walk:
    """Goes through folders, and notes what is not taken.

    Args:
        closed: Keys of folders that are not entered.
    """

    def __init__(self, closed: set[str]) -> None:
        self.closed = closed
        self.left_out = Counter[str]()
        self.unreadable: dict[Path, DDRMError] = {}

    def inputs(self, root: Path) -> Iterator[Path]:
        """The input files below a folder, those of the folder itself first."""
        # Where outputs go to the input folder itself there is nothing to leave out by place.
        yield from self._enter(root, self.closed - {find_key(root)})

    def _enter(self, folder: Path, entered: set[str]) -> Iterator[Path]:
        entered.add(find_key(folder))
        try:
            with os.scandir(folder) as scanned:
                entries = sorted(scanned, key=lambda entry: entry.name)
        except OSError as error:
            self.unreadable[folder] = ImageReadError(
                f"The folder '{folder}' cannot be read: {error.strerror or error}.",
                "Change its permissions.",
            )
            return
        seen = [entry for entry in entries if not entry.name.startswith(".")]
        for path in (folder / entry.name for entry in seen if not _is_folder(entry)):
            if path.suffix.lower() in INPUT_SUFFIXES:
                yield path
            else:
                self.left_out[path.suffix.lower()] += 1
        for path in (folder / entry.name for entry in seen if _is_folder(entry)):
            if find_key(path) not in entered:
                yield from self._enter(path, entered)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle
        return False


def _is_input(path: Path) -> bool:
    return path.suffix.lower() in INPUT_SUFFIXES and not path.name.startswith(".")


def _without_results(sources: list[Source], endings: Collection[str]) -> list[Source]:
    if len(sources) < 2:
        return sources
    stems: dict[Path, set[str]] = {}
    for source in sources:
        stems.setdefault(source.path.parent, set()).add(source.path.stem)
    named = [s for s in sources if not _is_named_result(s.path, stems[s.path.parent], endings)]
    origins = {source: _origin(source.path) for source in named}
    if not any(origins.values()):
        return named
    by_digest: dict[str | None, set[Source]] = {}
    for source in named:
        by_digest.setdefault(_digest(source.path), set()).add(source)
    return [
        source
        for source, origin in origins.items()
        if origin is None or not by_digest.get(origin, set()) - {source}
    ]


def _is_named_result(path: Path, stems: Collection[str], endings: Collection[str]) -> bool:
    return any(
        path.stem[:i] in stems and any(fnmatch.fnmatchcase(path.stem[i:], end) for end in endings)
        for i in range(1, len(path.stem))
    )


def _origin(path: Path) -> str | None:
    """The digest of what a picture is the result of; None of what is no result."""
    texts = read_texts(path)
    if RESULT_KEY not in texts or MEASUREMENT_KEY in texts:  # what was made of a result
        return None
    try:
        origin = parse_json(texts[RESULT_KEY])["asked"]["input"]
    except (ValueError, LookupError, TypeError):
        return None
    return origin if isinstance(origin, str) else None


def _digest(path: Path) -> str | None:
    try:
        return file_digest(path)
    except ImageReadError:  # whoever reads it will say so
        return None


def _nothing(folder: str, found: Survey) -> UsageError:
    why = f" ({found.left_out_words})" if found.left_out else ""
    return UsageError(
        f"There is no picture in the folder '{folder}'{why}.",
        f"Pictures end in {' '.join(sorted(INPUT_SUFFIXES))}.",
    )
