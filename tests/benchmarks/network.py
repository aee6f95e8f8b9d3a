"""Time of the networks against their convolutions alone, and against the published arithmetic.

For the bundled prior at two sizes and for ADM-256 (random weights) in this machine's own precision:
an evaluation and its convolutions alone on the same inputs, in turns, the best of several. For
ADM-256 also the arithmetic that was published: float32, group norms in float32, nothing in place,
channels first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ddrm_cli.networks.guided_diffusion import (
    AttentionBlock,
    ResBlock,
    UNet,
    UNetConfig,
    timestep_embedding,
)
from ddrm_cli.prior import load_model
from ddrm_cli.weights.registry import load_models

from .rows import PRECISION, Row, best, share_of_peak

__all__ = ["operations_a_pixel", "rows"]

REPEATS = 10
REPEATS_OF_ADM = 3
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.ConvTranspose2d)


@torch.inference_mode()
def rows() -> Iterator[Row]:
    """An evaluation of each network, and its ratios."""
    timesteps = torch.tensor([500])
    prior = load_model(device="cpu").network
    for side in (256, 512):
        x = torch.randn(1, 3, side, side)
        yield from against_convolutions(f"photo-small, {side} x {side}", prior, x, timesteps)
    config = load_models()["imagenet-256"].network
    assert isinstance(config, UNetConfig)
    adm = UNet(config).eval().requires_grad_(False)
    ours = UNet(config).eval().requires_grad_(False).to(PRECISION)
    ours.load_state_dict(adm.state_dict())
    ours.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    published, x = Published(adm), torch.randn(1, 3, 256, 256)
    yield from against_convolutions("ADM-256, 256 x 256", ours, x, timesteps, published)


def against_convolutions(
    name: str,
    network: nn.Module,
    x: Tensor,
    timesteps: Tensor,
    published: Callable[[Tensor, Tensor], Tensor] | None = None,
) -> Iterator[Row]:
    """Of one network at one size."""
    seen = inputs_of_convolutions(network, x, timesteps)

    def convolutions() -> None:
        for layer, inputs in seen:
            layer(inputs)

    actions: list[Callable[[], object]] = [lambda: network(x, timesteps), convolutions]
    if published is not None:
        actions.append(lambda: published(x, timesteps))
    times = best(actions, REPEATS if published is None else REPEATS_OF_ADM)
    whole, alone, *theirs = times
    flops = sum(operations(*each) for each in seen)
    yield Row(f"{name}: an evaluation", f"{1e3 * whole:.0f} ms", share_of_peak(flops, whole))
    yield Row("— its convolutions alone", f"{1e3 * alone:.0f} ms", share_of_peak(flops, alone))
    yield Row("— evaluation : convolutions", f"{whole / alone:.2f}", goal="1.5")
    for time in theirs:
        yield Row("— as published, in float32", f"{1e3 * time:.0f} ms")
        yield Row("— evaluation : published", f"{whole / time:.2f}", goal="0.33")


def inputs_of_convolutions(
    network: nn.Module, x: Tensor, timesteps: Tensor
) -> list[tuple[nn.Module, Tensor]]:
    """Each convolution of an evaluation with what it sees, in order."""
    seen: list[tuple[nn.Module, Tensor]] = []

    def keep(layer: nn.Module, inputs: tuple[Any, ...], out: Any) -> None:
        seen.append((layer, inputs[0].clone()))

    layers = [layer for layer in network.modules() if isinstance(layer, CONVOLUTIONS)]
    hooks = [layer.register_forward_hook(keep) for layer in layers]
    network(x, timesteps)
    for hook in hooks:
        hook.remove()
    return seen


@torch.inference_mode()
def operations_a_pixel(side: int = 256) -> float:
    """Of the bundled prior's convolutions."""
    network, x = load_model(device="cpu").network, torch.zeros(1, 3, side, side)
    seen = inputs_of_convolutions(network, x, torch.tensor([500]))
    return sum(operations(*each) for each in seen) / side**2


def operations(layer: Any, inputs: Tensor) -> int:
    """Multiplications and additions of a convolution."""
    out = layer(inputs)
    places = inputs if isinstance(layer, nn.ConvTranspose2d) else out
    return int(2 * layer.weight.numel() * places[0, 0].numel())


class Published:
    """The U-Net as its authors' program computes it, from the weights of ours.

    Args:
        network: In float32, with its channels first.
    """

    def __init__(self, network: UNet) -> None:
        self.network = network

    def __call__(self, x: Tensor, timesteps: Tensor) -> Tensor:
        """Shape (B, 3, H, W) to (B, 6, H, W)."""
        network = self.network
        emb = network.time_embed(timestep_embedding(timesteps, network.config.model_channels))
        h, skips = x, []
        for block in network.input_blocks:
            h = self._layers(block, h, emb)
            skips.append(h)
        h = self._layers(network.middle_block, h, emb)
        for block in network.output_blocks:
            h = self._layers(block, torch.cat([h, skips.pop()], dim=1), emb)
        norm, _, conv = network.out
        return torch.as_tensor(conv(F.silu(norm(h.float()).type(h.dtype))))

    def _layers(self, layers: Any, h: Tensor, emb: Tensor) -> Tensor:
        for layer in layers:
            if isinstance(layer, ResBlock):
                h = self._residual(layer, h, emb)
            elif isinstance(layer, AttentionBlock):
                h = self._attention(layer, h)
            else:
                h = layer(h)
        return h

    def _residual(self, block: ResBlock, x: Tensor, emb: Tensor) -> Tensor:
        norm, activation, conv = block.in_layers
        h = conv(block.resample(activation(norm(x.float()).type(x.dtype))))
        scale, shift = block.emb_layers(emb)[:, :, None, None].chunk(2, dim=1)
        norm, activation, dropout, conv = block.out_layers
        h = norm(h.float()).type(h.dtype) * (1 + scale) + shift
        return torch.as_tensor(
            block.skip_connection(block.resample(x)) + conv(dropout(activation(h)))
        )

    def _attention(self, block: AttentionBlock, x: Tensor) -> Tensor:
        b, c, height, width = x.shape
        positions = x.reshape(b, c, -1)
        qkv = block.qkv(block.norm(positions.float()).type(x.dtype))
        q, k, v = qkv.reshape(b * block.num_heads, -1, height * width).chunk(3, dim=1)
        scale = q.shape[1] ** -0.25
        weights = torch.einsum("bct,bcs->bts", q * scale, k * scale)
        weights = torch.softmax(weights.float(), dim=-1).type(weights.dtype)
        h = torch.einsum("bts,bcs->bct", weights, v).reshape(b, c, -1)
        return torch.as_tensor((positions + block.proj_out(h)).reshape(b, c, height, width))
