"""``--class``: what a picture shows, for models that want to know."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ddrm_cli.networks.guided_diffusion import Classifier, ClassifierConfig, UNet, UNetConfig

from .program import Program, opened

TABLE = """
[tiny-classes]
description = "ten classes, random weights"
licence = "none"
architecture = "guided-diffusion"

[tiny-classes.network]
image_size = 32
model_channels = 32
channel_mult = [1, 1]
num_res_blocks = 1
attention_resolutions = []
num_head_channels = 32
num_classes = 10

[tiny-classes.weights]
path = "network.pt"

[tiny-classes.classifier]
guidance_scale = 1.0

[tiny-classes.classifier.network]
image_size = 32
model_channels = 32
channel_mult = [1, 1]
num_res_blocks = 1
attention_resolutions = [16]
num_head_channels = 16
num_classes = 10

[tiny-classes.classifier.weights]
path = "classifier.pt"
"""


@pytest.fixture
def options(photo: Path, tmp_path: Path) -> list[str]:
    """A class-conditional model with random weights, as a table of the user's own."""
    torch.manual_seed(0)
    network = UNet(UNetConfig(32, 32, (1, 1), 1, (), num_head_channels=32, num_classes=10))
    torch.save(network.state_dict(), tmp_path / "network.pt")
    classifier = Classifier(ClassifierConfig(32, 32, (1, 1), 1, (16,), 16, num_classes=10))
    torch.save(classifier.state_dict(), tmp_path / "classifier.pt")
    (tmp_path / "own.toml").write_text(TABLE)
    return [
        "--models", str(tmp_path / "own.toml"), "--model", "tiny-classes",
        "--deg", "deno", "--sigma", "0.1", "--steps", "2", "--json", "--quiet",
    ]  # fmt: skip


@pytest.mark.slow
def test_a_class_is_remembered_and_another_gives_another_picture(
    ddrm: Program, options: list[str]
) -> None:
    facts: list[dict[str, object]] = []
    pictures: list[bytes] = []
    for label in ("3", "4"):
        outcome = ddrm("restore", "photo.png", *options, "--class", label, "--out", f"{label}.png")
        assert outcome.exit_code == 0, outcome.stderr
        facts += outcome.objects
        pictures.append(opened(f"{label}.png").tobytes())
    assert [fact["class"] for fact in facts] == [3, 4]
    assert pictures[0] != pictures[1]


@pytest.mark.slow
def test_without_a_class_the_classifier_guesses_and_says_so(
    ddrm: Program, options: list[str]
) -> None:
    outcome = ddrm("restore", "photo.png", *options, "--class", "auto", "--out", "a.png")
    assert outcome.exit_code == 0, outcome.stderr
    assert "takes it for class" in str(outcome.objects[0]["notes"])


@pytest.mark.parametrize(
    ("label", "said"), [("10", "0 to 9"), ("tabby cat", "no names here"), ("-1", "no names here")]
)
def test_a_class_that_is_none_is_refused(
    ddrm: Program, options: list[str], label: str, said: str
) -> None:
    outcome = ddrm("restore", "photo.png", *options, "--class", label)
    assert outcome.exit_code == 2
    assert said in outcome.stderr


def test_a_model_without_classes_takes_none(ddrm: Program, photo: Path) -> None:
    outcome = ddrm("restore", "photo.png", "--deg", "deno", "--class", "3")
    assert outcome.exit_code == 2
    assert "no classes" in outcome.stderr


def test_the_classifier_sees_tiles_of_its_own_size_only(ddrm: Program, options: list[str]) -> None:
    outcome = ddrm("restore", "photo.png", *options, "--class", "3", "--tile", "16")
    assert outcome.exit_code == 2
    assert "tiles of 32" in outcome.stderr
