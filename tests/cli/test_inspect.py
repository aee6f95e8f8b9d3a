"""``ddrm inspect``, and what ``ddrm restore`` makes of a picture of which nothing is said."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from .conftest import PHOTOS
from .program import Program, opened


@pytest.fixture
def noisy(folder: Path) -> Path:
    """A photograph of 96 x 96 pixels with noise of 0.1."""
    with Image.open(PHOTOS / "chelsea.png") as image:
        pixels = np.asarray(image.convert("RGB").crop((64, 64, 160, 160))) / 255
    pixels = pixels + 0.1 * np.random.default_rng(0).standard_normal(pixels.shape)
    path = folder / "noisy.png"
    Image.fromarray(np.uint8(np.rint(255 * pixels.clip(0, 1)))).save(path)
    return path


@pytest.fixture
def clean(folder: Path) -> Path:
    """A photograph without noise."""
    with Image.open(PHOTOS / "chelsea.png") as image:
        image.convert("RGB").save(folder / "clean.png")
    return folder / "clean.png"


def test_it_says_what_was_found_and_what_to_try(ddrm: Program, noisy: Path) -> None:
    outcome = ddrm("inspect", "noisy.png")
    assert outcome.exit_code == 0
    assert outcome.stdout.startswith("noisy.png\n  96 x 96, in colour\n")
    assert "sigma = 0.1" in outcome.stdout
    assert "    ddrm restore noisy.png --deg deno\n" in outcome.stdout


def test_scripts_get_one_object_a_line(ddrm: Program, noisy: Path, clean: Path) -> None:
    first, second = ddrm("inspect", "noisy.png", "clean.png", "--json").objects
    assert first["input"] == "noisy.png"
    assert first["noise"]["sigma"] == pytest.approx(0.1, rel=0.15)
    assert first["suggestions"][0]["commands"] == ["ddrm restore noisy.png --deg deno"]
    assert first["suggestions"][0]["automatic"] is True
    assert second["jpeg"] is None
    assert second["detail"] == "sharp"


def test_a_bad_file_is_named_and_the_rest_goes_on(ddrm: Program, noisy: Path) -> None:
    Path("broken.png").write_bytes(b"no picture")
    outcome = ddrm("inspect", "broken.png", "noisy.png")
    assert outcome.exit_code == 1
    assert "broken.png" in outcome.stderr
    assert "noisy.png\n" in outcome.stdout


def test_looking_needs_no_torch(noisy: Path) -> None:
    code = (
        "import sys; from ddrm_cli.cli.main import app; sys.argv = ['ddrm', 'inspect', 'noisy.png']"
        "\ntry: app()\nexcept SystemExit: pass\nassert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE)


def test_auto_does_the_first_suggestion(ddrm: Program, noisy: Path) -> None:
    outcome = ddrm("restore", "noisy.png", "--deg", "auto", "--json")
    (result,) = outcome.objects
    assert (result["status"], result["degradation"]) == ("done", "deno")
    assert "Noise of 0.1" in result["notes"][0]
    assert result["notes"][0] in outcome.stderr
    same = ddrm("restore", "noisy.png", "--deg", "deno", "--out", "same.png")
    assert same.exit_code == 0
    restored, expected = (np.asarray(opened(Path(f))) for f in (result["output"], "same.png"))
    assert np.array_equal(restored, expected)


def test_auto_cleans_a_jpeg_by_its_own_tables(ddrm: Program, clean: Path) -> None:
    with Image.open(clean) as image:
        image.crop((0, 0, 64, 64)).save("photo.jpg", quality=20)
    outcome = ddrm("restore", "photo.jpg", "--deg", "auto", "--json", "--dry-run")
    (result,) = outcome.objects
    assert result["degradation"] == "jpeg"
    assert result["sigma_origin"] == "from the compression"
    assert "quality 20" in outcome.stderr


def test_auto_leaves_alone_what_is_all_right(ddrm: Program, clean: Path) -> None:
    for plan in ([], ["--dry-run"]):
        outcome = ddrm("restore", "clean.png", "--deg", "auto", "--json", *plan)
        (result,) = outcome.objects
        assert outcome.exit_code == 0
        assert result["status"] == "unchanged"
        assert "no file was written" in outcome.stderr
    assert sorted(path.name for path in Path().iterdir()) == ["clean.png"]


def test_auto_inverts_what_ddrm_degraded(ddrm: Program, clean: Path) -> None:
    ddrm("degrade", "clean.png", "--deg", "sr4", "--out", "small.png")
    for name in ("small.png", "small.npz"):
        ddrm("degrade", "clean.png", "--deg", "sr4", "--out", name, "--overwrite")
        outcome = ddrm("restore", name, "--deg", "auto", "--json", "--dry-run")
        (result,) = outcome.objects
        assert (result["degradation"], result["width"]) == ("sr4", 256)


def test_auto_takes_no_parameters(ddrm: Program, clean: Path) -> None:
    Image.new("L", (256, 256)).save("mask.png")
    for options in (["--mask", "mask.png"], ["--blur", "2"]):
        assert ddrm("restore", "clean.png", "--deg", "auto", *options).exit_code == 2


def test_without_a_degradation_the_picture_makes_a_suggestion(ddrm: Program, noisy: Path) -> None:
    outcome = ddrm("restore", "noisy.png")
    assert outcome.exit_code == 2
    assert "ddrm restore noisy.png --deg deno" in outcome.stderr
