"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ddrm_cli.errors import UsageError
from ddrm_cli.sampler.settings import LARGEST_SEED

from .complete import degradations, one_of
from .config import set_defaults
from .panels import MACHINE, MODEL, OUTPUT, TASK
from .streams import STREAM

if TYPE_CHECKING:
    from ddrm_cli.degradations.table import Degradation
    from ddrm_cli.images.masks import Mask as DrawnMask

__all__ = [
    "Angle",
    "BatchSize",
    "Blur",
    "Boundary",
    "Config",
    "Debug",
    "DegradationName",
    "Device",
    "GrowMask",
    "InvertMask",
    "JpegQuality",
    "JpegSubsampling",
    "Json",
    "Kernel",
    "Mask",
    "MaxPixels",
    "Models",
    "Out",
    "Overwrite",
    "Pictures",
    "Precision",
    "Quiet",
    "Scale",
    "ShowProgress",
    "Tile",
    "Yes",
    "degradation_of",
    "drawn_mask",
    "seed_option",
]


def degradation_of(
    deg: str | None,
    scale: int | None,
    blur: float | None,
    angle: float | None,
    boundary: str | None,
    quality: int | None,
    subsampling: str | None,
) -> Degradation | None:
    """What the options say of a degradation; None where they leave it to the file.

    Raises:
        UsageError: They do not go together.
    """
    from ddrm_cli.degradations.entry import OPTIONS
    from ddrm_cli.degradations.table import Degradation, numbered

    parameters = {
        "blur": blur,
        "angle": angle,
        "boundary": boundary,
        "quality": quality,
        "subsampling": subsampling,
    }
    if deg is not None:
        return Degradation(numbered(deg, "scale", scale), parameters)
    said = [name for name, value in {"scale": scale, **parameters}.items() if value is not None]
    if said:
        option = OPTIONS.get(said[0], "--scale")
        raise UsageError(f"{option} belongs to --deg.", "Say with --deg what happened.")
    return None


def drawn_mask(mask: Path | None, grow: int, invert: bool) -> DrawnMask | None:
    """What the options say of a mask; None where they say nothing.

    Raises:
        UsageError: There is none that could be grown or inverted.
    """
    from ddrm_cli.images import masks

    if mask is not None:
        return masks.Mask(mask, grow, invert)
    if grow or invert:
        option = "--grow-mask" if grow else "--invert-mask"
        raise UsageError(f"{option} belongs to --mask.", "Give a mask, or leave it out.")
    return None


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
DegradationName = Annotated[
    str | None,
    typer.Option(
        "--deg",
        "-d",
        metavar="NAME",
        autocompletion=degradations,
        help="What happened to the picture, see: ddrm list-degradations. With ddrm restore also "
        "auto: take away what the picture shows, see: ddrm inspect.",
        rich_help_panel=TASK,
    ),
]
Mask = Annotated[
    Path | None,
    typer.Option(
        "--mask",
        metavar="FILE|FOLDER",
        help="For inp: a picture of the same size; what is painted in any colour on black, or over "
        "a copy of the photograph, is missing. Or a folder of such, named like the photographs.",
        rich_help_panel=TASK,
    ),
]
GrowMask = Annotated[
    int,
    typer.Option(
        "--grow-mask",
        metavar="PIXELS",
        min=0,
        help="With --mask: enlarge what is missing by so many pixels to each side.",
        show_default=False,
        rich_help_panel=TASK,
    ),
]
InvertMask = Annotated[
    bool,
    typer.Option(
        "--invert-mask", help="With --mask: what is black is missing.", rich_help_panel=TASK
    ),
]
Kernel = Annotated[
    Path | None,
    typer.Option(
        "--kernel",
        metavar="FILE",
        help="For deblur, and for sr: the kernel as .npy, .npz, .txt, .csv, or a grey picture.",
        rich_help_panel=TASK,
    ),
]
Scale = Annotated[
    int | None,
    typer.Option(
        "--scale",
        metavar="N",
        help="For sr, sr_bicubic and their like: how many times smaller, 2 to 16. "
        "sr3 is sr with --scale 3.",
        rich_help_panel=TASK,
    ),
]
Blur = Annotated[
    float | None,
    typer.Option(
        "--blur",
        metavar="PIXELS",
        help="How wide: for deblur_gauss the standard deviation, for deblur_uni the odd width, "
        "for deblur_motion the length. Default: the published kernel.",
        rich_help_panel=TASK,
    ),
]
Angle = Annotated[
    float | None,
    typer.Option(
        "--angle",
        metavar="DEGREES",
        help="For deblur_motion: counter-clockwise, 0 along the rows. Default: 0.",
        rich_help_panel=TASK,
    ),
]
Boundary = Annotated[
    str | None,
    one_of(
        "unknown|reflect",
        "--boundary",
        help="For blurs: what lay beyond the frame. Default: what the file says, or else unknown.",
        panel=TASK,
    ),
]
JpegQuality = Annotated[
    int | None,
    typer.Option(
        "--jpeg-quality",
        metavar="N",
        help="For jpeg: how the picture was compressed, 1 to 100. A JPEG file says it itself.",
        rich_help_panel=TASK,
    ),
]
JpegSubsampling = Annotated[
    str | None,
    one_of(
        "4:4:4|4:2:2|4:2:0",
        "--jpeg-subsampling",
        help="For jpeg: how its colours were reduced. Default: 4:2:0.",
        panel=TASK,
    ),
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
