"""Which files one restoration gives: results and figures, and how they are named."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ddrm_cli.errors import UsageError

__all__ = ["RestoredFiles"]


@dataclass(frozen=True)
class RestoredFiles:
    """What is written for each picture.

    Args:
        seeds: One a sample.
        average: Write the samples' mean, and a map of how much they differ, instead of each.
        compare: Write input and restoration side by side.
        predictions: Write those of each step.

    Raises:
        UsageError: There is nothing to average.
    """

    seeds: range
    average: bool = False
    compare: bool = False
    predictions: bool = False

    def __post_init__(self) -> None:
        if self.average and len(self.seeds) < 2:
            raise UsageError(
                "One sample has no average.", "Add --samples 8, or leave out --average."
            )

    def results(self, output: Path) -> list[Path]:
        """The restorations: one for each seed, or one in all."""
        if self.average or len(self.seeds) == 1:
            return [output]
        return [output.with_stem(f"{output.stem}_seed{seed}") for seed in self.seeds]

    def labels(self) -> list[str]:
        """What each of the results is called in a figure."""
        if self.average:
            return [f"average of {len(self.seeds)}"]
        if len(self.seeds) == 1:
            return ["restored"]
        return [f"seed {seed}" for seed in self.seeds]

    def uncertainty(self, output: Path) -> Path:
        """The map of standard deviations."""
        return _beside(output, "uncertainty.png")

    def comparison(self, output: Path) -> Path:
        """Input and restoration side by side; a PNG unless the result is a JPEG file.

        Of the other formats some end at fewer pixels a side than a figure may have.
        """
        suffix = output.suffix if output.suffix.lower() in (".jpg", ".jpeg") else ".png"
        return _beside(output, f"compare{suffix}")

    def animation(self, output: Path) -> Path:
        """The predictions one after another."""
        return _beside(output, "progress.gif")

    def contact_sheet(self, output: Path) -> Path:
        """The predictions side by side."""
        return _beside(output, "progress.png")

    def all(self, output: Path) -> list[Path]:
        """Every file in the order of writing: no figure is worth a result."""
        figures = []
        if self.predictions:
            figures += [self.animation(output), self.contact_sheet(output)]
        if self.compare:
            figures.append(self.comparison(output))
        if self.average:
            figures.append(self.uncertainty(output))
        return self.results(output) + figures


def _beside(output: Path, ending: str) -> Path:
    return output.with_name(f"{output.stem}_{ending}")
