"""A page of cards: who made it, what it says, the cards, and the controls to choose among them."""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from ddrm_cli._version import __version__
from ddrm_cli.errors import Progress

from .card import Card, card_html
from .pictures import THUMBNAIL, WHOLE
from .place import mark

__all__ = ["Order", "Page", "render"]


@dataclass(frozen=True)
class Order:
    """A way to sort cards.

    Args:
        text: What it is called.
        key: Of the layers' keys, the one on the right.
        best_first: The largest number first.
        is_gain: By how much the number on the right is above that on the left.
    """

    text: str
    key: str
    best_first: bool = False
    is_gain: bool = False


@dataclass(frozen=True)
class Page:
    """What a page shows.

    Args:
        maker: The command that makes such pages.
        title: Of the page.
        cards: In their order. The pictures of a single one are whole inside the page, which is
            looked at alone; of several, or on one of several pages, small, and linked to their
            files.
        command: What was typed; empty where nothing was.
        notes: Sentences below the title.
        body: HTML before the cards.
        lists: Heading to names, each with a sentence: what has no card, and why.
        count: How many pictures these are, if not all that there are.
        orders: How cards can be sorted, besides by name.
        places: Addresses of the pages that belong together, in their order; this one's is empty.
    """

    maker: str
    title: str
    cards: Sequence[Card]
    command: str = ""
    notes: Sequence[str] = ()
    body: str = ""
    lists: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)
    count: str = ""
    orders: Sequence[Order] = ()
    places: Sequence[str] = ()


def render(page: Page, folder: Path, progress: Progress | None = None) -> bytes:
    r"""The page as the bytes of a file.

    Bytes of a name that are no UTF-8 are written out, as ``\udcXX``.

    Args:
        page: What it shows.
        folder: Where it will be, from where it finds the files.
        progress: Told how much is done, after each card: pictures may be large, and many.
    """
    alone = len(page.cards) == 1 and len(page.places) < 2
    cards: list[str] = []
    for card in page.cards:
        cards.append(card_html(card, None if alone else folder, WHOLE if alone else THUMBNAIL))
        if progress is not None:
            progress(len(cards) / len(page.cards))
    slots = {
        "mark": mark(page.maker),
        "style": _file("page.css"),
        "script": _file("page.js"),
        "title": html.escape(page.title),
        "command": f"<pre><code>{html.escape(page.command)}</code></pre>" if page.command else "",
        "notes": "".join(f"<p>{html.escape(note)}</p>" for note in page.notes),
        "body": page.body,
        "lists": "".join(_list(heading, items) for heading, items in page.lists.items()),
        "heading": "" if alone else _heading(page),
        "controls": _controls(page),
        "kind": "cards alone" if alone else "cards",
        "cards": "\n".join(cards),
        "places": _places(page.places),
        "version": html.escape(__version__),
    }
    # In one pass, so that a name that looks like a slot stays a name.
    text = re.sub(r"\{\{(\w+)\}\}", lambda slot: slots[slot[1]], _file("page.html"))
    return text.encode(errors="backslashreplace")


def _file(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _heading(page: Page) -> str:
    count = page.count or f"{len(page.cards)}"
    return f"<h2>Pictures <small>({html.escape(count)})</small></h2>"


def _controls(page: Page) -> str:
    """What can be chosen, where there is more than one."""
    groups = dict.fromkeys(card.group for card in page.cards)
    labels = dict.fromkeys(layer.label for card in page.cards for layer in card.layers)
    sortable = len(page.cards) > 1 and bool(page.orders)
    shown = '<option value="">everything</option>' + _options(groups)
    orders = '<option value="">name</option>' + "".join(
        f'<option value="{html.escape(order.key)}" data-best-first="{int(order.best_first)}" '
        f'data-gain="{int(order.is_gain)}">{html.escape(order.text)}</option>'
        for order in page.orders
    )
    left, right = [*labels][:1], [*labels][:2][-1:]  # as the first card has them
    return (
        _select("group", "Show", shown, len(groups) > 1)
        + _select("order", "In the order of", orders, sortable)
        + _select("left", "Left", _options(labels, left), len(labels) > 2)
        + _select("right", "Right", _options(labels, right), len(labels) > 2)
    )


def _select(name: str, label: str, options: str, useful: bool) -> str:
    hidden = "" if useful else " hidden"
    return f'<label{hidden}>{label} <select id="{name}">{options}</select></label>'


def _options(texts: Iterable[str], selected: Collection[str] = ()) -> str:
    return "".join(
        f"<option{' selected' if text in selected else ''}>{html.escape(text)}</option>"
        for text in texts
    )


def _list(heading: str, items: Sequence[tuple[str, str]]) -> str:
    if not items:
        return ""
    lines = "".join(
        f"<li><b>{html.escape(name)}</b>: {html.escape(sentence)}</li>" for name, sentence in items
    )
    return f'<section class="list"><h2>{html.escape(heading)}</h2><ul>{lines}</ul></section>'


def _places(places: Sequence[str]) -> str:
    if len(places) < 2:
        return ""
    items = "".join(
        f'<a href="{html.escape(address)}">{number}</a>'
        if address
        else f'<b aria-current="page">{number}</b>'
        for number, address in enumerate(places, start=1)
    )
    return f'<nav aria-label="Pages">{items}</nav>'
