"""``ddrm degrade``: files that remember how they were made."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ddrm_cli.degradations.table import DEGRADATIONS
from ddrm_cli.images.reading import read_picture

from .program import Program, opened


@pytest.mark.parametrize("deg", sorted(set(DEGRADATIONS) - {"deblur"}))
def test_every_degradation_can_be_measured_and_restored(
    ddrm: Program, photo: Path, deg: str
) -> None:
    suffix = ".npz" if DEGRADATIONS[deg].measurement == "vector" else ".png"
    outcome = ddrm("degrade", photo, "-d", deg, "--sigma", "0.02")
    assert outcome.exit_code == 0, outcome.stderr
    written = Path(outcome.stdout.strip())
    assert written.name == f"photo_degraded_{deg}{suffix}"
    restored = ddrm("restore", written, "--steps", "1", "-o", "x.png")
    assert restored.exit_code == 0, restored.stderr
    assert opened("x.png").size == (64, 64)


def test_a_png_says_what_was_done(ddrm: Program, photo: Path) -> None:
    ddrm("degrade", photo, "-d", "sr4", "--sigma", "0.05", "--seed", "1", "-o", "y.png")
    said = json.loads(opened("y.png").info["ddrm"])
    assert said["degradation"] == "sr4"
    assert said["parameters"] == {"factor": 4}
    assert (said["sigma"], said["seed"], said["image_size"]) == (0.05, 1, [64, 64])
    assert said["version"]
    assert opened("y.png").size == (16, 16)


def test_an_npz_keeps_exact_floats(ddrm: Program, photo: Path) -> None:
    ddrm("degrade", photo, "-d", "sr4", "-o", "y.npz")
    pixels = read_picture(photo).pixels
    mean = pixels.reshape(16, 4, 16, 4, 3).mean(axis=(1, 3))
    with np.load("y.npz") as arrays:
        y, meta = arrays["y"], json.loads(str(arrays["meta"]))
    assert (y.dtype, y.shape) == (np.float32, (3, 16, 16))
    assert np.allclose(np.moveaxis(y, 0, -1), mean, atol=1e-6)  # float32 sums of 16 pixels
    assert meta["degradation"] == "sr4"


def test_noise_has_the_deviation_that_was_asked_for_and_its_seed(
    ddrm: Program, photo: Path
) -> None:
    def measured(seed: str, name: str) -> np.ndarray:
        ddrm("degrade", photo, "-d", "deno", "--sigma", "0.1", "--seed", seed, "-o", name)
        with np.load(name) as arrays:
            return np.asarray(arrays["y"])

    x = np.moveaxis(read_picture(photo).pixels, -1, 0)
    noise = measured("1", "a.npz") - x
    # The deviation of n draws is known to 1 / sqrt(2 n): 0.65 % here; five times that is allowed.
    assert noise.std() == pytest.approx(0.1, rel=0.033)
    assert np.array_equal(measured("1", "b.npz") - x, noise)
    assert not np.allclose(measured("2", "c.npz") - x, noise)


def test_the_same_random_mask_is_built_again(ddrm: Program, photo: Path) -> None:
    ddrm("degrade", photo, "-d", "inp", "--seed", "3", "-o", "y.png")
    outcome = ddrm("restore", "y.png", "--sigma", "0", "--steps", "2", "-o", "x.png")
    assert outcome.exit_code == 0, outcome.stderr
    before, after = (np.asarray(opened(name).convert("RGB")) for name in (photo, "x.png"))
    known = np.asarray(opened("y.png").getchannel("A")) > 0
    assert 0.4 < known.mean() < 0.6
    assert np.array_equal(before[known], after[known])


def test_sides_that_the_factor_does_not_divide_are_cropped_and_said(
    ddrm: Program, photo: Path
) -> None:
    opened(photo).crop((0, 0, 63, 50)).save("odd.png")
    outcome = ddrm("degrade", "odd.png", "-d", "sr4")
    assert outcome.stdout == "odd_degraded_sr4.png\n"
    assert outcome.stderr == ("odd.png: Cropped from 63 x 50 to 60 x 48, which 4 divides.\n")
    assert ddrm("degrade", "odd.png", "-d", "sr4", "-q", "--overwrite").stderr == ""


def test_json(ddrm: Program, photo: Path) -> None:
    (result,) = ddrm("degrade", "photo.png", "-d", "sr4", "--seed", "2", "--json").objects
    assert result == {
        "input": "photo.png",
        "output": "photo_degraded_sr4.png",
        "status": "done",
        "degradation": "sr4",
        "sigma": 0.0,
        "seed": 2,
        "width": 64,
        "height": 64,
        "notes": [],
    }


def test_a_folder_keeps_its_tree_and_resumes(ddrm: Program, photo: Path) -> None:
    Path("in/sub").mkdir(parents=True)
    opened(photo).save("in/a.png")
    opened(photo).save("in/sub/b.jpg")
    command = ("degrade", "in", "-d", "sr4", "-o", "out")
    assert ddrm(*command).stdout.splitlines() == ["out/a.png", "out/sub/b.png"]
    again = ddrm(*command)
    assert (again.exit_code, again.stdout, again.stderr.count("skipped")) == (0, "", 2)
