"""Classes of the class-conditional models: from what a user writes to the label.

``imagenet_classes.txt`` has a line a label, in the order of the labels, with every name that
WordNet gives the class.
"""

from __future__ import annotations

import difflib
from functools import cache
from pathlib import Path

from ddrm_cli.errors import UnknownNameError, UsageError

__all__ = ["class_names", "describe_class", "find_class"]


@cache
def class_names() -> tuple[tuple[str, ...], ...]:
    """Names of the 1000 classes of ImageNet-1k, each with at least one name."""
    text = Path(__file__).with_name("imagenet_classes.txt").read_text(encoding="utf-8")
    return tuple(tuple(line.split(", ")) for line in text.splitlines())


def describe_class(label: int, num_classes: int) -> str:
    """A label for the user to read: with its first name, where that is known."""
    names = class_names()
    return f"{label} ({names[label][0]})" if num_classes == len(names) else str(label)


def find_class(text: str, num_classes: int) -> int:
    """The label that a number or a name stands for.

    Args:
        text: A label such as ``"281"``, or a name such as ``"tabby cat"`` in any case.
        num_classes: Classes of the model; names are known where it has ImageNet's 1000.

    Raises:
        UsageError: A number out of range, a name that several classes share, or a model whose
            classes have no names here.
        UnknownNameError: No class of that name; the nearest are in the hint.
    """
    if text.isdecimal():
        if int(text) < num_classes:
            return int(text)
        raise UsageError(
            f"There is no class {text}.", f"Classes are numbered from 0 to {num_classes - 1}."
        )
    names = class_names()
    if num_classes != len(names):
        raise UsageError(
            f"The classes of this model have no names here, so '{text}' says nothing.",
            f"Give a number from 0 to {num_classes - 1}.",
        )
    wanted = text.strip().lower()
    found = [label for label, each in enumerate(names) if wanted in (n.lower() for n in each)]
    if len(found) == 1:
        return found[0]
    if found:
        choices = " or ".join(f"{label} ({', '.join(names[label])})" for label in found)
        raise UsageError(f"Several classes are named '{text}'.", f"Give the number: {choices}.")
    known = sorted({name.lower() for each in names for name in each})
    # Of all names with "cat", cats come before a cat bear.
    containing = sorted(
        (name for name in known if wanted in name.split()),
        key=lambda name: not name.endswith(wanted),
    )
    near = containing[:6] or difflib.get_close_matches(wanted, known, n=3, cutoff=0.5)
    raise UnknownNameError("class", text, near or ["tabby cat", "a number from 0 to 999"])
