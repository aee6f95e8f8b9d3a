"""A file of weights that carries its table is a model by its path."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ddrm_cli.errors import ConfigError, UnknownNameError, UsageError
from ddrm_cli.weights.load import load_network
from ddrm_cli.weights.model import Model, WeightsFile
from ddrm_cli.weights.own_file import find_model, with_table
from ddrm_cli.weights.registry import load_models

from .models import VALUES, random_state, tiny, write

MODELS = load_models()


def own(model: Model, path: Path) -> Path:
    """A file of random weights with the table of their model."""
    stream = io.BytesIO()
    torch.save(random_state(model), stream)
    path.write_bytes(with_table(stream.getvalue(), model))
    return path


def with_text(path: Path, text: str) -> Path:
    """A file of weights with any text as its table."""
    write(path, {})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("archive/ddrm.toml", text)
    return path


@pytest.mark.parametrize("architecture", VALUES)
def test_the_table_survives_the_file(architecture: str, tmp_path: Path) -> None:
    """Every field, but for the name and the place, which are the file's."""
    model = replace(
        tiny(architecture), description='a "quoted" ü \\ text 🐦', licence="mine", prediction="v",
        beta_schedule="quad", beta_start=1.5e-5, timesteps=500, tile=64,
        good_at="", terms="", source="", classifier=None,
    )  # fmt: skip
    path = own(model, tmp_path / "mine.v2.pt")
    found = find_model(str(path), MODELS)
    assert found == replace(model, name="mine.v2", weights=WeightsFile("mine.v2.pt", path=path))


def test_the_weights_are_as_they_were(tmp_path: Path) -> None:
    """For torch the file is a state dict like any other, and for this program a network."""
    model = tiny("plain-unet")
    path = own(model, tmp_path / "mine.pt")
    state = random_state(model)
    for loaded in (
        torch.load(path, weights_only=True),
        torch.load(path, weights_only=True, mmap=True),
        load_network(find_model(str(path), MODELS), path).state_dict(),
    ):
        assert loaded.keys() == state.keys()
        assert all(torch.equal(loaded[name], state[name]) for name in state)


def test_equal_models_are_equal_files(tmp_path: Path) -> None:
    first, second = (own(tiny(), tmp_path / f"{name}.pt") for name in "ab")
    assert first.read_bytes() == second.read_bytes()


def test_a_name_of_the_table_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    own(tiny(), Path("photo-small"))
    assert find_model("photo-small", MODELS) is MODELS["photo-small"]


def test_neither_name_nor_file() -> None:
    with pytest.raises(UnknownNameError, match="no model named 'photo-smal'"):
        find_model("photo-smal", MODELS)


def test_a_file_that_says_nothing_of_its_network(tmp_path: Path) -> None:
    plain = write(tmp_path / "plain.pt", random_state(tiny()))
    text = tmp_path / "text.pt"
    text.write_text("no archive")
    huge = with_text(tmp_path / "huge.pt", "#" * 200_000)
    for path in (plain, text, huge):
        with pytest.raises(UsageError, match=r"not known what network.*--arch"):
            find_model(str(path), MODELS)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("= 3", "is not valid TOML"),
        ('architecture = "transformer"', "key 'architecture' must be one of"),
        ('architecture = "plain-unet"', r"table \[bad\]: key 'network' is missing"),
    ],
)
def test_a_table_that_cannot_be(table: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=said):
        find_model(str(with_text(tmp_path / "bad.pt", table)), MODELS)
