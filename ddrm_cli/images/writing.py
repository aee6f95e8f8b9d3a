"""Pictures to files, whole or not at all."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from ddrm_cli.errors import OutputError, OutputExistsError
from ddrm_cli.images.encoding import encode_picture
from ddrm_cli.images.metadata import MEASUREMENT_KEY
from ddrm_cli.images.picture import Picture
from ddrm_cli.images.unfinished import remove_unfinished_once, unfinished_file

__all__ = ["check_space", "check_writable", "write_bytes", "write_picture"]

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT}
_NO_HARD_LINKS = {errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}


def write_picture(
    path: str | os.PathLike[str],
    picture: Picture,
    *,
    overwrite: bool = False,
    quality: int | None = None,
) -> tuple[str, ...]:
    """Write a picture in the format its suffix names: .png .jpg .jpeg .webp .tif .tiff .bmp.

    Values are clipped to [0, 1] and rounded. EXIF, XMP and IPTC data, ICC profile and DPI are kept
    where the format has a place for them, text chunks in PNG only; our own record of how a result
    was made goes into XMP elsewhere. A text that marks a measurement is left out: a result is none.
    Transparency is laid on white for JPEG and BMP. 16 bits stay 16 bits in PNG and TIFF. JPEG is
    written with quality 95 and full chroma, WebP without loss, unless a quality is asked for. What
    was made is read again before it takes its place.

    Args:
        path: The file to write; missing folders are made.
        picture: What to write.
        overwrite: Replace an existing file.
        quality: From 1 to 100, of JPEG and WebP.

    Returns:
        One sentence for each thing the format could not hold.

    Raises:
        UsageError: The suffix names no format.
        OutputExistsError: The file exists and ``overwrite`` is False.
        OutputError: The format cannot hold the size, or the file cannot be written.
    """
    path = Path(path)
    metadata = picture.metadata.without_text(MEASUREMENT_KEY)
    picture = dataclasses.replace(picture, metadata=metadata)
    data, notes = encode_picture(picture, path, quality=quality)
    write_bytes(path, data, overwrite=overwrite)
    return notes


def check_writable(path: str | os.PathLike[str], *, overwrite: bool) -> None:
    """Find out before a long run what ``write_bytes`` would complain about after it.

    Nothing is created.

    Raises:
        OutputExistsError: The file exists and ``overwrite`` is False.
        OutputError: The path is a folder, or its folder cannot be written or made.
    """
    path = Path(path)
    with _named_errors(path):
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if os.path.lexists(path) and not overwrite:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        # lexists: a link that leads nowhere is there, and no folder can take its place.
        there = (parent for parent in path.absolute().parents if os.path.lexists(parent))
        folder = next(there, None)
        if folder is None:  # a drive that is not there
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        if not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def write_bytes(path: str | os.PathLike[str], data: bytes, *, overwrite: bool) -> None:
    """Write a file whole or not at all.

    The bytes go to a temporary file in the same folder, reach the disk, and are then moved into
    place in one step. Whatever happens before that, Ctrl-C included, leaves the folder as it was;
    what a kill leaves, the next process to write there removes. Without ``overwrite`` a file that
    appears during the write is not replaced either; on a file system without hard links, one that
    appears in the very moment of the move is.

    Args:
        path: The file to write; missing folders are made.
        data: Its content.
        overwrite: Replace an existing file.

    Raises:
        OutputExistsError: The file exists and ``overwrite`` is False.
        OutputError: The folder cannot be written, the disk is full, or the path is a folder.
    """
    path = Path(path)
    with _named_errors(path):
        check_writable(path, overwrite=overwrite)
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_unfinished_once(path.parent.absolute())
        with unfinished_file(path) as (temporary, file):
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            if os.name == "nt":  # which moves no open file
                file.close()
            if overwrite:
                _keep_mode(path, temporary)
                temporary.replace(path)
            else:
                _move_without_replacing(temporary, path)


def _keep_mode(path: Path, temporary: Path) -> None:
    """A file that only its owner may read stays so when it is replaced."""
    with contextlib.suppress(FileNotFoundError):
        temporary.chmod(stat.S_IMODE(path.stat().st_mode))


def check_space(path: str | os.PathLike[str], needed: int) -> None:
    """Make sure that there is room for a file before it is made.

    Args:
        path: The file; its folder may not exist yet.
        needed: Bytes that it has at least.

    Raises:
        OutputError: There is less room.
    """
    path = Path(path)
    with _named_errors(path):
        folder = next((each for each in path.absolute().parents if each.is_dir()), None)
        free = needed if folder is None else shutil.disk_usage(folder).free
    if free < needed:
        raise OutputError(
            f"There is no room for '{path}': {free / 1e6:.1f} MB are free, and it takes "
            f"{needed / 1e6:.1f} MB or more.",
            "Free some space, or choose another place with --out.",
        )


def _move_without_replacing(temporary: Path, path: Path) -> None:
    """Give the finished file its name; FileExistsError if the name is taken by now."""
    try:
        os.link(temporary, path)  # unlike a rename, a link never replaces
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        # No links on this file system. To hold the name by an empty file until it is filled would
        # leave, after a kill, what looks like a result.
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from error
        temporary.rename(path)


@contextlib.contextmanager
def _named_errors(path: Path) -> Iterator[None]:
    """The system's errors as ours, each naming the output."""
    try:
        yield
    except FileExistsError as error:
        raise OutputExistsError(
            f"'{path}' exists already.", "Use --overwrite to replace it, or --out for another name."
        ) from error
    except IsADirectoryError as error:
        raise OutputError(f"The output '{path}' is a folder.", "Name a file in it.") from error
    except NotADirectoryError as error:
        raise OutputError(
            f"'{path}' cannot be written: part of its path is a file, not a folder.",
            "Choose another place with --out.",
        ) from error
    except PermissionError as error:
        raise OutputError(
            f"The folder of '{path}' cannot be written.",
            "Choose another place with --out, or change the folder's permissions.",
        ) from error
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        if isinstance(error, OSError) and error.errno in _NO_SPACE:
            raise OutputError(
                f"'{path}' was not written: the disk is full.",
                "Free some space, or choose another place with --out.",
            ) from error
        raise OutputError(
            f"'{path}' cannot be written: {getattr(error, 'strerror', None) or error}.",
            "Choose another place with --out.",
        ) from error
