"""What degradations there are. Importing this table imports no torch.

To add one: write its class or function in a module beside this one, add a line here, add its
plain definition to the tests. Nothing else needs to know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Integral
from typing import TYPE_CHECKING, Any

from ddrm_cli.errors import MeasurementError, UnknownNameError, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["DEGRADATIONS", "LARGEST_SEED", "Degradation", "Entry", "get_entry"]

LARGEST_SEED = 2**32 - 1  # what numpy's RandomState takes
_HERE = "ddrm_cli.degradations"


@dataclass(frozen=True)
class Entry:
    """One entry of the table: what the user picks with ``--deg``.

    Args:
        name: What the user writes.
        family: The heading it is listed under.
        target: ``module:callable`` that builds the operator from the picture's shape.
        summary: What it does to a picture.
        use: What it is typically for.
        parameters: Fixed arguments of the callable.
        takes: Further arguments that the user may give: ``seed``, ``mask``, ``kernel``.
        needs: Those of them that the user has to give.
        scale: How many times larger than the measurement the picture is, on each side.
        gives: What is measured: ``"picture"``, ``"grey"`` (one channel) or ``"vector"`` (no
            picture at all).
    """

    name: str
    family: str
    target: str
    summary: str
    use: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    takes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
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
    def makes_holes(self) -> bool:
        """Whether pixels of the picture's own size are missing from the measurement."""
        return self.family == "inpainting"

    def check(self, parameters: Mapping[str, Any]) -> None:
        """Make sure that it takes what the user gives; what is None is not given.

        Raises:
            UsageError: One of the parameters is not taken, or a seed out of range.
        """
        for name, value in parameters.items():
            if value is not None and name not in self.takes:
                takers = [entry.name for entry in DEGRADATIONS.values() if name in entry.takes]
                other = f", or use {' or '.join(takers)}" if takers else ""
                raise UsageError(
                    f"The degradation {self.name} takes no {name}.", f"Leave it out{other}."
                )
        seed = 0 if parameters.get("seed") is None else parameters["seed"]
        if not (isinstance(seed, Integral) and 0 <= int(seed) <= LARGEST_SEED):
            raise UsageError(
                f"The seed {seed} is not possible.",
                f"Choose a whole number from 0 to {LARGEST_SEED}.",
            )

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


@dataclass(frozen=True, eq=False)
class Degradation:
    """A name of the table with what the user says about it.

    Args:
        name: A name of `DEGRADATIONS`, such as ``"inp"``.
        parameters: What its entry takes: ``seed``, a whole number from 0 on for random ones;
            ``mask``, shape (H, W), True where a pixel is missing; ``kernel``, any two-dimensional
            one, as it is (of sum one it keeps the brightness). What is None is not given.

    Raises:
        UnknownNameError: No degradation of that name.
        UsageError: A parameter that it does not take, or lacks.
    """

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        given = {key: value for key, value in self.parameters.items() if value is not None}
        object.__setattr__(self, "parameters", given)
        self.entry.check(given)
        for need in self.entry.needs:
            if need not in given:
                raise UsageError(
                    f"The degradation {self.name} needs a {need}.", f"Give one with --{need} FILE."
                )

    @property
    def entry(self) -> Entry:
        """What the table says about it."""
        return get_entry(self.name)


def _block_mean(factor: int) -> Entry:
    return Entry(
        name=f"sr{factor}",
        family="super-resolution",
        target=f"{_HERE}.super_resolution:BlockMean",
        summary=f"mean over {factor} x {factor} pixels",
        use="binned sensors",
        parameters={"factor": factor},
        scale=factor,
    )


def _bicubic(factor: int) -> Entry:
    return Entry(
        name=f"sr_bicubic{factor}",
        family="super-resolution",
        target=f"{_HERE}.super_resolution:bicubic",
        summary=f"bicubic reduction {factor} times",
        use="photos made smaller",
        parameters={"factor": factor},
        scale=factor,
    )


def _compressed_sensing(ratio: int) -> Entry:
    return Entry(
        name=f"cs{ratio}",
        family="compressed sensing",
        target=f"{_HERE}.compressed_sensing:CompressedSensing",
        summary=f"1 in {ratio} Walsh coefficients",
        use="single-pixel cameras",
        parameters={"ratio": ratio},
        takes=("seed",),
        gives="vector",
    )


_ENTRIES = (
    Entry(
        name="deno",
        family="denoising",
        target=f"{_HERE}.denoising:Denoising",
        summary="nothing but noise",
        use="grainy photos",
    ),
    Entry(
        name="inp",
        family="inpainting",
        target=f"{_HERE}.inpainting:masked",
        summary="pixels are missing, a random half",
        use="scratches, stamps, dust",
        takes=("seed", "mask"),
    ),
    Entry(
        name="inp_lolcat",
        family="inpainting",
        target=f"{_HERE}.inpainting:lolcat",
        summary="missing under large letters",
        use="captions",
    ),
    Entry(
        name="inp_lorem",
        family="inpainting",
        target=f"{_HERE}.inpainting:lorem",
        summary="missing under small print",
        use="watermarks",
    ),
    *(_block_mean(factor) for factor in (2, 4, 8, 16)),
    *(_bicubic(factor) for factor in (4, 8, 16)),
    Entry(
        name="deblur_uni",
        family="deblurring",
        target=f"{_HERE}.blur:uniform_blur",
        summary="mean over 9 x 9 pixels",
        use="slightly out of focus",
        parameters={"length": 9},
    ),
    Entry(
        name="deblur_gauss",
        family="deblurring",
        target=f"{_HERE}.blur:gaussian_blur",
        summary="5 x 5 pixels of a Gaussian",
        use="soft lenses",
        parameters={"length": 5, "sigma": 10.0},
    ),
    Entry(
        name="deblur_aniso",
        family="deblurring",
        target=f"{_HERE}.blur:anisotropic_blur",
        summary="9 x 9 pixels, wide Gaussian",
        use="sideways motion",
        parameters={"length": 9, "sigma_rows": 1.0, "sigma_columns": 20.0},
    ),
    Entry(
        name="deblur",
        family="deblurring",
        target=f"{_HERE}.blur:blur_by_kernel",
        summary="convolution with your kernel",
        use="a blur you know",
        takes=("kernel",),
        needs=("kernel",),
    ),
    Entry(
        name="color",
        family="colourisation",
        target=f"{_HERE}.colour:Greying",
        summary="grey, the mean of the colours",
        use="black-and-white photos",
        gives="grey",
    ),
    *(_compressed_sensing(ratio) for ratio in (2, 4)),
)

DEGRADATIONS: Mapping[str, Entry] = {entry.name: entry for entry in _ENTRIES}
"""Every degradation by its name, in the order in which they are listed."""


def get_entry(name: str) -> Entry:
    """The entry of a name.

    Raises:
        UnknownNameError: There is none; the nearest names are in the hint.
    """
    if name not in DEGRADATIONS:
        raise UnknownNameError("degradation", name, DEGRADATIONS)
    return DEGRADATIONS[name]
