"""``ddrm degrade``: measure a picture, to try a restoration on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ddrm_cli.errors import UsageError
from ddrm_cli.sampler.settings import LARGEST_SEED

from .batch import run_all
from .console import print_result, say
from .options import (
    Config,
    Debug,
    Degradation,
    Json,
    Kernel,
    Mask,
    MaxPixels,
    Out,
    Overwrite,
    Pictures,
    Quiet,
    check_sigma,
)

__all__ = ["degrade"]


def degrade(
    pictures: Pictures,
    deg: Degradation = None,
    sigma: Annotated[
        float,
        typer.Option("--sigma", metavar="NUMBER", help="Noise to add, on [0, 1] pixel values."),
    ] = 0.0,
    seed: Annotated[
        int,
        typer.Option(
            "--seed",
            metavar="N",
            min=0,
            max=LARGEST_SEED,
            help="Of the noise and of random degradations.",
        ),
    ] = 0,
    mask: Mask = None,
    kernel: Kernel = None,
    out: Out = None,
    overwrite: Overwrite = False,
    max_pixels: MaxPixels = None,
    as_json: Json = False,
    quiet: Quiet = False,
    config: Config = None,
    debug: Debug = False,
) -> None:
    """Degrade pictures: write what a known degradation leaves of them.

    The result remembers how it was made, so that ddrm restore needs nothing else. It is a PNG of
    8 bits, or with --out FILE.npz the exact numbers, the only form for cs2 and cs4.

    ddrm degrade photo.png --deg sr4 --sigma 0.05 --seed 1 --out y.png
    """
    if deg is None:
        raise UsageError(
            "No degradation was given.",
            "Choose one with --deg; see: ddrm list-degradations",
        )
    from ddrm_cli.degradations.table import get_degradation
    from ddrm_cli.images.kernels import read_kernel
    from ddrm_cli.images.reading import DEFAULT_MAX_PIXELS

    entry = get_degradation(deg)
    check_sigma(sigma, f"{sigma:g}")
    blur = None if kernel is None else read_kernel(kernel)

    from ddrm_cli.jobs import DegradeRequest, degrade_file, is_same_measurement

    request = DegradeRequest(deg, sigma, seed, mask, blur, max_pixels or DEFAULT_MAX_PIXELS)

    def one(path: Path, output: Path, replace: bool) -> None:
        info, notes = degrade_file(path, output, request, overwrite=replace)
        for note in notes if not quiet else ():
            say(f"{path}: {note}")
        if not as_json:
            print_result(output)
            return
        width, height = info.image_size
        facts = {
            "input": str(path),
            "output": str(output),
            "status": "done",
            "degradation": info.degradation,
            "sigma": info.sigma,
            "seed": info.seed,
            "width": width,
            "height": height,
            "notes": list(notes),
        }
        print_result(json.dumps(facts))

    formats = (".npz",) if entry.measurement == "vector" else (".png", ".npz")
    run_all(
        pictures,
        one,
        out=out,
        label=f"degraded_{deg}",
        results=("restored", "restored_*", "degraded_*"),
        suffix=formats[0],
        formats=formats,
        overwrite=overwrite,
        as_json=as_json,
        quiet=quiet,
        debug=debug,
        reads=(mask, kernel),
        is_same=lambda path, output: is_same_measurement(path, output, request),
    )
