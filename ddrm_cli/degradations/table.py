"""What degradations there are. Importing this table imports no torch.

To add one: write its class or function in a module beside this one, add a line here, add its
plain definition to the tests. Nothing else needs to know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ddrm_cli.errors import UnknownNameError, UsageError, expect

from .entry import OPTIONS, Entry, Pattern, check_value
from .families import HERE, OF_JPEG, blur, compressed_sensing, jpeg, reduction

__all__ = ["ALIASES", "DEGRADATIONS", "PATTERNS", "Degradation", "get_entry", "numbered"]


@dataclass(frozen=True, eq=False)
class Degradation:
    """A name of the table with what the user says about it.

    Args:
        name: A name of `DEGRADATIONS` or of a pattern, such as ``"inp"``; kept as its entry has it.
        parameters: What its entry takes: ``seed``, a whole number from 0 on for random ones;
            ``mask``, shape (H, W), True where a pixel is missing, or numbers, where above a tenth
            of the largest; ``kernel``, any two-dimensional one, as it is (of sum one it keeps the
            brightness); both are arrays, tensors or lists of rows, and `restore`, `degrade` and
            `pose` also take here what they take as ``mask=`` and ``kernel=``; ``blur``, how wide,
            in pixels; ``angle`` of a motion in degrees, counter-clockwise, 0 along the rows;
            ``boundary``, ``"reflect"`` where the picture was mirrored beyond its frame,
            ``"unknown"`` where it was cut after it was blurred; ``quality``, 1 .. 100, or
            ``tables``, the steps of a file, and ``subsampling`` and ``orientation`` of a JPEG. What
            is None is not given.

    Raises:
        UnknownNameError: No degradation of that name.
        UsageError: A parameter that it does not take, or that cannot be right.
    """

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        expect(self.name, str, "name of a degradation", "Give one such as 'sr4'.")
        expect(self.parameters, Mapping, "set of parameters", "Give them by name: {'seed': 3}.")
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
            check_value(name, value)

    @classmethod
    def of(cls, degradation: str | Degradation) -> Degradation:
        """A degradation, of its name too.

        Raises:
            UsageError: It is neither.
        """
        known = cls(degradation) if isinstance(degradation, str) else degradation
        expect(known, cls, "degradation", "Give a name or a Degradation.")
        return known

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
                instead = f", or use {self.entry.instead}" if self.entry.instead else ""
                raise UsageError(
                    f"The degradation {self.name} needs a {first}.",
                    f"Give one with {OPTIONS[first]}{instead}.",
                )


def _takers(parameter: str) -> list[str]:
    """What takes a parameter, to readers."""
    numbered = {name: pattern.name for pattern in PATTERNS for name in pattern.names}
    entries = [get_entry(name) for name in (*DEGRADATIONS, *numbered)]
    names = [numbered.get(each.name, each.name) for each in entries if parameter in each.takes]
    return list(dict.fromkeys(names))


_BLOCK_MEAN = reduction("sr", "block_mean", "mean over N x N pixels", "binned sensors", ("kernel",))
_BICUBIC = reduction("sr_bicubic", "bicubic", "bicubic reduction N times", "photos made smaller")

_ENTRIES = (
    Entry(
        name="deno",
        family="denoising",
        target=f"{HERE}.denoising:Denoising",
        summary="nothing but noise",
        use="grainy photos",
    ),
    Entry(
        name="inp",
        family="inpainting",
        target=f"{HERE}.inpainting:masked",
        summary="pixels are missing, a random half",
        use="scratches, dust, captions, watermarks",
        takes=("seed", "mask"),
    ),
    Entry(
        name="inp_lolcat",
        family="inpainting",
        target=f"{HERE}.inpainting:lolcat",
        summary="missing under large letters of our own",
        use="benchmarks",
    ),
    Entry(
        name="inp_lorem",
        family="inpainting",
        target=f"{HERE}.inpainting:lorem",
        summary="missing under small print of our own",
        use="benchmarks",
    ),
    *(_BLOCK_MEAN.make(factor) for factor in (2, 4, 8, 16)),
    *(_BICUBIC.make(factor) for factor in (4, 8, 16)),
    blur(
        "deblur_uni",
        "uniform_blur",
        "mean over 9 x 9 pixels",
        "slightly out of focus",
        {"blur": 9},
        takes=("blur",),
    ),
    blur(
        "deblur_gauss",
        "gaussian_blur",
        "5 x 5 pixels of a Gaussian",
        "soft lenses",
        takes=("blur",),
    ),
    blur(
        "deblur_aniso",
        "anisotropic_blur",
        "9 x 9 pixels, wide Gaussian",
        "sideways motion",
        {"length": 9, "sigma_rows": 1.0, "sigma_columns": 20.0},
    ),
    blur(
        "deblur_motion",
        "motion_blur",
        "mean along a line",
        "moved cameras",
        {"angle": 0},
        takes=("blur", "angle"),
        needs=("blur",),
    ),
    blur(
        "deblur",
        "blur_by_kernel",
        "convolution with your kernel",
        "a blur you know",
        takes=("kernel",),
        needs=("kernel",),
        instead="deblur_gauss --blur, deblur_uni or deblur_motion",
    ),
    Entry(
        name="color",
        family="colourisation",
        target=f"{HERE}.colour:Greying",
        summary="grey, the mean of the colours",
        use="black-and-white photos",
        gives="grey",
    ),
    *(compressed_sensing(ratio) for ratio in (2, 4)),
    Entry(
        name="jpeg",
        family="compression",
        target=f"{HERE}.jpeg:jpeg",
        summary="JPEG, as its file says",
        use="photos with blocks",
        takes=("quality", *OF_JPEG),
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
    reduction("sr_lanczos", "lanczos", "Lanczos reduction N times", "photos made smaller"),
    reduction("sr_bilinear", "bilinear", "bilinear reduction N times", "photos made smaller"),
    reduction("sr_nearest", "Decimation", "each N-th pixel alone", "jagged small pictures"),
    Pattern("jpeg", range(5, 96), jpeg, "quality", "JPEG of quality N", "photos with blocks"),
)
"""What there is by any number, in the order of the list."""

ALIASES: Mapping[str, str] = {
    "denoise": "deno",
    "inpaint": "inp",
    "colorize": "color",
    "colorise": "color",
    "colourize": "color",
    "colourise": "color",
    "colour": "color",
}
"""Other words for entries, which take their names at once."""


def get_entry(name: str) -> Entry:
    """The entry of a name or of another word for it.

    Raises:
        UnknownNameError: There is none; the nearest names are in the hint.
    """
    name = ALIASES.get(name, name)
    if name in DEGRADATIONS:
        return DEGRADATIONS[name]
    for pattern in PATTERNS:
        entry = pattern.find(name)
        if entry is not None:
            return entry
        if name == pattern.stem:
            raise UsageError(
                f"The degradation {name} needs a {pattern.option}.",
                f"Give one with --{pattern.option} N, or say {pattern.names[0]}.",
            )
    numbered = [pattern.names for pattern in PATTERNS]
    known = [*DEGRADATIONS, *(each for names in numbered for each in names)]
    listed = [*DEGRADATIONS, *(f"{names[0]} .. {names[-1]}" for names in numbered)]
    raise UnknownNameError("degradation", name, known, listed)


def numbered(stem: str, option: str, number: int | None) -> str:
    """The name that a stem and a number make, ``sr3`` of ``sr`` and 3; the stem without one.

    Args:
        stem: What the user says the degradation is.
        option: What the number is called.
        number: The number; None is not given.

    Raises:
        UsageError: Nothing of this stem takes such a number, or not this one.
    """
    if number is None:
        return stem
    takers = {pattern.stem: pattern for pattern in PATTERNS if pattern.option == option}
    if stem not in takers:
        raise UsageError(
            f"The degradation {stem} takes no {option}.",
            f"Leave it out, or use {' or '.join(takers)}.",
        )
    numbers = takers[stem].numbers
    if number not in numbers:
        raise UsageError(
            f"The {option} {number} is not possible.",
            f"Choose a whole number from {numbers[0]} to {numbers[-1]}.",
        )
    return f"{stem}{number}"
