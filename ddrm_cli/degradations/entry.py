"""What the table says about a degradation. Importing this imports no torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from ddrm_cli.errors import MeasurementError, UsageError, shown

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["OPTIONS", "SUBSAMPLINGS", "Entry", "Pattern", "check_sigma", "check_value", "no_sigma"]

LARGEST_SEED = 2**32 - 1  # what numpy's RandomState takes
LARGEST_BLUR = 255  # pixels; no photograph that was blurred wider can be restored
BOUNDARIES = ("unknown", "reflect")  # what a user may say of what lies beyond the frame

SUBSAMPLINGS = {
    "4:4:4": (1, 1),
    "4:2:2": (1, 2),
    "4:2:0": (2, 2),
    "4:4:0": (2, 1),
    "4:1:1": (1, 4),
}
"""Rows and columns of luma to a sample of chroma."""

OPTIONS: Mapping[str, str] = {
    **{name: f"--{name}" for name in ("seed", "mask", "kernel", "blur", "angle", "boundary")},
    "quality": "--jpeg-quality",
    "subsampling": "--jpeg-subsampling",
}
"""Parameters that a command takes, by the option it takes them with; the others are a file's."""

_POSSIBLE: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "seed": (
        lambda value: isinstance(value, Integral) and 0 <= int(value) <= LARGEST_SEED,
        f"a whole number from 0 to {LARGEST_SEED}",
    ),
    "blur": (
        lambda value: isinstance(value, Real) and 0 < float(value) <= LARGEST_BLUR,
        f"a number of pixels above 0, at most {LARGEST_BLUR}",
    ),
    "angle": (
        lambda value: isinstance(value, Real) and math.isfinite(float(value)),
        "degrees, counter-clockwise, 0 along the rows",
    ),
    "boundary": (
        lambda value: isinstance(value, str) and value in BOUNDARIES,
        " or ".join(BOUNDARIES),
    ),
    "quality": (
        lambda value: isinstance(value, Integral) and 1 <= int(value) <= 100,
        "a whole number from 1 to 100",
    ),
    "subsampling": (
        lambda value: isinstance(value, str) and value in SUBSAMPLINGS,
        " or ".join(SUBSAMPLINGS),
    ),
}
"""Which values a parameter may have, and what they are."""


def check_value(parameter: str, value: object) -> None:
    """Make sure that a parameter has a value that it may have, whatever takes it.

    Raises:
        UsageError: It has none.
    """
    possible, choice = _POSSIBLE.get(parameter, (None, ""))
    if possible is not None and not possible(value):
        raise UsageError(f"The {parameter} {value} is not possible.", f"Choose {choice}.")


def check_sigma(sigma: object) -> float:
    """A noise level, on pixel values from 0 to 1, as a number.

    Raises:
        UsageError: It is none, or above 1: that is in another unit, which the hint tells.
    """
    try:
        level = float(sigma) if isinstance(sigma, Real) else math.nan
    except OverflowError:  # a whole number of hundreds of digits
        level = math.inf
    if 0 <= level <= 1:
        return level
    hint = "Give the standard deviation of the noise on [0, 1] pixel values, such as 0.05."
    if 1 < level <= 65535:
        white = 255 if level <= 255 else 65535
        share = f"{level:g} of {white} is {level / white:.2g}"
        hint = f"Pixel values are from 0 to 1 here: {share}."
    said = f"{level:g}" if isinstance(sigma, Real) else shown(sigma)
    raise UsageError(f"A sigma of {said} is not possible.", hint)


@dataclass(frozen=True)
class Entry:
    """One entry of the table: what the user picks with ``--deg``.

    Args:
        name: What the user writes.
        family: The heading it is listed under.
        target: ``module:callable`` that builds the operator from the picture's shape.
        summary: What it does to a picture.
        use: What it is typically for.
        parameters: Arguments of the callable; the user may give others where they are taken.
        takes: Further arguments that the user may give: ``seed``, ``mask``, ``kernel``,
            ``quality``, ``subsampling``; or the file: ``tables``, ``orientation``.
        needs: Those of them that have to be given, by the user or by the file; ``a|b`` is either.
        instead: What serves without them, to readers.
        scale: How many times larger than the measurement the picture is, on each side.
        gives: What is measured: ``"picture"``, ``"grey"`` (one channel), ``"jpeg"`` (a picture
            that was compressed, whose noise is known) or ``"vector"`` (no picture at all).
    """

    name: str
    family: str
    target: str
    summary: str
    use: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    takes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    instead: str = ""
    scale: int = 1
    gives: str = "picture"

    @property
    def measurement_size(self) -> str:
        """Size of the measurement of a picture H x W, in words."""
        if self.gives == "vector":
            return f"1/{self.parameters['ratio']} of its numbers"
        size = "H x W" if self.scale == 1 else f"H/{self.scale} x W/{self.scale}"
        return f"{size} grey" if self.gives == "grey" else size

    @property
    def formats(self) -> tuple[str, ...]:
        """Suffixes of files that can hold a measurement, the usual first."""
        own = {"vector": (), "jpeg": (".jpg",)}
        return (*own.get(self.gives, (".png",)), ".npz")

    @property
    def makes_holes(self) -> bool:
        """Whether pixels of the picture's own size are missing from the measurement."""
        return self.family == "inpainting"

    def picture_shape(self, measurement_shape: tuple[int, int, int]) -> tuple[int, int, int]:
        """(C, H, W) of the picture whose measurement has the shape (C, h, w).

        Raises:
            UsageError: What it measures is no picture, and does not tell.
        """
        if self.gives == "vector":
            raise UsageError(
                f"A measurement of {self.name} is not a picture.",
                "Restore the .npz file that ddrm degrade wrote, or build its operator.",
            )
        channels, height, width = measurement_shape
        return 3 if self.gives == "grey" else channels, height * self.scale, width * self.scale

    def check_sigma(self, sigma: object) -> None:
        """Make sure that noise may be told: None, "auto", 0, or any where it is not known anyway.

        Raises:
            UsageError: It may not, or is no noise level.
        """
        if sigma is not None and sigma != "auto":
            check_sigma(sigma)
        if sigma and self.gives == "jpeg":
            raise no_sigma()

    def crop(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """The upper left part of a picture (H, W, C) whose sides the scale divides.

        Raises:
            MeasurementError: A side is shorter than the scale.
        """
        height, width = (side // self.scale * self.scale for side in pixels.shape[:2])
        if not height or not width:
            raise MeasurementError(
                f"A picture of {pixels.shape[1]} x {pixels.shape[0]} pixels is too small to be "
                f"reduced {self.scale} times.",
                "Take a larger picture or a smaller factor.",
            )
        return pixels[:height, :width]


def no_sigma() -> UsageError:
    """Where the noise is known and is not that of pixels."""
    return UsageError(
        "The noise of a JPEG is that of its rounding, which its tables say: it takes no sigma.",
        "Leave --sigma out.",
    )


@dataclass(frozen=True)
class Pattern:
    """Entries whose names differ by a number: ``sr2``, ``sr3`` and so on.

    Args:
        stem: What the names begin with.
        numbers: Those that may follow.
        make: From one of them to its entry. An entry of another name has this one for an alias.
        option: What the number is called where it is given apart from the stem.
        summary: What they do to a picture, where the number is N.
        use: What they are typically for.
    """

    stem: str
    numbers: range
    make: Callable[[int], Entry]
    option: str
    summary: str
    use: str

    @property
    def name(self) -> str:
        """All of the names, to readers."""
        return f"{self.stem}N"

    @property
    def names(self) -> list[str]:
        """Each of the names."""
        return [f"{self.stem}{number}" for number in self.numbers]

    @property
    def family(self) -> str:
        """The heading they are listed under."""
        return self.make(self.numbers[0]).family

    @property
    def measurement_size(self) -> str:
        """Size of the measurement of a picture H x W, in words."""
        entry = self.make(self.numbers[0])
        return entry.measurement_size if entry.scale == 1 else "H/N x W/N"

    def find(self, name: str) -> Entry | None:
        """The entry of a name; None where it is none of them."""
        names = self.names
        return self.make(self.numbers[names.index(name)]) if name in names else None
