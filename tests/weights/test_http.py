"""What is made of a server's answer, without a server."""

from __future__ import annotations

import pytest
from requests.structures import CaseInsensitiveDict

from ddrm_cli.errors import DownloadError
from ddrm_cli.weights.http import (
    Answer,
    BrokenError,
    PartOrigin,
    RestartError,
    back_off,
    check_redirect,
    judge,
    request_headers,
    resume_condition,
)

URL = "https://example.org/f"


def headers(**values: str) -> CaseInsensitiveDict[str]:
    return CaseInsensitiveDict({name.replace("_", "-"): value for name, value in values.items()})


@pytest.mark.parametrize(
    ("origin", "hash_is_known", "condition"),
    [
        (PartOrigin(URL, '"v1"'), False, '"v1"'),
        (PartOrigin(URL, '"v1"'), True, '"v1"'),
        (PartOrigin(URL), True, ""),
        (PartOrigin(URL), False, None),
        (PartOrigin("https://mirror.example.org/f", '"v1"'), True, ""),
        (PartOrigin("https://mirror.example.org/f", '"v1"'), False, None),
        (None, True, ""),
        (None, False, None),
    ],
)
def test_rest_is_asked_for_only_where_a_mark_or_a_hash_tells_that_it_fits(
    origin: PartOrigin | None, hash_is_known: bool, condition: str | None
) -> None:
    assert resume_condition(origin, URL, hash_is_known) == condition


def test_request_for_the_whole_file_and_for_its_rest() -> None:
    assert request_headers(0, '"v1"') == {"Accept-Encoding": "identity"}
    assert request_headers(7, "")["Range"] == "bytes=7-"
    assert "If-Range" not in request_headers(7, "")
    assert request_headers(7, '"v1"')["If-Range"] == '"v1"'


@pytest.mark.parametrize(
    ("status", "given", "offset", "answer"),
    [
        (200, headers(Content_Length="9", ETag='"a"'), 0, Answer(0, 9, '"a"')),
        (200, headers(Content_Length="9"), 5, Answer(0, 9, "")),
        (200, headers(), 0, Answer(0, None, "")),
        (200, headers(Content_Length="9", Content_Encoding="gzip"), 0, Answer(0, None, "")),
        (206, headers(Content_Range="bytes 5-8/9"), 5, Answer(5, 9, "")),
        (206, headers(Content_Range="bytes 5-8/*"), 5, Answer(5, None, "")),
        (200, headers(ETag='W/"a"', Last_Modified="Mon"), 0, Answer(0, None, "Mon")),
    ],
)
def test_good_answer(
    status: int, given: CaseInsensitiveDict[str], offset: int, answer: Answer
) -> None:
    assert judge(status, given, offset, None) == answer


@pytest.mark.parametrize(
    ("status", "given"),
    [
        (416, headers()),
        (206, headers()),
        (206, headers(Content_Range="bytes 4-8/9")),
        (206, headers(Content_Range="nonsense")),
        (206, headers(Content_Range="bytes 5-8/9", ETag='"new"')),
    ],
)
def test_answer_that_does_not_fit_the_part_means_to_start_again(
    status: int, given: CaseInsensitiveDict[str]
) -> None:
    with pytest.raises(RestartError):
        judge(status, given, 5, PartOrigin(URL, '"old"'))


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_passing_failure(status: int) -> None:
    with pytest.raises(BrokenError) as caught:
        judge(status, headers(Retry_After="12"), 0, None)
    assert caught.value.retry_after == 12


@pytest.mark.parametrize("status", [204, 304, 400, 401, 403, 404, 451])
def test_lasting_failure(status: int) -> None:
    with pytest.raises(DownloadError, match=str(status)):
        judge(status, headers(), 0, None)


def test_waits_grow_to_a_minute_and_no_further() -> None:
    assert [back_off(failures) for failures in (1, 2, 3, 10)] == [1, 2, 4, 60]
    assert back_off(1, retry_after=30) == 30
    assert back_off(1, retry_after=86_400) == 60


def test_redirect_may_not_lose_the_encryption() -> None:
    check_redirect("https://a.org/f", "https://b.org/f")
    check_redirect("http://127.0.0.1/f", "http://127.0.0.1/g")
    with pytest.raises(DownloadError, match="not encrypted"):
        check_redirect("https://a.org/f", "http://login.example.org/")
