"""``ddrm restore``: the main job."""

from __future__ import annotations

import glob
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ddrm_cli.errors import UnknownNameError, UsageError
from ddrm_cli.sampler.settings import LARGEST_SEED, MAX_SAMPLES
from ddrm_cli.sharing import follows

from .batch import run_task
from .degradation_options import (
    Angle,
    Blur,
    Boundary,
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
from .jobs import Naming
from .options import (
    BatchSize,
    Config,
    Debug,
    Device,
    Json,
    MaxPixels,
    Models,
    Out,
    Overwrite,
    Pictures,
    Precision,
    Quiet,
    Shard,
    ShowProgress,
    Threads,
    Tile,
    Yes,
)
from .restore_options import (
    Arch,
    Average,
    ClassName,
    Compare,
    Compile,
    Detail,
    DryRun,
    Eta,
    EtaB,
    Format,
    ModelName,
    Original,
    Preset,
    Quality,
    ReportPage,
    Samples,
    SaveProgress,
    Seed,
    Sigma,
    Spacing,
    Steps,
    Suffix,
)
from .typed import typed
from .voice import Voice

if TYPE_CHECKING:
    from ddrm_cli.degradations.table import Degradation
    from ddrm_cli.weights.registry import Model

__all__ = ["restore"]


def restore(
    ctx: typer.Context,
    pictures: Pictures,
    deg: DegradationName = None,
    sigma: Sigma = None,
    mask: Mask = None,
    grow_mask: GrowMask = 0,
    invert_mask: InvertMask = False,
    kernel: Kernel = None,
    scale: Scale = None,
    blur: Blur = None,
    angle: Angle = None,
    boundary: Boundary = None,
    jpeg_quality: JpegQuality = None,
    jpeg_subsampling: JpegSubsampling = None,
    out: Out = None,
    form: Format = None,
    quality: Quality = None,
    suffix: Suffix = None,
    overwrite: Overwrite = False,
    preset: Preset = "standard",
    steps: Steps = None,
    detail: Detail = None,
    spacing: Spacing = None,
    eta: Eta = None,
    eta_b: EtaB = None,
    seed: Seed = 0,
    samples: Samples = 1,
    average: Average = False,
    compare: Compare = False,
    original: Original = None,
    report: ReportPage = None,
    save_progress: SaveProgress = False,
    model_name: ModelName = "photo-small",
    arch: Arch = None,
    class_name: ClassName = None,
    models_file: Models = None,
    yes: Yes = False,
    device: Device = "auto",
    precision: Precision = "auto",
    tile: Tile = None,
    batch_size: BatchSize = 1,
    threads: Threads = None,
    compiled: Compile = False,
    max_pixels: MaxPixels = None,
    shard: Shard = None,
    dry_run: DryRun = False,
    as_json: Json = False,
    progress: ShowProgress = "bar",
    quiet: Quiet = False,
    config: Config = None,
    debug: Debug = False,
) -> None:
    """Restore degraded photographs.

    Takes the degraded photograph itself, or what ddrm degrade wrote, and prints the path of the
    result. In a folder, results that exist are skipped: the same command goes on where it stopped.

    ddrm restore photo.jpg --deg sr_bicubic4

    ddrm restore scan.png --deg inp --mask scratches.png --out clean.png

    ddrm restore photos/ --deg auto --out restored/
    """
    # Everything that can be known to be wrong is, before torch is loaded.
    from ddrm_cli.files.names import RestoredFiles
    from ddrm_cli.files.report import check_report
    from ddrm_cli.images.kernels import read_kernel
    from ddrm_cli.images.naming import find_masks
    from ddrm_cli.images.reading import DEFAULT_MAX_PIXELS
    from ddrm_cli.inspection.suggestions import AUTO
    from ddrm_cli.sampler.settings import OLD_NAMES, SamplerSettings, settings_notes, settings_of
    from ddrm_cli.weights.registry import load_models

    automatic = deg == AUTO
    named = None if automatic else deg
    degradation = degradation_of(
        named, scale, blur, angle, boundary, jpeg_quality, jpeg_subsampling
    )
    voice = Voice(as_json, quiet or follows(), debug)
    settings = settings_of(
        preset, steps=steps, detail=detail, spacing=spacing, eta=eta, eta_b=eta_b
    )
    if preset in OLD_NAMES:
        voice.remark(f"The preset {preset} is called {OLD_NAMES[preset]} by now.")
    for note in settings_notes(settings):
        voice.remark(note)
    if samples > 1 and detail is None and isinstance(settings, SamplerSettings):
        voice.remark("Several samples are drawn in full detail, so that they differ as they may.")
        settings = settings_of("detailed", steps=steps)
    if not 1 <= samples <= MAX_SAMPLES:
        raise UsageError(f"'--samples {samples}' is not possible.", f"Choose 1 to {MAX_SAMPLES}.")
    if seed + samples - 1 > LARGEST_SEED:
        raise UsageError(
            f"{samples} samples from --seed {seed} on pass the largest seed, {LARGEST_SEED}.",
            "Choose a smaller seed.",
        )
    outputs = RestoredFiles(range(seed, seed + samples), average, compare, save_progress)
    if original is not None and not (compare or report):
        raise UsageError(
            "--original is shown by --compare and --report.", "Add --compare or --report."
        )
    if report is not None:
        if shard is not None:
            raise UsageError(
                "--report shows all pictures, and --shard takes a part of them.",
                "Leave --report to a run without --shard, which restores nothing again.",
            )
        check_report(report)
    model = _model(model_name, arch, load_models(models_file))
    weights = None if kernel is None else read_kernel(kernel)
    naming = _naming(degradation, form, suffix)
    _check_quality(quality, form, out)
    drawn = drawn_mask(mask, grow_mask, invert_mask)

    from ddrm_cli.devices import choose_device, choose_precision, use_threads
    from ddrm_cli.files.record import asked_options
    from ddrm_cli.files.restoring import RestoreRequest
    from ddrm_cli.prior import TilingSettings

    choose_precision(precision, choose_device(device))
    use_threads(threads)

    from .restore_plan import RestorePlan
    from .restore_task import RestoreTask

    request = RestoreRequest(degradation, sigma, drawn, weights, max_pixels or DEFAULT_MAX_PIXELS)
    make = RestorePlan if dry_run else RestoreTask
    task = make(
        naming=naming,
        reads=[file for file in (mask, kernel, original) if file is not None],
        request=request,
        automatic=automatic,
        settings=settings,
        tiling=TilingSettings(tile, batch_size),
        model=model,
        class_label=_class_label(class_name, model),
        device=device,
        precision=precision,
        compiled=compiled,
        outputs=outputs,
        original=original,
        masks=find_masks(mask),
        quality=quality,
        page=None if dry_run else report,
        command=typed(ctx),
        asked=asked_options(
            settings,
            model_name,
            automatic=automatic,
            quality=quality,
            tile=tile,
            label=class_name,
            seed=seed,
            averaged=samples if average else 1,
        ),
        yes=yes,
        voice=voice,
    )
    run_task(
        pictures, task, out=out, overwrite=overwrite, part=shard, progress=progress, voice=voice
    )


def _naming(degradation: Degradation | None, form: str | None, suffix: str | None) -> Naming:
    from ddrm_cli.images.encoding import OUTPUT_FORMATS
    from ddrm_cli.images.naming import FORMATS

    if form is not None and form not in FORMATS:
        raise UnknownNameError("format", form, FORMATS)
    if suffix is not None and ("/" in suffix or "\\" in suffix or not suffix):
        raise UsageError(f"'--suffix {suffix}' is no end of a name.", "Try --suffix _clean.")
    usual = f"_restored_{degradation.name}" if degradation else "_restored"
    own = () if suffix is None else (glob.escape(suffix), f"{glob.escape(suffix)}_*")
    return Naming(
        beside=suffix or usual,
        below=suffix or "",
        results=("_restored", "_restored_*", *own),
        suffixes=tuple(OUTPUT_FORMATS),
        form=form,
    )


def _check_quality(quality: int | None, form: str | None, out: str | None) -> None:
    """See that there is a result that can have a quality."""
    from ddrm_cli.images.encoding import LOSSY, OUTPUT_FORMATS
    from ddrm_cli.images.naming import SAME

    named = Path(out or "").suffix.lower() if form is None else f".{form}"
    if quality is not None and form != SAME and OUTPUT_FORMATS.get(named) not in LOSSY:
        raise UsageError("--quality belongs to JPEG and WebP.", "Add --format jpg or webp.")


def _class_label(text: str | None, model: Model) -> int | None:
    """The class of an option; None where the classifier is to guess, or there are no classes."""
    from ddrm_cli.weights.classes import find_class

    if model.num_classes is None and text is not None:
        raise UsageError(f"The model {model.name} has no classes.", "Leave --class out.")
    if model.num_classes is None or text is None or text == "auto":
        return None
    return find_class(text, model.num_classes)


def _model(name: str, arch: str | None, models: Mapping[str, Model]) -> Model:
    """The model of a name, or of a file of weights."""
    if arch is None:
        from ddrm_cli.weights.own_file import find_model

        return find_model(name, models)
    if not Path(name).is_file():
        raise UsageError(
            f"There is no file '{name}' of weights for --arch.", "Check the name after --model."
        )
    from ddrm_cli.weights.infer import model_from_file

    return model_from_file(Path(name), arch, models)
