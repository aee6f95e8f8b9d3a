"""Files of weights that the user moves: fetched by hand into the cache, and out of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from ddrm_cli.errors import Notice, OutputError, UsageError, WeightsError
from ddrm_cli.untrusted import is_file, is_there, opened

from .cache import file_path
from .model import WeightsFile
from .part import part_paths
from .verify import CHUNK, Progress, accept, expected_digest, new_hash, verify_file
from .writing import adopted, check_disk, writing

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
    with opened(source, UsageError) as reader:
        if is_file(target, WeightsError) and source.samefile(target):
            verify_file(file, progress=progress)
            return target
        _copy(file, reader, target, progress, notice)
    return target


def _copy(
    file: WeightsFile, reader: BinaryIO, target: Path, progress: Progress, notice: Notice
) -> None:
    size = os.fstat(reader.fileno()).st_size
    digest = new_hash(expected_digest(file).algorithm)
    copy = adopted(target)
    with writing(target, notice):
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
    left = (*part_paths(target), adopted(target))
    there = [path for path in (target, *left) if is_there(path, OutputError)]
    try:
        for path in there:
            path.unlink()
    except OSError as error:
        raise OutputError(f"{error.filename} cannot be deleted: {error.strerror}.") from error
    return there
