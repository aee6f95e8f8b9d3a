"""``ddrm degrade``: measure a picture, to try a restoration on."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ddrm_cli.degradations.entry import check_sigma
from ddrm_cli.errors import Progress, UsageError
from ddrm_cli.sharing import follows

from .batch import run_task
from .degradation_options import (
    Angle,
    Blur,
    DegradationName,
    GrowMask,
    InvertMask,
    JpegQuality,
    JpegSubsampling,
    Kernel,
    Mask,
    Scale,
    degradation_of,
    drawn_mask,
)
from .jobs import Job, Naming
from .options import (
    Config,
    Debug,
    Json,
    MaxPixels,
    Out,
    Overwrite,
    Pictures,
    Quiet,
    Shard,
    ShowProgress,
    seed_option,
)
from .tasks import Report, Task
from .voice import Voice

if TYPE_CHECKING:
    from ddrm_cli.files.degrading import DegradeRequest

__all__ = ["degrade"]


def degrade(
    pictures: Pictures,
    deg: DegradationName = None,
    sigma: Annotated[
        float,
        typer.Option(
            "--sigma",
            metavar="NUMBER",
            help="Noise to add, on [0, 1] pixel values.",
            callback=check_sigma,
        ),
    ] = 0.0,
    seed: Annotated[
        int,
        seed_option("Of the noise and of random degradations."),
    ] = 0,
    mask: Mask = None,
    grow_mask: GrowMask = 0,
    invert_mask: InvertMask = False,
    kernel: Kernel = None,
    scale: Scale = None,
    blur: Blur = None,
    angle: Angle = None,
    jpeg_quality: JpegQuality = None,
    jpeg_subsampling: JpegSubsampling = None,
    out: Out = None,
    overwrite: Overwrite = False,
    max_pixels: MaxPixels = None,
    shard: Shard = None,
    as_json: Json = False,
    progress: ShowProgress = "bar",
    quiet: Quiet = False,
    config: Config = None,
    debug: Debug = False,
) -> None:
    """Degrade pictures: write what a known degradation leaves of them.

    The result remembers how it was made, so that ddrm restore needs nothing else. It is a PNG of
    8 bits, for jpeg a JPEG, or with --out FILE.npz the exact numbers, the only form for cs2 and
    cs4.

    ddrm degrade photo.png --deg sr4 --sigma 0.05 --seed 1 --out y.png
    """
    degradation = degradation_of(deg, scale, blur, angle, None, jpeg_quality, jpeg_subsampling)
    if degradation is None:
        raise UsageError(
            "No degradation was given.",
            "Choose one with --deg; see: ddrm list-degradations",
        )
    from ddrm_cli.images.kernels import read_kernel
    from ddrm_cli.images.naming import find_masks
    from ddrm_cli.images.reading import DEFAULT_MAX_PIXELS

    weights = None if kernel is None else read_kernel(kernel)
    drawn = drawn_mask(mask, grow_mask, invert_mask)
    limit = max_pixels or DEFAULT_MAX_PIXELS

    from ddrm_cli.files.degrading import DegradeRequest

    voice = Voice(as_json, quiet or follows(), debug)
    task = _DegradeTask(
        naming=Naming(
            f"_degraded_{degradation.name}",
            "",
            ("_restored", "_restored_*", "_degraded_*"),
            degradation.entry.formats,
        ),
        reads=[file for file in (mask, kernel) if file is not None],
        request=DegradeRequest(degradation, sigma, seed, drawn, weights, limit),
        masks=find_masks(mask),
        voice=voice,
    )
    run_task(
        pictures, task, out=out, overwrite=overwrite, part=shard, progress=progress, voice=voice
    )


@dataclass(kw_only=True)
class _DegradeTask(Task["DegradeRequest"]):
    """Measure each picture as the request says."""

    request: DegradeRequest
    masks: Mapping[Path, Path] | None
    voice: Voice

    def read(self, job: Job) -> DegradeRequest:
        from ddrm_cli.images.naming import mask_of

        mask = mask_of(job.source, self.masks, self.request.mask)
        return dataclasses.replace(self.request, mask=mask)

    def difference(self, job: Job, there: Sequence[Path]) -> str | None:
        from ddrm_cli.files.degrading import measurement_difference

        (result,) = there
        return measurement_difference(job.source.path, result, self.read(job))

    def run(
        self,
        job: Job,
        work: DegradeRequest,
        *,
        keep: Collection[Path],
        overwrite: bool,
        progress: Progress,
    ) -> Report:
        from ddrm_cli.files.degrading import degrade_file

        info, notes = degrade_file(job.source.path, job.output, work, overwrite=overwrite)
        for note in notes:
            self.voice.remark(f"{job.source.path}: {note}")
        width, height = info.image_size
        facts = {
            "degradation": info.degradation,
            "sigma": info.sigma,
            "seed": info.seed,
            "width": width,
            "height": height,
            "notes": list(notes),
        }
        return Report([job.output], facts)
