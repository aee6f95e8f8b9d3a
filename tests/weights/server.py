"""A web server on this machine that misbehaves as told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Behaviour = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Server:
    """Answers the requests for a path by its behaviours, one a request, the last one for good.

    Attributes:
        requests: Path and headers of every request, in the order of arrival.
        go_on: What stalled answers wait for; also set when the server stops.
    """

    address: str
    behaviours: dict[str, list[Behaviour]] = field(default_factory=dict)
    requests: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    go_on: threading.Event = field(default_factory=threading.Event)

    def serve(self, path: str, *behaviours: Behaviour) -> str:
        """The address of a path that behaves so."""
        self.behaviours[path] = list(behaviours)
        return self.address + path

    def stall(self, content: bytes, after: int) -> Behaviour:
        """Go silent in the middle, with the connection open, until told to go on."""

        def behave(handler: BaseHTTPRequestHandler) -> None:
            _head(handler, 200, {"Content-Length": str(len(content))})
            handler.wfile.write(content[:after])
            handler.wfile.flush()
            self.go_on.wait()
            handler.wfile.write(content[after:])

        return behave


@contextmanager
def running() -> Iterator[Server]:
    """A server on a free port of the loopback interface."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.requests.append((self.path, dict(self.headers.items())))
            behaviours = server.behaviours.get(self.path, [status(404)])
            behave = behaviours.pop(0) if len(behaviours) > 1 else behaviours[0]
            try:
                behave(self)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # the client had enough, or was killed

        def log_message(self, format: str, *args: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = Server(f"http://127.0.0.1:{http.server_port}")
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.go_on.set()
        http.shutdown()
        thread.join()
        http.server_close()


def _head(handler: BaseHTTPRequestHandler, code: int, headers: Mapping[str, str]) -> None:
    handler.send_response(code)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()


def status(code: int, **headers: str) -> Behaviour:
    """Answer with a status and nothing else."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: _head(handler, code, {"Content-Length": "0", **named})


def html(
    body: bytes = b"<!doctype html><title>Log in</title>", content_type: str = "text/html"
) -> Behaviour:
    """Answer with a web page and status 200, as a captive portal does."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        _head(handler, 200, {"Content-Type": content_type, "Content-Length": str(len(body))})
        handler.wfile.write(body)

    return behave


def file(
    content: bytes,
    *,
    etag: str = '"v1"',
    ranges: bool = True,
    if_range: bool = True,
    length: bool = True,
    cut: int | None = None,
) -> Behaviour:
    """Answer with a file, or the part that was asked for.

    Args:
        content: The whole file.
        etag: Mark of this version; "" sends none.
        ranges: Whether ``Range`` is honoured.
        if_range: Whether ``If-Range`` is.
        length: Whether ``Content-Length`` is sent.
        cut: Bytes of the answer after which the connection breaks.
    """

    def behave(handler: BaseHTTPRequestHandler) -> None:
        asked = handler.headers.get("Range")
        same = not if_range or handler.headers.get("If-Range", etag) == etag
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and ranges and same else 0
        if start >= len(content):
            _head(handler, 416, {"Content-Range": f"bytes */{len(content)}"})
            return
        headers = {"Content-Type": "application/octet-stream"}
        if etag:
            headers["ETag"] = etag
        if length:
            headers["Content-Length"] = str(len(content) - start)
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        _head(handler, 206 if start else 200, headers)
        handler.wfile.write(content[start:][:cut])

    return behave
