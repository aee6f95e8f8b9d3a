"""What a user sees before anything is done: panels, completion, other words for names."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ddrm_cli.degradations.table import ALIASES, DEGRADATIONS, Degradation
from ddrm_cli.weights.registry import load_models
from tests.write_cli_docs import commands

from .program import Program, files_below

PANELS = ["Arguments", "Task", "Output", "Sampler", "Model", "Machine", "Options"]


def test_every_option_of_restore_stands_in_a_panel(ddrm: Program) -> None:
    lines = ddrm("restore", "--help").stdout.splitlines()
    headings = [line.removesuffix(":") for line in lines if line[:1].isalpha() and line[-1] == ":"]
    assert headings == PANELS
    without = {
        parameter.name
        for parameter in commands()["restore"].params
        if parameter.param_type_name == "option" and not parameter.rich_help_panel
    }
    assert without == {"config", "debug"}


def test_the_help_of_restore_has_three_examples_that_parse(ddrm: Program) -> None:
    restore = commands()["restore"]
    examples = [
        paragraph.split()
        for paragraph in inspect.cleandoc(restore.help).split("\n\n")
        if paragraph.startswith("ddrm restore")
    ]
    assert len(examples) == 3
    for _, _, *arguments in examples:
        assert restore.make_context("restore", arguments, resilient_parsing=True).params["deg"]


def completions(typed: str, **environment: str) -> list[str]:
    """What bash is offered after what was typed; fails where torch was loaded for it."""
    code = (
        "import sys\nsys.modules['torch'] = None\n"  # importing it is an error
        "from ddrm_cli.cli.main import run\nrun()"
    )
    environment |= {"COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "_DDRM_COMPLETE": "complete_bash", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.split("\n")[:-1] if done.stdout.endswith("\n") else done.stdout.split("\n")


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("ddrm restore --deg ", ["auto", *DEGRADATIONS]),
        ("ddrm degrade --deg ", list(DEGRADATIONS)),
        ("ddrm evaluate --deg a", ["all"]),
        ("ddrm restore --deg sr_lan", [f"sr_lanczos{number}" for number in range(2, 17)]),
        ("ddrm restore --model imagenet-2", ["imagenet-256", "imagenet-256-cc"]),
        ("ddrm download ", list(load_models())),
        ("ddrm restore --preset ", ["standard", "fast", "detailed", "paper"]),
        ("ddrm restore --device ", ["auto", "cpu", "cuda", "mps"]),
        ("ddrm evaluate --metric ", ["lpips", "kid", "fid"]),
    ],
)
def test_the_shell_completes_values_without_torch(typed: str, offered: list[str]) -> None:
    assert completions(typed) == offered


def test_a_broken_table_of_models_says_nothing_to_the_shell(folder: Path) -> None:
    Path("own.toml").write_text("not toml")
    assert completions("ddrm restore --models own.toml --model ") == [""]


@pytest.mark.parametrize(("word", "name"), ALIASES.items())
def test_other_words_are_their_entries_from_the_beginning(word: str, name: str) -> None:
    assert word not in DEGRADATIONS
    assert Degradation(word).name == name


def test_a_result_is_named_after_the_entry_and_known_again(
    ddrm: Program, photo: Path, folder: Path
) -> None:
    Path("in").mkdir()
    photo.rename("in/photo.png")
    options = ("in", "--sigma", "0.1", "--device", "cpu")
    assert ddrm("restore", *options, "--deg", "denoise").exit_code == 0
    assert files_below(folder) == {"in/photo.png", "in/photo_restored_deno.png"}
    assert "skipped" in ddrm("restore", *options, "--deg", "deno").stderr


def test_deblurring_without_a_kernel_names_what_needs_none(ddrm: Program, photo: Path) -> None:
    outcome = ddrm("restore", photo, "--deg", "deblur")
    assert outcome.exit_code == 2
    assert (
        "Give one with --kernel, or use deblur_gauss --blur, deblur_uni or deblur_motion."
        in outcome.stderr
    )


def test_a_table_in_a_pipe_has_a_row_a_line(ddrm: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS")
    rows = ddrm("download").stdout.splitlines()
    models = load_models()
    found = {row.split()[0]: row for row in rows if row.split()[0] in models}
    assert list(found) == list(models)
    for name, model in models.items():
        assert (model.good_at or model.description) in found[name]
        assert model.licence in found[name]
