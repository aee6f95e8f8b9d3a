"""How far a run is: bars, lines or JSON, all by a clock that the test holds."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from ddrm_cli.cli import progress
from ddrm_cli.cli.run_progress import Place, run_progress
from ddrm_cli.cli.voice import Voice

from .program import Program, opened


class Clock:
    """Shows what it is set to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def run(kind: str, *, quiet: bool = False, total: int = 2) -> None:
    """Two pictures of 40 seconds, told of at each quarter."""
    clock = Clock()
    done = 0
    with run_progress(Voice(quiet=quiet), kind, lambda: (done, total), clock=clock) as shown:
        for name in ("a.png", "b.png")[:total]:
            shown.picture(name)
            for quarter in range(1, 5):
                clock.seconds += 10
                shown.part(quarter / 4)
            done += 1


def test_the_time_left_is_over_all_pictures() -> None:
    place = Place("b.png", share=0.5, done=1, total=4, seconds=30)
    assert place.all == pytest.approx(1.5 / 4)
    assert place.seconds_left == pytest.approx(50)  # 20 seconds each, two and a half to go
    assert Place("a.png", 0, 0, 4, 3).seconds_left is None


def test_where_there_is_no_terminal_a_line_comes_every_thirty_seconds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run("bar")
    assert capsys.readouterr().err.splitlines() == [
        "0 of 2 pictures done, a.png 75%, about 50 seconds left.",
        "1 of 2 pictures done, b.png 50%, about 20 seconds left.",
    ]
    run("bar", total=1)
    assert capsys.readouterr().err == "a.png 75%, about 10 seconds left.\n"


@pytest.mark.parametrize(("kind", "quiet"), [("none", False), ("bar", True)])
def test_silence(capsys: pytest.CaptureFixture[str], kind: str, quiet: bool) -> None:
    run(kind, quiet=quiet)
    assert capsys.readouterr().err == ""


def test_json_is_for_programs_that_draw_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    run("json", quiet=True)
    told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert len(told) == 10  # a beginning and four quarters each
    assert [each["progress"] for each in told] == sorted(each["progress"] for each in told)
    assert told[7] == {
        "progress": 0.75,
        "picture": "b.png",
        "share": 0.5,
        "done": 1,
        "total": 2,
        "seconds_left": 20.0,
    }


def test_a_terminal_sees_a_bar_for_all_and_one_for_the_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen = io.StringIO()
    terminal = Console(file=screen, force_terminal=True, width=100)
    monkeypatch.setattr(progress, "stderr", terminal)
    run("bar")
    for text in ("all", "1 of 2 pictures", "b.png", "100%", "left"):
        assert text in screen.getvalue()


def test_bars_wait_for_the_first_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """A download that has to be asked for, and shown, comes before them."""
    screen = io.StringIO()
    monkeypatch.setattr(progress, "stderr", Console(file=screen, force_terminal=True, width=100))
    with run_progress(Voice(), "bar", lambda: (0, 1)) as shown:
        with progress.byte_bar(Voice()) as told:
            told("weights", 1, 2)
        assert "weights" in screen.getvalue()
        assert "a.png" not in screen.getvalue()
        shown.picture("a.png")
    assert "a.png" in screen.getvalue()


def test_progress_moves_with_every_tile_of_a_run(ddrm: Program, photo: Path) -> None:
    opened(photo).resize((32, 32)).save("small.png")
    command = ("restore", "small.png", "-d", "deno", "--sigma", "0.1", "--steps", "2")
    outcome = ddrm(*command, "--progress", "json", "--samples", "2")
    assert outcome.exit_code == 0, outcome.stderr
    told = [json.loads(line) for line in outcome.stderr.splitlines() if line.startswith("{")]
    assert [each["share"] for each in told] == [0, 0.25, 0.5, 0.75, 1]


@pytest.mark.parametrize("kind", ["bar", "json"])
def test_waiting_for_others_is_told_as_it_changes(
    capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    clock, done = Clock(), 1
    with run_progress(Voice(), kind, lambda: (done, 4), clock=clock) as shown:
        for _ in range(3):
            clock.seconds += 20
            shown.waiting()
        done = 3
        shown.waiting()
    told = capsys.readouterr().err.splitlines()
    if kind == "json":
        assert [(each["picture"], each["done"]) for each in map(json.loads, told)] == [
            ("", 1),
            ("", 3),
        ]
    else:
        assert told == ["1 of 4 pictures done, others do the rest, about 2 minutes left."]
