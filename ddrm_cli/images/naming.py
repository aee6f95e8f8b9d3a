"""Names: of outputs by their inputs, and of masks and restorations that belong to a picture."""

from __future__ import annotations

import dataclasses
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from ddrm_cli.errors import MeasurementError
from ddrm_cli.images.encoding import OUTPUT_FORMATS
from ddrm_cli.images.files import opened
from ddrm_cli.images.folders import Source, survey
from ddrm_cli.images.masks import Mask

__all__ = ["FORMATS", "SAME", "distinct_names", "find_masks", "mask_of", "suffix_for"]

SAME = "same"
FORMATS = ("png", "jpg", "webp", "tiff", SAME)
"""What a result may be asked to be; ``same`` is the format of its input."""

_ALSO = {".jpe": ".jpg", ".jfif": ".jpg", ".mpo": ".jpg", ".apng": ".png"}  # read by other names


def distinct_names(places: Sequence[Path]) -> list[Path]:
    """Names without suffixes, where that tells files apart; all that would share one keep theirs.

    ``a.jpg`` becomes ``a``; beside an ``a.png`` it stays ``a.jpg``, as that stays ``a.png``.

    Args:
        places: Files, as seen from where the names are to be distinct; equal ones stay equal.
    """
    names = {place: place.with_suffix("") for place in places}
    while True:
        taken = Counter(names.values())
        shared = [place for place, name in names.items() if taken[name] > 1 and name != place]
        if not shared:
            return [names[place] for place in places]
        for place in shared:  # it may meet a third file then, which keeps its suffix in its turn
            names[place] = place


def suffix_for(form: str, path: Path) -> tuple[str, str | None]:
    """The suffix of a result, and a note where it is not what was asked for.

    Args:
        form: One of `FORMATS`.
        path: The input.
    """
    if form != SAME:
        return f".{form}", None
    suffix = _ALSO.get(path.suffix.lower(), path.suffix)
    if suffix.lower() in OUTPUT_FORMATS:
        return suffix, None
    return ".png", f"{path.suffix or 'Its format'} cannot be written: the result is a PNG."


def find_masks(mask: Path | None) -> dict[Path, Path] | None:
    """The masks of a folder by their names below it, without suffixes where these are distinct.

    Args:
        mask: The folder; or a file, which is one mask for all.

    Returns:
        The masks; None where there is none, or one for all.

    Raises:
        ImageReadError: It cannot be read.
        UsageError: There is no picture in the folder.
    """
    if mask is None:
        return None
    if not os.path.isdir(mask):  # noqa: PTH112, as Path.is_dir raises before Python 3.14
        with opened(mask):
            return None
    sources = survey([str(mask)]).inputs
    names = distinct_names([source.below for source in sources])
    return {name: source.path for name, source in zip(names, sources, strict=True)}


def mask_of(source: Source, masks: Mapping[Path, Path] | None, mask: Mask | None) -> Mask | None:
    """The mask that is named like a picture: ``a.png`` or ``a.jpg.png`` for ``a.jpg``.

    Args:
        source: The picture.
        masks: What `find_masks` found; None where one mask, or none, is for all.
        mask: That one, or how those of the folder are understood.

    Raises:
        MeasurementError: There is none of that name.
    """
    if masks is None or mask is None:
        return mask
    for name in (source.below, source.below.with_suffix("")):
        if name in masks:
            return dataclasses.replace(mask, drawn=masks[name])
    raise MeasurementError(
        f"There is no mask for '{source.path}'.",
        f"Name one '{source.below.with_suffix('.png')}' in the folder of --mask.",
    )
