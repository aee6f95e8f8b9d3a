"""What a restoration will cost, before it is done."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import torch

from ddrm_cli.degradations.base import ImageShape
from ddrm_cli.restoration import LoadedModel, TilingSettings, tiled_denoiser
from ddrm_cli.sampler.settings import SamplerSettings

__all__ = ["Cost", "expected_cost"]


@dataclass(frozen=True)
class Cost:
    """Expected cost of restoring one picture.

    Args:
        seconds: Of the network's evaluations; reading, writing and the operator come on top.
        megabytes: Of memory in all, at the peak.
        tiles: Windows that the network sees at each step.
        tile_height: Their height in pixels.
        tile_width: Their width.
    """

    seconds: float
    megabytes: float
    tiles: int
    tile_height: int
    tile_width: int


def expected_cost(
    model: LoadedModel, image_shape: ImageShape, settings: SamplerSettings, tiling: TilingSettings
) -> Cost:
    """Time one evaluation of the network on one window, and count the rest.

    Raises:
        UsageError: A tile that the network cannot take.
    """
    denoiser = tiled_denoiser(model, tiling)
    _, height, width = image_shape
    (tile_h, tops), (tile_w, lefts) = denoiser.windows(height), denoiser.windows(width)
    tiles = len(tops) * len(lefts)
    x = torch.zeros(1, 3, tile_h, tile_w, device=model.device)
    sigma = float(model.schedule.sigmas(torch.tensor(500)))
    with torch.no_grad():
        denoiser(x, sigma)  # the first one also allocates and chooses algorithms
        started = time.perf_counter()
        denoiser(x, sigma).cpu()
    seconds = (time.perf_counter() - started) * tiles * settings.steps
    return Cost(
        seconds, _megabytes(model, image_shape, tiling, tile_h * tile_w), tiles, tile_h, tile_w
    )


def _megabytes(
    model: LoadedModel, image_shape: ImageShape, tiling: TilingSettings, tile_pixels: int
) -> float:
    parameters = sum(p.numel() * p.element_size() for p in model.network.parameters())
    activations = tile_pixels * tiling.batch_size * _ACTIVATION_BYTES * model.precision.itemsize
    return (_PROGRAM + parameters + activations + math.prod(image_shape) * _SAMPLER_BYTES) / 1e6


# Measured as peaks of resident memory on a CPU: the program with torch loaded,
_PROGRAM = 400e6
# numbers that the network holds for each pixel of a window at its widest,
_ACTIVATION_BYTES = 300
# and bytes that reading, sampling and writing hold for each number of the picture.
_SAMPLER_BYTES = 50
