"""The plain U-Net computes what the network of the bundled prior was trained to compute."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ddrm_cli.networks.plain_unet import CUT, Block, PlainUNet, PlainUNetConfig
from ddrm_cli.weights.cache import weights_path
from ddrm_cli.weights.load import load_network
from ddrm_cli.weights.registry import get_model, load_models

from .goldens import GOLDENS, draw_weights, published_keys, relative_error, shapes

# Two independent float32 implementations of the same arithmetic agree to about this.
FLOAT32_AGREEMENT = 1e-5

TINY = PlainUNetConfig(16, (8, 4, 12), (1, 2, 1), (2, 1), embedding=6)
PHOTO_SMALL = PlainUNetConfig(64, (64, 128, 256, 256), (2, 3, 3, 3), (2, 3, 3))


@pytest.fixture(scope="module")
def photo_small() -> nn.Module:
    model = get_model("photo-small", load_models())
    return load_network(model, weights_path(model))


@pytest.mark.parametrize("case", range(4))
def test_bundled_weights_reproduce_the_golden_output(photo_small: nn.Module, case: int) -> None:
    """Square and oblong, the smallest side, and two timesteps in one batch."""
    with np.load(GOLDENS / "photo-small-v1-goldens.npz", allow_pickle=False) as file:
        x, t, v = (torch.from_numpy(file[f"{name}{case}"]) for name in "xtv")
    with torch.no_grad():
        out = photo_small(x, t)
    assert relative_error(out, v) < FLOAT32_AGREEMENT


def test_state_dict_is_that_of_the_bundled_weights() -> None:
    with torch.device("meta"):
        network = PlainUNet(PHOTO_SMALL)
    assert shapes(network) == published_keys("photo-small-v1.pt")
    assert load_models()["photo-small"].network == PHOTO_SMALL


def plain(block: Block, x: Tensor, time: Tensor) -> Tensor:
    """What a block computes, nothing of it in place."""
    scale, shift = block.modulation(time)[:, :, None, None].chunk(2, dim=1)
    h = F.silu(block.conv1(x) * (1 + scale) + shift)
    h = torch.where(h > CUT, torch.full_like(h, CUT), h)
    out: Tensor = x + block.conv2(h)
    return out


def test_outputs_and_gradients_of_a_block_are_those_of_its_definition() -> None:
    """By the input, the time and every weight, where some activations are cut and some are not."""
    block = Block(4, 6).double()
    draw_weights(block, 1)
    generator = torch.Generator().manual_seed(0)
    x, time = (
        torch.randn(shape, generator=generator, dtype=torch.float64).mul(4).requires_grad_()
        for shape in ((2, 4, 6, 5), (2, 6))
    )
    wanted = [x, time, *block.parameters()]
    got, expected = block(x, time), plain(block, x, time)
    torch.testing.assert_close(got, expected)
    loss = torch.randn(got.shape, generator=generator, dtype=torch.float64)
    gradients = torch.autograd.grad(got, wanted, loss)
    torch.testing.assert_close(gradients, torch.autograd.grad(expected, wanted, loss))

    seen: list[Tensor] = []
    block.conv2.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0]))
    block(x, time)
    assert 0.05 < (seen[0] == CUT).double().mean() < 0.95


def test_gradients_of_the_network_are_those_of_differences() -> None:
    network = PlainUNet(TINY).double()
    draw_weights(network, 2)
    x = torch.randn(2, 3, 8, 16, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    timesteps = torch.tensor([3, 700])
    assert torch.autograd.gradcheck(
        lambda x: network(x, timesteps), x.requires_grad_(), fast_mode=True
    )


def test_an_activation_is_at_most_ten_however_large_the_input() -> None:
    """So what a block adds is bounded: its last convolution's weights times ten."""
    block = Block(4, 6)
    draw_weights(block, 3)
    assert block.conv2.bias is not None
    x = 1e6 * torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        bound = CUT * block.conv2.weight.abs().sum(dim=(1, 2, 3)) + block.conv2.bias.abs()
        added = block(x, torch.ones(1, 6)) - x
        # Beside 1e6 float32 resolves 0.06, and rounds twice.
        assert (added.abs().amax(dim=(0, 2, 3)) <= bound + 0.2).all()


def test_what_is_far_away_changes_nothing() -> None:
    """Nothing in the network looks at the whole window, as a normalisation would."""
    network = PlainUNet(TINY)
    draw_weights(network, 4)
    x = torch.randn(1, 3, 16, 256, generator=torch.Generator().manual_seed(0))
    other = x.clone()
    other[..., -8:] = 5
    with torch.no_grad():
        out, changed = network(x, torch.tensor([500])), network(other, torch.tensor([500]))
    assert torch.equal(out[..., :128], changed[..., :128])
    assert not torch.equal(out[..., -8:], changed[..., -8:])


def test_a_picture_is_predicted_alike_in_any_company() -> None:
    """Every picture of a batch by its own timestep."""
    network = PlainUNet(TINY)
    draw_weights(network, 5)
    x = torch.randn(3, 3, 16, 24, generator=torch.Generator().manual_seed(0))
    timesteps = torch.tensor([0, 400, 999])
    with torch.no_grad():
        together = network(x, timesteps)
        alone = torch.cat([network(x[i : i + 1], timesteps[i : i + 1]) for i in range(3)])
    assert relative_error(together, alone) < FLOAT32_AGREEMENT


def test_bfloat16_stays_close_to_float32(photo_small: nn.Module) -> None:
    x = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    model = get_model("photo-small", load_models())
    half = load_network(model, weights_path(model), dtype=torch.bfloat16)
    with torch.no_grad():
        exact, out = photo_small(x, torch.tensor([500])), half(x, torch.tensor([500]))
    assert out.dtype == torch.bfloat16
    # bfloat16 keeps 8 bits (4e-3); forty layers add up to a few times that.
    assert relative_error(out.float(), exact) < 3e-2


def test_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="labels"):
        PlainUNet(TINY)(torch.zeros(1, 3, 8, 8), torch.tensor([5]), torch.tensor([1]))
