"""Models small enough to write and load in a test."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from ddrm_cli.networks.configurations import ClassifierConfig
from ddrm_cli.networks.table import ARCHITECTURES
from ddrm_cli.weights.load import build_classifier, build_network
from ddrm_cli.weights.model import ClassifierModel, Model, WeightsFile
from ddrm_cli.weights.registry import load_models

ADM: dict[str, Any] = {
    "image_size": 32,
    "model_channels": 32,
    "channel_mult": (1, 2),
    "num_res_blocks": 1,
    "attention_resolutions": (16,),
    "num_head_channels": 16,
    "out_channels": 6,
}
DDPM: dict[str, Any] = {
    "resolution": 16,
    "ch": 32,
    "ch_mult": (1, 2),
    "num_res_blocks": 1,
    "attn_resolutions": (8,),
}
PLAIN: dict[str, Any] = {
    "image_size": 32,
    "channels": (8, 16),
    "down_blocks": (1, 2),
    "up_blocks": (1,),
}
VALUES = {"guided-diffusion": ADM, "ddpm": DDPM, "plain-unet": PLAIN}


def tiny(architecture: str = "guided-diffusion", **changes: Any) -> Model:
    """A tiny model of an architecture, with changes to the values of its network."""
    values = {**VALUES[architecture], **changes}
    base = load_models()["imagenet-256"]
    return replace(
        base,
        name=f"tiny-{architecture}",
        architecture=architecture,
        network=ARCHITECTURES[architecture].configuration(**values),
        weights=WeightsFile("tiny.pt"),
        tile=32,
    )


def with_classifier() -> Model:
    """A tiny class-conditional model of ten classes with its classifier."""
    values = {key: value for key, value in ADM.items() if key != "out_channels"}
    network = ClassifierConfig(**values, num_classes=10)
    classifier = ClassifierModel(network, WeightsFile("tiny_classifier.pt"))
    return replace(tiny(num_classes=10), classifier=classifier)


def random_state(model: Model, *, classifier: bool = False) -> dict[str, torch.Tensor]:
    """Random weights of the model's network, or of its classifier."""
    network = build_classifier(model) if classifier else build_network(model)
    generator = torch.Generator().manual_seed(0)
    return {
        name: torch.randn(tensor.shape, generator=generator) / max(tensor[0].numel(), 1) ** 0.5
        for name, tensor in network.state_dict().items()
    }


def write(path: Path, state: object, *, zipped: bool = True) -> Path:
    """Write a checkpoint in the format of torch 1.6 and later, or the one before."""
    torch.save(state, path, _use_new_zipfile_serialization=zipped)
    return path
