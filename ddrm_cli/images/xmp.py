"""XMP packets: where a JPEG file, which has no text chunks, says how it was measured.

ISO 16684-1: a small document of RDF in XML, here with properties of a name space of our own.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree

__all__ = ["text_of_xmp", "xmp_of_text"]

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_OURS = "urn:ddrm:1:"
_LONGEST = 1 << 20  # bytes: what is longer was not written here


def xmp_of_text(text: Mapping[str, str]) -> bytes:
    """A packet with texts by their names, which are those of XML."""
    ElementTree.register_namespace("x", "adobe:ns:meta/")
    ElementTree.register_namespace("rdf", _RDF)
    ElementTree.register_namespace("ddrm", _OURS)
    root = ElementTree.Element("{adobe:ns:meta/}xmpmeta")
    rdf = ElementTree.SubElement(root, f"{{{_RDF}}}RDF")
    about = {f"{{{_RDF}}}about": ""}
    description = ElementTree.SubElement(rdf, f"{{{_RDF}}}Description", about)
    for name, value in text.items():
        ElementTree.SubElement(description, f"{{{_OURS}}}{name}").text = value
    packet: bytes = ElementTree.tostring(root, encoding="utf-8")
    return packet


def text_of_xmp(packet: bytes) -> dict[str, str]:
    """The texts of ours in a packet; none where it is damaged, or no XMP."""
    if len(packet) > _LONGEST or b"<!" in packet:  # no entities of a stranger's
        return {}
    try:
        root = ElementTree.fromstring(packet)
    except ElementTree.ParseError:
        return {}
    start = f"{{{_OURS}}}"
    return {
        each.tag.removeprefix(start): each.text or ""
        for each in root.iter()
        if isinstance(each.tag, str) and each.tag.startswith(start)
    }
