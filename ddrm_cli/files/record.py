"""The record of how a result was made, which it carries: in a text chunk of a PNG, or in XMP."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ddrm_cli._version import __version__
from ddrm_cli.errors import DDRMError
from ddrm_cli.images.files import opened
from ddrm_cli.images.masks import Mask
from ddrm_cli.images.metadata import RESULT_KEY
from ddrm_cli.images.picture import Picture
from ddrm_cli.images.reading import read_picture

__all__ = ["described", "described_mask", "file_digest", "read_record", "with_record"]


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


def described(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of a degradation, of JSON's types: instead of an array its SHA-256.

    Args:
        parameters: Numbers, texts and arrays.
    """
    found = dict[str, Any]()
    for name, value in parameters.items():
        if isinstance(value, np.ndarray):
            shape = repr(value.shape).encode()
            found[f"{name}_sha256"] = hashlib.sha256(shape + value.tobytes()).hexdigest()
        else:
            found[name] = value
    return found


def described_mask(mask: Mask) -> dict[str, Any]:
    """A mask, of JSON's types.

    Args:
        mask: Drawn in a file.

    Raises:
        ImageReadError: The file is missing or cannot be read.
    """
    assert isinstance(mask.drawn, Path)
    return {
        "mask_sha256": file_digest(mask.drawn),
        "mask_grow": mask.grow,
        "mask_invert": mask.invert,
    }


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
