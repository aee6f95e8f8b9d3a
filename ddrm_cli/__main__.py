"""``python -m ddrm_cli`` is the program ``ddrm``."""

from __future__ import annotations

import contextlib
import sys

from ddrm_cli.cli.room import RoomForTorch
from ddrm_cli.cli.signals import INTERRUPTED_SENTENCE, Stopped, ignore_signals, stop_in_order

__all__ = ["run"]


def run() -> None:
    """Entry point of the console script: signals are heeded before anything is imported."""
    stop_in_order()
    sys.meta_path.insert(0, RoomForTorch())
    try:
        from ddrm_cli.cli.main import run as run_command

        run_command()
    except Stopped as stopped:
        from ddrm_cli.cli.streams import write_line

        with contextlib.suppress(OSError):
            write_line(sys.stderr, INTERRUPTED_SENTENCE)
        raise SystemExit(stopped.exit_code) from None
    finally:
        ignore_signals()


if __name__ == "__main__":
    run()
