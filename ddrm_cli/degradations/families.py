"""Degradations that are alike: their entries, made of what tells them apart."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from .entry import Entry, Pattern

__all__ = ["HERE", "OF_JPEG", "blur", "compressed_sensing", "jpeg", "reduction"]

HERE = "ddrm_cli.degradations"
"""Where the operators are."""

OF_JPEG = ("subsampling", "tables", "orientation")
"""What the user or the file may say of any JPEG."""


def reduction(
    stem: str, attribute: str, summary: str, use: str, takes: tuple[str, ...] = ()
) -> Pattern:
    """Reductions by any factor from 2 to 16.

    Args:
        stem: What their names begin with.
        attribute: What builds their operators, in ``super_resolution``.
        summary: What they do to a picture, where the factor is N.
        use: What they are typically for.
        takes: What the user may give besides.
    """

    def entry(factor: int) -> Entry:
        return Entry(
            name=f"{stem}{factor}",
            family="super-resolution",
            target=f"{HERE}.super_resolution:{attribute}",
            summary=summary.replace("N", str(factor)),
            use=use,
            parameters={"factor": factor},
            takes=takes,
            scale=factor,
        )

    return Pattern(stem, range(2, 17), entry, "scale", summary, use)


def blur(
    name: str,
    attribute: str,
    summary: str,
    use: str,
    parameters: Mapping[str, Any] = MappingProxyType({}),
    takes: tuple[str, ...] = (),
    needs: tuple[str, ...] = (),
    instead: str = "",
) -> Entry:
    """A blur, which may take the boundary besides; the arguments are those of `Entry`.

    Args:
        name: What the user writes.
        attribute: What builds its operator, in ``blur``.
        summary: What it does to a picture.
        use: What it is typically for.
        parameters: Arguments of its operator.
        takes: Further ones that the user may give.
        needs: Those of them that have to be given.
        instead: What serves without them, to readers.
    """
    return Entry(
        name=name,
        family="deblurring",
        target=f"{HERE}.blur:{attribute}",
        summary=summary,
        use=use,
        parameters={**parameters, "boundary": "reflect"},
        takes=(*takes, "boundary"),
        needs=needs,
        instead=instead,
    )


def compressed_sensing(ratio: int) -> Entry:
    """Compressed sensing of one in so many coefficients."""
    return Entry(
        name=f"cs{ratio}",
        family="compressed sensing",
        target=f"{HERE}.compressed_sensing:CompressedSensing",
        summary=f"1 in {ratio} Walsh coefficients",
        use="single-pixel cameras",
        parameters={"ratio": ratio},
        takes=("seed",),
        gives="vector",
    )


def jpeg(quality: int) -> Entry:
    """A JPEG of one quality."""
    return Entry(
        name=f"jpeg{quality}",
        family="compression",
        target=f"{HERE}.jpeg:jpeg",
        summary=f"JPEG of quality {quality}",
        use="photos with blocks",
        parameters={"quality": quality},
        takes=OF_JPEG,
        gives="jpeg",
    )
