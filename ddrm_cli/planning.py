"""What a restoration will cost, before it is done."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import torch
from torch import nn

from ddrm_cli.degradations.base import LinearOperator
from ddrm_cli.devices import choose_device, choose_precision
from ddrm_cli.memory import memory_to_be_had
from ddrm_cli.networks.table import ARCHITECTURES
from ddrm_cli.prior import LoadedModel, TilingSettings
from ddrm_cli.weights.load import build_classifier, build_network
from ddrm_cli.weights.registry import Model

__all__ = ["Cost", "expected_cost", "expected_memory", "model_without_weights", "shortage"]


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
    operator: LinearOperator,
    steps: int,
    tiling: TilingSettings,
    *,
    samples: int = 1,
) -> Cost:
    """Time one evaluation of the network on one window, and count the rest.

    Args:
        model: What `load_model` or `model_without_weights` gave.
        operator: Of the problem.
        steps: Evaluations of the network on the whole picture.
        tiling: How large pictures are cut.
        samples: Restorations of the picture in one batch.

    Raises:
        UsageError: A tile that the network cannot take.
    """
    # Every class costs the same.
    denoiser = model.denoiser(tiling, None if model.model.num_classes is None else 0)
    _, height, width = operator.image_shape
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
    memory = expected_memory(model, operator, tiling, samples=samples) / 1e6
    return Cost(seconds, memory, tiles, tile_h, tile_w)


def expected_memory(
    model: LoadedModel, operator: LinearOperator, tiling: TilingSettings, *, samples: int = 1
) -> float:
    """Bytes that restoring takes at the peak, the program included.

    Args:
        model: The prior.
        operator: Of the problem.
        tiling: How large pictures are cut.
        samples: Restorations of the picture in one batch.
    """
    denoiser = model.denoiser(tiling, None if model.model.num_classes is None else 0)
    sides = [denoiser.windows(size) for size in operator.image_shape[1:]]
    windows = samples * math.prod(len(starts) for _, starts in sides)
    window_pixels = min(tiling.batch_size, windows) * math.prod(length for length, _ in sides)
    weights = _bytes(model.network)
    held = ARCHITECTURES[model.model.architecture].maps * model.model.network.width
    maps = window_pixels * held * model.precision.itemsize
    if model.classifier is not None:
        weights += _bytes(model.classifier)
        width = model.classifier.config.width
        maps = max(maps, window_pixels * width * _MAPS_OF_A_GRADIENT * torch.float32.itemsize)
    result = samples * math.prod(operator.image_shape)
    numbers = _COPIES * result + math.prod(operator.measurement_shape)
    buffers = sum(buffer.nbytes for buffer in operator.buffers())
    return _PROGRAM + weights + maps + numbers * torch.float32.itemsize + buffers


def shortage(
    model: LoadedModel, operator: LinearOperator, tiling: TilingSettings, *, samples: int = 1
) -> str | None:
    """A sentence for the user where a restoration takes more memory than this machine has left."""
    free = memory_to_be_had()
    needed = expected_memory(model, operator, tiling, samples=samples)
    if model.device.type != "cpu" or free is None or needed <= free:
        return None
    helps = "fewer --samples, " if samples > 1 else ""
    return (
        f"It takes about {needed / 1e9:.1f} GB of memory, and {free / 1e9:.1f} GB are free: it may "
        f"become very slow, or be stopped. What helps: {helps}a smaller part of the picture, or "
        "closing other programs."
    )


def _bytes(network: nn.Module) -> int:
    return sum(p.numel() * p.element_size() for p in network.parameters())


# Fitted to peaks of resident memory of whole commands in fresh processes on a CPU: within 8 % of
# each that `tests.benchmarks.memory` measures, with the bundled prior in bfloat16. The networks of
# celeba-hq and imagenet-256 were measured alone. What a network holds is in the table of
# architectures.
_PROGRAM = 285e6  # bytes of the program with torch loaded
_MAPS_OF_A_GRADIENT = 27  # what a classifier keeps for its gradient; imagenet-256-cc's, measured
_COPIES = 3  # of the result that the sampler holds at a time
