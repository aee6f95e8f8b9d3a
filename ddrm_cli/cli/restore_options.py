"""Options of ``ddrm restore`` alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from ddrm_cli.degradations.entry import check_sigma

from .complete import models, one_of
from .options import seed_option
from .panels import MACHINE, MODEL, OUTPUT, SAMPLER, TASK

__all__ = [
    "Arch",
    "Average",
    "ClassName",
    "Compare",
    "Compile",
    "Detail",
    "DryRun",
    "Eta",
    "EtaB",
    "Format",
    "ModelName",
    "Original",
    "Preset",
    "Quality",
    "ReportPage",
    "Samples",
    "SaveProgress",
    "Seed",
    "Sigma",
    "Spacing",
    "Steps",
    "Suffix",
]


def _noise(text: str) -> float | Literal["auto"]:
    if text == "auto":
        return "auto"
    try:
        return check_sigma(float(text))
    except ValueError:
        return check_sigma(text)


Sigma = Annotated[
    Any,  # what the parser gives, or None: typer knows no union of types
    one_of(
        "NUMBER|auto",
        "--sigma",
        help="Noise in the picture, on [0, 1] pixel values. Default: what the file says, or "
        "else auto, an estimate.",
        panel=TASK,
        parser=_noise,
    ),
]
Preset = Annotated[
    str,
    one_of(
        "standard|fast|detailed|paper",
        "--preset",
        help="Settings of the sampler, which the next options change.",
        panel=SAMPLER,
    ),
]
Steps = Annotated[
    int | None,
    typer.Option(
        "--steps",
        metavar="N",
        help="Evaluations of the network, 1 to 1000. Default: what the task needs, 1 to 20.",
        rich_help_panel=SAMPLER,
    ),
]
Detail = Annotated[
    float | None,
    typer.Option(
        "--detail",
        metavar="NUMBER",
        help="From 0, the expected picture, to 1, sharp and partly invented. Default: 0.5; "
        "1 for colour and for several samples.",
        rich_help_panel=SAMPLER,
    ),
]
Spacing = Annotated[
    str | None,
    one_of(
        "quadratic|uniform",
        "--spacing",
        help="With --preset paper: which noise levels; quadratic has more of the low ones.",
        panel=SAMPLER,
    ),
]
Eta = Annotated[
    float | None,
    typer.Option(
        "--eta",
        metavar="NUMBER",
        help="With --preset paper: share of fresh noise, 0 to 1, where nothing clear was measured.",
        rich_help_panel=SAMPLER,
    ),
]
EtaB = Annotated[
    float | None,
    typer.Option(
        "--eta-b",
        metavar="NUMBER",
        help="With --preset paper: weight of the measurement, 0 to 1, where it is clear.",
        rich_help_panel=SAMPLER,
    ),
]
Seed = Annotated[
    int,
    seed_option("Another seed invents other detail.", panel=SAMPLER),
]
Samples = Annotated[
    int,
    typer.Option(
        "--samples",
        metavar="N",
        help="Restore with N seeds, and write each result with its seed in the name.",
        rich_help_panel=SAMPLER,
    ),
]
Average = Annotated[
    bool,
    typer.Option(
        "--average",
        help="With --samples: write their mean, and a map of how much they differ, instead.",
        rich_help_panel=OUTPUT,
    ),
]
Compare = Annotated[
    bool,
    typer.Option(
        "--compare",
        help="Write input and restoration side by side as well.",
        rich_help_panel=OUTPUT,
    ),
]
Original = Annotated[
    Path | None,
    typer.Option(
        "--original",
        metavar="FILE",
        help="With --compare or --report: the picture before it was degraded, shown too.",
        rich_help_panel=OUTPUT,
    ),
]
ReportPage = Annotated[
    Path | None,
    typer.Option(
        "--report",
        metavar="FILE.html",
        help="Write a page to look at as well: before and after under a slider, offline.",
        rich_help_panel=OUTPUT,
    ),
]
SaveProgress = Annotated[
    bool,
    typer.Option(
        "--save-progress",
        help="Write the prediction at each step as well, as a GIF and as a contact sheet.",
        rich_help_panel=OUTPUT,
    ),
]
ModelName = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME|FILE",
        autocompletion=models,
        help="The prior, see: ddrm download; or a file of ddrm train, or with --arch one of "
        "other weights.",
        rich_help_panel=MODEL,
    ),
]
Arch = Annotated[
    str | None,
    typer.Option(
        "--arch",
        metavar="NAME",
        autocompletion=models,
        help="The model that the weights in --model FILE were trained like.",
        rich_help_panel=MODEL,
    ),
]
ClassName = Annotated[
    str | None,
    one_of(
        "NUMBER|NAME|auto",
        "--class",
        help="For class-conditional models: what the picture shows, such as 'tabby cat'. "
        "Default: auto, what the model's classifier takes it for.",
        panel=MODEL,
    ),
]
Compile = Annotated[
    bool,
    typer.Option(
        "--compile",
        help="Compile the network first, which takes a minute or more: for many pictures of one "
        "size.",
        rich_help_panel=MACHINE,
    ),
]
Format = Annotated[
    str | None,
    one_of(
        "png|jpg|webp|tiff|same",
        "--format",
        help="Of results without a name of their own; same is the input's, or PNG where that "
        "cannot be written. Default: png.",
        panel=OUTPUT,
    ),
]
Quality = Annotated[
    int | None,
    typer.Option(
        "--quality",
        metavar="N",
        min=1,
        max=100,
        help="Of results as JPEG or WebP. Default: 95 with full colour, and no loss at all.",
        rich_help_panel=OUTPUT,
    ),
]
Suffix = Annotated[
    str | None,
    typer.Option(
        "--suffix",
        metavar="TEXT",
        help="Added to the names of results; in a folder of --out too. Default: beside the input "
        "_restored and the name of --deg.",
        rich_help_panel=OUTPUT,
    ),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Only say what would be done, and the time and memory it would take.",
        rich_help_panel=OUTPUT,
    ),
]
