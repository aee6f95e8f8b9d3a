"""One call of ``ddrm restore``: its settings, its model once it is needed, and what it writes."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .console import print_result, say
from .progress import step_bar
from .restore_figures import Frames, comparison, read_original
from .restored_files import RestoredFiles

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ddrm_cli.jobs import RestoreJob, RestoreRequest
    from ddrm_cli.restoration import LoadedModel, TilingSettings
    from ddrm_cli.sampler.ddrm import Step
    from ddrm_cli.sampler.settings import SamplerSettings
    from ddrm_cli.weights.registry import Model

__all__ = ["RestoreRun"]


@dataclasses.dataclass
class RestoreRun:
    """One call of the command.

    Args:
        request: What is done to each picture.
        settings: The sampler's.
        tiling: How large pictures are cut.
        entry: The model.
        label: Class for a class-conditional model; None lets its classifier guess.
        device: Name of the device.
        precision: Name of the precision.
        files: What is written for each picture.
        original: The picture before it was degraded, for the comparison.
        asked: What results depend on beside the picture, to know them again.
        as_json: Print results as JSON.
        quiet: No progress and no remarks.
    """

    request: RestoreRequest
    settings: SamplerSettings
    tiling: TilingSettings
    entry: Model
    label: int | None
    device: str
    precision: str
    files: RestoredFiles
    original: Path | None
    asked: dict[str, Any]
    as_json: bool
    quiet: bool
    loaded: LoadedModel | None = None

    def load(self) -> None:
        """Load the model, and see that it takes the tiles.

        Raises:
            DDRMError: What `load_model` and `tiled_denoiser` raise.
        """
        from ddrm_cli.restoration import load_model, tiled_denoiser

        self.loaded = load_model(self.entry, device=self.device, precision=self.precision)
        # Whatever class it will be, a tile that the network cannot take is wrong now.
        conditional = self.entry.num_classes is not None
        tiled_denoiser(self.loaded, self.tiling, (self.label or 0) if conditional else None)

    def load_if_cached(self) -> None:
        """Load the model if that needs no download."""
        from ddrm_cli.weights.cache import is_cached

        if is_cached(self.entry):
            self.load()

    def is_same(self, path: Path, output: Path) -> bool:
        """Whether the results that exist are what this call would make of a picture.

        A file that cannot say it, which only a PNG can, is believed where no file is missing.

        Raises:
            ImageReadError: The picture cannot be read.
        """
        from ddrm_cli.jobs import read_result_record

        asked = self._asked(path)
        complete = all(file.exists() for file in self.files.all(output))
        results = [file for file in self.files.results(output) if file.exists()]
        for file in results:
            record = read_result_record(file)
            silent = record is None and file.suffix.lower() != ".png"
            if not (complete if silent else record is not None and record.get("asked") == asked):
                return False
        return bool(results)

    def restore(self, path: Path, output: Path, *, overwrite: bool) -> None:
        """Restore one picture.

        Args:
            path: The picture.
            output: Where the result goes, or what the names of several are made from.
            overwrite: Replace files that exist.

        Raises:
            DDRMError: It cannot be read, restored or written.
        """
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
        with step_bar(path.name, self.settings.steps, hidden=self.quiet) as bar:

            def callback(step: Step) -> None:
                bar(step)
                if self.files.progress:
                    frames.add(step)

            samples = run_restore(
                job,
                self.loaded,
                settings=self.settings,
                tiling=self.tiling,
                seeds=self.files.seeds,
                label=self.label,
                callback=callback,
                notice=notice,
            )
        seconds = time.perf_counter() - started
        results = samples.mean(axis=0, keepdims=True) if self.files.average else samples
        facts = self._facts(job, self.loaded)
        record = {**facts, "asked": self._asked(path)}
        for note in self._write_results(output, job, results, record, overwrite=overwrite):
            notice(note)
        if self.files.progress:
            self._write_frames(output, frames, overwrite=overwrite)
        if self.files.compare:
            figure = comparison(job, results, self.files.labels(), original)
            _write_figure(self.files.comparison(output), figure, overwrite=overwrite)
        if self.files.average:
            self._write_uncertainty(output, samples, overwrite=overwrite)
        written = [str(file) for file in self.files.all(output)]
        if not self.as_json:
            for file in written:
                print_result(file)
            return
        more = {"files": written, "seconds": round(seconds, 2), "notes": [*job.notes, *notes]}
        self._print_json(path, output, "done", {**facts, **more})

    def plan(self, path: Path, output: Path) -> None:
        """Say what would be done with one picture, and what it would cost."""
        from ddrm_cli.planning import expected_cost, model_without_weights

        job = self._prepare(path, output)
        model = self.loaded or model_without_weights(
            self.entry, device=self.device, precision=self.precision
        )
        facts = self._facts(job, model)
        cost = expected_cost(
            model, job.image_shape, self.settings, self.tiling, samples=len(self.files.seeds)
        )
        written = [str(file) for file in self.files.all(output)]
        if self.as_json:
            seconds = None if cost.seconds is None else round(cost.seconds, 1)
            more = {"files": written, "seconds": seconds, "megabytes": round(cost.megabytes)}
            self._print_json(path, output, "planned", {**facts, **more})
            return
        _, height, width = job.image_shape
        y = " x ".join(str(side) for side in reversed(job.y.shape[1:]))
        missing = (
            f"unknown, {self.entry.name} has not been downloaded: ddrm download {self.entry.name}"
        )
        for line in (
            f"{path} -> {', '.join(written)}",
            f"  size       {y} to {width} x {height}",
            f"  task       {job.degradation.name}: {job.degradation.summary}",
            f"  noise      sigma = {job.sigma:.4f}, {job.sigma_origin}",
            f"  model      {self.entry.name}, {facts['precision']} on {facts['device']}",
            f"  network    {_counted(self.settings.steps, 'step')} of "
            f"{_counted(cost.tiles, 'tile')}, {cost.tile_width} x {cost.tile_height} pixels each",
            f"  time       {missing if cost.seconds is None else _duration(cost.seconds)}",
            f"  memory     about {cost.megabytes / 1000:.1f} GB",
        ):
            print_result(line)

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
        if not self.quiet:
            say(f"{path}: {sentence}")

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
        paths = self.files.results(output)
        for path, pixels, seed in zip(paths, results, self.files.seeds, strict=False):
            picture = result_picture(job, pixels, {**record, "seed": seed})
            notes += write_picture(path, picture, overwrite=overwrite)
        return list(dict.fromkeys(notes))

    def _write_uncertainty(
        self, output: Path, samples: NDArray[np.float32], *, overwrite: bool
    ) -> None:
        from ddrm_cli.files.figures import uncertainty_figure

        figure = uncertainty_figure(samples.std(axis=0, ddof=1))
        _write_figure(self.files.uncertainty(output), figure, overwrite=overwrite)

    def _write_frames(self, output: Path, frames: Frames, *, overwrite: bool) -> None:
        from ddrm_cli.files.figures import contact_sheet, progress_gif
        from ddrm_cli.images.writing import write_bytes

        animation = progress_gif(frames.pixels)
        write_bytes(self.files.animation(output), animation, overwrite=overwrite)
        sheet = contact_sheet(frames.pixels, frames.labels)
        _write_figure(self.files.contact_sheet(output), sheet, overwrite=overwrite)

    def _facts(self, job: RestoreJob, model: LoadedModel) -> dict[str, Any]:
        _, height, width = job.image_shape
        return {
            "degradation": job.degradation.name,
            "sigma": job.sigma,
            "sigma_origin": job.sigma_origin,
            "model": self.entry.name,
            "class": self.label,
            "device": str(model.device),
            "precision": str(model.precision).removeprefix("torch."),
            "seed": self.files.seeds.start,
            "samples": len(self.files.seeds),
            "width": width,
            "height": height,
            **dataclasses.asdict(self.settings),
        }

    def _print_json(self, path: Path, output: Path, status: str, facts: dict[str, Any]) -> None:
        print_result(
            json.dumps({"input": str(path), "output": str(output), "status": status, **facts})
        )


def _write_figure(path: Path, pixels: NDArray[np.float32], *, overwrite: bool) -> None:
    from ddrm_cli.images.picture import Picture
    from ddrm_cli.images.writing import write_picture

    write_picture(path, Picture(pixels), overwrite=overwrite)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"about {seconds:.0f} seconds"
    if seconds < 5400:
        return f"about {seconds / 60:.0f} minutes"
    return f"about {seconds / 3600:.1f} hours"
