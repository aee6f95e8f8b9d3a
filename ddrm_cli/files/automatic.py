"""``--deg auto``: a picture says itself what is to be done with it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from ddrm_cli.degradations.table import Degradation
from ddrm_cli.errors import UsageError
from ddrm_cli.images.reading import read_picture
from ddrm_cli.inspection.inspect import inspect
from ddrm_cli.inspection.suggestions import RECORDED, automatic

from .restoring import RestoreRequest

__all__ = ["Choice", "choose"]


@dataclasses.dataclass(frozen=True, eq=False)
class Choice:
    """What is to be done with a picture, and what speaks for it, a sentence."""

    request: RestoreRequest
    why: str


def choose(path: Path, request: RestoreRequest) -> Choice | None:
    """Look at a picture, and choose what takes away what was added to it.

    Args:
        path: A photograph, or a measurement, whose file says how it was degraded.
        request: What else the user asked for; names no degradation.

    Returns:
        The choice; None where nothing is to be done.

    Raises:
        UsageError: Mask or kernel, which no choice takes.
        ImageError: The file cannot be read.
    """
    if request.mask is not None or request.kernel is not None:
        raise UsageError("--deg auto takes neither mask nor kernel.", "Leave them out.")
    if path.suffix.lower() == ".npz":  # no picture, but what ddrm degrade wrote
        return Choice(request, RECORDED.why)
    suggestion = automatic(inspect(read_picture(path, max_pixels=request.max_pixels)))
    if suggestion is None:
        return None
    if suggestion.degradation is None:
        return Choice(request, suggestion.why)
    degradation = Degradation(suggestion.degradation, suggestion.parameters)
    return Choice(dataclasses.replace(request, degradation=degradation), suggestion.why)
