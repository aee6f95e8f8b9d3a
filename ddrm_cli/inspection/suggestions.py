"""Findings to what is worth trying, best first: pure functions, which see no picture."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ddrm_cli.degradations.entry import OPTIONS

from .findings import Findings

__all__ = ["AUTO", "RECORDED", "Suggestion", "automatic", "described", "suggestions"]

AUTO = "auto"
"""As a degradation: the first suggestion that adds nothing."""

COMPRESSED = 90  # qualities from here on leave nothing to see
NOISY = 0.008  # two grey levels; less is not seen, and cannot be told from texture
SMALL = 1000  # pixels; longer sides fill a screen


@dataclass(frozen=True)
class Suggestion:
    """A restoration worth trying.

    Args:
        degradation: What to give as ``--deg``; None leaves it to the file.
        why: What speaks for it, a sentence.
        parameters: Of the degradation, by their names.
        reduced: How many times smaller the picture is to be made first.
        automatic: Whether ``--deg auto`` does it: it takes away what was added, and adds nothing.
    """

    degradation: str | None
    why: str
    parameters: Mapping[str, float] = field(default_factory=dict)
    reduced: int = 1
    automatic: bool = False

    def commands(self, file: str) -> list[str]:
        """What to paste into a shell, for a file."""
        lines = []
        if self.reduced > 1:
            small = str(Path(file).with_name(f"{Path(file).stem}_small.png"))
            name = f"sr_bicubic{self.reduced}"
            lines.append(shlex.join(["ddrm", "degrade", file, "--deg", name, "--out", small]))
            file = small
        words = ["ddrm", "restore", file]
        if self.degradation is not None:
            words += ["--deg", self.degradation]
        for name, value in self.parameters.items():
            words += [OPTIONS[name], f"{value:g}"]
        return [*lines, shlex.join(words)]


RECORDED = Suggestion(None, "The file says how ddrm degraded it.", automatic=True)


def suggestions(findings: Findings) -> tuple[Suggestion, ...]:
    """What is worth trying, best first; nothing where nothing was found."""
    if findings.degradation is not None:
        return (RECORDED,)
    jpeg, noise = findings.jpeg, findings.noise
    found = []
    if jpeg is not None and jpeg.understood and jpeg.quality < COMPRESSED:
        parameters = {} if jpeg.in_file else {"quality": jpeg.quality}
        why = f"Blocks and ringing of a JPEG of quality {jpeg.quality}."
        found.append(Suggestion("jpeg", why, parameters, automatic=True))
    if noise.sigma >= NOISY:
        why = f"Noise of {noise.sigma:.3f}."
        found.append(Suggestion("deno", why, automatic=True))
    return (*found, *_about_size(findings), *_about_colour(findings))


def automatic(findings: Findings) -> Suggestion | None:
    """What ``--deg auto`` does: the first that adds nothing; None where nothing is to be done."""
    return next((each for each in suggestions(findings) if each.automatic), None)


def _about_size(findings: Findings) -> list[Suggestion]:
    """What would invent detail."""
    soft, size = findings.softness, max(findings.width, findings.height)
    if soft is None or findings.detail == "soft":
        return []
    if findings.detail == "enlarged":
        times = soft.enlarged
        why = f"Enlarged about {times} times: made smaller first, nothing is lost."
        return [Suggestion(f"sr_bicubic{times}", why, reduced=times)]
    if findings.detail == "blurred":
        why = f"As soft as a Gaussian blur of {_range(soft.blur)} pixels makes it."
        return [Suggestion("deblur_gauss", why, {"blur": round(sum(soft.blur) / 2, 2)})]
    return [Suggestion("upscale2", "Sharp, and small for a screen.")] if size < SMALL else []


def _about_colour(findings: Findings) -> list[Suggestion]:
    if not findings.grey:
        return []
    return [Suggestion("color", "Grey; the colours would be invented.")]


def _range(values: tuple[float, float]) -> str:
    low, high = values
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def described(findings: Findings) -> list[str]:
    """The findings in sentences, also what cannot be known."""
    lines = [f"{findings.width} x {findings.height}, {_colours(findings)}"]
    bars = findings.bars
    if bars:
        sides = {"top": bars.top, "bottom": bars.bottom, "left": bars.left, "right": bars.right}
        which = ", ".join(f"{side} {count}" for side, count in sides.items() if count)
        lines.append(f"bars of one colour: {which} pixels; crop them first")
    return [*lines, _compression(findings), _noise(findings), _detail(findings)]


def _colours(findings: Findings) -> str:
    if not findings.grey:
        return "in colour"
    return "grey" if findings.channels == 1 else "grey in three channels"


def _compression(findings: Findings) -> str:
    jpeg = findings.jpeg
    if jpeg is None:
        return "no JPEG, and no trace of one; qualities above 95 leave none"
    if not jpeg.in_file:
        return f"was once a JPEG of quality about {jpeg.quality}, as its blocks show"
    unlike = "" if jpeg.understood else ", of colours that --deg jpeg does not take"
    return f"a JPEG of quality about {jpeg.quality}, colours {jpeg.subsampling}{unlike}"


def _noise(findings: Findings) -> str:
    noise, jpeg = findings.noise, findings.jpeg
    hidden = jpeg is not None and jpeg.quality < COMPRESSED
    if noise.sigma < NOISY:
        return "noise: " + ("what there was, the JPEG may have hidden" if hidden else "none to see")
    kind = "coarser than a pixel" if noise.coarse else "independent from pixel to pixel"
    more = "; the JPEG hides some of it" if hidden else ""
    return f"noise: sigma = {noise.sigma:.3f}, {kind}{more}"


def _detail(findings: Findings) -> str:
    soft = findings.softness
    if soft is None:
        return "detail: too small a picture to say"
    others = " or ".join(str(factor) for factor in soft.factors if factor > 1)
    sentences = {
        "sharp": "down to the pixel",
        "soft": "ends early; by the JPEG or before it, which cannot be known",
        "enlarged": f"enlarged about {others} times",
        "blurred": f"blurred, as by a Gaussian of {_range(soft.blur)} pixels"
        + (f", or enlarged {others} times" if others else ""),
    }
    return f"detail: {sentences[findings.detail]}"
