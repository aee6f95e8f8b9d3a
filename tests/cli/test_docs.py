"""``docs/cli.md`` says what ``--help`` says."""

from __future__ import annotations

import pytest

from tests.write_cli_docs import PAGE, commands, page

from .program import Program


def test_the_page_agrees_with_the_declarations() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.write_cli_docs"


@pytest.mark.parametrize("name", commands())
def test_help_says_all_that_the_page_says(ddrm: Program, name: str) -> None:
    # Lines are broken anywhere, and differently by every version of typer.
    shown = "".join(ddrm(name, "--help").stdout.split())
    command = commands()[name]
    assert "".join(command.help.split()) in shown
    for parameter in command.params:
        assert all(option in shown for option in parameter.opts if option.startswith("-"))
        assert "".join((parameter.help or "").split()) in shown
