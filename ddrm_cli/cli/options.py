"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ddrm_cli.sampler.settings import LARGEST_SEED
from ddrm_cli.sharing import parse_shard

from .complete import one_of
from .config import set_defaults
from .panels import MACHINE, MODEL, OUTPUT
from .streams import STREAM

__all__ = [
    "BatchSize",
    "Config",
    "Debug",
    "Device",
    "Json",
    "MaxPixels",
    "Models",
    "Out",
    "Overwrite",
    "Pictures",
    "Precision",
    "Quiet",
    "Shard",
    "ShowProgress",
    "Threads",
    "Tile",
    "Yes",
    "seed_option",
]


def seed_option(help: str, *, panel: str | None = None) -> Any:
    """The option ``--seed``, with what it is the seed of."""
    return typer.Option(
        "--seed", metavar="N", min=0, max=LARGEST_SEED, help=help, rich_help_panel=panel
    )


def _named(ctx: typer.Context, pictures: list[str]) -> list[str]:
    """A name that is mistyped is told at once, before anything slow is loaded."""
    from ddrm_cli.images.files import check_named

    for picture in pictures if not ctx.resilient_parsing else ():
        if picture != STREAM:
            check_named(picture)
    return pictures


Pictures = Annotated[
    list[str],
    typer.Argument(
        metavar="PICTURE",
        help="Files, folders or patterns such as '*.jpg'; - is stdin.",
        show_default=False,
        callback=_named,
    ),
]
Out = Annotated[
    str | None,
    typer.Option(
        "--out",
        "-o",
        metavar="PATH",
        help="File to write, - for stdout, or folder, which keeps the tree below an input folder; "
        "a name that ends in a slash is one. Default: beside the input.",
        rich_help_panel=OUTPUT,
    ),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace files that exist.", rich_help_panel=OUTPUT)
]
Models = Annotated[
    Path | None,
    typer.Option(
        "--models", metavar="FILE", help="Your own table of models, in TOML.", rich_help_panel=MODEL
    ),
]
Yes = Annotated[
    bool,
    typer.Option(
        "--yes", "-y", help="Download a missing model without asking.", rich_help_panel=MODEL
    ),
]
Device = Annotated[
    str,
    one_of(
        "auto|cpu|cuda|cuda:N|mps",
        "--device",
        help="Where to compute.",
        panel=MACHINE,
    ),
]
Precision = Annotated[
    str,
    one_of(
        "auto|float32|bfloat16|float16",
        "--precision",
        help="Of the network; auto is the fastest that the device is made for.",
        panel=MACHINE,
    ),
]
Tile = Annotated[
    int | None,
    typer.Option(
        "--tile",
        metavar="PIXELS",
        help="Side of what the network sees at once of a large picture. Default: the model's.",
        rich_help_panel=MACHINE,
    ),
]
BatchSize = Annotated[
    int,
    typer.Option(
        "--batch-size",
        metavar="N",
        help="Tiles that the network sees at once.",
        rich_help_panel=MACHINE,
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads",
        metavar="N",
        min=1,
        help="Threads of the CPU. Default: OMP_NUM_THREADS where set, or else the cores, divided "
        "among the processes of torchrun.",
        rich_help_panel=MACHINE,
    ),
]
MaxPixels = Annotated[
    int | None,
    typer.Option(
        "--max-pixels",
        metavar="N",
        min=1,
        help="Refuse larger inputs, in pixels; guards against decompression bombs. "
        "Default: 200 million.",
        rich_help_panel=MACHINE,
    ),
]
Json = Annotated[
    bool,
    typer.Option(
        "--json",
        help="Print results as JSON, one object a line, for scripts.",
        rich_help_panel=OUTPUT,
    ),
]
Shard = Annotated[
    Any,  # a number and a count, or None
    one_of(
        "I/N",
        "--shard",
        help="Take the I-th of N parts of the sorted pictures, for schedulers that number their "
        "jobs.",
        panel=MACHINE,
        parser=parse_shard,
    ),
]
ShowProgress = Annotated[
    str,
    one_of(
        "bar|json|none",
        "--progress",
        help="How it is shown on stderr: a bar, or every 30 seconds a line where that is no "
        "terminal; as JSON, an object a line, for programs; or not.",
        panel=OUTPUT,
    ),
]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="No progress and no remarks.", rich_help_panel=OUTPUT)
]
Debug = Annotated[bool, typer.Option("--debug", help="Show a traceback with errors.")]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="TOML file with defaults of options. Default: config.toml in the user's "
        "configuration folder, if there is one.",
        callback=set_defaults,
        is_eager=True,
    ),
]
