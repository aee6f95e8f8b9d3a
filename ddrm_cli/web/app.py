"""What is answered to whom.

=======================================  ======================================================
``GET /``                                the page, and below it its parts
``GET /desk``                            what the page should know before there is a photograph
``PUT /photos/NAME``                     takes a photograph; its key, and what it shows
``DELETE /photos/KEY``                   puts it away
``GET /photos/KEY/view``                 the photograph as any browser shows it
``PUT /photos/KEY/mask``                 takes what was painted
``POST /photos/KEY/restoration``         begins it; an `Order`
``GET /photos/KEY/restoration``          how far it is
``DELETE /photos/KEY/restoration``       cancels it
``GET /photos/KEY/result``               what came of it, the file that ``ddrm restore`` writes
=======================================  ======================================================

All of them below a token that only who was shown the address knows.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from secrets import compare_digest

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from ddrm_cli._version import __version__
from ddrm_cli.errors import DDRMError, ImageTooLargeError, UsageError
from ddrm_cli.weights.registry import DEFAULT_MODEL

from .desk import Desk
from .order import Order

__all__ = ["HEADERS", "HOST", "make_app"]

HOST = "127.0.0.1"  # nobody else on the network gets an answer
PAGE = Path(__file__).with_name("page")
LARGEST_ORDER = 100_000  # bytes

HEADERS = (
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'",
    ),
    ("cache-control", "no-store"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
)
"""Of every answer: the page reaches nothing but itself, and nothing of it is kept or passed on."""


def make_app(desk: Desk, token: str) -> Starlette:
    """The page and what it asks for.

    Args:
        desk: Has the photographs.
        token: The first part of every address that is answered.
    """
    api = _Api(desk)
    routes = [
        Route("/desk", api.about),
        Route("/photos/{name}", api.take_photo, methods=["PUT"]),
        Route("/photos/{key}", api.put_away, methods=["DELETE"]),
        Route("/photos/{key}/view", api.view),
        Route("/photos/{key}/mask", api.take_mask, methods=["PUT"]),
        Route("/photos/{key}/restoration", api.begin, methods=["POST"]),
        Route("/photos/{key}/restoration", api.progress, methods=["GET"]),
        Route("/photos/{key}/restoration", api.cancel, methods=["DELETE"]),
        Route("/photos/{key}/result", api.result),
        Mount("/", StaticFiles(directory=PAGE, html=True)),
    ]

    def failed(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"error": desk.explained(error)}, status_code=400)

    return Starlette(
        routes=[Mount(f"/{token}", routes=routes)],
        middleware=[
            # A name that leads here from elsewhere, as DNS rebinding makes one, is refused.
            Middleware(TrustedHostMiddleware, allowed_hosts=[HOST], www_redirect=False),
            Middleware(_Guard, token=token),
        ],
        # Whoever went away while they sent something hears of nothing, nor does anybody else.
        exception_handlers={each: failed for each in (DDRMError, ClientDisconnect, Exception)},
    )


class _Guard:
    """Refuses whoever does not know the token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        _, given, *_ = f"{scope['path']}/".split("/")
        answer: ASGIApp = self._app
        if not compare_digest(given.encode(), self._token):
            answer = PlainTextResponse("Open the address that ddrm web printed.", 403)
        await answer(scope, receive, send)


class _Api:
    """The answers that are no files of the page."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def about(self, request: Request) -> Response:
        about = {
            "version": __version__,
            "max_bytes": self._desk.max_bytes,
            "models": list(self._desk.models),
            "bundled": DEFAULT_MODEL,
        }
        return JSONResponse(about)

    async def take_photo(self, request: Request) -> Response:
        key = self._desk.open(request.path_params["name"])
        try:
            await self._save(request, self._desk.photo(key).path)
            found = await asyncio.wrap_future(self._desk.look(key))
        except BaseException:
            self._desk.close(key)
            raise
        return JSONResponse({"key": key, **found})

    def put_away(self, request: Request) -> Response:
        self._desk.close(request.path_params["key"])
        return Response(status_code=204)

    def view(self, request: Request) -> Response:
        return FileResponse(self._desk.photo(request.path_params["key"]).view)

    async def take_mask(self, request: Request) -> Response:
        await self._save(request, self._desk.photo(request.path_params["key"]).mask)
        return Response(status_code=204)

    async def begin(self, request: Request) -> Response:
        body = b""
        async for block in request.stream():
            body += block
            if len(body) > LARGEST_ORDER:
                raise UsageError("The page asks for too much.", "Load it again.")
        self._desk.restore(request.path_params["key"], Order.of(body))
        return Response(status_code=202)

    def progress(self, request: Request) -> Response:
        job = self._desk.photo(request.path_params["key"]).job
        return JSONResponse({} if job is None else job.facts)

    def cancel(self, request: Request) -> Response:
        job = self._desk.photo(request.path_params["key"]).job
        if job is not None:
            job.cancel()
        return Response(status_code=202)

    def result(self, request: Request) -> Response:
        job = self._desk.photo(request.path_params["key"]).job
        if job is None or job.result is None:
            raise UsageError("There is no result yet.", "Restore the photo first.")
        return FileResponse(job.result, filename=job.result.name)

    async def _save(self, request: Request, path: Path) -> None:
        """Write what is sent to a file, as far as a photograph may be long.

        Raises:
            ImageTooLargeError: It is longer.
        """
        most = self._desk.max_bytes
        said = int(request.headers.get("content-length", 0))
        taken = 0
        with path.open("wb") as file:
            async for block in request.stream():
                taken += len(block)
                if max(said, taken) > most:
                    raise ImageTooLargeError(
                        f"The file is longer than {most} bytes, the most that is taken.",
                        "Take a smaller one, or start ddrm web with a larger --max-pixels.",
                    )
                file.write(block)
