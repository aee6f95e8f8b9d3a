"""Scores of whole sets of pictures, from their files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ddrm_cli.images.reading import DEFAULT_MAX_PIXELS, read_picture

from .metrics import select_metrics

__all__ = ["score_sets"]


def score_sets(
    metrics: Sequence[str],
    restored: Iterable[Path],
    originals: Iterable[Path],
    *,
    max_pixels: int = DEFAULT_MAX_PIXELS,
) -> dict[str, float]:
    """Scores that need many pictures, such as KID.

    Args:
        metrics: Names of metrics; those that need one picture only are passed over.
        restored: Files of restorations.
        originals: Files of originals.
        max_pixels: Largest picture that is read.

    Raises:
        UsageError: The extra ``metrics`` is not installed.
        WeightsError: Weights that a metric needs are not there.
    """
    chosen = select_metrics(metrics, "set")
    if not chosen:
        return {}
    ours = [read_picture(path, max_pixels=max_pixels).pixels for path in restored]
    theirs = [read_picture(path, max_pixels=max_pixels).pixels for path in originals]
    return {metric.name: metric.function(ours, theirs) for metric in chosen}
