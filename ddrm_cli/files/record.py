"""The record of how a result was made, which it carries: in a text chunk of a PNG, or in XMP."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ddrm_cli._version import __version__
from ddrm_cli.images.ending import is_cut_short
from ddrm_cli.images.files import file_digest
from ddrm_cli.images.masks import Mask
from ddrm_cli.images.metadata import RESULT_KEY
from ddrm_cli.images.picture import Picture
from ddrm_cli.images.reading import COMMENT, read_texts
from ddrm_cli.sampler.settings import Settings
from ddrm_cli.untrusted import parse_json

__all__ = [
    "asked_options",
    "comment_of",
    "described",
    "described_mask",
    "difference",
    "read_record",
    "record_difference",
    "with_record",
]


def asked_options(
    settings: Settings,
    model: str,
    *,
    automatic: bool = False,
    quality: int | None = None,
    tile: int | None = None,
    label: str | None = None,
    seed: int = 0,
    averaged: int = 1,
) -> dict[str, Any]:
    """What a result depends on beside its problem and the weights, as options say it; JSON's types.

    Args:
        settings: The sampler's.
        model: As it was named.
        automatic: Whether each picture shows itself how it was degraded.
        quality: Of a result as JPEG or WebP.
        tile: Side of the windows; None takes the model's.
        label: The class, as it was named.
        seed: The first sample's.
        averaged: Samples that a result is the mean of.
    """
    return {
        "automatic": automatic,
        "quality": quality,
        "model": model,
        "tile": tile,
        "class": label,
        "seed": seed,
        "averaged": averaged,
        **dataclasses.asdict(settings),
    }


_LONGEST = 40  # characters of a value that is shown


def with_record(picture: Picture, record: dict[str, Any]) -> Picture:
    """A picture that says how it was made.

    Args:
        picture: The result.
        record: What to remember; JSON's types.
    """
    metadata = picture.metadata
    text = {**metadata.text, RESULT_KEY: _text(record)}
    return dataclasses.replace(picture, metadata=dataclasses.replace(metadata, text=text))


def comment_of(record: dict[str, Any]) -> bytes:
    """What a GIF says of how it was made."""
    return COMMENT + _text(record).encode()


def _text(record: dict[str, Any]) -> str:
    return json.dumps({**record, "version": __version__})


def read_record(path: Path) -> dict[str, Any] | None:
    """How a restored picture was made; None where it does not say."""
    try:
        record = parse_json(read_texts(path).get(RESULT_KEY, "null"))
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def record_difference(path: Path, asked: Mapping[str, Any]) -> str | None:
    """How a result that exists differs from what would be made, a sentence; None if it does not.

    Args:
        path: The result. One that does not say how it was made, as BMP cannot, or that was cut
            short after it said so, is not believed.
        asked: What results depend on.
    """
    record = read_record(path)
    if record is None or not isinstance(record.get("asked"), dict):
        return f"'{path}' exists already, and does not say how it was made."
    if is_cut_short(path):
        return f"'{path}' exists already, and was cut short."
    by = record.get("version")
    by = "" if by == __version__ else f", by version {by}"
    return difference(path, record["asked"], asked, by)


def difference(
    path: Path, was: Mapping[str, Any], now: Mapping[str, Any], by: str = ""
) -> str | None:
    """How what a file was made with differs from what is asked for; None if it does not.

    Args:
        path: The file.
        was: What it depended on; what is None was not given.
        now: What it would depend on.
        by: Which other version made it, if another did.
    """
    was, now = _flat(was), _flat(now)
    changed = [key for key in {**was, **now} if was.get(key) != now.get(key)]
    if "input" in changed:
        return f"'{path}' was made of another picture."
    if by:  # settings that another version did not know say nothing, unless all of them are such
        changed = [key for key in changed if key in was] or changed
    told = ", ".join(_change(key, was.get(key), now.get(key)) for key in changed)
    return f"'{path}' was made with other settings{by}: {told}." if changed else None


def _flat(asked: Mapping[str, Any]) -> dict[str, Any]:
    """With the degradation's parameters among all others."""
    parameters = asked.get("parameters")
    inner = parameters if isinstance(parameters, dict) else {}
    return {key: value for key, value in {**asked, **inner}.items() if key != "parameters"}


def _change(key: str, was: object, now: object) -> str:
    """Such as ``seed 0 instead of 5``; digests, and kernels in full, are not shown."""
    shown = ["none" if value is None else str(value) for value in (was, now)]
    if max(map(len, shown)) > _LONGEST:
        return f"another {key.removesuffix('_sha256')}"
    return f"{key} {shown[0]} instead of {shown[1]}"


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
