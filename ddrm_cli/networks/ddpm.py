"""The DDPM U-Net (Ho, Jain and Abbeel 2020, "Denoising diffusion probabilistic models").

Attribute names and the order of the arithmetic are those of the published checkpoints (CIFAR-10,
LSUN, CelebA-HQ in their PyTorch form). Three traps that the state dict does not show: the
timestep embedding is ``[sin, cos]`` with frequencies spread over ``half - 1``, the group norms'
epsilon is 1e-6, and before a strided convolution one row and one column of zeros are added at
the bottom and the right only.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .configurations import GROUPS, DDPMConfig

__all__ = ["DDPM", "DDPMConfig", "timestep_embedding"]

PERIOD = 10_000.0  # the longest wavelength of the timestep embedding


def timestep_embedding(timesteps: Tensor, dim: int) -> Tensor:
    """Sinusoidal embedding of the timestep, ``[sin(t w_k), cos(t w_k)]``.

    ``w_k = 10000^(-k / (dim/2 - 1))`` for k = 0 .. dim/2 - 1.

    Args:
        timesteps: Shape (B,), integers.
        dim: Even length of the embedding, at least 4.

    Returns:
        Shape (B, dim), float32.
    """
    half = dim // 2
    exponents = torch.arange(half, device=timesteps.device, dtype=torch.float32) / (half - 1)
    angles = timesteps[:, None].float() * torch.exp(-math.log(PERIOD) * exponents)
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


def group_norm(channels: int) -> nn.GroupNorm:
    """Group norm with the epsilon of the published training."""
    return nn.GroupNorm(GROUPS, channels, eps=1e-6)


class ResBlock(nn.Module):
    """Residual block to which the timestep embedding is added between the convolutions.

    Args:
        channels: Channels of the input.
        emb_channels: Length of the embedding.
        out_channels: Channels of the output.
    """

    def __init__(self, channels: int, emb_channels: int, out_channels: int) -> None:
        super().__init__()
        self.norm1 = group_norm(channels)
        self.conv1 = nn.Conv2d(channels, out_channels, 3, padding=1)
        self.temb_proj = nn.Linear(emb_channels, out_channels)
        self.norm2 = group_norm(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        if channels != out_channels:
            self.nin_shortcut = nn.Conv2d(channels, out_channels, 1)

    def forward(self, x: Tensor, emb: Tensor) -> Tensor:
        """Shapes (B, C, H, W) and (B, E) to (B, C', H, W)."""
        # In place, as passes over memory are what there is to save. Autograd keeps what it needs.
        h = self.conv1(F.silu(self.norm1(x), inplace=True))
        h.add_(self.temb_proj(F.silu(emb))[:, :, None, None])
        h = self.conv2(F.silu(self.norm2(h), inplace=True))
        out: Tensor = h.add_(self.nin_shortcut(x) if hasattr(self, "nin_shortcut") else x)
        return out


class AttentionBlock(nn.Module):
    """Self-attention with one head over all positions, added to its input.

    Args:
        channels: Channels of input and output.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = group_norm(channels)
        self.q = nn.Conv2d(channels, channels, 1)
        self.k = nn.Conv2d(channels, channels, 1)
        self.v = nn.Conv2d(channels, channels, 1)
        self.proj_out = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (B, C, H, W) to the same."""
        h = self.norm(x)
        # (B, 1 head, positions, channels), what scaled_dot_product_attention wants
        q, k, v = (
            conv(h).flatten(2).transpose(1, 2)[:, None].contiguous()
            for conv in (self.q, self.k, self.v)
        )
        attended = F.scaled_dot_product_attention(q, k, v)[:, 0].transpose(1, 2)
        out: Tensor = x + self.proj_out(attended.reshape(x.shape))
        return out


class Downsample(nn.Module):
    """Strided convolution that halves both sides."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (B, C, H, W) to (B, C, H/2, W/2)."""
        # Padded on one side only, as trained: padding=1 would shift the picture by a pixel.
        out: Tensor = self.conv(F.pad(x, (0, 1, 0, 1)))
        return out


class Upsample(nn.Module):
    """Nearest-neighbour doubling of both sides, then a convolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (B, C, H, W) to (B, C, 2H, 2W)."""
        out: Tensor = self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))
        return out


class Level(nn.Module):
    """Residual blocks at one resolution, each followed by attention where the level attends.

    Args:
        in_channels: Channels that each residual block is given.
        emb_channels: Length of the embedding.
        width: Channels that each gives.
        attends: Whether the level attends.
    """

    def __init__(
        self, in_channels: list[int], emb_channels: int, width: int, attends: bool
    ) -> None:
        super().__init__()
        self.block = nn.ModuleList(ResBlock(ch, emb_channels, width) for ch in in_channels)
        self.attn = nn.ModuleList(AttentionBlock(width) for _ in in_channels if attends)
        self.downsample: Downsample | None = None  # None is not in the state dict
        self.upsample: Upsample | None = None

    def step(self, index: int, x: Tensor, emb: Tensor) -> Tensor:
        """Residual block ``index`` and its attention."""
        out: Tensor = self.block[index](x, emb)
        return self.attn[index](out) if self.attn else out


class DownLevel(Level):
    """A level on the way down; ``downsample`` is None at the coarsest."""

    def forward(self, x: Tensor, emb: Tensor) -> list[Tensor]:
        """Shapes (B, C, H, W) and (B, E) to the outputs of all blocks, the last to go on with."""
        outputs: list[Tensor] = []
        for index in range(len(self.block)):
            x = self.step(index, x, emb)
            outputs.append(x)
        if self.downsample is not None:
            outputs.append(self.downsample(x))
        return outputs


class UpLevel(Level):
    """A level on the way up; ``upsample`` is None at the finest."""

    def forward(self, x: Tensor, emb: Tensor, skips: list[Tensor]) -> Tensor:
        """Shapes (B, C, H, W) and (B, E) to (B, C', H', W'); takes its ``skips`` off the end."""
        for index in range(len(self.block)):
            x = self.step(index, torch.cat([x, skips.pop()], dim=1), emb)
        return x if self.upsample is None else self.upsample(x)


class TimeEmbedding(nn.Module):
    """Two linear layers on the sinusoidal embedding."""

    def __init__(self, ch: int, emb_channels: int) -> None:
        super().__init__()
        self.ch = ch
        self.dense = nn.ModuleList(
            [nn.Linear(ch, emb_channels), nn.Linear(emb_channels, emb_channels)]
        )

    def forward(self, timesteps: Tensor) -> Tensor:
        """Shape (B,) to (B, ``emb_channels``), in the precision of the weights."""
        first, second = self.dense
        emb = timestep_embedding(timesteps, self.ch).to(next(self.parameters()).dtype)
        out: Tensor = second(F.silu(first(emb)))
        return out


class Middle(nn.Module):
    """The blocks at the coarsest resolution."""

    def __init__(self, channels: int, emb_channels: int) -> None:
        super().__init__()
        self.block_1 = ResBlock(channels, emb_channels, channels)
        self.attn_1 = AttentionBlock(channels)
        self.block_2 = ResBlock(channels, emb_channels, channels)

    def forward(self, x: Tensor, emb: Tensor) -> Tensor:
        """Shapes (B, C, H, W) and (B, E) to (B, C, H, W)."""
        out: Tensor = self.block_2(self.attn_1(self.block_1(x, emb)), emb)
        return out


class DDPM(nn.Module):
    """DDPM U-Net: from a noisy picture and its timestep to the noise in it.

    Args:
        config: The shape of the network.
    """

    def __init__(self, config: DDPMConfig) -> None:
        super().__init__()
        self.config = config
        emb_channels = 4 * config.ch
        widths = config.widths
        coarsest = len(widths) - 1
        self.temb = TimeEmbedding(config.ch, emb_channels)
        self.conv_in = nn.Conv2d(config.in_channels, config.ch, 3, padding=1)

        self.down = nn.ModuleList()
        ch = config.ch
        skips = [ch]
        for index, width in enumerate(widths):
            channels = [ch, *[width] * (config.num_res_blocks - 1)]
            down = DownLevel(channels, emb_channels, width, config.attends(index))
            skips += [width] * config.num_res_blocks
            if index < coarsest:
                down.downsample = Downsample(width)
                skips.append(width)
            self.down.append(down)
            ch = width

        self.mid = Middle(ch, emb_channels)

        levels = []
        for index, width in reversed(list(enumerate(widths))):
            channels = [ch + skips.pop()]
            channels += [width + skips.pop() for _ in range(config.num_res_blocks)]
            up = UpLevel(channels, emb_channels, width, config.attends(index))
            if index > 0:
                up.upsample = Upsample(width)
            levels.append(up)
            ch = width
        # Built from the coarsest level up, but numbered from the finest: as published.
        self.up = nn.ModuleList(reversed(levels))

        self.norm_out = group_norm(ch)
        self.conv_out = nn.Conv2d(ch, config.out_ch, 3, padding=1)

    def forward(self, x: Tensor, timesteps: Tensor, labels: Tensor | None = None) -> Tensor:
        """Predict the noise, in the precision of the weights.

        Args:
            x: ``x_t``, shape (B, C, H, W), sides multiples of ``config.side_multiple``.
            timesteps: Shape (B,), integers 0 .. 999.
            labels: None; there so that every network is called alike.

        Returns:
            Shape (B, ``out_ch``, H, W).

        Raises:
            ValueError: There are labels, for which the network has no weights.
        """
        if labels is not None:
            raise ValueError("labels go with a class-conditional network, and this is none")
        emb = self.temb(timesteps)
        # Channels last, which convolutions prefer; all that follows keeps it.
        dtype = self.conv_in.weight.dtype
        h = self.conv_in(x.to(dtype, memory_format=torch.channels_last))
        skips = [h]
        for level in self.down:
            skips += level(skips[-1], emb)
        h = self.mid(skips[-1], emb)
        for level in reversed(self.up):
            h = level(h, emb, skips)
        out: Tensor = self.conv_out(F.silu(self.norm_out(h)))
        return out
