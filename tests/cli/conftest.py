"""A folder of its own for every test, the program as a function, and pictures to restore."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from ddrm_cli import prior
from ddrm_cli.cli import config
from ddrm_cli.cli.main import app
from ddrm_cli.weights import registry
from ddrm_cli.weights.load import load_network
from ddrm_cli.weights.model import Model
from tests.hearing import HEARING

from .program import Outcome, Program

PHOTOS = Path(__file__).parents[1] / "data" / "photos"


_networks: dict[tuple[Path, int, torch.dtype], Any] = {}


@pytest.fixture(autouse=True)
def load_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks are loaded once for all tests: loading takes longer than what they do here."""

    def load(model: Model, path: Path, *, device: torch.device, dtype: torch.dtype) -> Any:
        key = (path, path.stat().st_mtime_ns, dtype)
        if key not in _networks:
            _networks[key] = load_network(model, path, device=device, dtype=dtype)
        return _networks[key]

    monkeypatch.setattr(prior, "load_network", load)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, empty; the user's own files of settings are out of reach."""
    home = tmp_path / "home"
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("DDRM_CACHE_DIR", str(home / "cache"))
    monkeypatch.setenv("DDRM_OFFLINE", "1")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(config, "config_path", lambda: home / "config.toml")
    monkeypatch.setattr(registry, "user_models_path", lambda: home / "models.toml")
    return work


@pytest.fixture
def ddrm() -> Program:
    """The program in this process: fast, and tests can take its parts away."""

    def run(*arguments: str | Path) -> Outcome:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Outcome(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def ddrm_process() -> Callable[..., subprocess.Popen[str]]:
    """The program in a process of its own."""

    def start(*arguments: str | Path) -> subprocess.Popen[str]:
        code = f"{HEARING}from ddrm_cli.__main__ import run; run()"
        return subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"},
        )

    return start


@pytest.fixture
def photo(folder: Path) -> Path:
    """A photograph of 64 x 64 pixels."""
    path = folder / "photo.png"
    with Image.open(PHOTOS / "astronaut.png") as image:
        image.convert("RGB").crop((96, 32, 160, 96)).save(path)
    return path
