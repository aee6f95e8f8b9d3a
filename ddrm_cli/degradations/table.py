"""What degradations there are. Importing this table imports no torch.

To add one: write its class or function in a module beside this one, add a line here, add its
plain definition to the tests. Nothing else needs to know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ddrm_cli.errors import UnknownNameError

__all__ = ["DEGRADATIONS", "Degradation", "get_degradation"]

_HERE = "ddrm_cli.degradations"


@dataclass(frozen=True)
class Degradation:
    """One entry of the table: what the user picks with ``--deg``.

    Args:
        name: What the user writes.
        family: The heading it is listed under.
        target: ``module:callable`` that builds the operator from the picture's shape.
        summary: What it does to a picture.
        use: What it is typically for.
        parameters: Fixed arguments of the callable.
        takes: Further arguments that the caller gives: ``seed``, ``mask``, ``kernel``,
            ``rank_tolerance``.
        scale: How many times larger than the measurement the picture is, on each side.
        measurement: ``"picture"``, ``"grey"`` (one channel) or ``"vector"`` (no picture at all).
    """

    name: str
    family: str
    target: str
    summary: str
    use: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    takes: tuple[str, ...] = ()
    scale: int = 1
    measurement: str = "picture"

    @property
    def measurement_size(self) -> str:
        """Size of the measurement of a picture H x W, in words."""
        if self.measurement == "vector":
            return f"1/{self.parameters['ratio']} of its numbers"
        size = "H x W" if self.scale == 1 else f"H/{self.scale} x W/{self.scale}"
        return f"{size} grey" if self.measurement == "grey" else size


def _block_mean(factor: int) -> Degradation:
    return Degradation(
        name=f"sr{factor}",
        family="super-resolution",
        target=f"{_HERE}.super_resolution:BlockMean",
        summary=f"mean over {factor} x {factor} pixels",
        use="binned sensors",
        parameters={"factor": factor},
        scale=factor,
    )


def _bicubic(factor: int) -> Degradation:
    return Degradation(
        name=f"sr_bicubic{factor}",
        family="super-resolution",
        target=f"{_HERE}.super_resolution:bicubic",
        summary=f"bicubic reduction {factor} times",
        use="photos made smaller",
        parameters={"factor": factor},
        takes=("rank_tolerance",),
        scale=factor,
    )


def _compressed_sensing(ratio: int) -> Degradation:
    return Degradation(
        name=f"cs{ratio}",
        family="compressed sensing",
        target=f"{_HERE}.compressed_sensing:CompressedSensing",
        summary=f"1 in {ratio} Walsh coefficients",
        use="single-pixel cameras",
        parameters={"ratio": ratio},
        takes=("seed",),
        measurement="vector",
    )


_ENTRIES = (
    Degradation(
        name="deno",
        family="denoising",
        target=f"{_HERE}.denoising:Denoising",
        summary="nothing but noise",
        use="grainy photos",
    ),
    Degradation(
        name="inp",
        family="inpainting",
        target=f"{_HERE}.inpainting:masked",
        summary="pixels are missing, a random half",
        use="scratches, stamps, dust",
        takes=("seed", "mask"),
    ),
    Degradation(
        name="inp_lolcat",
        family="inpainting",
        target=f"{_HERE}.inpainting:lolcat",
        summary="missing under large letters",
        use="captions",
    ),
    Degradation(
        name="inp_lorem",
        family="inpainting",
        target=f"{_HERE}.inpainting:lorem",
        summary="missing under small print",
        use="watermarks",
    ),
    *(_block_mean(factor) for factor in (2, 4, 8, 16)),
    *(_bicubic(factor) for factor in (4, 8, 16)),
    Degradation(
        name="deblur_uni",
        family="deblurring",
        target=f"{_HERE}.blur:uniform_blur",
        summary="mean over 9 x 9 pixels",
        use="slightly out of focus",
        parameters={"length": 9},
        takes=("rank_tolerance",),
    ),
    Degradation(
        name="deblur_gauss",
        family="deblurring",
        target=f"{_HERE}.blur:gaussian_blur",
        summary="5 x 5 pixels of a Gaussian",
        use="soft lenses",
        parameters={"length": 5, "sigma": 10.0},
        takes=("rank_tolerance",),
    ),
    Degradation(
        name="deblur_aniso",
        family="deblurring",
        target=f"{_HERE}.blur:anisotropic_blur",
        summary="9 x 9 pixels, wide Gaussian",
        use="sideways motion",
        parameters={"length": 9, "sigma_rows": 1.0, "sigma_columns": 20.0},
        takes=("rank_tolerance",),
    ),
    Degradation(
        name="deblur",
        family="deblurring",
        target=f"{_HERE}.blur:blur_by_kernel",
        summary="convolution with your kernel",
        use="a blur you know",
        takes=("kernel", "rank_tolerance"),
    ),
    Degradation(
        name="color",
        family="colourisation",
        target=f"{_HERE}.colour:Greying",
        summary="grey, the mean of the colours",
        use="black-and-white photos",
        measurement="grey",
    ),
    *(_compressed_sensing(ratio) for ratio in (2, 4)),
)

DEGRADATIONS: Mapping[str, Degradation] = {entry.name: entry for entry in _ENTRIES}
"""Every degradation by its name, in the order in which they are listed."""


def get_degradation(name: str) -> Degradation:
    """The entry of a name.

    Raises:
        UnknownNameError: There is none; the nearest names are in the hint.
    """
    try:
        return DEGRADATIONS[name]
    except KeyError:
        raise UnknownNameError("degradation", name, DEGRADATIONS) from None
