"""How long a training may be, in minutes or in millions of pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from ddrm_cli.errors import UsageError

__all__ = ["Budget"]


@dataclass(frozen=True)
class Budget:
    """How long a training may be. The learning rate has ended its fall when it is used up.

    Args:
        amount: Positive; need not be whole.
        unit: ``"minutes"`` on the clock, from the first step on and without the time between an
            interruption and going on, or ``"megapixels"`` that the network sees.

    Raises:
        UsageError: The amount is not positive and finite.
    """

    amount: float
    unit: Literal["minutes", "megapixels"]

    def __post_init__(self) -> None:
        if not 0 < self.amount < math.inf:
            raise UsageError(
                f"A training of {self.amount:g} {self.unit} is not possible.",
                "Give a positive number.",
            )

    def share(self, seconds: float, pixels: int) -> float:
        """The share that is used up, 0 to 1."""
        used = seconds / 60 if self.unit == "minutes" else pixels / 1e6
        return min(1.0, used / self.amount)
