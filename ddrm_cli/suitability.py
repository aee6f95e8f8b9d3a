"""Whether a model can do what it is asked for."""

from __future__ import annotations

import torch
from torch import Tensor

from ddrm_cli.problem import InverseProblem
from ddrm_cli.weights.model import Model

__all__ = ["holds_square", "limit_notes"]


def limit_notes(model: Model, problem: InverseProblem) -> tuple[str, ...]:
    """What the user should hear where a problem is beyond the known limits of a model.

    Args:
        model: Who is to solve it.
        problem: What is to be solved; of an operator of the caller's own nothing is said.

    Returns:
        One sentence: what is to be expected, and what to take instead; or none.
    """
    if problem.degradation is None:
        return ()
    limits, entry, missing = model.limits, problem.degradation.entry, problem.operator.missing
    if limits.colour and entry.family == "colourisation":
        expected = limits.colour
    elif limits.scale is not None and entry.scale > limits.scale:
        expected = f"enlarged {entry.scale} times, pictures stay soft, without new detail"
    elif limits.hole is not None and missing is not None and holds_square(missing, limits.hole + 1):
        expected = f"holes of more than {limits.hole} x {limits.hole} pixels become smooth patches"
    else:
        return ()
    other = f"; try a larger model: ddrm download {limits.instead}" if limits.instead else ""
    return (f"{model.name} cannot do this well: {expected}{other}.",)


def holds_square(missing: Tensor, side: int) -> bool:
    """Whether a square of so many pixels a side lacks all of them.

    Args:
        missing: Shape (H, W), True where a pixel is missing.
        side: Of the square, at least 1; larger than the picture there is none.
    """
    # Of missing pixels above and to the left; in 32 bits, as it is as large as the picture.
    counts = missing.cumsum(0, dtype=torch.int32).cumsum(1, dtype=torch.int32)
    counts = torch.nn.functional.pad(counts, (1, 0, 1, 0))
    low, high = slice(None, -side), slice(side, None)
    within = counts[high, high] - counts[low, high] - counts[high, low] + counts[low, low]
    return bool((within == side**2).any())
