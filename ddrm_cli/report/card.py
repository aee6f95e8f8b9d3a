"""Pictures that lie on each other, two of them seen at a time, with a slider between them."""

from __future__ import annotations

import html
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from .pictures import Embedded, Size, embedded

__all__ = ["Card", "Layer", "card_html"]

_LARGEST_KEY = 1e9  # in place of infinity, which JSON does not have


@dataclass(frozen=True)
class Layer:
    """One picture of a card.

    Args:
        label: What it is, such as the method that made it: layers of one label are chosen
            together.
        file: The picture, or a measurement.
        facts: What is known of it, such as its scores.
        keys: What its card can be sorted by, a greater number being better.
    """

    label: str
    file: Path
    facts: str = ""
    keys: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Card:
    """Pictures of one thing.

    Args:
        name: What is seen.
        layers: Of which the first two are slid against each other until others are chosen.
        group: What was done to it, to show some cards only.
        notes: Sentences on all of it.
    """

    name: str
    layers: Sequence[Layer]
    group: str = ""
    notes: Sequence[str] = ()

    @property
    def right(self) -> Layer:
        """The layer on the right until another is chosen: what the card is about."""
        return self.layers[:2][-1]


def card_html(card: Card, folder: Path | None, size: Size) -> str:
    """A card of the page.

    Args:
        card: What it shows.
        folder: Where the page will be, from where it finds the files; None for a page that is
            looked at alone.
        size: Of the pictures inside the page.
    """
    title = html.escape(", ".join(filter(None, [card.name, card.group])))
    pictures: list[Embedded] = []
    images, items = "", ""
    for layer in card.layers:
        address = "" if folder is None else html.escape(_address(layer.file, folder))
        picture = embedded(layer.file, size)
        if picture is not None:
            pictures.append(picture)
            images += _image(layer, picture, address, title)
        items += _item(layer, picture, address, size)
    notes = "".join(f'<p class="what">{html.escape(each)}</p>' for each in card.notes)
    group = f'<p class="what">{html.escape(card.group)}</p>' if card.group else ""
    return (
        f'<article class="card" data-name="{html.escape(card.name)}" '
        f'data-group="{html.escape(card.group)}">{_compare(images, pictures, title)}'
        f'<div class="caption"><h3>{html.escape(card.name)}</h3>'
        f'<button type="button" class="enlarge" aria-label="Enlarge {title}">Enlarge</button></div>'
        f'{group}<ul class="layers">{items}</ul>{notes}</article>'
    )


def _compare(images: str, pictures: Sequence[Embedded], title: str) -> str:
    if not pictures:
        return '<div class="compare"></div>'
    largest = max(pictures, key=lambda each: each.width)
    return (
        f'<div class="compare" style="--ratio: {largest.width / largest.height:.4f}">{images}'
        '<span class="edge"></span><span class="tag left"></span><span class="tag right"></span>'
        '<input type="range" min="0" max="100" value="50" step="0.5" '
        f'aria-label="{title}: left and right"></div>'
    )


def _image(layer: Layer, picture: Embedded, address: str, title: str) -> str:
    label = html.escape(layer.label)
    full = f' data-full="{address}"' if address else ""
    keys = json.dumps({name: _finite(value) for name, value in layer.keys.items()})
    return (
        f'<img data-label="{label}" data-keys="{html.escape(keys)}"{full} '
        f'alt="{label} of {title}" draggable="false" src="{picture.source}">'
    )


def _item(layer: Layer, picture: Embedded | None, address: str, size: Size) -> str:
    label = html.escape(layer.label)
    name = f'<a href="{address}">{label}</a>' if address else label
    facts = [layer.facts] if layer.facts else []
    if picture is None:
        facts.append("cannot be shown")
    elif not address and max(picture.width, picture.height) > size.side:
        facts.append(f"reduced from {picture.width} x {picture.height} pixels")
    return f'<li data-label="{label}"><b>{name}</b> {html.escape(" · ".join(facts))}</li>'


def _finite(value: float) -> float:
    """A number that JSON has, and that sorts in the same place; what is none is worst."""
    return -_LARGEST_KEY if math.isnan(value) else max(-_LARGEST_KEY, min(_LARGEST_KEY, value))


def _address(path: Path, folder: Path) -> str:
    """A file as seen from the page: both can be moved together."""
    path, folder = path.resolve(), folder.resolve()
    try:
        seen = Path(os.path.relpath(path, folder))
    except ValueError:  # on another drive
        return path.as_uri()
    return quote(os.fsencode(seen.as_posix()))
