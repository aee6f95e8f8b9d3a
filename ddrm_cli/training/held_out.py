"""How well photographs that were held out are denoised in one step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from ddrm_cli.evaluation.metrics import psnr
from ddrm_cli.evaluation.preprocess import preprocess
from ddrm_cli.images.reading import read_picture
from ddrm_cli.sampler.denoiser import NetworkDenoiser
from ddrm_cli.sampler.schedule import NoiseSchedule

from .tiles import TILE_SIDE

__all__ = ["LEVELS", "HeldOut"]

LEVELS = (5, 15, 25, 50, 100, 300, 1000)
"""Noise levels of 255. At the largest no detail is left: what counts is a whole picture's colours
and where its large shapes are."""


class HeldOut:
    """Photographs that nobody learns from, each with the same noise at every call.

    They are reduced and cut to 256 x 256 pixels as `ddrm evaluate` does.

    Args:
        paths: Photographs.
        max_pixels: Largest that is read.
        device: Where the networks are.

    Raises:
        ImageReadError: One cannot be read.
    """

    def __init__(self, paths: Sequence[Path], max_pixels: int, device: torch.device) -> None:
        self.device = device
        self._pictures = [_read(path, max_pixels) for path in paths]
        generator = torch.Generator().manual_seed(0)
        self._noises = [torch.randn(x.shape, generator=generator) for x in self._pictures]

    def noisy(self) -> tuple[float, ...]:
        """Mean PSNR in dB of the noisy photographs themselves, one for each of `LEVELS`."""
        return self._figures(lambda x, sigma: x)

    def denoised(
        self, network: nn.Module, schedule: NoiseSchedule, prediction: str
    ) -> tuple[float, ...]:
        """Mean PSNR in dB of what a network makes of them, one for each of `LEVELS`."""
        denoiser = NetworkDenoiser(network, schedule, prediction)
        with torch.no_grad():
            return self._figures(denoiser)

    def _figures(self, denoise: Callable[[Tensor, float], Tensor]) -> tuple[float, ...]:
        return tuple(self._figure(denoise, 2 * level / 255) for level in LEVELS)

    def _figure(self, denoise: Callable[[Tensor, float], Tensor], sigma: float) -> float:
        """Of one noise level, on the scale of [-1, 1]."""
        figures = []
        for x, noise in zip(self._pictures, self._noises, strict=True):
            y = (x + sigma * noise).to(self.device)
            estimate = denoise(y, sigma).float().cpu()
            figures.append(psnr(estimate[0] / 2, x[0] / 2))
        return sum(figures) / len(figures)


def _read(path: Path, max_pixels: int) -> Tensor:
    """A photograph on [-1, 1], shape (1, 3, 256, 256)."""
    pixels = preprocess(read_picture(path, max_pixels=max_pixels), "imagenet", TILE_SIDE)
    return 2 * torch.from_numpy(pixels).permute(2, 0, 1)[None] - 1
