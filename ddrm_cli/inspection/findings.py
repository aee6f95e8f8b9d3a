"""What was found out about a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ddrm_cli.images.noise_level import NoiseLevel

__all__ = ["Bars", "Findings", "Jpeg", "Softness"]


@dataclass(frozen=True)
class Jpeg:
    """That a picture was compressed.

    Args:
        quality: As libjpeg counts it, 1 .. 100: the nearest, where another program wrote the file.
        subsampling: Of its colours, such as ``"4:2:0"``; None where only the pixels show it.
        noise: Standard deviation of what it changed a pixel by, on [0, 1].
        understood: Whether its file can be restored with ``--deg jpeg``.
    """

    quality: int
    subsampling: str | None
    noise: float
    understood: bool = True

    @property
    def in_file(self) -> bool:
        """Whether the file is a JPEG; else its pixels were one, and it was saved as another."""
        return self.subsampling is not None


@dataclass(frozen=True)
class Softness:
    """Where the finest detail ends.

    Args:
        factors: How many times the picture may have been enlarged, the likeliest first; 1 is not
            at all.
        blur: From where to where the standard deviation of a Gaussian blur may lie, in pixels: if
            the picture was not enlarged, where that may be; else of the picture before it was.
    """

    factors: tuple[int, ...]
    blur: tuple[float, float]

    @property
    def enlarged(self) -> int:
        """How many times it was enlarged; 1 where it need not have been at all."""
        return 1 if 1 in self.factors else self.factors[0]


@dataclass(frozen=True)
class Bars:
    """Bars of one colour around a picture, in pixels."""

    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0

    def __bool__(self) -> bool:
        return any((self.top, self.bottom, self.left, self.right))


@dataclass(frozen=True)
class Findings:
    """What a picture shows of what happened to it.

    Args:
        width: Of the picture, in pixels.
        height: The same.
        channels: 1 or 3, as the file has them.
        grey: Whether it is grey, in however many channels.
        bars: Around it; everything else is found inside of them.
        degradation: What ``ddrm degrade`` says it did to it; None for all other pictures.
        jpeg: Its compression; None where neither the file nor the pixels show one.
        noise: Its noise; of a JPEG what the compression left of it.
        softness: Where its detail ends; None for a picture too small to say.
    """

    width: int
    height: int
    channels: int
    grey: bool
    bars: Bars
    degradation: str | None
    jpeg: Jpeg | None
    noise: NoiseLevel
    softness: Softness | None

    @property
    def detail(self) -> Literal["unknown", "sharp", "soft", "blurred", "enlarged"]:
        """What became of its detail.

        ``"soft"`` is where the reason cannot be known, because a JPEG took the finest waves away
        itself; ``"blurred"`` may also have been enlarged, where `Softness` says so.
        """
        soft = self.softness
        if soft is None:
            return "unknown"
        if soft.enlarged == 1 and soft.blur[0] < _BLURRED:
            return "sharp"
        if self.jpeg is not None and self.jpeg.quality < _CUTS:
            return "soft"
        return "enlarged" if soft.enlarged > 1 else "blurred"


_BLURRED = 1.0  # pixels; lenses and sensors make photographs 0.4 to 0.8
_CUTS = 75  # qualities of JPEG below end the spectrum themselves
