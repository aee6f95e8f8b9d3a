"""The ADM U-Net and its classifier (Dhariwal and Nichol 2021, "Diffusion models beat GANs").

Attribute names and the order of the arithmetic are those of the published checkpoints
(``256x256_diffusion_uncond.pt`` and its kin): a state dict loads as it is and the outputs agree.
Three traps that the state dict does not show: the timestep embedding is ``[cos, sin]``, the
attention of the U-Net splits heads before it splits q, k, v, and the attention that pools the
classifier's features splits them the other way round.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .configurations import GROUPS, ClassifierConfig, UNetConfig

__all__ = ["Classifier", "ClassifierConfig", "UNet", "UNetConfig", "timestep_embedding"]

PERIOD = 10_000.0  # the longest wavelength of the timestep embedding


def timestep_embedding(timesteps: Tensor, dim: int) -> Tensor:
    """Sinusoidal embedding of the timestep, ``[cos(t w_k), sin(t w_k)]``.

    ``w_k = 10000^(-k / (dim/2))`` for k = 0 .. dim/2 - 1.

    Args:
        timesteps: Shape (B,), integers.
        dim: Even length of the embedding.

    Returns:
        Shape (B, dim), float32.
    """
    half = dim // 2
    exponents = torch.arange(half, device=timesteps.device, dtype=torch.float32) / half
    angles = timesteps[:, None].float() * torch.exp(-math.log(PERIOD) * exponents)
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


class ResBlock(nn.Module):
    """Residual block whose second norm is scaled and shifted by the timestep embedding.

    Args:
        channels: Channels of the input.
        emb_channels: Length of the embedding.
        out_channels: Channels of the output.
        resample: ``"up"`` doubles both sides (nearest), ``"down"`` halves them (mean).
    """

    def __init__(
        self, channels: int, emb_channels: int, out_channels: int, resample: str | None = None
    ) -> None:
        super().__init__()
        self.in_layers = nn.Sequential(
            nn.GroupNorm(GROUPS, channels),
            nn.SiLU(),
            nn.Conv2d(channels, out_channels, 3, padding=1),
        )
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(emb_channels, 2 * out_channels))
        self.out_layers = nn.Sequential(
            nn.GroupNorm(GROUPS, out_channels),
            nn.SiLU(),
            nn.Identity(),  # dropout in training; holds the convolution's index in the state dict
            nn.Conv2d(out_channels, out_channels, 3, padding=1),
        )
        self.skip_connection: nn.Module = (
            nn.Identity() if channels == out_channels else nn.Conv2d(channels, out_channels, 1)
        )
        self.resample: nn.Module = nn.Identity()
        if resample == "up":
            self.resample = nn.Upsample(scale_factor=2, mode="nearest")
        elif resample == "down":
            self.resample = nn.AvgPool2d(2)

    def forward(self, x: Tensor, emb: Tensor) -> Tensor:
        """Shapes (B, C, H, W) and (B, E) to (B, C', H', W')."""
        norm, _, conv = self.in_layers
        # In place, as passes over memory are what there is to save. Autograd keeps what it needs.
        h = conv(self.resample(F.silu(norm(x), inplace=True)))
        scale, shift = self.emb_layers(emb)[:, :, None, None].chunk(2, dim=1)
        norm, _, _, conv = self.out_layers
        h = F.silu(torch.addcmul(shift, norm(h), 1 + scale), inplace=True)
        out: Tensor = conv(h).add_(self.skip_connection(self.resample(x)))
        return out


class AttentionBlock(nn.Module):
    """Self-attention over all positions, added to its input.

    Args:
        channels: Channels of input and output.
        num_head_channels: Channels of one head.
    """

    def __init__(self, channels: int, num_head_channels: int) -> None:
        super().__init__()
        self.num_heads = channels // num_head_channels
        self.norm = nn.GroupNorm(GROUPS, channels)
        self.qkv = nn.Conv1d(channels, 3 * channels, 1)
        self.proj_out = nn.Conv1d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (B, C, H, W) to the same."""
        b, c, height, width = x.shape
        positions = x.flatten(2)
        # Heads first, then q, k, v: the channel order of the published weights.
        qkv = self.qkv(self.norm(positions)).view(b, self.num_heads, 3, -1, height * width)
        h = _attend(*qkv.unbind(dim=2)).reshape(b, c, height * width)
        out: Tensor = positions + self.proj_out(h)
        return out.view(b, c, height, width)


def _attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Scaled dot-product attention of shapes (B, heads, channels, length)."""
    q, k, v = (tensor.transpose(-1, -2).contiguous() for tensor in (q, k, v))
    return F.scaled_dot_product_attention(q, k, v).transpose(-1, -2)


class EmbedSequential(nn.ModuleList):
    """Layers one after another; the residual blocks among them also get the embedding."""

    def forward(self, x: Tensor, emb: Tensor) -> Tensor:
        """Shapes (B, C, H, W) and (B, E) to (B, C', H', W')."""
        for layer in self:
            x = layer(x, emb) if isinstance(layer, ResBlock) else layer(x)
        return x


def _downward(
    config: UNetConfig | ClassifierConfig, in_channels: int, emb_channels: int
) -> tuple[nn.ModuleList, list[int]]:
    """The blocks from the picture to the coarsest level, and the channels each gives."""
    widths = config.widths
    ch = widths[0]
    blocks = nn.ModuleList([EmbedSequential([nn.Conv2d(in_channels, ch, 3, padding=1)])])
    channels = [ch]
    for level, width in enumerate(widths):
        if level > 0:
            blocks.append(EmbedSequential([ResBlock(ch, emb_channels, ch, "down")]))
            channels.append(ch)
        for _ in range(config.num_res_blocks):
            layers: list[nn.Module] = [ResBlock(ch, emb_channels, width)]
            if config.attends(level):
                layers.append(AttentionBlock(width, config.num_head_channels))
            blocks.append(EmbedSequential(layers))
            channels.append(width)
            ch = width
    return blocks, channels


def _time_embed(model_channels: int) -> tuple[nn.Sequential, int]:
    dim = 4 * model_channels
    return nn.Sequential(nn.Linear(model_channels, dim), nn.SiLU(), nn.Linear(dim, dim)), dim


def _middle(channels: int, emb_channels: int, num_head_channels: int) -> EmbedSequential:
    return EmbedSequential(
        [
            ResBlock(channels, emb_channels, channels),
            AttentionBlock(channels, num_head_channels),
            ResBlock(channels, emb_channels, channels),
        ]
    )


class UNet(nn.Module):
    """ADM U-Net: from a noisy picture and its timestep to the prediction.

    Args:
        config: The shape of the network.
    """

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        self.time_embed, emb_channels = _time_embed(config.model_channels)
        if config.num_classes is not None:
            self.label_emb = nn.Embedding(config.num_classes, emb_channels)
        self.input_blocks, skips = _downward(config, config.in_channels, emb_channels)
        ch = skips[-1]
        self.middle_block = _middle(ch, emb_channels, config.num_head_channels)
        self.output_blocks = nn.ModuleList()
        widths = config.widths
        for level, width in reversed(list(enumerate(widths))):
            for i in range(config.num_res_blocks + 1):
                layers: list[nn.Module] = [ResBlock(ch + skips.pop(), emb_channels, width)]
                if config.attends(level):
                    layers.append(AttentionBlock(width, config.num_head_channels))
                if level > 0 and i == config.num_res_blocks:
                    layers.append(ResBlock(width, emb_channels, width, "up"))
                self.output_blocks.append(EmbedSequential(layers))
                ch = width
        self.out = nn.Sequential(
            nn.GroupNorm(GROUPS, ch),
            nn.SiLU(),
            nn.Conv2d(ch, config.out_channels, 3, padding=1),
        )

    def forward(self, x: Tensor, timesteps: Tensor, labels: Tensor | None = None) -> Tensor:
        """Predict noise or velocity, in the precision of the weights.

        Args:
            x: ``x_t``, shape (B, C, H, W), sides multiples of ``config.side_multiple``.
            timesteps: Shape (B,), integers 0 .. 999.
            labels: Shape (B,), class indices; exactly where the network has classes.

        Returns:
            Shape (B, ``out_channels``, H, W).
        """
        if (labels is None) != (self.config.num_classes is None):
            raise ValueError("labels go with a class-conditional network, and only with one")
        dtype = next(self.parameters()).dtype
        emb = self.time_embed(timestep_embedding(timesteps, self.config.model_channels).to(dtype))
        if labels is not None:
            emb = emb + self.label_emb(labels)
        # Channels last, which convolutions prefer; all that follows keeps it.
        h = x.to(dtype, memory_format=torch.channels_last)
        skips = []
        for block in self.input_blocks:
            h = block(h, emb)
            skips.append(h)
        h = self.middle_block(h, emb)
        for block in self.output_blocks:
            h = block(torch.cat([h, skips.pop()], dim=1), emb)
        out: Tensor = self.out(h)
        return out


class AttentionPool(nn.Module):
    """Pool all positions by the attention that their mean pays to them.

    Args:
        side: Side of the feature map.
        channels: Its channels.
        num_head_channels: Channels of one head.
        out_channels: Length of the pooled vector.
    """

    def __init__(self, side: int, channels: int, num_head_channels: int, out_channels: int) -> None:
        super().__init__()
        self.num_heads = channels // num_head_channels
        self.positional_embedding = nn.Parameter(torch.zeros(channels, side**2 + 1))
        self.qkv_proj = nn.Conv1d(channels, 3 * channels, 1)
        self.c_proj = nn.Conv1d(channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (B, C, side, side) to (B, out_channels)."""
        positions = x.flatten(2)
        positions = torch.cat([positions.mean(dim=-1, keepdim=True), positions], dim=-1)
        b, c, length = positions.shape
        qkv = self.qkv_proj(positions + self.positional_embedding)
        # q, k, v first, then heads: unlike in the blocks above.
        qkv = qkv.view(b, 3, self.num_heads, -1, length)
        h = _attend(*qkv.unbind(dim=1)).reshape(b, c, length)
        out: Tensor = self.c_proj(h)[:, :, 0]
        return out


class Classifier(nn.Module):
    """Classifier of noisy pictures, whose gradient guides an ADM U-Net.

    Args:
        config: The shape of the network.
    """

    def __init__(self, config: ClassifierConfig) -> None:
        super().__init__()
        self.config = config
        self.time_embed, emb_channels = _time_embed(config.model_channels)
        self.input_blocks, channels = _downward(config, config.in_channels, emb_channels)
        ch = channels[-1]
        self.middle_block = _middle(ch, emb_channels, config.num_head_channels)
        side = config.image_size // 2 ** (len(config.channel_mult) - 1)
        self.out = nn.Sequential(
            nn.GroupNorm(GROUPS, ch),
            nn.SiLU(),
            AttentionPool(side, ch, config.num_head_channels, config.num_classes),
        )

    def forward(self, x: Tensor, timesteps: Tensor) -> Tensor:
        """Logits of the classes.

        Args:
            x: ``x_t``, shape (B, C, ``image_size``, ``image_size``).
            timesteps: Shape (B,), integers 0 .. 999.

        Returns:
            Shape (B, ``num_classes``).
        """
        dtype = next(self.parameters()).dtype
        emb = self.time_embed(timestep_embedding(timesteps, self.config.model_channels).to(dtype))
        h = x.to(dtype)
        for block in self.input_blocks:
            h = block(h, emb)
        logits: Tensor = self.out(self.middle_block(h, emb))
        return logits
