"""Convolution with any kernel on a picture that wraps around, by the fast Fourier transform."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .base import ImageShape, LinearOperator, Start, fine_detail, usable_gain
from .factors import WEAKEST

__all__ = ["FourierBlur", "fast_side"]

AT_ONCE = 2**20  # numbers of the kernel's spectrum that are computed at a time, in float64


def fast_side(side: int) -> int:
    """The next length, from ``side`` on, whose Fourier transform is fast: no prime above 7."""
    while True:
        rest = side
        for prime in (2, 3, 5, 7):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return side
        side += 1


class FourierBlur(LinearOperator):
    """Circular convolution with any kernel, by the fast Fourier transform.

    Let k be the kernel's transfer function. Written as ``k = |k| e^(i p)``, the factor ``|k|`` is
    diagonal in the real Fourier basis of the Hartley transform, V = V^T, and ``e^(i p)`` is a
    filter that keeps norms; so ``U = e^(i p) V`` and ``s = |k|``. Beyond its frame the picture
    goes on at the opposite side; `framing` gives a photograph room so that this does not show.

    Each map is one Fourier transform: the coordinates are ``Re F - Im F`` of the spectrum F, which
    follows from them again, as Re F is even and Im F is odd.

    Args:
        image_shape: (C, H, W) of the picture.
        kernel: Shape (kh, kw); its middle is element (kh // 2, kw // 2).
    """

    _phase: Tensor

    def __init__(self, image_shape: ImageShape, kernel: NDArray[np.float64]) -> None:
        _, height, width = image_shape
        phase, magnitude = _transfer(kernel, height, width)
        singular_values = _whole(magnitude, magnitude, width)
        super().__init__(
            image_shape,
            image_shape,
            singular_values,
            # A transfer function has two dimensions, each of which may be that weak.
            singular_values >= WEAKEST**2 * magnitude.max(),
        )
        self.kernel_shape = kernel.shape
        self._gain = usable_gain(float(kernel.sum()), float(magnitude.max()))
        # Real and imaginary parts: a complex buffer would lose the latter in `to(dtype)`.
        self.register_buffer("_phase", torch.view_as_real(phase))

    @property
    def start(self) -> Start:
        """Fine detail is missing."""
        return fine_detail(1)

    def initial(self, y: Tensor) -> Tensor | None:
        """The blur itself, whose borders are right."""
        return y / self._gain

    def V(self, x_bar: Tensor, /) -> Tensor:
        """Hartley transform, ``Re F - Im F``; orthogonal and its own inverse."""
        return _each_plane(x_bar, lambda plane: _coordinates(_fourier(plane), plane.shape[1]))

    Vt = V

    def U(self, y_bar: Tensor, /) -> Tensor:
        """See `LinearOperator.U`."""
        phase = torch.view_as_complex(self._phase)
        return _each_plane(
            y_bar,
            lambda plane: torch.fft.irfft2(
                _spectrum(plane).mul_(phase), s=plane.shape, norm="ortho"
            ),
        )

    def Ut(self, y: Tensor, /) -> Tensor:
        """See `LinearOperator.Ut`."""
        phase = torch.view_as_complex(self._phase).conj()
        return _each_plane(
            y, lambda plane: _coordinates(_fourier(plane).mul_(phase), plane.shape[1])
        )


def _transfer(kernel: NDArray[np.float64], height: int, width: int) -> tuple[Tensor, Tensor]:
    """Phase factor and magnitude of a kernel's transfer function, both (height, width // 2 + 1).

    It is computed in float64, some columns at a time.
    """
    kh, kw = kernel.shape
    half = width // 2 + 1
    rows = torch.from_numpy((np.arange(kh) - kh // 2) % height)
    columns = torch.from_numpy((np.arange(kw) - kw // 2) % width)
    lines = torch.zeros((kh, width), dtype=torch.float64)
    lines.index_add_(1, columns, torch.from_numpy(kernel))  # adds up where the kernel is larger
    along_width = torch.fft.rfft(lines)
    # Where nothing is left of it but rounding, a phase means nothing, and neither does s.
    rounding = np.finfo(float).eps * float(np.abs(kernel).sum())
    phase = torch.ones((height, half), dtype=torch.complex64)
    magnitude = torch.zeros((height, half))
    at_once = max(1, AT_ONCE // height)
    for first in range(0, half, at_once):
        part = (slice(None), slice(first, first + at_once))
        torus = torch.zeros((height, magnitude[part].shape[1]), dtype=torch.complex128)
        torus.index_add_(0, rows, along_width[part])
        transfer = torch.fft.fft(torus, dim=0)
        size = transfer.abs()
        known = size >= rounding
        phase[part] = torch.where(known, transfer / size, 1.0).to(phase.dtype)
        magnitude[part] = torch.where(known, size, 0.0).float()
    return phase, magnitude


def _fourier(plane: Tensor) -> Tensor:
    spectrum: Tensor = torch.fft.rfft2(plane, norm="ortho")
    return spectrum


def _each_plane(x: Tensor, plane_map: Callable[[Tensor], Tensor]) -> Tensor:
    """Apply a map of planes (H, W) to each channel: its spectra take memory."""
    out = torch.empty_like(x, memory_format=torch.contiguous_format)
    for plane, result in zip(x.flatten(0, 1), out.flatten(0, 1), strict=True):
        result.copy_(plane_map(plane))
    return out


def _coordinates(spectrum: Tensor, width: int) -> Tensor:
    """``Re F - Im F`` of all frequencies, from the half that `torch.fft.rfft2` gives."""
    return _whole(spectrum.real - spectrum.imag, spectrum.real + spectrum.imag, width)


def _spectrum(coordinates: Tensor) -> Tensor:
    """The half spectrum of which these are the coordinates."""
    width = coordinates.shape[1]
    half = width // 2 + 1
    here = coordinates[:, :half]
    there = torch.cat([coordinates[:, :1], coordinates[:, width - half + 1 :].flip(1)], dim=1)
    there = _negative(there)
    return torch.complex((here + there) / 2, (there - here) / 2)


def _whole(here: Tensor, there: Tensor, width: int) -> Tensor:
    """All frequencies (H, W) from half of them, and from what half of the opposite ones hold."""
    return torch.cat([here, _negative(there[:, 1 : width - here.shape[1] + 1].flip(1))], dim=1)


def _negative(values: Tensor) -> Tensor:
    """Rows of frequency -u at u."""
    return torch.cat([values[:1], values[1:].flip(0)])
