"""Throw faults at an installed ``ddrm``, and see whether its promises hold.

::

    python -m tests.faults.run                       # all; about twenty minutes on one core
    python -m tests.faults.run texts servers         # some kinds
    python -m tests.faults.run --only pipe --seed 3  # some cases, other moments and bytes
    python -m tests.faults.run --ddrm /usr/bin/ddrm  # another program

A folder of its own for each case; nothing of the user's is read or written. Prints each case that
does not hold with what it promises, and a table. The exit code is 1 where one does not hold. Some
need root (a small tmpfs), or ``strace``; where these are not there, their cases are skipped.
"""

from __future__ import annotations

import argparse
import random
import shlex
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

from . import (
    folders,
    interrupts,
    kills,
    limits,
    memory,
    pipes,
    repairs,
    results,
    servers,
    surroundings,
    texts,
    together,
)
from .bench import CASES, Bench, Case, SkipError, default_program

KINDS = [
    module.__name__.rpartition(".")[2]
    for module in (
        folders,
        results,
        repairs,
        servers,
        pipes,
        limits,
        kills,
        surroundings,
        texts,
        memory,
        interrupts,
        together,
    )
]


def throw(case: Case, program: list[str], seed: int) -> str:
    """Throw one; ``"held"``, or why it was skipped or failed."""
    folder = Path(tempfile.mkdtemp(prefix="ddrm-faults-"))
    folder.chmod(0o755)  # some cases run as another user
    try:
        case.check(
            Bench(folder, program, random.Random(f"{seed} {case.name}".encode(errors="replace")))
        )
    except SkipError as skip:
        return f"skipped: {skip}"
    except AssertionError as error:
        return f"failed: {error}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return "held"


def main(arguments: list[str] | None = None) -> int:
    """Throw those that are asked for; 1 where one does not hold."""
    parser = argparse.ArgumentParser(description="Throw faults at an installed ddrm.")
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"of {', '.join(KINDS)}")
    parser.add_argument("--only", default="", help="cases whose names hold this")
    parser.add_argument("--seed", type=int, default=0, help="of moments and bytes")
    parser.add_argument("--ddrm", help="the program, as a shell would take it")
    asked = parser.parse_args(arguments)
    program = shlex.split(asked.ddrm) if asked.ddrm else default_program()
    kinds = asked.kinds or KINDS
    counts: Counter[tuple[str, str]] = Counter()
    for case in CASES:
        if case.kind not in kinds or asked.only not in case.name:
            continue
        outcome = throw(case, program, asked.seed)
        word, _, why = outcome.partition(": ")
        counts[case.kind, word] += 1
        if word == "failed":
            print(f"{case.kind}: {case.name}\n  promise: {case.promise}\n  but: {why}", flush=True)
    print("| kind | tried | held | failed | skipped |\n|---|---|---|---|---|")
    for kind in [*kinds, "all"]:
        row = [
            sum(n for (k, w), n in counts.items() if w == word and kind in (k, "all"))
            for word in ("held", "failed", "skipped")
        ]
        print(f"| {kind} | {row[0] + row[1]} | {row[0]} | {row[1]} | {row[2]} |")
    return int(any(word == "failed" for _, word in counts))


if __name__ == "__main__":
    sys.exit(main())
