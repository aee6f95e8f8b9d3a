"""What an error becomes on the command line: a sentence and an exit code."""

from __future__ import annotations

from ddrm_cli.errors import DDRMError, UsageError, is_out_of_memory

__all__ = ["FAILED", "INTERRUPTED", "WRONG_USAGE", "exit_code", "explain"]

FAILED, WRONG_USAGE, INTERRUPTED = 1, 2, 130  # 130 is the shell's own for Ctrl-C


def explain(error: Exception) -> str:
    """What is wrong, and what to do next."""
    if isinstance(error, DDRMError):
        return str(error)
    if is_out_of_memory(error):
        return "Memory ran out. Close other programs, or take a smaller picture."
    if isinstance(error, OSError) and error.strerror:
        name = "" if error.filename is None else f"'{error.filename}': "
        return f"{name}{error.strerror}. Check the file, its folder and their permissions."
    what = f"{type(error).__name__}: {error}".rstrip(": ").splitlines()[0]
    return (
        f"This should not have happened: {what}. "
        "Run the same command with --debug and report what it prints."
    )


def exit_code(error: Exception) -> int:
    """The program's exit code for an error that ends it."""
    return WRONG_USAGE if isinstance(error, UsageError) else FAILED
