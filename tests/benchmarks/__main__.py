"""All figures of docs/performance.md in one table: ``python -m tests.benchmarks``; needs Linux.

It takes 20 minutes on two cores that have nothing else to do, and 6 GB of memory. Each row is
printed when it is known; ``--into docs/performance.md`` then replaces the table of that page.
"""

from __future__ import annotations

import argparse
import datetime
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import torch

from . import commands, memory, network, operators, sharing
from .rows import PRECISION, Row, peak

BENCHMARKS: Mapping[str, Callable[[], Iterable[Row]]] = {
    "network": network.rows,
    "commands": commands.rows,
    "memory": memory.rows,
    "operators": operators.rows,
    "sharing": sharing.rows,
}
BEGIN, END = "<!-- table of tests.benchmarks -->", "<!-- end of the table -->"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", default=list(BENCHMARKS), choices=BENCHMARKS)
    parser.add_argument("--into", type=Path, metavar="PAGE", help="replace the table of this page")
    asked = parser.parse_args()
    text = ""
    for line in lines(asked.only):
        print(line, flush=True)
        text += f"{line}\n"
    if asked.into is not None:
        before, rest = asked.into.read_text(encoding="utf-8").split(BEGIN)
        _, after = rest.split(END)
        whole = f"{before}{BEGIN}\n{text}{END}{after}"
        asked.into.write_text(whole, encoding="utf-8")


def lines(names: Iterable[str]) -> Iterator[str]:
    """Of the table, and of what was measured where."""
    short = str(PRECISION).removeprefix("torch.")
    peaks = (f"{peak(dtype) / 1e9:.0f} in {dtype}" for dtype in (torch.float32, torch.bfloat16))
    today = datetime.datetime.now(tz=datetime.timezone.utc)
    yield f"{today:%d %B %Y}, {processor()}, {torch.get_num_threads()} threads, {short}, torch"
    yield f"{torch.__version__}; the machine's peak, in products of matrices:"
    yield f"{' and '.join(peaks).replace('torch.', '')} GFLOP/s."
    yield ""
    yield "| | measured | reached, of the peak | goal, at most |"
    yield "|---|---|---|---|"
    for name in names:
        for row in BENCHMARKS[name]():
            yield f"| {' | '.join(row)} |"


def processor() -> str:
    """Its name, as Linux has it, and its matrix units."""
    known = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    facts = dict(line.split(":", 1) for line in known if ":" in line)
    named = {key.strip(): value.strip() for key, value in facts.items()}
    with_units = "with" if "amx_bf16" in named.get("flags", "") else "without"
    return f"{named.get('model name', platform.machine())} {with_units} matrix units (AMX)"


if __name__ == "__main__":
    main()
