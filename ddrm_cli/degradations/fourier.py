"""Convolution with any kernel on a picture that wraps around, by the fast Fourier transform."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .base import ImageShape, LinearOperator, Start, fine_detail, usable_gain
from .factors import WEAKEST

__all__ = ["FourierBlur", "fast_side"]

AT_ONCE = 2**18  # numbers of a spectrum that are handled at a time: they stay in the cache


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
        opposite = torch.cat([magnitude[:1], magnitude[1:].flip(0)])
        singular_values = _whole(magnitude, opposite, width)
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
        out = torch.empty_like(x_bar, memory_format=torch.contiguous_format)
        for plane, result in _planes(x_bar, out):
            _write_coordinates(_fourier(plane), result)
        return out

    Vt = V

    def U(self, y_bar: Tensor, /) -> Tensor:
        """See `LinearOperator.U`."""
        out = torch.empty_like(y_bar, memory_format=torch.contiguous_format)
        for plane, result in _planes(y_bar, out):
            spectrum = _spectrum(plane).mul_(torch.view_as_complex(self._phase))
            result.copy_(torch.fft.irfft2(spectrum, s=plane.shape, norm="ortho"))
        return out

    def Ut(self, y: Tensor, /) -> Tensor:
        """See `LinearOperator.Ut`."""
        out = torch.empty_like(y, memory_format=torch.contiguous_format)
        for plane, result in _planes(y, out):
            spectrum = _fourier(plane).mul_(torch.view_as_complex(self._phase).conj())
            _write_coordinates(spectrum, result)
        return out


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


def _planes(x: Tensor, out: Tensor) -> Iterable[tuple[Tensor, Tensor]]:
    """One channel (H, W) after another, with what becomes of it: its spectrum takes memory."""
    return zip(x.flatten(0, 1), out.flatten(0, 1), strict=True)


def _rows(height: int, width: int, device: torch.device) -> Iterator[tuple[slice, Tensor]]:
    """Some rows u at a time, and the numbers of the rows -u."""
    at_once = max(1, AT_ONCE // width)
    for first in range(0, height, at_once):
        last = min(first + at_once, height)
        yield slice(first, last), -torch.arange(first, last, device=device) % height


def _write_coordinates(spectrum: Tensor, out: Tensor) -> None:
    """``Re F - Im F`` of all frequencies, from the half that `torch.fft.rfft2` gives."""
    height, width = out.shape
    for rows, opposite in _rows(height, width, out.device):
        here, there = spectrum[rows], spectrum[opposite]
        out[rows] = _whole(here.real - here.imag, there.real + there.imag, width)


def _spectrum(coordinates: Tensor) -> Tensor:
    """The half spectrum of which these are the coordinates."""
    height, width = coordinates.shape
    half = width // 2 + 1
    spectrum = torch.empty(
        (height, half), dtype=coordinates.dtype.to_complex(), device=coordinates.device
    )
    for rows, opposite in _rows(height, width, coordinates.device):
        here, there = coordinates[rows, :half], coordinates[opposite]
        there = torch.cat([there[:, :1], there[:, width - half + 1 :].flip(1)], dim=1)
        spectrum[rows] = torch.complex((here + there) / 2, (there - here) / 2)
    return spectrum


def _whole(here: Tensor, opposite: Tensor, width: int) -> Tensor:
    """All columns v of half of them, and from what the opposite rows hold in the columns -v."""
    return torch.cat([here, opposite[:, 1 : width - here.shape[1] + 1].flip(1)], dim=1)
