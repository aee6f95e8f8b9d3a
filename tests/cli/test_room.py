"""Where there is no room for torch, that is an error like others, before its libraries find out."""

from __future__ import annotations

import errno
import subprocess
import sys

import pytest

pytest.importorskip("resource", reason="the system has no limits")

GUARDED = """
import resource, sys
from ddrm_cli.cli.room import RoomForTorch
sys.meta_path.insert(0, RoomForTorch())
resource.setrlimit(resource.RLIMIT_AS, (400 << 20, resource.RLIM_INFINITY))
import json.tool  # which asks for no room
try:
    import torch
except OSError as error:
    print(error.errno, "torch" in sys.modules)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="macOS does not keep this limit")
def test_torch_is_not_loaded_where_it_does_not_fit() -> None:
    done = subprocess.run(
        [sys.executable, "-c", GUARDED], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{errno.ENOMEM} False\n"
