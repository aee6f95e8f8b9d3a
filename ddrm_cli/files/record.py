"""The record of how a result was made, which it carries: in a text chunk of a PNG, or in XMP."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from ddrm_cli._version import __version__
from ddrm_cli.errors import DDRMError
from ddrm_cli.images.files import opened
from ddrm_cli.images.metadata import RESULT_KEY
from ddrm_cli.images.picture import Picture
from ddrm_cli.images.reading import read_picture

__all__ = ["file_digest", "read_record", "with_record"]


def with_record(picture: Picture, record: dict[str, Any]) -> Picture:
    """A picture that says how it was made.

    Args:
        picture: The result.
        record: What to remember; JSON's types.
    """
    metadata = picture.metadata
    text = {**metadata.text, RESULT_KEY: json.dumps({**record, "version": __version__})}
    return dataclasses.replace(picture, metadata=dataclasses.replace(metadata, text=text))


def read_record(path: Path) -> dict[str, Any] | None:
    """How a restored picture was made; None where it does not say."""
    try:
        # A result may be larger than any input is allowed to be.
        text = read_picture(path, max_pixels=sys.maxsize).metadata.text.get(RESULT_KEY)
        record = None if text is None else json.loads(text)
    except (DDRMError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal digits: a result remembers its inputs by it.

    Raises:
        ImageReadError: The file is missing or cannot be read.
    """
    digest = hashlib.sha256()
    with opened(path) as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
