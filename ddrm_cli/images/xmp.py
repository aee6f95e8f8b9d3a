"""XMP packets: the user's carried, made true of the result, and our own records merged into them.

A packet is XML (XMP specification, part 1): an ``rdf:RDF`` element of ``rdf:Description`` elements,
each of which holds properties as attributes or as elements. What is not understood stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from xml.dom import Node, minidom

__all__ = ["true_xmp", "with_records", "without_records", "xmp_orientation"]

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_TIFF = "http://ns.adobe.com/tiff/1.0/"
_EXIF = "http://ns.adobe.com/exif/1.0/"
_BASIC = "http://ns.adobe.com/xap/1.0/"
_NOTE = "http://ns.adobe.com/xmp/note/"
_OURS, _PREFIX = "urn:ddrm-cli:", "ddrm"

_WIDTHS = ((_TIFF, "ImageWidth"), (_EXIF, "PixelXDimension"))
_HEIGHTS = ((_TIFF, "ImageLength"), (_EXIF, "PixelYDimension"))
_ORIENTATION = (_TIFF, "Orientation")
# Thumbnails show the picture before the restoration; the extended packet of a JPEG is not carried.
_UNTRUE = ((_BASIC, "Thumbnails"), (_NOTE, "HasExtendedXMP"))

_EMPTY = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}">'
    '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
).encode()

Name = tuple[str, str]


def xmp_orientation(packet: bytes) -> int | None:
    """The orientation from 1 to 8 that a packet asks for; None where it asks for none.

    Raises:
        ValueError: The packet is damaged.
    """
    for description in _descriptions(_parsed(packet)):
        asked = _value(description, _ORIENTATION)
        if asked is not None and re.fullmatch("[1-8]", asked.strip()):
            return int(asked)
    return None


def true_xmp(packet: bytes, width: int, height: int) -> bytes:
    """The packet of an upright picture of a size: where it states these, it states them right.

    Thumbnails are taken out. A packet of which all is true is returned as it is.

    Raises:
        ValueError: The packet is damaged.
    """
    right = {_ORIENTATION: "1"}
    right |= dict.fromkeys(_WIDTHS, str(width)) | dict.fromkeys(_HEIGHTS, str(height))

    def edit(document: minidom.Document) -> None:
        for description in _descriptions(document):
            for name, text in right.items():
                if _value(description, name) is not None:
                    _set(description, name, text)
            for name in _UNTRUE:
                _remove(description, name)

    return _edited(packet, edit)


def with_records(packet: bytes | None, records: Mapping[str, str]) -> bytes | None:
    """A packet that carries texts of ours beside what it says; None for neither.

    Args:
        packet: The user's; None makes a new one.
        records: The texts by name, which is a name of XML's.

    Raises:
        ValueError: The packet is damaged.
    """
    if not records:
        return packet

    def edit(document: minidom.Document) -> None:
        about = [each.getAttributeNS(_RDF, "about") for each in _descriptions(document)]
        ours = document.createElementNS(_RDF, "rdf:Description")
        ours.setAttribute("xmlns:rdf", _RDF)  # whatever the user's packet calls it
        ours.setAttribute(f"xmlns:{_PREFIX}", _OURS)
        ours.setAttribute("rdf:about", about[0] if about else "")
        for name, text in records.items():
            element = document.createElementNS(_OURS, f"{_PREFIX}:{name}")
            element.appendChild(document.createTextNode(text))
            ours.appendChild(element)
        _root(document).appendChild(ours)

    return _edited(packet or _EMPTY, edit)


def without_records(packet: bytes) -> tuple[bytes | None, dict[str, str]]:
    """A packet without texts of ours, and these by name; None where nothing else is left.

    Raises:
        ValueError: The packet is damaged.
    """
    records = dict[str, str]()

    def edit(document: minidom.Document) -> None:
        for description in _descriptions(document):
            for name in _names(description):
                if name[0] == _OURS:
                    records[name[1]] = _value(description, name) or ""
                    _remove(description, name)
            if records and not _names(description):
                _root(document).removeChild(description)

    rest = _edited(packet, edit)
    return (rest if not records or _descriptions(_parsed(rest)) else None), records


def _parsed(packet: bytes) -> minidom.Document:
    try:
        document = minidom.parseString(packet.rstrip(b"\0 \t\r\n"))
    except Exception as error:  # expat's errors are no ValueErrors
        raise ValueError(str(error)) from error
    if document.doctype is not None:  # no part of XMP, but a way to fill memory
        raise ValueError("a document type")
    if not document.getElementsByTagNameNS(_RDF, "RDF"):
        raise ValueError("no RDF in it")
    return document


def _text(document: minidom.Document) -> bytes:
    return "".join(node.toxml() for node in document.childNodes).encode()


def _edited(packet: bytes, edit: Callable[[minidom.Document], None]) -> bytes:
    """The packet after a change, in UTF-8; the very same bytes where nothing was changed."""
    document = _parsed(packet)
    before = _text(document)
    edit(document)
    after = _text(document)
    in_utf_8 = b"\0" not in packet.strip(b"\0")
    return packet if after == before and in_utf_8 else after


def _root(document: minidom.Document) -> minidom.Element:
    return document.getElementsByTagNameNS(_RDF, "RDF")[0]


def _descriptions(document: minidom.Document) -> list[minidom.Element]:
    """Those about the picture itself, not about what it was made from."""
    return [
        node
        for node in _root(document).childNodes
        if isinstance(node, minidom.Element)
        and (node.namespaceURI, node.localName) == (_RDF, "Description")
    ]


def _elements(description: minidom.Element, name: Name) -> list[minidom.Element]:
    return [
        node
        for node in description.childNodes
        if isinstance(node, minidom.Element) and (node.namespaceURI, node.localName) == name
    ]


def _names(description: minidom.Element) -> list[Name]:
    """Of all its properties."""
    nodes = [*description.attributes.values(), *description.childNodes]
    names = [(node.namespaceURI or "", node.localName or "") for node in nodes]
    skipped = ("", _RDF, "http://www.w3.org/2000/xmlns/", "http://www.w3.org/XML/1998/namespace")
    return [name for name in names if name[0] not in skipped]


def _value(description: minidom.Element, name: Name) -> str | None:
    if description.hasAttributeNS(*name):
        return description.getAttributeNS(*name)
    for element in _elements(description, name):
        return "".join(c.data for c in element.childNodes if c.nodeType == Node.TEXT_NODE)
    return None


def _set(description: minidom.Element, name: Name, text: str) -> None:
    document = description.ownerDocument
    assert document is not None
    attribute = description.getAttributeNodeNS(*name)
    if attribute is not None:
        attribute.value = text
    for element in _elements(description, name):
        while element.firstChild is not None:
            element.removeChild(element.firstChild)
        element.appendChild(document.createTextNode(text))


def _remove(description: minidom.Element, name: Name) -> None:
    if description.hasAttributeNS(*name):
        description.removeAttributeNS(*name)
    for element in _elements(description, name):
        description.removeChild(element)
