"""What ``ddrm restore`` does to each picture."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ddrm_cli.errors import Progress

from .download import ensure_cached
from .jobs import Job
from .progress import share_bar
from .tasks import Ended, Report, Task
from .voice import Voice

if TYPE_CHECKING:
    from ddrm_cli.files.names import RestoredFiles
    from ddrm_cli.files.report import Outcome
    from ddrm_cli.files.restoring import FileProblem, RestoreRequest
    from ddrm_cli.prior import LoadedModel, TilingSettings
    from ddrm_cli.restoration import Restorer
    from ddrm_cli.sampler.settings import Settings
    from ddrm_cli.weights.registry import Model

__all__ = ["UNCHANGED", "RestoreTask"]

UNCHANGED = "Nothing was found that is to be taken away: no file was written."
"""What is told of a picture that ``--deg auto`` leaves as it is."""

_SMALLEST = 10  # samples to a byte of a file, than which no format makes a photograph smaller


@dataclasses.dataclass(kw_only=True)
class RestoreTask(Task["FileProblem"]):
    """Restore each picture with one model, which is loaded once it is needed.

    Args:
        request: What is done to each picture.
        automatic: Whether each picture is to show itself how it was degraded.
        settings: The sampler's.
        tiling: How large pictures are cut.
        model: Who restores.
        class_label: For a class-conditional model; None lets its classifier guess.
        device: Name of the device.
        precision: Name of the precision.
        compiled: Whether the network is compiled.
        outputs: What is written for each picture.
        original: The picture before it was degraded, for the comparison.
        masks: Of a folder, by name; None where there is none, or one for all.
        quality: Of results as JPEG and WebP.
        page: What is written of all pictures in the end, to look at; None writes nothing.
        command: What was typed, which the page tells.
        asked: What results depend on beside the picture and the request, to know them again.
        yes: Download a missing model without asking.
        voice: Tells what the user should hear meanwhile.
    """

    request: RestoreRequest
    automatic: bool
    settings: Settings
    tiling: TilingSettings
    model: Model
    class_label: int | None
    device: str
    precision: str
    compiled: bool
    outputs: RestoredFiles
    original: Path | None
    masks: Mapping[Path, Path] | None
    quality: int | None
    page: Path | None
    command: str
    asked: dict[str, Any]
    yes: bool
    voice: Voice
    restorer: Restorer | None = None

    def results(self, output: Path) -> list[Path]:
        """The restorations."""
        return self.outputs.results(output)

    def files(self, output: Path) -> list[Path]:
        """Results and figures."""
        return self.outputs.all(output)

    def written(self, job: Job, keep: Collection[Path]) -> list[str]:
        """The files that are written for a picture, but for those that stay as they are."""
        return [str(file) for file in self.files(job.output) if file not in keep]

    def request_for(self, job: Job) -> RestoreRequest:
        """What is done to one picture: with its own mask, where there is a folder of them."""
        from ddrm_cli.images.naming import mask_of

        mask = mask_of(job.source, self.masks, self.request.mask)
        return dataclasses.replace(self.request, mask=mask)

    def asked_of(self, job: Job) -> dict[str, Any]:
        """What the results for a picture depend on beside itself."""
        from ddrm_cli.weights.digests import model_digest

        weights = model_digest(self.model)
        return {**self.request_for(job).asked, **self.asked, "weights": weights}

    def difference(self, job: Job, there: Sequence[Path]) -> str | None:
        """How files that exist differ from what would be made of a picture."""
        from ddrm_cli.files.record import record_difference
        from ddrm_cli.files.restoring import asked_of_figures
        from ddrm_cli.images.files import file_digest

        asked = {"input": file_digest(job.source.path), **self.asked_of(job)}
        of_figures = asked_of_figures(asked, self.outputs, self.original)
        results = [*self.results(job.output), *self.results(job.former)]
        differences = (
            record_difference(file, asked if file in results else of_figures) for file in there
        )
        return next(filter(None, differences), None)

    def prepare(self) -> None:
        """Have the model, and see that it takes the tiles.

        Raises:
            DDRMError: What `ensure_cached`, `load_model` and `Restorer` raise.
        """
        if self.restorer is None:
            ensure_cached(self.model, self.voice, yes=self.yes)
            self.load()

    def load(self) -> None:
        """Load the model, which is there."""
        from ddrm_cli.prior import load_model

        if self.compiled:
            self.voice.remark("The network is compiled: the first picture waits, a minute or more.")
        loaded = load_model(
            self.model, device=self.device, precision=self.precision, compile=self.compiled
        )
        self.restorer = self.restorer_of(loaded)

    def restorer_of(self, model: LoadedModel) -> Restorer:
        """What restores with a model."""
        from ddrm_cli.restoration import Restorer

        return Restorer(model, self.settings, self.tiling, self.class_label)

    def read(self, job: Job) -> FileProblem | Report:
        """Read a picture, and tell how."""
        from ddrm_cli.images.encoding import check_size
        from ddrm_cli.images.writing import check_space

        path, request = job.source.path, self.request_for(job)
        if self.automatic:
            from ddrm_cli.files.automatic import choose

            choice = choose(path, request)
            if choice is None:
                self.voice.remark(f"{path}: {UNCHANGED}")
                return Report([], {"notes": [UNCHANGED]}, status="unchanged")
            posed = choice.request.read(path).noting(choice.why)
        else:
            posed = request.read(path)
        posed = posed.noting(*job.notes)
        # Before the model is loaded, and the sampler runs for nothing.
        channels, height, width = posed.problem.image_shape
        check_size(job.output, height, width)
        check_space(job.output, channels * height * width // _SMALLEST)
        for note in (*posed.notes, *posed.noise_notes):
            self.voice.remark(f"{path}: {note}")
        return posed

    def run(
        self,
        job: Job,
        work: FileProblem,
        *,
        keep: Collection[Path],
        overwrite: bool,
        progress: Progress,
    ) -> Report:
        """Restore one picture."""
        from ddrm_cli.files.restoring import FileRestorer

        assert self.restorer is not None
        notes = list(work.notes)

        def notice(sentence: str) -> None:
            notes.append(sentence)
            self.voice.remark(f"{job.source.path}: {sentence}")

        restore = FileRestorer(
            self.restorer,
            self.outputs,
            self.asked_of(job),
            self.original,
            self.request.max_pixels,
            self.quality,
        )
        facts = restore(
            job.output, work, keep=keep, overwrite=overwrite, notice=notice, progress=progress
        )
        written = self.written(job, keep)
        return Report(written, {**facts, "files": written, "notes": notes})

    def finish(self, ended: Sequence[Ended]) -> None:
        """Write the page of all pictures."""
        if self.page is None:
            return
        from ddrm_cli.files.report import write_report

        outcomes = [self._outcome(each) for each in ended]
        with share_bar(self.voice, self.page.name) as progress:
            page, *_ = write_report(outcomes, self.page, self.command, progress=progress)
        self.voice.remark(f"Report: {page}")

    def _outcome(self, ended: Ended) -> Outcome:
        """What the page shows of a picture."""
        from ddrm_cli.files.report import Outcome

        status, facts = ended.report.status, ended.report.facts
        if ended.output is None or status in ("failed", "unchanged"):
            return Outcome(ended.path, status, sentence=facts.get("error", UNCHANGED))
        layers = dict(zip(self.outputs.labels(), self.results(ended.output), strict=True))
        if self.outputs.average:
            layers["uncertainty"] = self.outputs.uncertainty(ended.output)
        if self.original is not None:
            layers["original"] = self.original
        return Outcome(ended.path, status, layers, facts)
