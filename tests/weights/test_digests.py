"""Which weights a file holds: as the table says, or as its content does."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from ddrm_cli.weights import digests
from ddrm_cli.weights.digests import weights_digest
from ddrm_cli.weights.model import WeightsFile


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DDRM_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_what_the_table_says_counts(tmp_path: Path) -> None:
    file = WeightsFile("a.pt", path=tmp_path / "a.pt", sha256="1" * 64)
    assert weights_digest(file) == "sha256:" + "1" * 64


def test_a_file_of_ones_own_is_hashed_once_until_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.pt"
    file = WeightsFile("a.pt", path=path)
    assert weights_digest(file) is None
    hashed = list[Path]()
    hash_file = digests._hash

    def counted(path: Path) -> str:
        hashed.append(path)
        return hash_file(path)

    monkeypatch.setattr(digests, "_hash", counted)
    path.write_bytes(b"abc")
    os.utime(path, ns=(1, 1))
    expected = "sha256:" + hashlib.sha256(b"abc").hexdigest()
    assert [weights_digest(file) for _ in range(3)] == [expected] * 3
    assert len(hashed) == 1
    path.write_bytes(b"xyz")  # as long, a little later
    os.utime(path, ns=(2, 2))
    assert weights_digest(file) != expected
    assert len(hashed) == 2


@pytest.mark.parametrize("memory", ["no json", "[]", "[1]", '{"a": 1}', "[" * 9999, None])
def test_a_memory_that_is_damaged_or_cannot_be_kept_costs_only_time(
    tmp_path: Path, cache: Path, memory: str | None
) -> None:
    path = tmp_path / "a.pt"
    path.write_bytes(b"abc")
    if memory is None:
        cache.write_text("no folder")
    else:
        cache.mkdir()
        (cache / "digests.json").write_text(memory)
    digest = weights_digest(WeightsFile("a.pt", path=path))
    assert digest == "sha256:" + hashlib.sha256(b"abc").hexdigest()
