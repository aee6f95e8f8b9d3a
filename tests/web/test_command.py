"""The command: what it prints, what it needs, and that nothing is left when it ends."""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from typer.testing import CliRunner

from ddrm_cli.cli.main import app
from tests.hearing import HEARING

ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/[\w-]{22}/\n")


def test_without_the_extra_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    result = CliRunner().invoke(app, ["web"])
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: The page needs more packages.")
    assert result.stderr.endswith(" Run: pip install starlette uvicorn\n")


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(app, ["web", "--no-browser", "--port", str(port)])
    assert result.exit_code == 2
    assert f"Port {port} cannot be listened at" in result.stderr
    assert result.stderr.endswith("Choose another with --port, or leave it out.\n")


@contextmanager
def running(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command in a process of its own, whose temporary files are in a folder; its address."""
    code = f"{HEARING}from ddrm_cli.__main__ import run; run()"
    with subprocess.Popen(
        [sys.executable, "-c", code, "web", "--no-browser"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(folder), "OMP_NUM_THREADS": "1"},
    ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline()
        finally:
            process.kill()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="has other signals")
@pytest.mark.parametrize("names", [["SIGINT"], ["SIGTERM"], ["SIGHUP"], ["SIGINT", "SIGINT"]])
def test_however_it_is_ended_nothing_is_left(tmp_path: Path, photo: Path, names: list[str]) -> None:
    """In the middle of a restoration, too; who asks twice is not answered sooner, but the same."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    with running(folder) as (process, address):
        assert ADDRESS.fullmatch(address)
        address = address.strip()
        sent = requests.put(f"{address}photos/p.png", data=photo.read_bytes(), timeout=60)
        key = sent.json()["key"]
        order = {"degradation": "color"}
        answer = requests.post(f"{address}photos/{key}/restoration", json=order, timeout=60)
        assert answer.status_code == 202
        kept = [path for path in folder.rglob("p.png")]
        assert len(kept) == 1
        assert kept[0].parents[1].stat().st_mode & 0o077 == 0  # nobody else may look
        for name in names:
            process.send_signal(getattr(signal, name))
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 0
    assert stderr.splitlines()[-1] == "Ended. Nothing of the photographs was kept."
    assert "Traceback" not in stderr
    assert list(folder.iterdir()) == []
