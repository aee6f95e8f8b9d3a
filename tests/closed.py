"""A folder that may not be looked into, also for root, who may do anything."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def closed_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a folder whose entries the system does not tell."""
    folder.mkdir()
    scandir = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == folder.name:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
