"""How a JPEG was compressed: its steps, its subsampling. Importing this imports no torch.

A JPEG file (ITU-T T.81) with the colours of JFIF holds luma and two chroma planes, the latter
reduced. Each plane is cut into blocks of 8 x 8 samples, and each coefficient of their cosine
transforms is rounded to a multiple of its step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ddrm_cli.errors import MeasurementError, UsageError

from .entry import SUBSAMPLINGS, check_value

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Compression"]

WRITTEN = ("4:4:4", "4:2:2", "4:2:0")  # what Pillow writes, in the order of its numbers

# ITU-T T.81, tables K.1 and K.2: the steps of quality 50, rows first.
_LUMA = (
    *(16, 11, 10, 16, 24, 40, 51, 61),
    *(12, 12, 14, 19, 26, 58, 60, 55),
    *(14, 13, 16, 24, 40, 57, 69, 56),
    *(14, 17, 22, 29, 51, 87, 80, 62),
    *(18, 22, 37, 56, 68, 109, 103, 77),
    *(24, 35, 55, 64, 81, 104, 113, 92),
    *(49, 64, 78, 87, 103, 121, 120, 101),
    *(72, 92, 95, 98, 112, 100, 103, 99),
)
_CHROMA = (
    *(17, 18, 24, 47, 99, 99, 99, 99),
    *(18, 21, 26, 66, 99, 99, 99, 99),
    *(24, 26, 56, 99, 99, 99, 99, 99),
    *(47, 66, 99, 99, 99, 99, 99, 99),
    *(99,) * 32,
)

HIDDEN = 0.75  # of the noise; measured, see docs/jpeg.md

# Standard deviation of a photograph's coefficients, times the distance of their frequency from
# zero: 70 to 90 of 255 in every direction, measured on twelve photographs.
_CONTRAST = 75 / 255


@dataclass(frozen=True)
class Compression:
    """What a JPEG file says of how it was compressed.

    Args:
        tables: Steps of luma, blue and red chroma, or of grey alone: 64 each, of 255, rows first.
        subsampling: A name of `SUBSAMPLINGS`; of grey any.
        orientation: As EXIF counts, 1 .. 8: how the picture was turned after it was decoded.
        colours: What the planes are: ``"YCbCr"``, ``"grey"``, or else in words.

    Raises:
        UsageError: Tables or an orientation that no file has.
    """

    tables: tuple[tuple[int, ...], ...]
    subsampling: str = "4:4:4"
    orientation: int = 1
    colours: str = "YCbCr"

    def __post_init__(self) -> None:
        whole = [step for table in self.tables for step in table if isinstance(step, int)]
        if {len(table) for table in self.tables} != {64} or len(whole) % 64 or min(whole) < 1:
            raise UsageError(
                "The steps of a JPEG are 64 whole numbers from 1 on for each plane.",
                "Give the tables as the file has them, rows first.",
            )
        if self.orientation not in range(1, 9):
            raise UsageError(
                f"The orientation {self.orientation} is not possible.", "Choose one from 1 to 8."
            )

    @classmethod
    def of_quality(
        cls, quality: int, subsampling: str = "4:2:0", orientation: int = 1
    ) -> Compression:
        """That of a quality, as libjpeg counts it.

        Args:
            quality: 1 .. 100.
            subsampling: A name of `SUBSAMPLINGS`.
            orientation: As EXIF counts.

        Raises:
            UsageError: Another quality, subsampling or orientation.
        """
        check_value("quality", quality)
        check_value("subsampling", subsampling)
        scale = 5000 // quality if quality < 50 else 200 - 2 * quality
        luma, chroma = (
            tuple(min(max((step * scale + 50) // 100, 1), 255) for step in table)
            for table in (_LUMA, _CHROMA)
        )
        return cls((luma, chroma, chroma), subsampling, orientation)

    @classmethod
    def of_image(cls, image: Image.Image, orientation: int = 1) -> Compression | None:
        """That of a file which Pillow opened; None where it is no JPEG, or damaged in its tables.

        Args:
            image: As it was opened, not converted.
            orientation: Of its EXIF block.
        """
        if image.format not in ("JPEG", "MPO"):
            return None
        layers, quantization = image.layer, image.quantization  # type: ignore[attr-defined]
        factors = [(rows, columns) for _, columns, rows, _ in layers]
        tables = [tuple(map(int, quantization.get(number, ()))) for *_, number in layers]
        if not all(len(table) == 64 and min(table) > 0 for table in tables):
            return None
        return cls(
            tuple(tables),
            _name_of_subsampling(factors),
            orientation,
            _colours(image, bytes(name for name, *_ in layers)),
        )

    @property
    def sampling(self) -> tuple[int, int]:
        """Rows and columns of luma to a sample of chroma."""
        return SUBSAMPLINGS[self.subsampling]

    @property
    def unit(self) -> tuple[int, int]:
        """Rows and columns of pixels that are compressed together, where there are colours."""
        rows, columns = self.sampling
        return 8 * rows, 8 * columns

    @property
    def parameters(self) -> dict[str, Any]:
        """What the degradation ``jpeg`` takes, of JSON's types.

        Raises:
            MeasurementError: The colours or their subsampling are not those of an ordinary JPEG.
        """
        if self.colours not in ("YCbCr", "grey"):
            raise MeasurementError(
                f"A JPEG whose colours are {self.colours} is not understood as a measurement.",
                "Restore it as what else happened to it, such as --deg deno.",
            )
        if self.subsampling not in SUBSAMPLINGS:
            raise MeasurementError(
                f"A JPEG whose planes are sampled {self.subsampling} is not understood.",
                f"The subsamplings that are: {', '.join(SUBSAMPLINGS)}.",
            )
        return {
            "tables": [list(table) for table in self.tables],
            "subsampling": self.subsampling,
            "orientation": self.orientation,
        }

    @property
    def options(self) -> dict[str, Any]:
        """What Pillow compresses alike with.

        Raises:
            UsageError: Pillow does not write this subsampling, or three tables.
        """
        luma, *chroma = self.tables
        if self.subsampling not in WRITTEN or len(set(chroma)) > 1:
            raise UsageError(
                f"JPEG files of subsampling {self.subsampling} with {len(set(self.tables))} tables "
                "are not written.",
                f"Choose one of: {', '.join(WRITTEN)}, and one table for both planes of chroma.",
            )
        tables = [list(table) for table in (luma, *chroma[:1])]
        return {"qtables": tables, "subsampling": WRITTEN.index(self.subsampling)}

    @property
    def noise(self) -> float:
        """Standard deviation of what a pixel of a photograph was changed by, on [0, 1].

        The mean over the 64 coefficients of what is still unknown of each after it was rounded to
        a step q, ``1 / (12 / q^2 + f^2 / c^2)``: uniform rounding errs by ``q^2 / 12`` in the mean
        square, and photographs, whose spectrum is ``c / f``, have no more than that to lose.
        """
        steps = [step / 255 for step in self.tables[0]]
        frequencies = [math.hypot(*divmod(k, 8)) for k in range(64)]
        unknown = [
            1 / (12 / q**2 + (f / _CONTRAST) ** 2) for q, f in zip(steps, frequencies, strict=True)
        ]
        return math.sqrt(sum(unknown) / 64)

    @property
    def hidden_noise(self) -> float:
        """Noise to count on where a picture was blurred or reduced before, on [0, 1].

        Less than `noise`, for what is lost is fine detail, of which such a picture has less. A
        quarter more or less costs a tenth of a decibel, half of it several.
        """
        return HIDDEN * self.noise


def _name_of_subsampling(factors: Sequence[tuple[int, int]]) -> str:
    """A name of `SUBSAMPLINGS`, or else rows x columns of each plane."""
    (rows, columns), *chroma = factors
    ratios = {(rows / each[0], columns / each[1]) for each in chroma} or {(1, 1)}
    names = [name for name, sampling in SUBSAMPLINGS.items() if ratios == {sampling}]
    return names[0] if names else " ".join(f"{rows}x{columns}" for rows, columns in factors)


def _colours(image: Image.Image, names: bytes) -> str:
    """What the planes of a JPEG are, as libjpeg tells it."""
    if len(names) == 1:
        return "grey"
    if len(names) == 4:
        return "CMYK"
    adobe = image.info.get("adobe_transform") if "adobe" in image.info else None
    rgb = adobe == 0 if adobe is not None else names == b"RGB"
    return "RGB" if rgb and "jfif" not in image.info else "YCbCr"
