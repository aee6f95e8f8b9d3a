"""``ddrm web``: a page on one's own machine."""

from __future__ import annotations

import contextlib
import importlib.util
from typing import Annotated

import typer

from ddrm_cli.errors import UsageError

from .failures import explain
from .options import Config, Debug, MaxPixels
from .voice import Voice

__all__ = ["web"]

NEEDS = ("starlette", "uvicorn")


def web(
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            metavar="N",
            min=1,
            max=65535,
            help="Where on this machine the page is. Default: any port that is free.",
        ),
    ] = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Only print the address.")
    ] = False,
    max_pixels: MaxPixels = None,
    config: Config = None,
    debug: Debug = False,
) -> None:
    """Restore photographs in a page of the browser.

    Drop a photograph, say what happened to it, paint what is to be removed, compare, download.
    Prints the page's address, which nobody but this machine can reach and nobody without it can
    use. Ctrl-C ends it, and nothing of the photographs is kept.

    ddrm web --port 8000
    """
    if any(importlib.util.find_spec(name) is None for name in NEEDS):
        raise UsageError("The page needs more packages.", "Run: pip install 'ddrm-cli[web]'")
    from ddrm_cli.images.reading import DEFAULT_MAX_PIXELS
    from ddrm_cli.web.serving import serve
    from ddrm_cli.weights.registry import load_models

    voice = Voice(debug=debug)

    def opened(address: str) -> None:
        voice.result(address)
        if not no_browser:
            typer.launch(address)
        voice.say("Ctrl-C ends it.")

    with contextlib.suppress(KeyboardInterrupt):
        serve(
            load_models(),
            port=port or 0,
            max_pixels=max_pixels or DEFAULT_MAX_PIXELS,
            debug=debug,
            explain=explain,
            opened=opened,
        )
    voice.say("Ended. Nothing of the photographs was kept.")
