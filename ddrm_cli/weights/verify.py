"""Whether a file of weights is the right one: its size, its hash, its first bytes.

A published SHA-256 decides, else a published MD5. Where neither is known, the SHA-256 of the
first file is noted beside it (`pin_path`) and every later one has to equal that: trust on
first use.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ddrm_cli.errors import ChecksumError, ModelNotCachedError, Notice, WeightsError
from ddrm_cli.untrusted import is_file, is_there, read_text

from .cache import file_path
from .model import WeightsFile

__all__ = [
    "CHUNK",
    "Expected",
    "Progress",
    "accept",
    "check_complete",
    "expected_digest",
    "looks_like_weights",
    "new_hash",
    "pin",
    "pin_path",
    "verify_file",
]

CHUNK = 1 << 16  # bytes read at a time: what a broken connection can lose, and steps of progress

Progress = Callable[[str, int, int | None], None]
"""Called with the file's name, the bytes done and the bytes in total, where known."""


@dataclass(frozen=True)
class Expected:
    """The digest that a file must have, and who says so.

    Args:
        algorithm: ``"sha256"`` or ``"md5"``.
        digest: In hexadecimal; None where nobody says anything yet.
        origin: ``"published"``, ``"pinned"`` or ``"unknown"``.
    """

    algorithm: str
    digest: str | None
    origin: str


def expected_digest(file: WeightsFile) -> Expected:
    """What the table of models says, or the pin of an earlier download."""
    if file.sha256:
        return Expected("sha256", file.sha256, "published")
    if file.md5:
        return Expected("md5", file.md5, "published")
    try:
        if not is_there(pin_path(file), WeightsError):
            return Expected("sha256", None, "unknown")
        pinned = read_text(pin_path(file), WeightsError).split()[0]
    except (IndexError, WeightsError) as error:
        raise ChecksumError(
            f"The noted hash in {pin_path(file)} cannot be read.",
            "Delete that file to trust the next download anew.",
        ) from error
    return Expected("sha256", pinned, "pinned")


def pin_path(file: WeightsFile) -> Path:
    """Where the hash of a first download is noted, in the format of ``sha256sum``."""
    path = file_path(file)
    return path.with_name(f"{path.name}.sha256")


def pin(file: WeightsFile, digest: str) -> None:
    """Note the SHA-256 that every later file of this name must have."""
    path = pin_path(file)
    # Moved into place: half a pin would refuse the right file for ever.
    temporary = path.with_name(f"{path.name}.new")
    temporary.write_text(f"{digest}  {file.name}\n", encoding="ascii")
    temporary.replace(path)


def new_hash(algorithm: str) -> hashlib._Hash:
    """An empty hash; MD5 is here only a checksum."""
    return hashlib.new(algorithm, usedforsecurity=False)


def looks_like_weights(head: bytes) -> bool:
    """Whether these first bytes begin a file that ``torch.save`` writes.

    A zip archive since torch 1.6, a pickle of protocol 2 or later before that. An error page,
    a login page or a Git LFS pointer begins otherwise.
    """
    return head.startswith((b"PK\x03\x04", b"\x80"))


def check_complete(file: WeightsFile, path: Path, digest: str) -> None:
    """Compare a file's size and digest with what is known.

    Args:
        file: The file, as the table of models has it.
        path: The bytes that claim to be it.
        digest: Their digest by the algorithm of `expected_digest`.

    Raises:
        ChecksumError: They are not that file, or not all of it.
    """
    size = path.stat().st_size
    if file.bytes is not None and size != file.bytes:
        raise ChecksumError(
            f"{file.name} has {size} bytes where {file.bytes} are expected.", _way_on(file)
        )
    expected = expected_digest(file)
    if expected.digest is None:
        _check_not_cut(file, path)
    elif digest != expected.digest:
        hint = _way_on(file)
        if expected.origin == "pinned":
            hint += f" If its publisher replaced it and you trust that, delete {pin_path(file)}."
        raise ChecksumError(
            f"{file.name} is not the {expected.origin} file: its {expected.algorithm} is {digest} "
            f"where {expected.digest} is expected.",
            hint,
        )


def _way_on(file: WeightsFile) -> str:
    if file.path is None:
        return "Download it again: ddrm download MODEL."
    return "Put the right file there; what comes with the program, by installing it again."


def accept(file: WeightsFile, path: Path, digest: str, notice: Notice) -> None:
    """Check a file that is about to enter the cache; note its hash if nobody published one.

    Args:
        file: The file, as the table of models has it.
        path: The bytes that claim to be it.
        digest: Their digest by the algorithm of `expected_digest`.
        notice: Told when a hash is noted.

    Raises:
        ChecksumError: They are not that file, or not all of it.
    """
    check_complete(file, path, digest)
    if expected_digest(file).digest is None:
        pin(file, digest)
        notice(
            f"Nobody published a hash of {file.name}. That of this first download was noted in "
            f"{pin_path(file)}, and every later one has to equal it: {digest}"
        )


def _check_not_cut(file: WeightsFile, path: Path) -> None:
    """Without a hash, the directory at the end of a zip archive shows that the end is there."""
    with path.open("rb") as stream:
        head = stream.read(4)
    cut = head.startswith(b"PK") and not zipfile.is_zipfile(path)
    if cut or not looks_like_weights(head):
        raise ChecksumError(f"{file.name} is cut short, or no file of weights.")


def verify_file(file: WeightsFile, *, progress: Progress = lambda *_: None) -> Expected:
    """Read a file that is there and compare size and hash.

    Args:
        file: The file, as the table of models has it.
        progress: Called as bytes are read.

    Returns:
        What the hash was compared with.

    Raises:
        ModelNotCachedError: The file is not there.
        ChecksumError: It is not the right one.
        WeightsError: It cannot be read.
    """
    path = file_path(file)
    if not is_file(path, WeightsError):
        raise ModelNotCachedError(f"{file.name} is not at {path}.")
    expected = expected_digest(file)
    digest = new_hash(expected.algorithm)
    total = path.stat().st_size
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
                progress(file.name, stream.tell(), total)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror or error}.") from error
    check_complete(file, path, digest.hexdigest())
    return expected
