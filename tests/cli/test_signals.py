"""Signals end the program in order, from its first line on."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.hearing import HEARING

BEGUN = """
import signal, sys
from ddrm_cli.cli import signals
from ddrm_cli import __main__

class Importing:
    def find_spec(self, name, *_):
        if name == "ddrm_cli.cli.main":
            sys.meta_path.remove(self)
            signal.raise_signal({number})
        return None

sys.meta_path.insert(0, Importing())
__main__.run()
"""


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_while_modules_are_imported(name: str, code: int) -> None:
    number = getattr(signal, name, None)
    if number is None:
        pytest.skip("the system has no such signal")
    done = subprocess.run(
        [sys.executable, "-c", HEARING + BEGUN.format(number=int(number))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert done.stderr == "Interrupted. What was finished is kept; nothing is half written.\n"


TWICE = """
import signal
from ddrm_cli.cli.signals import Stopped, stop_in_order
stop_in_order()
try:
    try:
        signal.raise_signal(signal.SIGINT)
    finally:
        signal.raise_signal(signal.SIGINT)
        print("cleaned up", flush=True)
except Stopped as stopped:
    print(stopped.exit_code, flush=True)
signal.raise_signal(signal.SIGINT)
print("deaf")
"""


def test_the_second_lets_the_first_be_cleaned_up_after_and_the_third_ends_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HEARING + TWICE], capture_output=True, text=True, check=False
    )
    assert done.stdout == "cleaned up\n130\n"
    assert done.returncode == 130


def test_what_is_ignored_stays_so() -> None:
    if not hasattr(signal, "SIGHUP"):
        pytest.skip("the system has no such signal")
    code = (
        "import signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from ddrm_cli.cli.signals import stop_in_order\nstop_in_order()\n"
        "signal.raise_signal(signal.SIGHUP)\nprint('goes on')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "goes on\n"
