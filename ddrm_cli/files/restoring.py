"""Restoring a file: a photograph or a measurement in, results and figures out."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ddrm_cli.conversion import Batch, read_batch
from ddrm_cli.degradations.table import Degradation
from ddrm_cli.errors import MeasurementError, Notice, Progress
from ddrm_cli.images.files import file_digest
from ddrm_cli.images.masks import Mask
from ddrm_cli.images.picture import Picture
from ddrm_cli.images.reading import DEFAULT_MAX_PIXELS, read_picture
from ddrm_cli.images.writing import write_bytes, write_picture
from ddrm_cli.memory import give_back
from ddrm_cli.planning import shortage
from ddrm_cli.problem import COMPRESSION, InverseProblem, pose
from ddrm_cli.restoration import Restorer
from ddrm_cli.sampler.ddrm import Step
from ddrm_cli.sampler.plan import Plan

from .figures import Predictions, compare_figure, contact_sheet, progress_gif, uncertainty_figure
from .names import RestoredFiles
from .record import comment_of, described, described_mask, with_record

__all__ = ["FileProblem", "FileRestorer", "RestoreRequest", "asked_of_figures"]


@dataclass(frozen=True, eq=False)
class RestoreRequest:
    """What the user asked for, for every picture of a run.

    Args:
        degradation: A name of the table, or one with parameters; None takes it from the file.
        sigma: Noise on [0, 1]; None takes it from the file, or else estimates it; ``"auto"``
            estimates it in any case.
        mask: The missing pixels, drawn in a file, for ``inp``.
        kernel: For ``deblur``.
        max_pixels: Largest picture that is read.

    Raises:
        UsageError: A mask or a kernel that the degradation does not take.
    """

    degradation: str | Degradation | None = None
    sigma: float | Literal["auto"] | None = None
    mask: Mask | None = None
    kernel: NDArray[np.float64] | None = None
    max_pixels: int = DEFAULT_MAX_PIXELS

    def __post_init__(self) -> None:
        if self.degradation is not None:
            known = Degradation.of(self.degradation).given(mask=self.mask, kernel=self.kernel)
            known.entry.check_sigma(self.sigma)

    @property
    def asked(self) -> dict[str, Any]:
        """What a result depends on beside its picture; JSON's types.

        Raises:
            ImageReadError: The mask cannot be read.
        """
        known = None if self.degradation is None else Degradation.of(self.degradation)
        parameters = {} if known is None else known.parameters
        kernel = {} if self.kernel is None else {"kernel": self.kernel}
        return {
            "degradation": None if known is None else known.name,
            "parameters": described({**parameters, **kernel}),
            "sigma": self.sigma,
            "mask": None if self.mask is None else described_mask(self.mask),
        }

    def read(self, path: Path) -> FileProblem:
        """Read a photograph or a measurement file, and pose its problem.

        Raises:
            ImageError: The file or the mask cannot be read or does not fit.
            UsageError: The degradation is not known, or lacks something.
        """
        # Before the pixels: if the file is replaced meanwhile, no later file has this digest.
        digest = file_digest(path)
        batch = read_batch(path, max_pixels=self.max_pixels)
        problem = pose(
            batch, self.degradation, sigma=self.sigma, mask=self.mask, kernel=self.kernel
        )
        return FileProblem(batch, problem, digest)


@dataclass(frozen=True, eq=False)
class FileProblem:
    """A file that was read, and what is to be solved to restore it.

    Args:
        batch: What was read.
        problem: Posed from it.
        digest: Of the file, by which its results remember it.
    """

    batch: Batch
    problem: InverseProblem
    digest: str

    @property
    def degradation(self) -> Degradation:
        """What happened to the picture, as the user and the file say it together."""
        assert self.problem.degradation is not None
        return self.problem.degradation

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should hear about how the file was read and understood."""
        read = () if self.batch.picture is None else self.batch.picture.notes
        return read + self.problem.notes

    def noting(self, *sentences: str) -> FileProblem:
        """The same, with something more to be told of it, first of all."""
        notes = (*sentences, *self.problem.notes)
        return dataclasses.replace(self, problem=dataclasses.replace(self.problem, notes=notes))

    @property
    def noise_notes(self) -> tuple[str, ...]:
        """What the user should hear about the noise, where it was not said."""
        problem = self.problem
        if problem.sigma_origin == "estimated":
            return (f"noise estimated as sigma = {problem.sigma:.4f}.",)
        if problem.sigma_origin == COMPRESSION and problem.operator.noise is None:
            return (f"noise taken as sigma = {problem.sigma:.4f}, which JPEG of such steps hides.",)
        return ()

    def facts(self, restorer: Restorer, plan: Plan, files: RestoredFiles) -> dict[str, Any]:
        """How it is restored, for scripts and records; JSON's types."""
        _, height, width = self.problem.image_shape
        model, degradation = restorer.model, self.degradation
        return {
            "degradation": degradation.name,
            "parameters": described(degradation.arguments),
            "sigma": self.problem.sigma,
            "sigma_origin": self.problem.sigma_origin,
            "model": model.model.name,
            "device": str(model.device),
            "precision": str(model.precision).removeprefix("torch."),
            "tile": restorer.tile,
            "overlap": model.model.overlap_of(restorer.tile),
            "seed": files.seeds.start,
            "samples": len(files.seeds),
            "width": width,
            "height": height,
            **dataclasses.asdict(restorer.settings),
            **plan.facts,
        }

    def result(self, pixels: NDArray[np.float32]) -> Picture:
        """Restored pixels (H, W, C) on [0, 1] in the mode and with the metadata of what came in."""
        picture = self.batch.picture
        if picture is None:
            return Picture(pixels)
        if pixels.shape[2] < picture.channels:
            pixels = pixels.repeat(picture.channels, axis=2)
        return picture.restored(pixels, self.problem.fills_alpha)

    def recorded(self, pixels: NDArray[np.float32], record: dict[str, Any]) -> Picture:
        """The same with the record of how it was made."""
        return with_record(self.result(pixels), record)


@dataclass(frozen=True, eq=False)
class FileRestorer:
    """Restores picture files, and writes what the user asked for.

    Args:
        restorer: Solves the problems.
        files: What is written for each picture.
        asked: What results depend on beside the picture, to know them again.
        original: The picture before it was degraded, for the comparison.
        max_pixels: Largest original that is read.
        quality: Of results as JPEG and WebP.
    """

    restorer: Restorer
    files: RestoredFiles
    asked: dict[str, Any]
    original: Path | None = None
    max_pixels: int = DEFAULT_MAX_PIXELS
    quality: int | None = None

    def __call__(
        self,
        output: Path,
        posed: FileProblem,
        *,
        keep: Collection[Path] = (),
        overwrite: bool = False,
        notice: Notice | None = None,
        progress: Progress | None = None,
    ) -> dict[str, Any]:
        """Restore one picture, and write its files.

        Args:
            output: Where the result goes, or what the names of several are made from.
            posed: What was read of the picture.
            keep: Files of it that exist, and stay as they are.
            overwrite: Replace files that exist.
            notice: Told what was done differently from what was asked.
            progress: Told how much is done.

        Returns:
            How it was restored; JSON's types.

        Raises:
            DDRMError: It cannot be restored or written.
        """
        files = self.files
        original = None
        if self.original is not None:
            original = _read_original(self.original, posed, self.max_pixels)
        predictions = Predictions()
        callback = predictions.add if files.predictions else None
        problem = posed.problem.repeated(len(files.seeds))
        operator, tiling = problem.operator, self.restorer.tiling
        short = shortage(self.restorer.model, operator, tiling, samples=len(files.seeds))
        if short is not None and notice is not None:
            notice(short)
        started = time.perf_counter()
        restoration = self.restorer(
            problem, files.seeds, callback=callback, notice=notice, progress=progress
        )
        seconds = time.perf_counter() - started
        give_back()  # what the network computed in: files are made in memory, too
        if not restoration.plan.steps:  # nothing was evaluated: the measurement is the answer
            predictions.add(Step(1, 1, 0.0, restoration.x))
        samples = restoration.x.movedim(1, -1).numpy()
        facts = {
            **posed.facts(self.restorer, restoration.plan, files),
            "class": restoration.label,
            "precision": str(restoration.precision).removeprefix("torch."),
        }
        notes = set[str]()
        contents = self._contents(output, posed, samples, predictions, original, facts)
        for file, make in contents.items():
            if file in keep:
                continue
            for note in self._write(file, make(), overwrite=overwrite):
                if notice is not None and note not in notes:
                    notice(note)
                notes.add(note)
        return {**facts, "seconds": round(seconds, 2)}

    def _contents(
        self,
        output: Path,
        posed: FileProblem,
        samples: NDArray[np.float32],
        predictions: Predictions,
        original: NDArray[np.float32] | None,
        facts: dict[str, Any],
    ) -> dict[Path, Callable[[], Picture | bytes]]:
        """What makes the content of each file, in the order of writing."""
        files = self.files
        results = samples.mean(axis=0, keepdims=True) if files.average else samples
        asked = {"input": posed.digest, **self.asked}
        of_figures = {**facts, "asked": asked_of_figures(asked, files, self.original)}
        made: dict[Path, Callable[[], Picture | bytes]] = {
            file: partial(posed.recorded, pixels, {**facts, "asked": asked, "seed": seed})
            for file, pixels, seed in zip(files.results(output), results, files.seeds, strict=False)
        }

        def figure(make: Callable[..., NDArray[np.float32]], *parts: Any) -> Picture:
            return with_record(Picture(make(*parts)), of_figures)

        if files.predictions:
            seen, labels = predictions.pixels, predictions.labels
            comment = comment_of(of_figures)
            made[files.animation(output)] = partial(progress_gif, seen, comment=comment)
            made[files.contact_sheet(output)] = partial(figure, contact_sheet, seen, labels)
        if files.compare:
            shown = posed, results, files.labels(), original
            made[files.comparison(output)] = partial(figure, _comparison, *shown)
        if files.average:
            std = partial(samples.std, axis=0, ddof=1)
            made[files.uncertainty(output)] = lambda: figure(uncertainty_figure, std())
        return made

    def _write(self, file: Path, content: Picture | bytes, *, overwrite: bool) -> tuple[str, ...]:
        if isinstance(content, Picture):
            return write_picture(file, content, overwrite=overwrite, quality=self.quality)
        write_bytes(file, content, overwrite=overwrite)
        return ()


def asked_of_figures(
    asked: dict[str, Any], files: RestoredFiles, original: Path | None
) -> dict[str, Any]:
    """What figures depend on: on all that results do, their number, and the original.

    Raises:
        ImageReadError: The original cannot be read.
    """
    compared = None if original is None else file_digest(original)
    return {**asked, "samples": len(files.seeds), "original": compared}


def _comparison(
    posed: FileProblem,
    results: NDArray[np.float32],
    labels: list[str],
    original: NDArray[np.float32] | None,
) -> NDArray[np.float32]:
    """Input, restorations (N, H, W, C) and original side by side; no input that is no picture."""
    panels = list(zip(labels, results, strict=True))
    if not posed.batch.is_vector:
        shown = posed.batch.values[0].movedim(0, -1).numpy()
        missing = posed.problem.operator.missing
        if missing is not None:
            shown = np.where(missing.numpy()[..., None], np.float32(1), shown)  # holes as paper
        panels.insert(0, ("input", shown))
    if original is not None:
        panels.append(("original", original))
    return compare_figure(panels)


def _read_original(path: Path, posed: FileProblem, max_pixels: int) -> NDArray[np.float32]:
    """The original, cropped as ``ddrm degrade`` crops what a factor does not divide."""
    original = read_picture(path, max_pixels=max_pixels)
    _, height, width = posed.problem.image_shape
    pixels = posed.degradation.entry.crop(original.pixels)
    if pixels.shape[:2] != (height, width):
        raise MeasurementError(
            f"The original '{path}' is {original.width} x {original.height}, "
            f"the restoration {width} x {height}.",
            "Give the picture before it was degraded.",
        )
    return pixels
