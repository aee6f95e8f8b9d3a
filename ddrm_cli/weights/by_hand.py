"""Files of weights that the user moves: fetched by hand into the cache, and out of it."""

from __future__ import annotations

from pathlib import Path

from ddrm_cli.errors import Notice, OutputError, UsageError

from .cache import file_path
from .part import part_paths
from .registry import WeightsFile
from .verify import CHUNK, Progress, accept, expected_digest, new_hash, verify_file
from .writing import check_disk, writing

__all__ = ["adopt_file", "remove_file"]


def adopt_file(
    file: WeightsFile,
    source: Path,
    *,
    progress: Progress = lambda *_: None,
    notice: Notice = lambda _: None,
) -> Path:
    """Copy a file that was fetched by hand into the cache, after the checks of a download.

    Args:
        file: The file that it is to be, as the table of models has it.
        source: The file; it is not touched.
        progress: Called as bytes are copied.
        notice: Told when a hash is noted that nobody published, or another process is waited for.

    Raises:
        UsageError: There is no such file, it cannot be read, or the model's file has its own
            place outside the cache.
        ChecksumError: It is another file.
        OutputError: The cache cannot be written, or the disk is full.
    """
    target = file_path(file)
    if file.path is not None:
        raise UsageError(f"{file.name} has its place at {target}.", "Copy the file there.")
    if not source.is_file():
        raise UsageError(f"There is no file {source}.")
    if target.is_file() and source.samefile(target):
        verify_file(file, progress=progress)
        return target
    size = source.stat().st_size
    digest = new_hash(expected_digest(file).algorithm)
    copy = target.with_name(f"{target.name}.adopted")
    try:
        opened = source.open("rb")
    except OSError as error:
        raise UsageError(f"{source} cannot be read: {error.strerror}.") from error
    with opened as reader, writing(target, notice):
        check_disk(target, size)
        try:
            with copy.open("wb") as writer:
                while chunk := reader.read(CHUNK):
                    writer.write(chunk)
                    digest.update(chunk)
                    progress(file.name, reader.tell(), size)
            accept(file, copy, digest.hexdigest(), notice)
            copy.replace(target)
        finally:
            copy.unlink(missing_ok=True)
        for leftover in part_paths(target):
            leftover.unlink(missing_ok=True)
    return target


def remove_file(file: WeightsFile) -> list[Path]:
    """Delete a file and what an unfinished download left; a noted hash stays.

    Returns:
        What was deleted.

    Raises:
        UsageError: It lies outside the cache.
        OutputError: It cannot be deleted.
    """
    target = file_path(file)
    if file.path is not None:
        raise UsageError(f"{target} is not in the cache, so it is not removed from there.")
    there = [path for path in (target, *part_paths(target)) if path.exists() or path.is_symlink()]
    try:
        for path in there:
            path.unlink()
    except OSError as error:
        raise OutputError(f"{error.filename} cannot be deleted: {error.strerror}.") from error
    return there
