"""Numbers in words."""

from __future__ import annotations

__all__ = ["counted", "duration"]


def counted(number: int, what: str) -> str:
    """Such as ``1 step`` and ``2 steps``."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def duration(seconds: float) -> str:
    """Such as ``about 20 minutes``."""
    if seconds < 90:
        return f"about {counted(round(seconds), 'second')}"
    if seconds < 5400:
        return f"about {seconds / 60:.0f} minutes"
    return f"about {seconds / 3600:.1f} hours"
