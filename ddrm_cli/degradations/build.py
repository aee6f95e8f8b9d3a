"""From the name of a degradation to its operator."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ddrm_cli.errors import UsageError

from .base import ImageShape, LinearOperator
from .separable import RANK_TOLERANCE
from .table import get_degradation

__all__ = ["build_operator"]


def build_operator(
    name: str,
    image_shape: ImageShape,
    *,
    seed: int = 0,
    mask: NDArray[np.bool_] | None = None,
    kernel: NDArray[np.float64] | None = None,
    rank_tolerance: float = RANK_TOLERANCE,
) -> LinearOperator:
    """Build the operator of a degradation for pictures of one shape.

    Args:
        name: A name of `DEGRADATIONS`, such as ``"sr_bicubic4"``.
        image_shape: (C, H, W) of the picture, not of the measurement.
        seed: For random degradations (``inp``, ``cs2``, ``cs4``).
        mask: For ``inp``: shape (H, W), True where a pixel is missing.
        kernel: For ``deblur``: any two-dimensional kernel, as it is.
        rank_tolerance: Below what share of the largest a singular value of a one-dimensional
            factor counts as zero; 0 gives the exact operator, which cannot be inverted.

    Returns:
        The operator, on the CPU, in float32.

    Raises:
        UnknownNameError: No degradation of that name.
        UsageError: A mask or kernel where none is taken, or no kernel where one is needed.
        MeasurementError: The picture's size, the mask or the kernel does not fit.
    """
    entry = get_degradation(name)
    given: dict[str, Any] = {
        "seed": seed, "mask": mask, "kernel": kernel, "rank_tolerance": rank_tolerance
    }  # fmt: skip
    for argument in ("mask", "kernel"):
        if given[argument] is not None and argument not in entry.takes:
            raise UsageError(
                f"The degradation {name} takes no {argument}.",
                f"Leave the {argument} out, or choose another degradation.",
            )
    if "kernel" in entry.takes and kernel is None:
        raise UsageError(f"The degradation {name} needs a kernel.", "Give one with --kernel FILE.")
    module, _, attribute = entry.target.partition(":")
    target = getattr(importlib.import_module(module), attribute)
    operator: LinearOperator = target(
        image_shape, **entry.parameters, **{key: given[key] for key in entry.takes}
    )
    return operator
