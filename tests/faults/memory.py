"""Too little memory: a sentence, and nothing half written."""

from __future__ import annotations

from .bench import Bench, case

SHORT = "memory ran out"


def _limited(megabytes: int) -> tuple[str, ...]:
    return ("sh", "-c", f'ulimit -v {megabytes * 1000}; exec "$@"', "sh")


@case(150, 250, 350, 450, 500, 520, 540, 550, 560, 580, 600, 620, 650, 700, 740, 780, 820, 860,
      900, 1000, 1200)  # fmt: skip
def address_space(bench: Bench, megabytes: int) -> None:
    """Whatever memory there is, a restoration is whole, or a sentence says that it ran out."""
    bench.picture(side=64)
    end = bench.restore("a.png", "-o", "b.png", before=_limited(megabytes))
    end.in_order(0, 1)
    if end.code:
        assert SHORT in end.stderr.lower() or "smaller" in end.stderr, end.stderr[-400:]
        assert not (bench.work / "b.png").exists()
    bench.whole_pictures()
    assert not bench.litter()


@case(300, 700)
def large_picture(bench: Bench, megabytes: int) -> None:
    """A picture that does not fit is refused by a sentence."""
    bench.picture(side=3000)
    bench.run("degrade", "a.png", "-d", "deno", before=_limited(megabytes)).in_order(0, 1)
    bench.run("inspect", "a.png", before=_limited(megabytes)).in_order(0, 1)
