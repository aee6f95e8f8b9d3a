"""What ``ddrm restore`` does to each picture."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .download import ensure_cached
from .progress import step_bar
from .tasks import Report, Task
from .voice import Voice

if TYPE_CHECKING:
    from ddrm_cli.files.names import RestoredFiles
    from ddrm_cli.files.restoring import FileProblem, RestoreRequest
    from ddrm_cli.prior import LoadedModel, TilingSettings
    from ddrm_cli.restoration import Restorer
    from ddrm_cli.sampler.settings import Settings
    from ddrm_cli.weights.registry import Model

__all__ = ["UNCHANGED", "RestoreTask"]

UNCHANGED = "Nothing was found that is to be taken away: no file was written."
"""What is told of a picture that ``--deg auto`` leaves as it is."""


@dataclasses.dataclass(kw_only=True)
class RestoreTask(Task):
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
        outputs: What is written for each picture.
        original: The picture before it was degraded, for the comparison.
        asked: What results depend on beside the picture, to know them again.
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
    outputs: RestoredFiles
    original: Path | None
    asked: dict[str, Any]
    yes: bool
    voice: Voice
    restorer: Restorer | None = None

    def files(self, output: Path) -> list[Path]:
        """Results and figures."""
        return self.outputs.all(output)

    def is_same(self, path: Path, output: Path) -> bool:
        """Whether the results that exist are what would be made of a picture."""
        from ddrm_cli.files.restoring import is_same_restoration

        return is_same_restoration(path, output, self.outputs, self.asked)

    def prepare(self) -> None:
        """Have the model, and see that it takes the tiles.

        Raises:
            DDRMError: What `ensure_cached`, `load_model` and `Restorer` raise.
        """
        ensure_cached(self.model, self.voice, yes=self.yes)
        self.load()

    def load(self) -> None:
        """Load the model, which is there."""
        from ddrm_cli.prior import load_model

        loaded = load_model(self.model, device=self.device, precision=self.precision)
        self.restorer = self.restorer_of(loaded)

    def restorer_of(self, model: LoadedModel) -> Restorer:
        """What restores with a model."""
        from ddrm_cli.restoration import Restorer

        return Restorer(model, self.settings, self.tiling, self.class_label)

    def read(self, path: Path, output: Path) -> FileProblem | None:
        """Read a picture, and tell how; None where nothing is to be done."""
        from ddrm_cli.images.encoding import check_size

        if self.automatic:
            from ddrm_cli.files.automatic import choose

            choice = choose(path, self.request)
            if choice is None:
                self.voice.remark(f"{path}: {UNCHANGED}")
                return None
            posed = choice.request.read(path).noting(choice.why)
        else:
            posed = self.request.read(path)
        _, height, width = posed.problem.image_shape
        check_size(output, height, width)  # before the sampler runs for nothing
        for note in (*posed.notes, *posed.noise_notes):
            self.voice.remark(f"{path}: {note}")
        return posed

    def run(self, path: Path, output: Path, *, overwrite: bool) -> Report:
        """Restore one picture."""
        from ddrm_cli.files.restoring import FileRestorer

        assert self.restorer is not None
        posed = self.read(path, output)
        if posed is None:
            return Report([], {"notes": [UNCHANGED]}, status="unchanged")
        notes = list(posed.notes)

        def notice(sentence: str) -> None:
            notes.append(sentence)
            self.voice.remark(f"{path}: {sentence}")

        restore = FileRestorer(
            self.restorer, self.outputs, self.asked, self.original, self.request.max_pixels
        )
        steps = self.restorer.plan(posed.problem).steps
        with step_bar(self.voice, path.name, steps) as callback:
            facts = restore(
                path, output, posed, overwrite=overwrite, callback=callback, notice=notice
            )
        written = [str(file) for file in self.files(output)]
        return Report(written, {**facts, "files": written, "notes": notes})
