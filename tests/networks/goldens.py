"""Golden outputs: what the original definitions of the networks compute."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

GOLDENS = Path(__file__).parents[1] / "data" / "goldens"


def load_golden(name: str) -> tuple[dict[str, Any], dict[str, torch.Tensor], int]:
    """The configuration, the arrays and the seed of the weights of one golden file."""
    with np.load(GOLDENS / f"{name}.npz", allow_pickle=False) as file:
        config = json.loads(str(file["config"]))
        seed = int(file["seed"])
        arrays = {
            key: torch.from_numpy(file[key]) for key in file.files if key not in ("config", "seed")
        }
    return config, arrays, seed


def draw_weights(network: nn.Module, seed: int) -> None:
    """Fill a network with the weights that the golden outputs were computed with.

    One normal draw a tensor in sorted order of the names, scaled by fan-in; norms near one.
    A network gives the golden output only if its names, shapes and arithmetic are all right.
    """
    random = np.random.RandomState(seed)
    state = network.state_dict()
    for name in sorted(state):
        shape = tuple(state[name].shape)
        draw = random.standard_normal(shape)
        if len(shape) >= 2:
            draw = draw / np.sqrt(np.prod(shape[1:]))
        else:
            draw = 1 + 0.1 * draw if name.endswith("weight") else 0.1 * draw
        state[name].copy_(torch.from_numpy(draw))


def published_keys(name: str) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the state dict of a published checkpoint."""
    lines = (GOLDENS / "keys" / f"{name}.txt").read_text().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if line.strip())
    return {key: tuple(int(n) for n in shape.split("x")) for key, shape in pairs}


def shapes(network: nn.Module) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a network's own state dict."""
    return {key: tuple(value.shape) for key, value in network.state_dict().items()}


def relative_error(got: torch.Tensor, expected: torch.Tensor) -> float:
    """Norm of the difference over the norm of what was expected."""
    return float((got - expected).norm() / expected.norm())
