"""The cosine transform, by the fast Fourier transform."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["CosineTransform"]


class CosineTransform(nn.Module):
    """Orthonormal cosine transform (DCT-II) of lines of any length N, in O(N log N).

    ``X_k = a_k sum_n x_n cos(pi k (n + 1/2) / N)`` with ``a_0 = sqrt(1/N)``, ``a_k = sqrt(2/N)``:
    what a real signal is made of that goes on beyond both ends as its mirror image.

    A Fourier transform of the same length does it (Makhoul 1980, "A fast cosine transform in one
    and two dimensions"): of the even samples and, behind them, the odd ones backwards. Turned by
    ``e^(-i pi k / 2N)``, the real part of its k-th number is X_k, the imaginary ``-X_(N-k)``.

    Args:
        size: N, the length of the last axis of what is transformed.
    """

    _turn: Tensor
    _back: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        angle = -math.pi / (2 * size) * torch.arange(size // 2 + 1, dtype=torch.float64)
        turn = math.sqrt(2) * torch.polar(torch.ones_like(angle), angle)
        turn[0] = 1
        # Real and imaginary parts: a complex buffer would lose the latter in `to(dtype)`.
        self.register_buffer("_turn", torch.view_as_real(turn).float())
        self.register_buffer("_back", torch.view_as_real(1 / turn).float())

    def forward(self, x: Tensor) -> Tensor:
        """Lines (..., N) to their coefficients (..., N)."""
        folded = torch.cat([x[..., ::2], x[..., 1::2].flip(-1)], dim=-1)
        spectrum = torch.fft.rfft(folded, norm="ortho").mul_(torch.view_as_complex(self._turn))
        late = spectrum.imag[..., 1 : (self.size + 1) // 2].flip(-1)
        return torch.cat([spectrum.real, late.neg_()], dim=-1)

    def inverse(self, x_bar: Tensor) -> Tensor:
        """Coefficients (..., N) to lines (..., N)."""
        half = self.size // 2
        late = F.pad(x_bar[..., self.size - half :].flip(-1), (1, 0)).neg_()
        spectrum = torch.complex(x_bar[..., : half + 1], late)
        spectrum.mul_(torch.view_as_complex(self._back))
        folded = torch.fft.irfft(spectrum, n=self.size, norm="ortho")
        x = torch.empty_like(folded)
        x[..., ::2] = folded[..., : self.size - half]
        x[..., 1::2] = folded[..., self.size - half :].flip(-1)
        return x
