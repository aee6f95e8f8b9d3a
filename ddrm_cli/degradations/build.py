"""From the name of a degradation to its operator."""

from __future__ import annotations

import importlib

from .base import ImageShape, LinearOperator
from .table import Degradation

__all__ = ["build_operator"]


def build_operator(degradation: str | Degradation, image_shape: ImageShape) -> LinearOperator:
    """Build the operator of a degradation for pictures of one shape.

    Args:
        degradation: A name of `DEGRADATIONS`, such as ``"sr_bicubic4"``, or one with parameters,
            such as ``Degradation("inp", {"seed": 3})``.
        image_shape: (C, H, W) of the picture, not of the measurement.

    Returns:
        The operator, on the CPU, in float32.

    Raises:
        UnknownNameError: No degradation of that name.
        UsageError: A parameter that the degradation does not take, or lacks.
        MeasurementError: The picture's size, the mask or the kernel does not fit.
    """
    if isinstance(degradation, str):
        degradation = Degradation(degradation)
    entry = degradation.entry
    given = {"seed": 0} if "seed" in entry.takes else {}
    given |= {key: value for key, value in degradation.parameters.items() if value is not None}
    module, _, attribute = entry.target.partition(":")
    target = getattr(importlib.import_module(module), attribute)
    operator: LinearOperator = target(image_shape, **entry.parameters, **given)
    return operator
