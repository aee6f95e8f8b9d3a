"""Defaults of options from the user's TOML file."""

from __future__ import annotations

from pathlib import Path

import pytest

from ddrm_cli.cli import config

from .program import Program

COMMAND = ("restore", "photo.png", "-d", "deno", "--sigma", "0.05", "--dry-run", "--json")


def write(text: str) -> Path:
    path = Path("my.toml")
    path.write_text(text)
    return path


def test_the_file_gives_defaults_and_the_command_line_wins(ddrm: Program, photo: Path) -> None:
    write('[restore]\nsteps = 3\npreset = "paper"\neta-b = 0.5\n[degrade]\nseed = 7\n')
    (plan,) = ddrm(*COMMAND, "--config", "my.toml").objects
    assert (plan["steps"], plan["spacing"], plan["eta_b"]) == (3, "uniform", 0.5)
    (plan,) = ddrm(*COMMAND, "--config", "my.toml", "--steps", "4").objects
    assert (plan["steps"], plan["spacing"]) == (4, "uniform")


def test_every_command_has_its_own_table(ddrm: Program, photo: Path) -> None:
    write('[restore]\nsteps = 3\n[degrade]\nseed = 7\ndeg = "sr2"\nquiet = true\n')
    (result,) = ddrm("degrade", photo, "--json", "--config", "my.toml").objects
    assert (result["seed"], result["degradation"]) == (7, "sr2")


def test_texts_numbers_and_flags(ddrm: Program, photo: Path) -> None:
    write('[restore]\nsigma = 0.25\nquiet = true\nout = "there/x.png"\njson = true\n')
    (plan,) = ddrm("restore", photo, "-d", "deno", "--dry-run", "--config", "my.toml").objects
    assert plan["sigma"] == 0.25  # a text on the command line, or `auto`
    assert plan["output"] == "there/x.png"


def test_the_file_in_the_users_folder_is_used_when_it_is_there(
    ddrm: Program, photo: Path, tmp_path: Path
) -> None:
    own = config.config_path()
    assert own is not None
    own.parent.mkdir()
    own.write_text("[restore]\nsteps = 3\n")
    (plan,) = ddrm(*COMMAND).objects
    assert plan["steps"] == 3
    write("[restore]\nsteps = 5\n")
    (plan,) = ddrm(*COMMAND, "--config", "my.toml").objects
    assert plan["steps"] == 5


def test_the_users_folder_is_the_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # the fixture's own place for it
    path = config.config_path()
    assert path is not None
    assert (path.name, path.parent.name) == ("config.toml", "ddrm")


def test_arguments_stay_required(ddrm: Program) -> None:
    write("[restore]\nsteps = 3\n")
    outcome = ddrm("restore", "--config", "my.toml")
    assert outcome.exit_code == 2
    assert "PICTURE" in outcome.stderr


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        ("[restore]\nstep = 3", "'restore.step'", "is no option. Did you mean steps?"),
        ("[restore]\nconfig = 'x'", "'restore.config'", "is no option"),
        ("[degrade]\nsteps = 3", "'degrade.steps'", "is no option"),
        ("[restor]\nsteps = 3", "'restor'", "is no command. Did you mean [restore]?"),
        ("steps = 3", "'steps'", "is no command"),
        ("[download]\nall = true", "'download'", "is a command that takes no configuration"),
        ("[list-degradations]\njson = true", "'list-degradations'", "takes no configuration"),
        ("[restore]\nsteps = 'many'", "'restore.steps'", "valid integer"),
        ("[restore]\nsteps = 2.5", "'restore.steps'", "integer"),
        ("[restore]\nsteps = true", "'restore.steps'", "must be a text or a number, not True"),
        ("[restore]\nsteps = [1, 2]", "'restore.steps'", "must be a text or a number"),
        ("[restore]\nsteps = {a = 1}", "'restore.steps'", "must be a text or a number"),
        ("[restore]\nquiet = 'yes'", "'restore.quiet'", "must be true or false, not 'yes'"),
        ("[degrade]\nseed = -1", "'degrade.seed'", "is not possible"),
    ],
)
def test_a_mistake_is_named_with_file_and_key(
    ddrm: Program, photo: Path, text: str, key: str, says: str
) -> None:
    write(text)
    outcome = ddrm(*COMMAND, "--config", "my.toml")
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert outcome.stderr.startswith("Error: my.toml: the key ")
    assert key in outcome.stderr
    assert says in outcome.stderr


def test_an_impossible_value_is_traced_to_the_file(ddrm: Program, photo: Path) -> None:
    write('[restore]\npreset = "papr"\nsteps = 3\n')
    outcome = ddrm(*COMMAND, "--config", "my.toml", "--steps", "4")
    assert outcome.exit_code == 2
    assert "There is no preset named 'papr'. Did you mean paper?" in outcome.stderr
    assert outcome.stderr.endswith("These options come from my.toml: preset.\n")


@pytest.mark.parametrize(
    ("text", "says"),
    [("[restore", "The configuration 'my.toml' is not valid TOML"), (None, "There is no file")],
)
def test_a_file_that_cannot_be_used(
    ddrm: Program, photo: Path, text: str | None, says: str
) -> None:
    if text is not None:
        write(text)
    outcome = ddrm(*COMMAND, "--config", "my.toml")
    assert outcome.exit_code == 2
    assert says in outcome.stderr


def test_help_needs_no_file(ddrm: Program) -> None:
    own = config.config_path()
    assert own is not None
    own.parent.mkdir()
    own.write_text("nonsense")
    assert ddrm("restore", "--help").exit_code == 0
