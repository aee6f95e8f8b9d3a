"""What holds for all tests."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator

import pytest
import typer

# Before anything imports torch: its threads else wait by computing, and beside a busy process a
# test takes many times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


@pytest.fixture(scope="session", autouse=True)
def commands_once() -> Iterator[None]:
    """Typer makes all commands anew for each call, which takes longer than most calls do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("typer.testing._get_command", functools.cache(typer.main.get_command))
        yield
