"""How files of weights get into the cache.

A download is streamed to ``NAME.part`` and hashed as it comes; only when size and hash agree is
it moved to ``NAME``. What breaks in between is resumed, in this run or a later one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from urllib.parse import urlsplit

import requests

from ddrm_cli.errors import (
    ChecksumError,
    DownloadError,
    ModelNotCachedError,
    Notice,
    WeightsError,
)

from .cache import file_path, is_offline
from .http import (
    BrokenError,
    PartOrigin,
    RestartError,
    back_off,
    check_redirect,
    judge,
    request_headers,
    resume_condition,
)
from .model import Model, WeightsFile
from .part import Part
from .verify import CHUNK, Progress, accept, expected_digest, looks_like_weights, verify_file
from .writing import check_disk, writing

__all__ = ["Patience", "download_file", "download_model"]

_PROGRESS_MADE = 1 << 20  # bytes after which a broken connection does not count as a failure


@dataclass(frozen=True)
class Patience:
    """How long to put up with a bad connection.

    Args:
        attempts: Failures in a row, without progress, before an address is given up.
        connect_seconds: How long to wait for a connection.
        read_seconds: How long to wait for the next bytes.
        sleep: Waits that many seconds.
    """

    attempts: int = 5
    connect_seconds: float = 15.0
    read_seconds: float = 60.0
    sleep: Callable[[float], None] = time.sleep


_PATIENCE = Patience()


def download_model(
    model: Model,
    *,
    progress: Progress = lambda *_: None,
    notice: Notice = lambda _: None,
    patience: Patience = _PATIENCE,
) -> list[Path]:
    """All files of a model, downloaded where they are not there yet; see `download_file`."""
    return [
        download_file(file, progress=progress, notice=notice, patience=patience)
        for file in model.files
    ]


def download_file(
    file: WeightsFile,
    *,
    progress: Progress = lambda *_: None,
    notice: Notice = lambda _: None,
    patience: Patience = _PATIENCE,
) -> Path:
    """The path of a file of weights, downloaded where it is not there, or not as it should be.

    A file that is there is read and compared with its hash: what `verify_file` finds to be damaged
    is replaced, once the new one has arrived.

    Args:
        file: The file, as the table of models has it.
        progress: Called as bytes arrive.
        notice: Told when something is tried again, another process is waited for, or a hash is
            noted that nobody published.
        patience: How long to put up with a bad connection.

    Raises:
        DownloadError: No address gave the file, or ``DDRM_OFFLINE`` is set.
        ChecksumError: What the addresses gave is another file.
        OutputError: The cache cannot be written, or the disk is full.
    """
    target = file_path(file)
    damage = _damage(file, progress)
    if damage is None:
        return target
    if file.path is not None:
        raise damage
    if not isinstance(damage, ModelNotCachedError):
        notice(f"{damage.message} It is downloaded again.")
    by_hand = f"fetch {file.name} elsewhere and give it to: ddrm download MODEL --from-file FILE"
    if is_offline():
        raise DownloadError(
            f"{damage.message} DDRM_OFFLINE forbids the network.",
            f"Unset DDRM_OFFLINE, or {by_hand}",
        )
    if not file.urls:
        raise DownloadError(f"No address is known for {file.name}.", f"To use it, {by_hand}")
    with writing(target, notice):
        # None if the process that was waited for has done it.
        if _damage(file, lambda *_: None) is not None:
            _Download(file, target, progress, notice, patience).run()
    return target


def _damage(file: WeightsFile, progress: Progress) -> WeightsError | None:
    """What is wrong with a file; None if it is there and right."""
    try:
        verify_file(file, progress=progress)
    except (ModelNotCachedError, ChecksumError) as error:
        return error
    return None


class _Download:
    """One file on its way: the addresses in order, each with several attempts."""

    def __init__(
        self,
        file: WeightsFile,
        target: Path,
        progress: Progress,
        notice: Notice,
        patience: Patience,
    ) -> None:
        expected = expected_digest(file)
        self.file = file
        self.target = target
        self.progress = progress
        self.notice = notice
        self.patience = patience
        self.hash_is_known = expected.digest is not None
        self.part = Part(target, expected.algorithm)

    def run(self) -> None:
        """Try the addresses until one gives the file."""
        if self.file.bytes is not None:
            check_disk(self.target, self.file.bytes - _size_on_disk(self.part.path))
        self.part.pick_up(lambda done: self.progress(self.file.name, done, self.file.bytes))
        problems: list[WeightsError] = []
        with requests.Session() as session:
            for url in self.file.urls:
                try:
                    self._from_address(session, url)
                    return
                except (ChecksumError, DownloadError) as error:
                    problems.append(error)
                    self.notice(f"{self.file.name}: {urlsplit(url).hostname}: {error.message}")
        told = "; ".join(
            f"{urlsplit(url).hostname}: {error.message.rstrip('.')}"
            for url, error in zip(self.file.urls, problems, strict=True)
        )
        hints = [error.hint for error in problems if error.hint]
        all_wrong = all(isinstance(error, ChecksumError) for error in problems)
        kind = ChecksumError if all_wrong else DownloadError
        raise kind(
            f"{self.file.name} could not be downloaded ({told}).",
            hints[-1] if hints else "Check the connection and run the command again.",
        )

    def _from_address(self, session: requests.Session, url: str) -> None:
        """Download from one address for as long as trying again may help."""
        failures = 0
        may_start_over = True
        while True:
            before = self.part.size
            try:
                self._transfer(session, url)
                accept(self.file, self.part.path, self.part.digest, self.notice)
                self.part.finish()
                return
            except ChecksumError:
                mixed = self.part.mixed
                self.part.discard()
                if not (mixed and may_start_over):
                    raise
                may_start_over = False
                self.notice("The parts of the file do not belong together; starting again.")
            except BrokenError as error:
                gained = self.part.size - before
                if isinstance(error, RestartError):
                    self.part.discard()
                failures = 1 if gained >= _PROGRESS_MADE else failures + 1
                if failures >= self.patience.attempts:
                    raise DownloadError(f"{error}, {failures} times in a row") from error
                seconds = back_off(failures, error.retry_after)
                self.notice(f"{self.file.name}: {error}; trying again in {seconds:.0f} s.")
                self.patience.sleep(seconds)

    def _transfer(self, session: requests.Session, url: str) -> None:
        """One request: bring the part from where it is to its end."""
        part, size = self.part, self.file.bytes
        condition = resume_condition(part.origin, url, self.hash_is_known)
        if condition is None or (size is not None and part.size > size):
            part.discard()
        if size is not None and part.size == size:
            return
        try:
            with session.get(
                url,
                headers=request_headers(part.size, condition or ""),
                stream=True,
                timeout=(self.patience.connect_seconds, self.patience.read_seconds),
            ) as response:
                self._receive(url, response)
        except requests.exceptions.SSLError as error:
            raise DownloadError(
                "no encrypted connection could be made",
                "A proxy that reads along, or a wrong clock, makes certificates fail.",
            ) from error
        except requests.Timeout as error:
            raise BrokenError("the server did not answer in time") from error
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
            raise BrokenError(_why_broken(error)) from error
        # ValueError: an address that it was led to, and that is none
        except (requests.RequestException, ValueError) as error:
            raise DownloadError(f"the request failed: {error}") from error

    def _receive(self, url: str, response: requests.Response) -> None:
        part = self.part
        check_redirect(url, response.url)
        origin = part.origin
        if origin is not None and origin.url != url:
            origin = None  # two mirrors call the same bytes by different marks
        answer = judge(response.status_code, response.headers, part.size, origin)
        size = self.file.bytes
        if size is not None and answer.total not in (None, size):
            raise DownloadError(f"the server has {answer.total} bytes where {size} are expected")
        total = size if size is not None else answer.total
        chunks: Iterator[bytes] = response.iter_content(CHUNK)
        if answer.start == 0:
            first = next(chunks, b"")
            # Before anything is given up for it, and before its hash could be noted as the right.
            if not looks_like_weights(first):
                raise DownloadError("the server sent something that is no file of weights")
            part.begin(PartOrigin(url, answer.mark))
            chunks = chain([first], chunks)
        if total is not None:
            check_disk(self.target, total - part.size)

        def received(done: int) -> None:
            self.progress(self.file.name, done, total)
            if total is not None and done > total:
                raise DownloadError("the server sent more bytes than the file has")

        part.append(chunks, received)
        if total is not None and part.size < total:
            raise BrokenError("the connection broke off")


def _why_broken(error: requests.RequestException) -> str:
    if "timed out" in str(error).lower():
        return "the server went silent"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke off"
    return "the server cannot be reached"


def _size_on_disk(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
