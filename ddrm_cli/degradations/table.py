"""What degradations there are. Importing this table imports no torch.

To add one: write its class or function in a module beside this one, add a line here, add its
plain definition to the tests. Nothing else needs to know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any

from ddrm_cli.errors import UnknownNameError, UsageError

from .compression import check_quality, check_subsampling
from .entry import OPTIONS, Entry, Pattern

__all__ = ["DEGRADATIONS", "LARGEST_SEED", "PATTERNS", "Degradation", "get_entry"]

LARGEST_SEED = 2**32 - 1  # what numpy's RandomState takes
_HERE = "ddrm_cli.degradations"
_QUALITIES = range(5, 96)


@dataclass(frozen=True, eq=False)
class Degradation:
    """A name of the table with what the user says about it.

    Args:
        name: A name of `DEGRADATIONS` or of a pattern, such as ``"inp"``; kept as its entry has it.
        parameters: What its entry takes: ``seed``, a whole number from 0 on for random ones;
            ``mask``, shape (H, W), True where a pixel is missing; ``kernel``, any two-dimensional
            one, as it is (of sum one it keeps the brightness); ``quality``, 1 .. 100, or
            ``tables``, the steps of a file, and ``subsampling`` and ``orientation`` of a JPEG. What
            is None is not given.

    Raises:
        UnknownNameError: No degradation of that name.
        UsageError: A parameter that it does not take, or that cannot be right.
    """

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        given = {key: value for key, value in self.parameters.items() if value is not None}
        object.__setattr__(self, "name", self.entry.name)
        object.__setattr__(self, "parameters", given)
        for name, value in given.items():
            if name not in self.entry.takes:
                takers = _takers(name)
                other = f", or use {' or '.join(takers)}" if takers else ""
                raise UsageError(
                    f"The degradation {self.name} takes no {name}.", f"Leave it out{other}."
                )
            if name in _CHECKS:
                _CHECKS[name](value)

    @classmethod
    def of(cls, degradation: str | Degradation) -> Degradation:
        """A degradation, of its name too."""
        return cls(degradation) if isinstance(degradation, str) else degradation

    def given(self, **parameters: Any) -> Degradation:
        """The same with more parameters; what is None is not given."""
        given = {key: value for key, value in parameters.items() if value is not None}
        return Degradation(self.name, {**self.parameters, **given})

    @property
    def entry(self) -> Entry:
        """What the table says about it."""
        return get_entry(self.name)

    @property
    def arguments(self) -> dict[str, Any]:
        """What its operator is built with: what the table says, unless the user says otherwise."""
        return {**self.entry.parameters, **self.parameters}

    def check_complete(self) -> None:
        """Make sure that nothing is lacking, so that its operator can be built.

        Raises:
            UsageError: It needs something that the user has not given.
        """
        for need in self.entry.needs:
            first, *others = need.split("|")
            if not self.parameters.keys() & {first, *others}:
                raise UsageError(
                    f"The degradation {self.name} needs a {first}.",
                    f"Give one with {OPTIONS[first]}.",
                )


def _takers(parameter: str) -> list[str]:
    """What takes a parameter, to readers."""
    numbered = {name: pattern.name for pattern in PATTERNS for name in pattern.names}
    entries = [get_entry(name) for name in (*DEGRADATIONS, *numbered)]
    names = [numbered.get(each.name, each.name) for each in entries if parameter in each.takes]
    return list(dict.fromkeys(names))


def _check_seed(seed: object) -> None:
    if not (isinstance(seed, Integral) and 0 <= int(seed) <= LARGEST_SEED):
        raise UsageError(
            f"The seed {seed} is not possible.", f"Choose a whole number from 0 to {LARGEST_SEED}."
        )


_CHECKS: Mapping[str, Callable[[object], None]] = {
    "seed": _check_seed,
    "quality": check_quality,
    "subsampling": check_subsampling,
}


def _reduction(
    stem: str, attribute: str, summary: str, use: str, takes: tuple[str, ...] = ()
) -> Pattern:
    def entry(factor: int) -> Entry:
        return Entry(
            name=f"{stem}{factor}",
            family="super-resolution",
            target=f"{_HERE}.super_resolution:{attribute}",
            summary=summary.replace("N", str(factor)),
            use=use,
            parameters={"factor": factor},
            takes=takes,
            scale=factor,
        )

    return Pattern(stem, range(2, 17), entry, "scale", summary, use)


_BLOCK_MEAN = _reduction(
    "sr", "block_mean", "mean over N x N pixels", "binned sensors", ("kernel",)
)
_BICUBIC = _reduction("sr_bicubic", "bicubic", "bicubic reduction N times", "photos made smaller")


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


_OF_JPEG = ("subsampling", "tables", "orientation")


def _jpeg(quality: int) -> Entry:
    return Entry(
        name=f"jpeg{quality}",
        family="compression",
        target=f"{_HERE}.jpeg:jpeg",
        summary=f"JPEG of quality {quality}",
        use="photos with blocks",
        parameters={"quality": quality},
        takes=_OF_JPEG,
        gives="jpeg",
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
    *(_BLOCK_MEAN.make(factor) for factor in (2, 4, 8, 16)),
    *(_BICUBIC.make(factor) for factor in (4, 8, 16)),
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
    Entry(
        name="jpeg",
        family="compression",
        target=f"{_HERE}.jpeg:jpeg",
        summary="JPEG, as its file says",
        use="photos with blocks",
        takes=("quality", *_OF_JPEG),
        needs=("quality|tables",),
        gives="jpeg",
    ),
)

DEGRADATIONS: Mapping[str, Entry] = {entry.name: entry for entry in _ENTRIES}
"""What has a line of its own, by name, in the order of the list."""

PATTERNS = (
    _BLOCK_MEAN,
    _BICUBIC,
    Pattern(
        "upscale", _BICUBIC.numbers, _BICUBIC.make, "scale", "the same as sr_bicubicN", _BICUBIC.use
    ),
    _reduction("sr_lanczos", "lanczos", "Lanczos reduction N times", "photos made smaller"),
    _reduction("sr_bilinear", "bilinear", "bilinear reduction N times", "photos made smaller"),
    _reduction("sr_nearest", "Decimation", "each N-th pixel alone", "jagged small pictures"),
    Pattern("jpeg", _QUALITIES, _jpeg, "quality", "JPEG of quality N", "photos with blocks"),
)
"""What there is by any number, in the order of the list."""


def get_entry(name: str) -> Entry:
    """The entry of a name.

    Raises:
        UnknownNameError: There is none; the nearest names are in the hint.
    """
    if name in DEGRADATIONS:
        return DEGRADATIONS[name]
    for pattern in PATTERNS:
        entry = pattern.find(name)
        if entry is not None:
            return entry
    numbered = [pattern.names for pattern in PATTERNS]
    known = [*DEGRADATIONS, *(each for names in numbered for each in names)]
    listed = [*DEGRADATIONS, *(f"{names[0]} .. {names[-1]}" for names in numbered)]
    raise UnknownNameError("degradation", name, known, listed)
