"""The page at an address of its own, until somebody ends it."""

from __future__ import annotations

import secrets
import signal
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import uvicorn

from ddrm_cli.errors import UsageError
from ddrm_cli.weights.registry import Model

from .app import HEADERS, HOST, make_app
from .desk import Desk

__all__ = ["make_server", "serve"]

PATIENCE = 3  # seconds for answers that are under way when it ends


def serve(
    models: Mapping[str, Model],
    *,
    port: int,
    max_pixels: int,
    debug: bool,
    explain: Callable[[Exception], str],
    opened: Callable[[str], None],
) -> None:
    """Answer on this machine until a signal asks to end; then nothing of any photograph is left.

    To be called in the main thread, which hears the signals.

    Args:
        models: Those of which the cached ones are offered.
        port: To listen at; 0 takes any that is free.
        max_pixels: Largest photograph that is read.
        debug: Show tracebacks of what should not have happened.
        explain: What an error becomes, a sentence.
        opened: Told the address of the page, with its token, once it is answered.

    Raises:
        UsageError: The port is taken, or not for everyone.
        KeyboardInterrupt: It was ended by Ctrl-C.
    """
    token = secrets.token_urlsafe(16)
    with (
        _listening(port) as listener,
        TemporaryDirectory(prefix="ddrm-web-") as folder,
        Desk(Path(folder), models, max_pixels, explain) as desk,
    ):
        server = make_server(desk, token, debug=debug)
        for name in ("SIGTERM", "SIGHUP"):  # which would end the program without cleaning up
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), server.handle_exit)
        opened(f"http://{HOST}:{listener.getsockname()[1]}/{token}/")
        server.run(sockets=[listener])


def make_server(desk: Desk, token: str, *, debug: bool = False) -> uvicorn.Server:
    """What answers: it has no sockets yet, and hears no signals outside of the main thread.

    Args:
        desk: Has the photographs.
        token: The first part of every address that is answered.
        debug: Show tracebacks of what should not have happened.
    """
    config = uvicorn.Config(
        make_app(desk, token),
        headers=list(HEADERS),
        server_header=False,
        access_log=False,  # addresses hold the token
        log_level="warning" if debug else "critical",
        ws="none",
        lifespan="off",
        timeout_graceful_shutdown=PATIENCE,
    )
    return uvicorn.Server(config)


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except (OSError, OverflowError) as error:
        raise UsageError(
            f"Port {port} cannot be listened at: {getattr(error, 'strerror', None) or error}.",
            "Choose another with --port, or leave it out.",
        ) from error
