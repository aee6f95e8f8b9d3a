"""From the name of a degradation to its operator."""

from __future__ import annotations

import importlib

from ddrm_cli.errors import UsageError

from .base import ImageShape, LinearOperator
from .matrices import as_matrix
from .table import Degradation

__all__ = ["build_operator"]


def build_operator(degradation: str | Degradation, image_shape: ImageShape) -> LinearOperator:
    """Build the operator of a degradation for pictures of one shape.

    Args:
        degradation: A name of the table, such as ``"sr_bicubic4"``, or one with parameters,
            such as ``Degradation("inp", {"seed": 3})``.
        image_shape: (C, H, W) of the picture, not of the measurement.

    Returns:
        The operator, on the CPU, in float32.

    Raises:
        UnknownNameError: No degradation of that name.
        UsageError: A parameter that the degradation does not take, or lacks.
        MeasurementError: The picture's size, the mask or the kernel does not fit.
    """
    degradation = Degradation.of(degradation)
    if len(image_shape) != 3 or not all(isinstance(n, int) and n > 0 for n in image_shape):
        raise UsageError(
            f"There is no picture of the shape {image_shape}.",
            "Give channels, height and width, whole numbers from 1 on.",
        )
    degradation.check_complete()
    arrays = {
        name: as_matrix(value, f"The {name}")
        for name, value in degradation.parameters.items()
        if name in ("mask", "kernel")
    }
    seed = {"seed": 0} if "seed" in degradation.entry.takes else {}
    module, _, attribute = degradation.entry.target.partition(":")
    target = getattr(importlib.import_module(module), attribute)
    operator: LinearOperator = target(image_shape, **seed | degradation.arguments | arrays)
    return operator
