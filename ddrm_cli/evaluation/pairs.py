"""Score restorations that exist already, against their originals in another folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ddrm_cli.errors import ImageError, UsageError
from ddrm_cli.images.folders import survey
from ddrm_cli.images.reading import DEFAULT_MAX_PIXELS, PICTURE_SUFFIXES, read_picture

from .metrics import DEFAULT_METRICS, check_metrics, select_metrics
from .photographs import photographs_of
from .sets import score_sets

__all__ = ["FolderScores", "Pair", "score_folders"]


@dataclass(frozen=True)
class Pair:
    """A restoration with its original, and how well they agree.

    Args:
        name: What both are called below their folders, without suffixes.
        restored: File of the restoration.
        reference: File of the original.
        scores: Metric to value.
    """

    name: str
    restored: Path
    reference: Path
    scores: Mapping[str, float]


@dataclass(frozen=True)
class FolderScores:
    """Scores of a folder.

    Args:
        metrics: What was measured of each pair.
        pairs: What could be scored.
        failures: Name to a sentence of what was wrong: unreadable, or of another size; folders
            that cannot be looked into are among them.
        unpaired_restored: Restorations without an original.
        unpaired_reference: Originals without a restoration.
        set_scores: Scores of all pairs together.
    """

    metrics: tuple[str, ...]
    pairs: Sequence[Pair]
    failures: Mapping[str, str]
    unpaired_restored: Sequence[Path]
    unpaired_reference: Sequence[Path]
    set_scores: Mapping[str, float]


def score_folders(
    restored: Path,
    reference: Path,
    *,
    metrics: Sequence[str] = DEFAULT_METRICS,
    max_pixels: int = DEFAULT_MAX_PIXELS,
) -> FolderScores:
    """Score the pictures of a folder against those of the same names in another.

    Metrics that need a measurement are left out: there is none.

    Args:
        restored: Folder of restorations.
        reference: Folder of originals.
        metrics: Names of the metrics.
        max_pixels: Largest picture that is read.

    Raises:
        UnknownNameError: No metric of that name.
        ImageReadError: A folder does not exist.
        UsageError: A folder has no picture, or no two have the same name.
        WeightsError: Weights that a metric needs are not there.
    """
    surveys = [survey([str(folder)]) for folder in (restored, reference)]
    ours, theirs = ({each.name: each.path for each in photographs_of(found)} for found in surveys)
    ours = _named_alike(ours, theirs)
    common = [name for name in ours if name in theirs]
    if not common:
        raise UsageError(
            f"No picture in '{restored}' has the name of one in '{reference}'.",
            "A pair has the same name below both folders, suffixes aside.",
        )
    check_metrics(metrics, len(common))
    of_pairs = select_metrics(metrics, "original")
    pairs: list[Pair] = []
    failures = {str(path): str(e) for found in surveys for path, e in found.unreadable.items()}
    for name in common:
        try:
            x_hat = read_picture(ours[name], max_pixels=max_pixels).pixels
            x = read_picture(theirs[name], max_pixels=max_pixels).pixels
            scores = {metric.name: metric.function(x_hat, x) for metric in of_pairs}
            pairs.append(Pair(name, ours[name], theirs[name], scores))
        except ImageError as error:
            failures[name] = str(error)
    return FolderScores(
        metrics=tuple(metric.name for metric in of_pairs),
        pairs=pairs,
        failures=failures,
        unpaired_restored=[path for name, path in ours.items() if name not in theirs],
        unpaired_reference=[path for name, path in theirs.items() if name not in ours],
        set_scores=_score_all(metrics, pairs, max_pixels),
    )


def _score_all(metrics: Sequence[str], pairs: Sequence[Pair], max_pixels: int) -> dict[str, float]:
    if len(pairs) < 2:  # the others have failed, and no distance is left
        return {}
    restored = [pair.restored for pair in pairs]
    return score_sets(metrics, restored, [pair.reference for pair in pairs], max_pixels=max_pixels)


def _named_alike(ours: Mapping[str, Path], theirs: Mapping[str, Path]) -> dict[str, Path]:
    """Restorations by the names of their originals, where only a picture's suffix lies between.

    A name has it where another file had that stem, which may have come or gone since.
    """
    free: dict[str, list[str]] = {}
    for name in theirs:
        if name not in ours:
            for key in {name, _without_suffix(name)}:
                free.setdefault(key, []).append(name)
    found: dict[str, str] = {}
    for name in ours:
        alike = free.get(name) or free.get(_without_suffix(name), [])
        found[name] = alike[0] if len(alike) == 1 and name not in theirs else name
    taken = Counter(found.values())
    return {other if taken[other] == 1 else name: ours[name] for name, other in found.items()}


def _without_suffix(name: str) -> str:
    path = Path(name)
    return str(path.with_suffix("")) if path.suffix.lower() in PICTURE_SUFFIXES else name
