"""What an error becomes on the command line: a sentence and an exit code."""

from __future__ import annotations

import errno
import sys

from ddrm_cli.errors import DDRMError, UsageError

__all__ = ["FAILED", "INTERRUPTED", "WRONG_USAGE", "exit_code", "explain"]

FAILED, WRONG_USAGE, INTERRUPTED = 1, 2, 130  # 130 is the shell's own for Ctrl-C


def explain(error: Exception) -> str:
    """What is wrong, and what to do next."""
    if isinstance(error, DDRMError):
        return str(error)
    if _is_out_of_memory(error):
        return "Memory ran out. Close other programs, or take a smaller picture."
    what = f"{type(error).__name__}: {error}".rstrip(": ").splitlines()[0]
    return (
        f"This should not have happened: {what}. "
        "Run the same command with --debug and report what it prints."
    )


def _is_out_of_memory(error: Exception) -> bool:
    if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
        return True
    if "torch" not in sys.modules:  # loading it takes seconds, and memory
        return False
    from ddrm_cli.sampler.tiling import is_out_of_memory

    return is_out_of_memory(error)


def exit_code(error: Exception) -> int:
    """The program's exit code for an error that ends it."""
    return WRONG_USAGE if isinstance(error, UsageError) else FAILED
