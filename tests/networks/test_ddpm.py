"""The DDPM U-Net computes what the published definition computes."""

from __future__ import annotations

import pytest
import torch

from ddrm_cli.networks.ddpm import DDPM, DDPMConfig, Downsample

from .goldens import draw_weights, load_golden, published_keys, relative_error, shapes

# Two independent float32 implementations of the same arithmetic agree to about this.
FLOAT32_AGREEMENT = 1e-5

TINY = DDPMConfig(16, 32, (1, 2), 1, (8,))


def test_network_reproduces_the_golden_output() -> None:
    config, arrays, seed = load_golden("ddpm_tiny")
    del config["architecture"]
    network = DDPM(DDPMConfig(**config))
    draw_weights(network, seed)
    with torch.no_grad():
        out = network(arrays["x"], arrays["t"])
    assert relative_error(out, arrays["out"]) < FLOAT32_AGREEMENT


@pytest.mark.parametrize(
    ("config", "checkpoint"),
    [
        (DDPMConfig(256, 128, (1, 1, 2, 2, 4, 4), 2, (16,)), "ddpm_256"),
        (DDPMConfig(32, 128, (1, 2, 2, 2), 2, (16,)), "ddpm_32"),
    ],
    ids=["256", "32"],
)
def test_state_dict_is_that_of_the_published_checkpoint(
    config: DDPMConfig, checkpoint: str
) -> None:
    with torch.device("meta"):
        network = DDPM(config)
    assert shapes(network) == published_keys(checkpoint)


def test_sides_need_not_be_equal_nor_those_trained_at() -> None:
    network = DDPM(TINY)
    assert network.config.side_multiple == 2
    with torch.no_grad():
        assert network(torch.zeros(2, 3, 24, 10), torch.tensor([5, 900])).shape == (2, 3, 24, 10)


def test_downsampling_pads_below_and_to_the_right_only() -> None:
    """A kernel that copies its top left tap takes pixels 0, 2, 4 .. and no padding."""
    layer = Downsample(1)
    with torch.no_grad():
        layer.conv.weight.zero_()
        layer.conv.weight[0, 0, 0, 0] = 1
        assert layer.conv.bias is not None
        layer.conv.bias.zero_()
        x = torch.arange(24.0).view(1, 1, 4, 6)
        assert torch.equal(layer(x), x[:, :, ::2, ::2])


def test_bfloat16_stays_close_to_float32() -> None:
    network = DDPM(TINY)
    draw_weights(network, 3)
    x, t = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)), torch.tensor([9])
    with torch.no_grad():
        exact = network(x, t)
        out = network.bfloat16()(x, t)
    assert out.dtype == torch.bfloat16
    # bfloat16 keeps 8 bits (4e-3); twenty layers add up to a few times that.
    assert relative_error(out.float(), exact) < 3e-2


def test_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="labels"):
        DDPM(TINY)(torch.zeros(1, 3, 16, 16), torch.tensor([5]), torch.tensor([1]))
