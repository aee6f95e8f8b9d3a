"""Signs that a picture was not degraded as it was said to be."""

from __future__ import annotations

import torch
from torch import Tensor

from ddrm_cli.degradations.frame import cut_frame
from ddrm_cli.problem import InverseProblem

__all__ = ["aliasing", "doubts", "ripples", "total_variation"]

ALIASED = 0.7  # filtered small pictures have up to 0.63, those without a filter mostly above 0.73
RIPPLED = 4.0  # good results have 1.8 to 2.9, those of a wrong kernel 5.2 to 10.7
ROUNDING = 1 / (255 * 12**0.5)  # standard deviation of 8 bits; all that a drawn area may have
FILTERED = ("sr_bicubic", "sr_lanczos", "sr_bilinear")  # reductions that leave little aliasing


def doubts(problem: InverseProblem, x: Tensor) -> list[str]:
    """What to tell the user when picture and result do not look as they should.

    Args:
        problem: What was solved; of an operator of the caller's own nothing is expected.
        x: Its solution, shape (B, C, H, W), on [0, 1], without the frame.

    Returns:
        Sentences, mostly none.
    """
    if problem.degradation is None:
        return []
    entry, y = problem.degradation.entry, cut_frame(problem.y, problem.operator.margin)
    if entry.name.startswith(FILTERED) and aliasing(y, problem.sigma) > ALIASED:
        return [
            f"The picture shows aliasing, so it was not made smaller as {entry.name} says: "
            f"try sr{entry.scale} or sr_nearest{entry.scale}."
        ]
    if entry.family == "deblurring" and (times := ripples(x, y)) > RIPPLED:
        return [
            f"The result varies {times:.1f} times as much as the picture did, as ripples "
            "do: the blur or sigma is probably wrong; try a narrower one, or a larger sigma."
        ]
    return []


def aliasing(y: Tensor, sigma: float) -> float:
    """How much of the finest waves a small picture has, beside those of twice their length.

    Photographs have the power spectrum ``c / f^2``, which a filter before the reduction cuts at
    the end; without one, what is finer folds back there. It is the power of f from 0.42 to 0.5
    over that from 0.2 to 0.28 along the faster axis, each times ``f^2``, less that of the noise.

    Args:
        y: Shape (B, C, h, w); channels are averaged.
        sigma: Its noise.

    Returns:
        About 0.4 where it was filtered, above 1 where it was not; 0 for pictures below 32 pixels.
    """
    height, width = y.shape[-2:]
    if min(height, width) < 32:
        return 0.0
    grey = y.double().mean(dim=1)
    grey = grey - grey.mean(dim=(1, 2), keepdim=True)
    window = torch.outer(*(torch.hann_window(n, dtype=torch.float64) for n in (height, width)))
    noise = (sigma**2 + ROUNDING**2) / y.shape[1] * window.square().sum()
    power = torch.fft.fft2(grey * window).abs().square().mean(dim=0) - noise
    rows, columns = (torch.fft.fftfreq(n, dtype=torch.float64).abs() for n in (height, width))
    weighed = power * (rows[:, None] ** 2 + columns**2)
    faster = torch.maximum(rows[:, None], columns)
    fine = weighed[faster > 0.42].mean()
    coarse = weighed[(faster > 0.2) & (faster < 0.28)].mean()
    return float(fine / coarse) if coarse > 0 else 0.0


def ripples(x: Tensor, y: Tensor) -> float:
    """How many times the total variation of y, a blurred picture, that of x, its sharp one, is."""
    return total_variation(x) / max(total_variation(y), torch.finfo(y.dtype).tiny)


def total_variation(x: Tensor) -> float:
    """Mean absolute difference of neighbours, of pictures (B, C, H, W)."""
    return sum(float(x.diff(dim=axis).abs().mean()) for axis in (2, 3) if x.shape[axis] > 1)
