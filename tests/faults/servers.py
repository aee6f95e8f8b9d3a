"""Servers that misbehave: nothing wrong enters the cache, and the sentence says what went wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler

from tests.weights import server

from .bench import Bench, case
from .repairs import MODEL, ONLINE, cached, content, table


def _answer(code: int, headers: Mapping[str, str], body: bytes) -> server.Behaviour:
    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            # Not send_header, which would refuse what no server should send.
            handler._headers_buffer.append(f"{name}: {value}\r\n".encode())  # type: ignore[attr-defined]
        handler.end_headers()
        handler.wfile.write(body)

    return behave


HOSTILE: Mapping[str, tuple[int, Mapping[str, str], bytes]] = {
    "404": (404, {"Content-Length": "0"}, b""),
    "page": (200, {"Content-Type": "text/html", "Content-Length": "6"}, b"<html>"),
    "text": (200, {"Content-Length": "5"}, b"hello"),
    "empty": (200, {"Content-Length": "0"}, b""),
    "other length": (200, {"Content-Length": "7"}, b"PK\3\4abc"),
    "redirect to no address": (302, {"Location": "http://[::1"}, b""),
    "redirect to no port": (302, {"Location": "http://127.0.0.1:99999/"}, b""),
    "redirect to no scheme": (302, {"Location": "gopher://a"}, b""),
    "redirect to a file": (302, {"Location": "file:///etc/passwd"}, b""),
    "redirect to nothing": (302, {"Location": "http://"}, b""),
    "redirect to bytes": (302, {"Location": "http://\udc80\udcff.example".encode(
        errors="surrogateescape").decode("latin-1")}, b""),
    "redirect in a circle": (302, {"Location": "/two.pt"}, b""),
    "another encoding": (200, {"Content-Encoding": "gzip", "Content-Length": "9"}, b"PK\3\4abcde"),
}  # fmt: skip


@case(*HOSTILE)
def hostile_answer(bench: Bench, name: str) -> None:
    """A wrong answer is refused, and nothing is in the cache."""
    with server.running() as web:
        table(bench, web.serve("/two.pt", _answer(*HOSTILE[name])))
        bench.run("download", *MODEL, environment=ONLINE).refused()
        assert not cached(bench).exists()


@case("²", "9" * 5000, "-1", "1e400", "")
def strange_number(bench: Bench, text: str) -> None:
    """A length or a time that is no number does no harm where the rest is right."""
    length = {"Content-Length": text, "Connection": "close"} if text.strip("²") == "" else {}
    busy = _answer(503, {"Retry-After": text, "Content-Length": "0"}, b"")
    right = _answer(200, length, content()) if length else server.file(content())
    with server.running() as web:
        table(bench, web.serve("/two.pt", busy, right))
        end = bench.run("download", *MODEL, environment=ONLINE, patience=90)
        end.in_order(0, 1)
        assert cached(bench).exists() == (end.code == 0)


@case("bytes 5-9/²", "bytes 0-1/2", "nonsense", "bytes 100-5/*")
def strange_range(bench: Bench, text: str) -> None:
    """An answer with another part of the file than was asked for does not get into it."""
    with server.running() as web:
        strange = _answer(206, {"Content-Range": text, "Content-Length": "4"}, b"oops")
        table(bench, web.serve("/two.pt", strange, server.file(content())))
        cached(bench).parent.mkdir()
        cached(bench).with_name("two.pt.part").write_bytes(content()[:100])
        bench.run("download", *MODEL, environment=ONLINE).in_order(0)
        assert cached(bench).read_bytes() == content()


@case(1, 1000, 70_000, 299_000)
def broken_off(bench: Bench, after: int) -> None:
    """A download that breaks off is gone on with."""
    with server.running() as web:
        table(
            bench, web.serve("/two.pt", server.file(content(), cut=after), server.file(content()))
        )
        bench.run("download", *MODEL, environment=ONLINE).in_order(0)
        assert cached(bench).read_bytes() == content()


NOTES = {
    "line breaks": json.dumps({"url": "URL", "mark": '"a"\r\nX-Evil: 1'}),
    "no text": json.dumps({"url": "URL", "mark": [1]}),
    "not ASCII": json.dumps({"url": "URL", "mark": "ä²"}),
    "nested": "[" * 100_000,
    "digits": '{"url": ' + "9" * 5000 + "}",
    "bytes": "\x00\x01",
}


@case(*NOTES)
def strange_note(bench: Bench, name: str) -> None:
    """What stands beside an unfinished download is not trusted."""
    with server.running() as web:
        url = web.serve("/two.pt", server.file(content()))
        table(bench, url)
        cached(bench).parent.mkdir()
        cached(bench).with_name("two.pt.part").write_bytes(content()[:100])
        cached(bench).with_name("two.pt.part.json").write_text(NOTES[name].replace("URL", url))
        bench.run("download", *MODEL, environment=ONLINE).in_order(0)
        assert cached(bench).read_bytes() == content()
