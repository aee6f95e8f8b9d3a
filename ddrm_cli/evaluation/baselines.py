"""What a restoration has to beat: the measurement itself, and the pseudo-inverse."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ddrm_cli.degradations.base import LinearOperator
from ddrm_cli.degradations.entry import Entry

__all__ = ["baselines", "enlarge"]

# Where H^+ y is y itself, only in other words.
_MEASUREMENT_IS_PSEUDO_INVERSE = ("denoising", "inpainting", "colourisation")


def baselines(entry: Entry, operator: LinearOperator, y: Tensor) -> dict[str, Tensor]:
    """Restorations without a prior, by name; at least one.

    ``bicubic`` is a smaller measurement enlarged, ``measurement`` one of the picture's size as it
    is, ``pseudo-inverse`` is ``H^+ y``, left out where it equals the measurement.

    Args:
        entry: What y was made by.
        operator: Its operator.
        y: What is seen of measurements, from `measure`.

    Returns:
        Each of shape (B, C, H, W), not clipped.
    """
    found: dict[str, Tensor] = {}
    if entry.scale > 1:
        found["bicubic"] = enlarge(y, entry.scale)
    elif entry.gives != "vector":
        found["measurement"] = y.expand(len(y), *operator.picture_shape)
    if entry.family not in _MEASUREMENT_IS_PSEUDO_INVERSE:
        found["pseudo-inverse"] = operator.unframed(operator.pinv(operator.read(y)))
    return found


def enlarge(y: Tensor, factor: int) -> Tensor:
    """Bicubic enlargement (a = -0.5, Pillow's), in floats.

    Args:
        y: Shape (B, C, h, w).
        factor: How many times larger each side becomes.
    """
    size = (y.shape[3] * factor, y.shape[2] * factor)
    planes = [
        np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BICUBIC))
        for plane in y.flatten(0, 1).numpy()
    ]
    return torch.from_numpy(np.stack(planes)).view(*y.shape[:2], *reversed(size))
