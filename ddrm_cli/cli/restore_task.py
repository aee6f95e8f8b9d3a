"""What ``ddrm restore`` does to each picture."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .download import ensure_cached
from .progress import step_bar
from .restore_figures import Frames, comparison, read_original
from .restored_files import RestoredFiles
from .tasks import Report, Task
from .voice import Voice

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ddrm_cli.jobs import RestoreJob, RestoreRequest
    from ddrm_cli.restoration import LoadedModel, TilingSettings
    from ddrm_cli.sampler.ddrm import Step
    from ddrm_cli.sampler.settings import SamplerSettings
    from ddrm_cli.weights.registry import Model

__all__ = ["RestoreTask"]


@dataclasses.dataclass(kw_only=True)
class RestoreTask(Task):
    """Restore each picture with one model, which is loaded once it is needed.

    Args:
        request: What is done to each picture.
        settings: The sampler's.
        tiling: How large pictures are cut.
        model: Who restores.
        class_label: For a class-conditional model; None lets its classifier guess.
        device: Name of the device.
        precision: Name of the precision.
        outputs: What is written for each picture.
        original: The picture before it was degraded, for the comparison.
        asked: What results depend on beside the picture, to know them again.
        yes: Download a missing model without asking.
        voice: Tells what the user should hear meanwhile.
    """

    request: RestoreRequest
    settings: SamplerSettings
    tiling: TilingSettings
    model: Model
    class_label: int | None
    device: str
    precision: str
    outputs: RestoredFiles
    original: Path | None
    asked: dict[str, Any]
    yes: bool
    voice: Voice
    loaded: LoadedModel | None = None

    def files(self, output: Path) -> list[Path]:
        """Results and figures."""
        return self.outputs.all(output)

    def prepare(self) -> None:
        """Have the model, and see that it takes the tiles.

        Raises:
            DDRMError: What `ensure_cached`, `load_model` and `tiled_denoiser` raise.
        """
        ensure_cached(self.model, self.voice, yes=self.yes)
        self._load()

    def is_same(self, path: Path, output: Path) -> bool:
        """Whether the results that exist are what would be made of a picture.

        A file that cannot say it, which only a PNG can, is believed where no file is missing.

        Raises:
            ImageReadError: The picture cannot be read.
        """
        from ddrm_cli.jobs import read_result_record

        asked = self._asked(path)
        complete = all(file.exists() for file in self.outputs.all(output))
        results = [file for file in self.outputs.results(output) if file.exists()]
        for file in results:
            record = read_result_record(file)
            silent = record is None and file.suffix.lower() != ".png"
            if not (complete if silent else record is not None and record.get("asked") == asked):
                return False
        return bool(results)

    def run(self, path: Path, output: Path, *, overwrite: bool) -> Report:
        """Restore one picture."""
        from ddrm_cli.jobs import run_restore

        assert self.loaded is not None
        job = self._prepare(path, output)
        original = None
        if self.original is not None:
            original = read_original(self.original, job, self.request.max_pixels)
        notes: list[str] = []

        def notice(sentence: str) -> None:
            notes.append(sentence)
            self._remark(path, sentence)

        frames = Frames()
        started = time.perf_counter()
        with step_bar(self.voice, path.name, self.settings.steps) as bar:

            def callback(step: Step) -> None:
                bar(step)
                if self.outputs.predictions:
                    frames.add(step)

            samples = run_restore(
                job,
                self.loaded,
                settings=self.settings,
                tiling=self.tiling,
                seeds=self.outputs.seeds,
                label=self.class_label,
                callback=callback,
                notice=notice,
            )
        seconds = time.perf_counter() - started
        results = samples.mean(axis=0, keepdims=True) if self.outputs.average else samples
        facts = self._facts(job, self.loaded)
        record = {**facts, "asked": self._asked(path)}
        for note in self._write_results(output, job, results, record, overwrite=overwrite):
            notice(note)
        if self.outputs.predictions:
            self._write_frames(output, frames, overwrite=overwrite)
        if self.outputs.compare:
            figure = comparison(job, results, self.outputs.labels(), original)
            _write_figure(self.outputs.comparison(output), figure, overwrite=overwrite)
        if self.outputs.average:
            self._write_uncertainty(output, samples, overwrite=overwrite)
        written = [str(file) for file in self.files(output)]
        more = {"files": written, "seconds": round(seconds, 2), "notes": [*job.notes, *notes]}
        return Report(written, {**facts, **more})

    def _load(self) -> None:
        from ddrm_cli.restoration import load_model, tiled_denoiser

        self.loaded = load_model(self.model, device=self.device, precision=self.precision)
        # Whatever class it will be, a tile that the network cannot take is wrong now.
        conditional = self.model.num_classes is not None
        tiled_denoiser(self.loaded, self.tiling, (self.class_label or 0) if conditional else None)

    def _asked(self, path: Path) -> dict[str, Any]:
        """All that the results for a picture depend on."""
        from ddrm_cli.jobs import file_digest

        return {"input": file_digest(path), **self.asked}

    def _prepare(self, path: Path, output: Path) -> RestoreJob:
        from ddrm_cli.images.writing import check_size
        from ddrm_cli.jobs import prepare_restore

        job = prepare_restore(path, self.request)
        _, height, width = job.image_shape
        check_size(output, height, width)  # before the sampler runs for nothing
        for note in job.notes:
            self._remark(path, note)
        if job.sigma_origin == "estimated":
            self._remark(path, f"noise estimated as sigma = {job.sigma:.4f}.")
        return job

    def _remark(self, path: Path, sentence: str) -> None:
        self.voice.remark(f"{path}: {sentence}")

    def _write_results(
        self,
        output: Path,
        job: RestoreJob,
        results: NDArray[np.float32],
        record: dict[str, Any],
        *,
        overwrite: bool,
    ) -> list[str]:
        from ddrm_cli.images.writing import write_picture
        from ddrm_cli.jobs import result_picture

        notes: list[str] = []
        paths = self.outputs.results(output)
        for path, pixels, seed in zip(paths, results, self.outputs.seeds, strict=False):
            picture = result_picture(job, pixels, {**record, "seed": seed})
            notes += write_picture(path, picture, overwrite=overwrite)
        return list(dict.fromkeys(notes))

    def _write_uncertainty(
        self, output: Path, samples: NDArray[np.float32], *, overwrite: bool
    ) -> None:
        from ddrm_cli.files.figures import uncertainty_figure

        figure = uncertainty_figure(samples.std(axis=0, ddof=1))
        _write_figure(self.outputs.uncertainty(output), figure, overwrite=overwrite)

    def _write_frames(self, output: Path, frames: Frames, *, overwrite: bool) -> None:
        from ddrm_cli.files.figures import contact_sheet, progress_gif
        from ddrm_cli.images.writing import write_bytes

        animation = progress_gif(frames.pixels)
        write_bytes(self.outputs.animation(output), animation, overwrite=overwrite)
        sheet = contact_sheet(frames.pixels, frames.labels)
        _write_figure(self.outputs.contact_sheet(output), sheet, overwrite=overwrite)

    def _facts(self, job: RestoreJob, model: LoadedModel) -> dict[str, Any]:
        _, height, width = job.image_shape
        return {
            "degradation": job.degradation.name,
            "sigma": job.sigma,
            "sigma_origin": job.sigma_origin,
            "model": self.model.name,
            "class": self.class_label,
            "device": str(model.device),
            "precision": str(model.precision).removeprefix("torch."),
            "seed": self.outputs.seeds.start,
            "samples": len(self.outputs.seeds),
            "width": width,
            "height": height,
            **dataclasses.asdict(self.settings),
        }


def _write_figure(path: Path, pixels: NDArray[np.float32], *, overwrite: bool) -> None:
    from ddrm_cli.images.picture import Picture
    from ddrm_cli.images.writing import write_picture

    write_picture(path, Picture(pixels), overwrite=overwrite)
