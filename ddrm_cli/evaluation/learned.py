"""Metrics that a trained network computes, through torchmetrics (the optional extra ``metrics``).

Nothing is imported before one of them is used: the extra, and the networks' weights, which it
downloads on first use, are not needed for anything else.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ddrm_cli.errors import UsageError, WeightsError
from ddrm_cli.weights.cache import is_offline

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["NETWORKS", "fid", "kid", "load", "lpips"]

KID_SUBSET = 1000  # as usual, and as published; fewer pictures make one smaller subset


@dataclass(frozen=True)
class _Network:
    """Where the library keeps a metric, and what it downloads for it."""

    module: str
    attribute: str
    weights: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


_INCEPTION = "weights-inception-2015-12-05-6726825d.pth"

NETWORKS: Mapping[str, _Network] = {
    "lpips": _Network(
        "torchmetrics.image.lpip",
        "LearnedPerceptualImagePatchSimilarity",
        "alexnet-owt-7be5be79.pth",
        {"net_type": "alex", "normalize": True},  # takes pictures on [0, 1]
    ),
    "kid": _Network("torchmetrics.image.kid", "KernelInceptionDistance", _INCEPTION),
    "fid": _Network("torchmetrics.image.fid", "FrechetInceptionDistance", _INCEPTION),
}


def lpips(x_hat: ArrayLike, x: ArrayLike) -> float:
    """Learned perceptual image patch similarity with AlexNet: a distance, 0 for equal pictures.

    Zhang, Isola, Efros, Shechtman and Wang 2018, "The unreasonable effectiveness of deep features
    as a perceptual metric".

    Args:
        x_hat: Restoration, shape (H, W, C), on [0, 1].
        x: Original, of the same shape.

    Raises:
        UsageError: The extra is not installed.
        WeightsError: The network's weights are not there and cannot be downloaded.
    """
    import torch

    with torch.no_grad():
        return float(load("lpips")(_batch(x_hat), _batch(x)))


def kid(restored: Sequence[ArrayLike], originals: Sequence[ArrayLike]) -> float:
    """Kernel Inception distance between two sets of pictures, each at least two.

    Binkowski, Sutherland, Arbel and Gretton 2018, "Demystifying MMD GANs". An unbiased estimate:
    it may be below zero.

    Args:
        restored: Pictures of shape (H, W, C), on [0, 1].
        originals: Pictures likewise.

    Raises:
        UsageError: The extra is not installed.
        WeightsError: The network's weights are not there and cannot be downloaded.
    """
    metric = load("kid")
    # More pictures than one subset has are drawn from a hundred times; a subset that is the
    # whole set would be a hundred times the same.
    metric.subset_size = min(KID_SUBSET, len(restored), len(originals))
    metric.subsets = 100 if min(len(restored), len(originals)) > KID_SUBSET else 1
    _update(metric, restored, originals)
    mean, _ = metric.compute()
    return float(mean)


def fid(restored: Sequence[ArrayLike], originals: Sequence[ArrayLike]) -> float:
    """Frechet Inception distance between two sets of pictures, each at least two.

    Heusel, Ramsauer, Unterthiner, Nessler and Hochreiter 2017, "GANs trained by a two time-scale
    update rule". Biased upwards for few pictures: compare sets of one size only.

    Args:
        restored: Pictures of shape (H, W, C), on [0, 1].
        originals: Pictures likewise.

    Raises:
        UsageError: The extra is not installed.
        WeightsError: The network's weights are not there and cannot be downloaded.
    """
    metric = load("fid")
    _update(metric, restored, originals)
    return float(metric.compute())


@lru_cache
def load(metric: str) -> Any:
    """The library's metric of a name of `NETWORKS`.

    Raises:
        UsageError: The extra is not installed, or does not fit the installed torch.
        WeightsError: The network's weights are not there and cannot be downloaded.
    """
    import torch

    network = NETWORKS[metric]
    path = Path(torch.hub.get_dir(), "checkpoints", network.weights)
    hint = f"Connect to the network once, or put the file into {path.parent}."
    try:
        library = importlib.import_module(network.module)
        if is_offline() and not path.is_file():
            raise WeightsError(
                f"The metric {metric} needs {path.name}, which has not been downloaded yet.", hint
            )
        return getattr(library, network.attribute)(**network.arguments)
    except OSError as error:
        raise WeightsError(
            f"The metric {metric} cannot download {path.name}: {error}.", hint
        ) from error
    # RuntimeError: a torchvision made for another torch fails so when it is imported.
    except (ImportError, RuntimeError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise UsageError(
            f"The metric {metric} needs the optional extra 'metrics': {reason}.",
            'Install it with: pip install "ddrm-cli[metrics]"',
        ) from error


def _update(metric: Any, restored: Sequence[ArrayLike], originals: Sequence[ArrayLike]) -> None:
    metric.reset()
    for pictures, real in ((originals, True), (restored, False)):
        for picture in pictures:  # one by one: they may differ in size
            # Rounded here: the library would cut.
            levels = (_batch(picture).clamp(0, 1) * 255).round().byte()
            metric.update(levels, real=real)


def _batch(picture: ArrayLike) -> Tensor:
    """Shape (1, 3, H, W) on [0, 1], grey in all three channels."""
    import torch

    array = np.moveaxis(np.asarray(picture, np.float32), -1, 0).copy()
    return torch.from_numpy(array)[None].expand(-1, 3, -1, -1)
