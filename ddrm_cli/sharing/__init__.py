"""Work that several processes share: whose turn it is, who holds what, what came of it.

Whoever makes a result holds a lock of the system's for it (`claimed`), so that processes that know
nothing of each other never make one twice. Those that torchrun started, a `Crew`, also hear what
came of each other's work. `turns` puts both together.
"""

from __future__ import annotations

from .claims import claimed, remove_abandoned
from .crew import Crew, Memory, News, follows, launched, pause
from .turns import block, parse_shard, shard, turns

__all__ = [
    "Crew",
    "Memory",
    "News",
    "block",
    "claimed",
    "follows",
    "launched",
    "parse_shard",
    "pause",
    "remove_abandoned",
    "shard",
    "turns",
]
