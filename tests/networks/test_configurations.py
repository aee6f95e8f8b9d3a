"""What configurations promise before there is a network, and what a network keeps of it."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
import torch
from torch import nn

from ddrm_cli.errors import FieldError
from ddrm_cli.networks.configurations import (
    ClassifierConfig,
    DDPMConfig,
    PlainUNetConfig,
    UNetConfig,
)
from ddrm_cli.networks.table import ARCHITECTURES, Configuration

from .goldens import shapes

ADM: dict[str, Any] = {
    "image_size": 32,
    "model_channels": 64,
    "channel_mult": (0.5, 1, 2),
    "num_res_blocks": 1,
    "attention_resolutions": (16,),
    "num_head_channels": 32,
}
DDPM: dict[str, Any] = {
    "resolution": 16,
    "ch": 32,
    "ch_mult": (2, 1),
    "num_res_blocks": 2,
    "attn_resolutions": (8,),
}
PLAIN: dict[str, Any] = {
    "image_size": 16,
    "channels": (8, 4, 12),
    "down_blocks": (1, 2, 1),
    "up_blocks": (2, 1),
    "embedding": 6,
}
VALUES = {UNetConfig: ADM, ClassifierConfig: ADM, DDPMConfig: DDPM, PlainUNetConfig: PLAIN}
EACH = [
    ("guided-diffusion", UNetConfig(**ADM)),
    ("guided-diffusion", UNetConfig(**ADM, num_classes=7, out_channels=6)),
    ("ddpm", DDPMConfig(**DDPM)),
    ("plain-unet", PlainUNetConfig(**PLAIN)),
]


def built(architecture: str, configuration: Configuration) -> nn.Module:
    with torch.device("meta"):
        return ARCHITECTURES[architecture].build(configuration)


@pytest.mark.parametrize(
    ("config", "field", "value"),
    [
        (UNetConfig, "image_size", 0),
        (UNetConfig, "image_size", 30),
        (UNetConfig, "channel_mult", ()),
        (UNetConfig, "channel_mult", (1, float("inf"))),
        (UNetConfig, "channel_mult", (1, 0.3)),
        (UNetConfig, "num_res_blocks", 0),
        (UNetConfig, "attention_resolutions", (20,)),
        (UNetConfig, "num_head_channels", 48),
        (UNetConfig, "num_head_channels", 128),  # divides the last width, but not all that attend
        (UNetConfig, "in_channels", 6),
        (UNetConfig, "out_channels", 4),
        (UNetConfig, "num_classes", 0),
        (ClassifierConfig, "num_classes", 0),
        (ClassifierConfig, "in_channels", 1),
        (DDPMConfig, "resolution", 15),
        (DDPMConfig, "ch", 16),  # although its multiples would do
        (DDPMConfig, "ch_mult", (1, -1)),
        (DDPMConfig, "attn_resolutions", (4,)),
        (DDPMConfig, "out_ch", 5),
        (PlainUNetConfig, "image_size", 20),
        (PlainUNetConfig, "channels", ()),
        (PlainUNetConfig, "channels", (8, 0, 12)),
        (PlainUNetConfig, "down_blocks", (1, 2)),
        (PlainUNetConfig, "down_blocks", (1, 2, -1)),
        (PlainUNetConfig, "up_blocks", (2, 1, 1)),  # the coarsest level is the bottom
        (PlainUNetConfig, "embedding", 7),
    ],
)
def test_a_field_that_cannot_be_so_is_named(config: type[Any], field: str, value: object) -> None:
    values = VALUES[config]
    config(**values)
    with pytest.raises(FieldError, match=f"'{field}' must") as caught:
        config(**{**values, field: value})
    assert caught.value.field == field


@pytest.mark.parametrize(("architecture", "configuration"), EACH)
def test_width_is_what_the_finest_level_gives_to_the_last_convolution(
    architecture: str, configuration: Configuration
) -> None:
    """For each pixel: where blocks of pixels are seen, the first convolution tells their size."""
    network = built(architecture, configuration)
    first, *_, last = (layer for layer in network.modules() if isinstance(layer, nn.Conv2d))
    pixels = first.in_channels / 3
    assert configuration.width == last.in_channels / pixels


@pytest.mark.parametrize(("architecture", "configuration"), EACH)
def test_a_side_multiple_is_what_the_network_takes(
    architecture: str, configuration: Configuration
) -> None:
    side = 3 * configuration.side_multiple
    labels = None if configuration.num_classes is None else torch.zeros(1, dtype=torch.int64)
    with torch.device("meta"), torch.no_grad():
        network = built(architecture, configuration)
        out = network(torch.zeros(1, 3, side, 2 * side), torch.zeros(1), labels)
    assert out.shape[2:] == (side, 2 * side)


@pytest.mark.parametrize(("architecture", "configuration"), EACH)
def test_a_configuration_is_read_off_its_own_shapes(
    architecture: str, configuration: Configuration
) -> None:
    assert configuration.fitted_to(shapes(built(architecture, configuration))) == configuration


@pytest.mark.parametrize(("architecture", "configuration"), EACH)
@pytest.mark.parametrize("damaged", [(), (0, 0, 0, 0), (5, 7, 1, 1), None], ids=str)
def test_shapes_of_something_else_fail_as_promised(
    architecture: str, configuration: Configuration, damaged: tuple[int, ...] | None
) -> None:
    """Whichever tensor is missing or of another shape."""
    right = shapes(built(architecture, configuration))
    for name in right:
        wrong = {
            **right,
            name: damaged,
            "down.x": (1,),
            "output_blocks.x.0": (1,),
            "encoder.x": (1,),
        }
        found = {key: shape for key, shape in wrong.items() if shape is not None}
        with contextlib.suppress(LookupError, ArithmeticError, FieldError):
            configuration.fitted_to(found)
