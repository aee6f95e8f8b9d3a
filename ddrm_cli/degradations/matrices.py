"""Masks and kernels as numbers in rows and columns. Importing this imports no torch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ddrm_cli.errors import MeasurementError

__all__ = ["FAINT", "as_matrix", "as_weights"]

FAINT = 0.1  # of white; what is painted more faintly than this is not painted


def as_matrix(values: object, name: str) -> NDArray[Any]:
    """Rows and columns of finite real numbers.

    Args:
        values: An array, a tensor, or lists of numbers.
        name: What errors call it.

    Raises:
        MeasurementError: They are none.
    """
    if hasattr(values, "detach"):  # a tensor
        values = values.detach().cpu()
    try:
        matrix = np.asarray(values)
    except (TypeError, ValueError) as error:  # rows of different lengths, numbers NumPy has not
        raise _no_matrix(name, "is not made of rows of numbers that NumPy knows") from error
    if matrix.dtype.kind not in "biuf":
        raise _no_matrix(name, "is not made of real numbers")
    if matrix.ndim != 2 or matrix.size == 0:
        raise _no_matrix(name, f"has the shape {matrix.shape}, not rows and columns")
    if not np.isfinite(matrix).all():
        raise _no_matrix(name, "has values that are not finite")
    return matrix


def as_weights(mask: object) -> NDArray[np.float64]:
    """How much a mask of numbers is painted: 1 where they are largest, whatever they count to.

    Raises:
        MeasurementError: They are no rows and columns of numbers.
    """
    matrix = as_matrix(mask, "The mask").astype(np.float64)
    largest = matrix.max()
    return matrix / largest if largest > 0 else np.zeros_like(matrix)


def _no_matrix(name: str, why: str) -> MeasurementError:
    return MeasurementError(f"{name} {why}.", "Give numbers in rows and columns: (height, width).")
