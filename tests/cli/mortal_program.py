"""The program, of which one process stops in the middle of its first picture.

The environment says which: ``MORTAL_RANK``, torchrun's; and how: it makes the file ``MORTAL_FILE``
and kills itself, or with ``MORTAL_WAITS`` waits to be killed. Where the file is, nothing happens.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from ddrm_cli.__main__ import run
from ddrm_cli.restoration import Restoration, Restorer

restore = Restorer.__call__


def restore_or_die(restorer: Restorer, *arguments: Any, **options: Any) -> Restoration:
    if os.environ.get("RANK", "0") == os.environ.get("MORTAL_RANK", "0"):
        try:
            Path(os.environ["MORTAL_FILE"]).touch(exist_ok=False)
        except FileExistsError:
            return restore(restorer, *arguments, **options)
        if "MORTAL_WAITS" in os.environ:
            signal.pause()
        os.kill(os.getpid(), signal.SIGKILL)
    return restore(restorer, *arguments, **options)


if __name__ == "__main__":
    Restorer.__call__ = restore_or_die  # type: ignore[assignment,method-assign]
    run()
