"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .config import read_defaults

__all__ = [
    "DEBUG",
    "Config",
    "Debug",
    "Degradation",
    "Json",
    "Kernel",
    "Mask",
    "MaxPixels",
    "Models",
    "Out",
    "Overwrite",
    "Pictures",
    "Quiet",
]

DEBUG = "ddrm.debug"
"""Where the context remembers ``--debug``."""


def _set_defaults(ctx: typer.Context, file: Path | None) -> Path | None:
    # A value of the file is a default: what the command line says wins.
    group: Any = ctx.find_root().command
    ctx.default_map = read_defaults(file, str(ctx.command.name), group.commands)
    return file


def _remember_debug(ctx: typer.Context, value: bool) -> bool:
    ctx.meta[DEBUG] = value
    return value


Pictures = Annotated[
    list[str],
    typer.Argument(metavar="PICTURE", help="Files, folders or patterns.", show_default=False),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="PATH",
        help="A file, or a folder, which keeps the tree below an input folder. "
        "Default: beside the input.",
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files that exist.")]
Degradation = Annotated[
    str | None,
    typer.Option(
        "--deg",
        "-d",
        metavar="NAME",
        help="The degradation, see: ddrm list-degradations.",
    ),
]
Mask = Annotated[
    Path | None,
    typer.Option(
        "--mask", metavar="FILE", help="Picture of the same size, white where pixels are missing."
    ),
]
Kernel = Annotated[
    Path | None,
    typer.Option(
        "--kernel",
        metavar="FILE",
        help="Blur kernel for deblur: .npy, .npz, text, or a grey picture.",
    ),
]
Models = Annotated[
    Path | None,
    typer.Option("--models", metavar="FILE", help="Your own table of models, in TOML."),
]
MaxPixels = Annotated[
    int | None,
    typer.Option(
        "--max-pixels", metavar="N", help="Largest input in pixels; guards against file bombs."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Results as JSON, one object a line.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no remarks.")]
Debug = Annotated[
    bool,
    typer.Option(
        "--debug", help="Show a traceback with errors.", callback=_remember_debug, is_eager=True
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="TOML file with defaults of options. Default: config.toml in the user's "
        "configuration folder, if there is one.",
        callback=_set_defaults,
        is_eager=True,
    ),
]
