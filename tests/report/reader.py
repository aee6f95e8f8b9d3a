"""A strict reader of pages."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "link", "img", "input", "br", "line", "circle", "rect"}
ADDRESSES = ("src", "href", "action", "data", "data-full", "srcset", "poster")


class Reader(HTMLParser):
    """Sees that every tag is closed, in order; remembers all tags and texts.

    Args:
        page: The bytes of the file.
    """

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page.decode())
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        assert len(values) == len(attrs), f"an attribute twice in {tag}"
        self.tags.append((tag, values))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def all(self, tag: str, kind: str | None = None) -> list[dict[str, str | None]]:
        """The attributes of each tag of a name, and of a class if one is given."""
        return [
            values
            for name, values in self.tags
            if name == tag and (kind is None or kind in str(values.get("class")).split())
        ]

    @property
    def cards(self) -> list[dict[str, str | None]]:
        return self.all("article", "card")

    @property
    def loaded(self) -> list[str]:
        """Addresses of what is loaded when the page is opened."""
        return [
            str(values[key])
            for tag, values in self.tags
            for key in ADDRESSES
            if key in values and key != "data-full" and tag not in ("a",)
        ]

    @property
    def files(self) -> list[str]:
        """Addresses of files beside the page: links, and pictures that are enlarged."""
        full = [str(values["data-full"]) for values in self.all("img") if "data-full" in values]
        return [str(values["href"]) for values in self.all("a")] + full
