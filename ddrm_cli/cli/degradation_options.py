"""Options that say what happened to a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ddrm_cli.errors import UsageError

from .complete import degradations, one_of
from .panels import TASK

if TYPE_CHECKING:
    from ddrm_cli.degradations.table import Degradation
    from ddrm_cli.images.masks import Mask as DrawnMask

__all__ = [
    "Angle",
    "Blur",
    "Boundary",
    "DegradationName",
    "GrowMask",
    "InvertMask",
    "JpegQuality",
    "JpegSubsampling",
    "Kernel",
    "Mask",
    "Scale",
    "degradation_of",
    "drawn_mask",
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
