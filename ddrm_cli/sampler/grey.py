"""A denoiser for grey pictures, from one for colour pictures."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .ddrm import Denoise, Noise

__all__ = ["GREY_NOISE_RATIO", "GreyDenoiser"]

CHANNELS = 3
GREY_NOISE_RATIO = math.sqrt(CHANNELS)
"""How many times noisier the colour picture is that a grey picture stands for."""


class GreyDenoiser:
    """Denoiser of one channel: a grey picture is a colour picture without colour.

    Three equal channels would carry the same noise three times, which a network takes for
    detail: the mean of three independent noises is sqrt(3) times smaller. So the network is asked
    at ``sqrt(3) sigma``, where the mean of its channels has noise of exactly sigma, and the
    directions across the channels get fresh noise of that level:
    ``D(x, sigma) = mean_c D_3(x + sqrt(3) sigma (z - mean_c z), sqrt(3) sigma)``.

    Args:
        denoiser: ``D_3`` for three channels.
        noise: Source of z.
    """

    def __init__(self, denoiser: Denoise, noise: Noise) -> None:
        self.denoiser = denoiser
        self.noise = noise

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        """Predict the picture: shape (B, 1, H, W) to the same."""
        colour_sigma = GREY_NOISE_RATIO * sigma
        coloured = self.noise((CHANNELS, *x.shape[-2:])).to(x)  # in place, as it is large
        coloured.sub_(coloured.mean(dim=1, keepdim=True)).mul_(colour_sigma).add_(x)
        return torch.mean(self.denoiser(coloured, colour_sigma), dim=1, keepdim=True)
