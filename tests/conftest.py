"""What holds for all tests."""

from __future__ import annotations

import os

# Before anything imports torch: its threads else wait by computing, and beside a busy process a
# test takes many times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
