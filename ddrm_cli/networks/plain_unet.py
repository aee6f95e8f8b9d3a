"""A residual U-Net of plain convolutions on blocks of pixels: no normalisation, no attention.

What it says of a pixel hangs on the pixels around it, never on the whole window. The timestep
scales and shifts the channels inside each residual block. Attribute names are those of the
bundled weights.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .checks import CHANNELS
from .configurations import PIXEL_BLOCK, PlainUNetConfig
from .guided_diffusion import timestep_embedding

__all__ = ["Block", "PlainUNet", "PlainUNetConfig"]

# What an activation can be at most. It bounds what a block can add: without it, flat areas with
# less noise than the timestep says can grow from block to block. Part of the trained network.
CUT = 10.0


class Block(nn.Module):
    """Two convolutions, added to their input; the timestep scales and shifts between them.

    Args:
        channels: Channels of input and output.
        time_channels: Length of the embedding of the timestep.
    """

    def __init__(self, channels: int, time_channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.modulation = nn.Linear(time_channels, 2 * channels)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        """Shapes (B, C, H, W) and (B, E) to (B, C, H, W)."""
        scale, shift = self.modulation(time)[:, :, None, None].chunk(2, dim=1)
        h = torch.addcmul(shift, self.conv1(x), 1 + scale)
        # In place, as passes over memory are what there is to save. Autograd keeps what it needs.
        h = F.silu(h, inplace=True).clamp_max_(CUT)
        out: Tensor = self.conv2(h).add_(x)
        return out


class Level(nn.ModuleList):
    """Blocks of one width, one after another."""

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        """Shapes (B, C, H, W) and (B, E) to (B, C, H, W)."""
        for block in self:
            x = block(x, time)
        return x


class PlainUNet(nn.Module):
    """Plain residual U-Net: from a noisy picture and its timestep to the prediction.

    Args:
        config: The shape of the network.
    """

    def __init__(self, config: PlainUNetConfig) -> None:
        super().__init__()
        self.config = config
        widths, time_channels = config.channels, 4 * config.embedding
        steps = list(pairwise(widths))  # from each level to the next coarser

        def level(width: int, blocks: int) -> Level:
            return Level(Block(width, time_channels) for _ in range(blocks))

        self.time_embed = nn.Sequential(
            nn.Linear(config.embedding, time_channels),
            nn.SiLU(),
            nn.Linear(time_channels, time_channels),
            nn.SiLU(),
        )
        seen = CHANNELS * PIXEL_BLOCK**2
        self.stem = nn.Conv2d(seen, widths[0], 3, padding=1)
        self.encoder = nn.ModuleList(map(level, widths, config.down_blocks))
        self.down = nn.ModuleList(nn.Conv2d(fine, coarse, 2, 2) for fine, coarse in steps)
        self.up = nn.ModuleList(nn.ConvTranspose2d(coarse, fine, 2, 2) for fine, coarse in steps)
        self.decoder = nn.ModuleList(map(level, widths, config.up_blocks))
        self.head = nn.Conv2d(widths[0], seen, 3, padding=1)

    def forward(self, x: Tensor, timesteps: Tensor, labels: Tensor | None = None) -> Tensor:
        """Predict noise or velocity, in the precision of the weights.

        Args:
            x: ``x_t``, shape (B, C, H, W), sides multiples of ``config.side_multiple``.
            timesteps: Shape (B,), integers 0 .. 999.
            labels: None; there so that every network is called alike.

        Returns:
            Shape (B, C, H, W).

        Raises:
            ValueError: There are labels, for which the network has no weights.
        """
        if labels is not None:
            raise ValueError("labels go with a class-conditional network, and this is none")
        dtype = self.stem.weight.dtype
        time = self.time_embed(timestep_embedding(timesteps, self.config.embedding).to(dtype))
        h = F.pixel_unshuffle(x.to(dtype), PIXEL_BLOCK)
        # Channels last, which convolutions prefer; all that follows keeps it.
        h = self.stem(h.contiguous(memory_format=torch.channels_last))
        skips = []
        *levels, bottom = self.encoder
        for blocks, down in zip(levels, self.down, strict=True):
            skips.append(blocks(h, time))
            h = down(skips[-1])
        h = bottom(h, time)
        for blocks, up in zip(reversed(self.decoder), reversed(self.up), strict=True):
            h = blocks(up(h).add_(skips.pop()), time)
        return F.pixel_shuffle(self.head(h), PIXEL_BLOCK)
