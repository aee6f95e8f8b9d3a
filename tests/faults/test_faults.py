"""That the script works: a few of its cases hold, and it says so."""

from __future__ import annotations

import shlex
import sys

import pytest

from . import run
from .bench import CASES

DDRM = shlex.join([sys.executable, "-m", "ddrm_cli"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "only"),
    [("pipes", "named_pipe[c.toml]"), ("repairs", "wrong_file"), ("interrupts", "once[0.2]")],
)
def test_a_few_cases_hold(kind: str, only: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main([kind, "--only", only, "--ddrm", DDRM]) == 0
    assert "| all | 1 | 1 | 0 | 0 |" in capsys.readouterr().out


def test_every_case_has_a_name_of_its_own_and_a_promise() -> None:
    names = [(case.kind, case.name) for case in CASES]
    assert len(set(names)) == len(names)
    assert all(case.promise.endswith(".") for case in CASES)
    assert {case.kind for case in CASES} == set(run.KINDS)
