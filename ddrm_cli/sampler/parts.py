"""Spectral coordinates part by part, so that nothing between two iterates is as large as they."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Coordinates", "Part"]

LARGEST = 1 << 16  # coordinates of a part: what is computed of them stays in a processor's cache


@dataclass(frozen=True, eq=False)
class Part:
    """Some of the coordinates of each measurement of a batch.

    Args:
        index: Where they are.
        singular_values: Theirs, broadcastable to them.
        measured: Of the shape of the singular values.
    """

    index: tuple[slice, ...]
    singular_values: Tensor
    measured: Tensor

    def of(self, tensor: Tensor) -> Tensor:
        """This part of a tensor (B, *spectral_shape), which it shares the memory of."""
        whole_batch = (slice(None), *self.index)
        return tensor[whole_batch]

    def noise(self, sigma_y: float) -> Tensor:
        """``sigma_bar = sigma_y / s``, infinite where nothing is measured."""
        return torch.where(self.measured, sigma_y / self.singular_values, math.inf)


class Coordinates:
    """The parts of all coordinates, in the order of memory.

    Args:
        shape: Of the coordinates, without the batch.
        singular_values: Broadcastable to the shape.
        measured: Of the shape of the singular values.
    """

    def __init__(self, shape: tuple[int, ...], singular_values: Tensor, measured: Tensor) -> None:
        axes = (1,) * (len(shape) - singular_values.ndim)
        self.shape = shape
        self.singular_values = singular_values.reshape(axes + singular_values.shape)
        self.measured = measured.reshape(self.singular_values.shape)

    def __iter__(self) -> Iterator[Part]:
        axis = next(k for k in range(len(self.shape)) if math.prod(self.shape[k + 1 :]) <= LARGEST)
        length = max(1, LARGEST // math.prod(self.shape[axis + 1 :]))
        ranges = [*(range(size) for size in self.shape[:axis]), range(0, self.shape[axis], length)]
        for *lead, first in itertools.product(*ranges):
            index = (*(slice(k, k + 1) for k in lead), slice(first, first + length))
            sizes = zip(index, self.singular_values.shape, strict=False)
            known = tuple(slice(None) if size == 1 else where for where, size in sizes)
            yield Part(index, self.singular_values[known], self.measured[known])

    def mean(self, of: Callable[[Tensor], Tensor], sigma_y: float) -> float | None:
        """Mean of a function of `Part.noise` over what is measured; None where nothing is.

        Summed in double precision, so that it hangs on no number of threads.
        """
        each = Coordinates(tuple(self.measured.shape), self.singular_values, self.measured)
        total, count = 0.0, 0
        for part in each:
            values = of(part.noise(sigma_y)[part.measured])
            total += float(values.sum(dtype=torch.float64))
            count += len(values)
        return total / count if count else None
