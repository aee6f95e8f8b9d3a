"""The digest of a file of weights: the table's, or its own, which is computed once."""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
from pathlib import Path
from typing import Any

from ddrm_cli.errors import WeightsError
from ddrm_cli.untrusted import parse_json, read_text

from .cache import cache_dir, file_path
from .model import Model, WeightsFile
from .verify import CHUNK, expected_digest

__all__ = ["model_digest", "weights_digest"]


def model_digest(model: Model) -> str | None:
    """Which weights a model has, network and classifier; None if nobody knows yet."""
    known = [digest for digest in map(weights_digest, model.files) if digest is not None]
    return ", ".join(known) or None


def weights_digest(file: WeightsFile) -> str | None:
    """Which weights a file holds, such as ``sha256:b032fb...``; None if nobody knows yet.

    Files enter the cache by what the table or an earlier download says of them, so that is taken
    for theirs. Of a file that nobody says anything of the content counts. It is remembered by size,
    time and inode in ``digests.json`` in the cache, as hashing gigabytes takes seconds.

    Args:
        file: As the table of models has it.
    """
    expected = expected_digest(file)
    if expected.digest is not None:
        return f"{expected.algorithm}:{expected.digest}"
    path = file_path(file).absolute()
    return f"sha256:{_remembered(path)}" if path.is_file() else None


def _remembered(path: Path) -> str:
    memory, found = cache_dir() / "digests.json", path.stat()
    stamp = [found.st_size, found.st_mtime_ns, found.st_ino]
    known: dict[str, Any] = {}
    with contextlib.suppress(WeightsError, ValueError, TypeError):
        known = dict(parse_json(read_text(memory, WeightsError)))
    with contextlib.suppress(LookupError, TypeError):
        if known[str(path)]["stamp"] == stamp:
            return str(known[str(path)]["sha256"])
    digest = _hash(path)
    known[str(path)] = {"stamp": stamp, "sha256": digest}
    with contextlib.suppress(OSError):  # then it is hashed again the next time
        memory.parent.mkdir(parents=True, exist_ok=True)
        part = memory.with_name(f".{memory.name}-{secrets.token_hex(8)}.part")
        part.write_text(json.dumps(known), encoding="utf-8")
        part.replace(memory)
    return digest


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
