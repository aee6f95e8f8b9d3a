"""Programs that hear every signal, though the shell that started the tests may be deaf to some.

One that runs them in the background ignores Ctrl-C, and ``nohup`` the end of the terminal.
"""

from __future__ import annotations

__all__ = ["HEARING"]

HEARING = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
"""
"""What such a program begins with."""
