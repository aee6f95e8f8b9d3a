"""A cache of its own for every test, and a server on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ddrm_cli.weights import registry

from .server import Server, running


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache's folder, which does not exist yet; the user's own settings are out of reach."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("DDRM_CACHE_DIR", str(folder))
    monkeypatch.delenv("DDRM_OFFLINE", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(registry, "user_models_path", lambda: tmp_path / "config" / "models.toml")
    return folder


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as server:
        yield server
