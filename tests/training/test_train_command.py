"""``ddrm train``, and what it wrote in ``ddrm restore`` and ``ddrm evaluate``."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner, Result

from ddrm_cli.cli import config
from ddrm_cli.cli.main import app
from ddrm_cli.training import train as train_module
from ddrm_cli.training.batches import Batch
from ddrm_cli.training.learner import Learner
from ddrm_cli.training.monitor import Monitor
from ddrm_cli.training.output import Output
from ddrm_cli.weights.registry import load_models

from .conftest import RECIPE, TOY, draw_photograph, toy_learner

STEP = "0.004096"  # megapixels of one step


@pytest.fixture(autouse=True)
def toy(tmp_path: Path, photos: Path, quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the current folder: `toy.pt`, a prior to begin with, and the recipe of the toy."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(config, "config_path", lambda: tmp_path / "no.toml")
    monkeypatch.setattr(train_module, "FINE_TUNING", RECIPE)
    model = replace(load_models()["photo-small"], network=TOY)
    weights = toy_learner().network.state_dict()
    Output(Path("toy.pt")).finish(weights, model, overwrite=False)


def ddrm(*arguments: str) -> Result:
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def ddrm_train(*more: str) -> Result:
    return ddrm(
        "train", "photos", "--out", "mine.pt", "--from", "toy.pt", "--precision", "float32", *more
    )


def test_a_prior_is_trained_and_used_at_once() -> None:
    done = ddrm_train("--megapixels", "0.02")
    assert done.exit_code == 0, done.stderr
    assert "mine.pt: ready for --model." in done.stderr
    draw_photograph(Path("noisy.png"), 5, size=(64, 48))
    restored = ddrm("restore", "noisy.png", "-d", "deno", "--sigma", "0.1", "-m", "mine.pt")
    assert (restored.exit_code, restored.stdout) == (0, "noisy_restored_deno.png\n")
    scored = ddrm(
        "evaluate", "noisy.png", "-d", "deno", "--sigma", "0.1", "-m", "mine.pt", "-m", "toy.pt",
        "--preprocess", "none", "--json",
    )  # fmt: skip
    rows = [json.loads(line) for line in scored.stdout.splitlines()]
    assert [row["method"] for row in rows if not row["is_baseline"]] == [
        "mine, standard",
        "toy, standard",
    ]


def test_two_priors_of_one_name_are_not_mixed_up() -> None:
    Path("old").mkdir()
    Path("old/toy.pt").write_bytes(Path("toy.pt").read_bytes())
    done = ddrm("evaluate", "photos", "-d", "deno", "-m", "toy.pt", "-m", "old/toy.pt")
    assert done.exit_code == 2
    assert "Two models are called toy" in done.stderr
    assert not Path("evaluation").exists()


def test_figures_are_a_table_that_grows_within_eighty_columns() -> None:
    lines = ddrm_train("--megapixels", "0.08192").stdout.splitlines()
    assert lines[0].rstrip() == "PSNR in dB of held-out photographs, by noise of 255"
    assert lines[1].split()[:4] == ["minutes", "Mpixels", "loss", "5"]
    assert [line.split()[0] for line in lines[2:4]] == ["noisy", "photo-small"]
    assert [line.split()[0] for line in lines[4:]] == [f"{share}%" for share in range(0, 101, 10)]
    assert {len(line.split()) for line in lines[2:]} == {11}
    ends = [line.rstrip() for line in lines[1:]]
    assert {len(line) for line in ends} == {len(ends[0])}  # columns stand below each other
    assert len(ends[0]) <= 80


def test_figures_for_scripts_are_an_object_a_report() -> None:
    done = ddrm_train("--megapixels", STEP, "--json")
    compared, *reports = map(json.loads, done.stdout.splitlines())
    assert compared["levels"] == [5, 15, 25, 50, 100, 300, 1000]
    assert len(compared["noisy"]) == len(compared["photo-small"]) == 7
    assert [report["position"]["share"] for report in reports] == [0, 1]
    assert all(len(report["psnr"]) == 7 for report in reports)


def test_the_same_command_with_resume_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """It prints the whole table again."""
    command = ("--megapixels", "0.04096", "--seed", "3")
    find, calls = Learner.find_gradient, iter(range(100))

    def interrupted(self: Learner, batch: Batch) -> tuple[float, float]:
        if next(calls) == 5:
            raise KeyboardInterrupt
        return find(self, batch)

    monkeypatch.setattr(Learner, "find_gradient", interrupted)
    often = property(lambda self: 0, lambda self, value: None)
    monkeypatch.setattr(Monitor, "save_every", often, raising=False)
    stopped = ddrm_train(*command)
    assert stopped.exit_code == 130
    assert "Interrupted." in stopped.stderr
    refused = ddrm_train(*command)
    assert refused.exit_code == 1
    assert "There is an unfinished training, 'mine.pt.unfinished'. Use --resume" in refused.stderr
    done = ddrm_train(*command, "--resume")
    assert done.exit_code == 0
    rows = [line.split()[0] for line in done.stdout.splitlines()[2:]]
    assert rows == ["noisy", "photo-small", *(f"{share}%" for share in range(0, 101, 10))]
    assert not Path("mine.pt.unfinished").exists()


def test_seed_and_start_make_a_difference() -> None:
    for name, more in {"a": [], "b": ["--seed", "1"]}.items():
        assert ddrm_train("--megapixels", STEP, *more, "--out", f"{name}.pt").exit_code == 0
    a, b = (torch.load(f"{name}.pt", weights_only=True) for name in "ab")
    assert any(not torch.equal(a[name], b[name]) for name in a)


def test_the_processes_beside_the_first_are_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")  # torchrun's, without its others
    assert "ready for" not in ddrm_train("--megapixels", STEP).stderr


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (["--minutes", "0"], 2, "A training of 0 minutes is not possible. Give a positive number."),
        (["--minutes", "1", "--megapixels", "1"], 2, "exclude each other. Leave one of them out."),
        (["--resume", "--overwrite"], 2, "exclude each other. Leave one of them out."),
        (["--precision", "float16"], 2, "no precision to train in named 'float16'."),
        (["--from", "toy2"], 2, "There is no model named 'toy2'."),
        (["--from", "photos/a.png"], 2, "It is not known what network the weights in 'photos/a.p"),
        (["--out", "prior"], 2, "'prior' does not end in .pt. Name the prior NAME.pt."),
        (["nowhere"], 1, "There is no file or folder 'nowhere'. Check its name."),
    ],
)
def test_what_cannot_be_is_one_sentence(more: list[str], code: int, said: str) -> None:
    done = ddrm_train(*more)
    assert done.exit_code == code
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
    assert {path.name for path in Path().iterdir()} <= {"cache", "photos", "toy.pt"}


def test_an_empty_folder(tmp_path: Path) -> None:
    Path("empty").mkdir()
    done = ddrm("train", "empty", "--out", "mine.pt")
    assert done.exit_code == 2
    assert done.stderr.startswith("Error: There is no picture in the folder 'empty'.")
