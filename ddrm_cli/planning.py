"""What a restoration will cost, before it is done."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import torch
from torch import nn

from ddrm_cli.degradations.base import ImageShape
from ddrm_cli.devices import choose_device, choose_precision
from ddrm_cli.networks.table import ARCHITECTURES
from ddrm_cli.prior import LoadedModel, TilingSettings
from ddrm_cli.weights.load import build_classifier, build_network
from ddrm_cli.weights.model import Model

__all__ = ["Cost", "expected_cost", "model_without_weights"]


@dataclass(frozen=True)
class Cost:
    """Expected cost of restoring one picture.

    Args:
        seconds: Of the network's evaluations; reading, writing and the operator come on top. None
            where the weights are not there to be timed.
        megabytes: Of memory in all, at the peak.
        tiles: Windows that the network sees at each step.
        tile_height: Their height in pixels.
        tile_width: Their width.
    """

    seconds: float | None
    megabytes: float
    tiles: int
    tile_height: int
    tile_width: int


def model_without_weights(
    model: Model, *, device: str = "auto", precision: str = "auto"
) -> LoadedModel:
    """A model that can be planned with but not run, for weights that are not there.

    Raises:
        UnknownNameError: No device or precision of that name.
        DeviceError: The device is not to be had.
    """
    where = choose_device(device)
    network = build_network(model).to(choose_precision(precision, where))
    classifier = None if model.classifier is None else build_classifier(model)
    return LoadedModel(model, network, where, classifier)


def expected_cost(
    model: LoadedModel,
    image_shape: ImageShape,
    steps: int,
    tiling: TilingSettings,
    *,
    samples: int = 1,
) -> Cost:
    """Time one evaluation of the network on one window, and count the rest.

    Args:
        model: What `load_model` or `model_without_weights` gave.
        image_shape: (C, H, W) of the result.
        steps: Evaluations of the network on the whole picture.
        tiling: How large pictures are cut.
        samples: Restorations of the picture in one batch.

    Raises:
        UsageError: A tile that the network cannot take.
    """
    # Every class costs the same.
    denoiser = model.denoiser(tiling, None if model.model.num_classes is None else 0)
    _, height, width = image_shape
    (tile_h, tops), (tile_w, lefts) = denoiser.windows(height), denoiser.windows(width)
    tiles = len(tops) * len(lefts) * samples
    seconds = None
    if not next(model.network.parameters()).is_meta:
        x = torch.zeros(1, 3, tile_h, tile_w, device=model.device)
        sigma = float(model.schedule.sigmas(torch.tensor(model.model.timesteps // 2)))
        with torch.no_grad():
            denoiser(x, sigma)  # the first one also allocates and chooses algorithms
            started = time.perf_counter()
            denoiser(x, sigma).cpu()
        seconds = (time.perf_counter() - started) * tiles * steps
    at_once = min(tiling.batch_size, tiles) * tile_h * tile_w
    numbers = samples * math.prod(image_shape)
    return Cost(seconds, _megabytes(model, at_once, numbers), tiles, tile_h, tile_w)


def _megabytes(model: LoadedModel, window_pixels: int, numbers: int) -> float:
    weights = _bytes(model.network)
    held = ARCHITECTURES[model.model.architecture].maps * model.model.network.width
    maps = window_pixels * held * model.precision.itemsize
    if model.classifier is not None:
        weights += _bytes(model.classifier)
        width = model.classifier.config.width
        maps = max(maps, window_pixels * width * _MAPS_OF_A_GRADIENT * torch.float32.itemsize)
    return (_PROGRAM + weights + maps + numbers * _BYTES_A_NUMBER) / 1e6


def _bytes(network: nn.Module) -> int:
    return sum(p.numel() * p.element_size() for p in network.parameters())


# Fitted to peaks of resident memory (VmHWM) of `ddrm restore --steps 1` in fresh processes on a
# CPU, with deno and sr_bicubic4, results of 256 x 256 to 2000 x 1500, bfloat16 and float32, one
# and four samples, and of the networks of celeba-hq and imagenet-256 alone: within 15 % of each.
# What a network holds is in the table of architectures.
_PROGRAM = 285e6  # bytes of the program with torch loaded
_MAPS_OF_A_GRADIENT = 27  # what a classifier keeps for its gradient; imagenet-256-cc's, measured
_BYTES_A_NUMBER = 40  # bytes of reading, sampling and writing for each number of the result
