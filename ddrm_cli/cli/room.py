"""Room for torch, asked for before it is loaded: where its libraries lack it they end the process.

Imports nothing that takes time.
"""

from __future__ import annotations

import mmap
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec

__all__ = ["RoomForTorch"]

_NEEDED = 480 << 20  # bytes of addresses that loading PyTorch 2.13 for CPUs takes


class RoomForTorch(MetaPathFinder):
    """Stands first on ``sys.meta_path``, and finds no module.

    Raises:
        OSError: Somebody imports torch, and there is too little room; its ``errno`` is ``ENOMEM``.
    """

    def find_spec(self, fullname: str, *_: object) -> ModuleSpec | None:
        """See `MetaPathFinder`."""
        if fullname == "torch":
            sys.meta_path.remove(self)
            mmap.mmap(-1, _NEEDED, access=mmap.ACCESS_COPY).close()  # takes no memory
        return None
