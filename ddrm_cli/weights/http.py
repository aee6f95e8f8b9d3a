"""What to ask a server for, and what to make of its answer.

Every decision of a download that needs neither network nor disk, as a pure function.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from ddrm_cli.errors import DownloadError

__all__ = [
    "Answer",
    "BrokenError",
    "PartOrigin",
    "RestartError",
    "back_off",
    "check_redirect",
    "judge",
    "request_headers",
    "resume_condition",
]


class BrokenError(Exception):
    """A failure that may pass: worth another try at the same address.

    Args:
        reason: What happened.
        retry_after: Seconds that the server asks to wait.
    """

    def __init__(self, reason: str, retry_after: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class RestartError(BrokenError):
    """What is here already is of no use: worth another try from the first byte."""


@dataclass(frozen=True)
class PartOrigin:
    """Where an unfinished file came from.

    Args:
        url: The address.
        mark: What the server calls that version: its strong ETag, else its date, else "".
    """

    url: str
    mark: str = ""


@dataclass(frozen=True)
class Answer:
    """What a server is about to send.

    Args:
        start: The byte of the file that the answer begins with.
        total: Size of the whole file; None where the server does not say.
        mark: What the server calls this version, see `PartOrigin`.
    """

    start: int
    total: int | None
    mark: str


def resume_condition(origin: PartOrigin | None, url: str, hash_is_known: bool) -> str | None:
    """How to ask for the rest of an unfinished file.

    Args:
        origin: Where its bytes came from, None if nobody knows.
        url: Where the rest is to come from.
        hash_is_known: Whether the finished file will be compared with a known hash.

    Returns:
        The value of ``If-Range``; "" to ask without one, because the hash will tell; None to
        start again, because nothing would.
    """
    if origin is not None and origin.url == url and origin.mark:
        return origin.mark
    return "" if hash_is_known else None


def request_headers(offset: int, condition: str) -> dict[str, str]:
    """Headers that ask for the file from byte ``offset`` on, if it is still that version."""
    headers = {"Accept-Encoding": "identity"}  # compressed, a range would be one of other bytes
    if offset:
        headers["Range"] = f"bytes={offset}-"
        if condition:
            headers["If-Range"] = condition
    return headers


def judge(
    status: int, headers: Mapping[str, str], offset: int, origin: PartOrigin | None
) -> Answer:
    """What a server is about to send, judged by its status and headers.

    Args:
        status: HTTP status.
        headers: HTTP headers, looked up without regard to case.
        offset: The byte that was asked for; 0 for the whole file.
        origin: Where the bytes before ``offset`` came from, if from the same address.

    Raises:
        BrokenError: It is worth another try.
        RestartError: It is, from the first byte.
        DownloadError: It is not.
    """
    if status in (408, 425, 429) or status >= 500:
        after = _whole(headers.get("Retry-After", ""))
        raise BrokenError(f"the server answered {status}", float(after or 0))
    if status == 416:
        raise RestartError("the server has no more bytes than are here already")
    if status not in (200, 206):
        raise DownloadError(f"the server answered {status}{_MEANING.get(status, '')}")
    if headers.get("Content-Type", "").lower().startswith("text/html"):
        raise DownloadError(
            "the server answered with a web page instead of the file",
            "A network that asks for a login first does that: open a web page in a browser.",
        )
    mark = _mark(headers)
    if status == 206:
        match = re.fullmatch(r"bytes (\w+)-\w+/(\w+|\*)", headers.get("Content-Range", "").strip())
        if match is None or _whole(match[1]) != offset:
            raise RestartError("the server sent another part of the file than was asked for")
        # A server that does not know If-Range would mix two versions of the file.
        if origin is not None and origin.mark and mark and origin.mark != mark:
            raise RestartError("the file on the server has changed")
        return Answer(offset, _whole(match[2]), mark)
    length = _whole(headers.get("Content-Length", ""))
    # The length of a compressed answer is not that of the file.
    encoded = headers.get("Content-Encoding", "identity") != "identity"
    return Answer(0, None if encoded else length, mark)


_MEANING = {
    401: " (not authorised)",
    403: " (forbidden)",
    404: " (not found)",
    410: " (gone)",
}


def _whole(text: str) -> int | None:
    """A number of bytes or seconds; None where that is none, such as ``²`` or a thousand digits."""
    return int(text) if re.fullmatch("[0-9]{1,18}", text) else None


def _mark(headers: Mapping[str, str]) -> str:
    etag = headers.get("ETag", "")
    # A weak ETag promises the same meaning, not the same bytes.
    return etag if etag and not etag.startswith("W/") else headers.get("Last-Modified", "")


def check_redirect(asked: str, answered: str) -> None:
    """Refuse to be led from an encrypted address to a plain one.

    Raises:
        DownloadError: That happened.
    """
    if urlsplit(asked).scheme == "https" and urlsplit(answered).scheme != "https":
        raise DownloadError(f"the server led to an address that is not encrypted: {answered}")


def back_off(failures: int, retry_after: float = 0.0) -> float:
    """Seconds to wait after so many failures in a row: 1, 2, 4, 8 .. or as the server asks.

    Never more than a minute.
    """
    return min(max(2.0 ** max(failures - 1, 0), retry_after), 60.0)
