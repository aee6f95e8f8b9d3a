"""``ddrm degrade``: files that remember how they were made."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ddrm_cli.degradations.table import DEGRADATIONS
from ddrm_cli.images.reading import read_picture

from .program import Program, opened


@pytest.mark.parametrize("deg", [name for name, entry in DEGRADATIONS.items() if not entry.needs])
def test_every_degradation_can_be_measured_and_restored(
    ddrm: Program, photo: Path, deg: str
) -> None:
    suffix = ".npz" if DEGRADATIONS[deg].gives == "vector" else ".png"
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
    digest = hashlib.sha256(photo.read_bytes()).hexdigest()
    assert said["parameters"] == {"factor": 4, "input_sha256": digest}
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


def test_a_measurement_remembers_how_its_mask_was_changed(ddrm: Program, photo: Path) -> None:
    mask = Image.new("L", (64, 64))
    mask.paste(255, (20, 20, 40, 40))
    mask.save("mask.png")
    Path("in").mkdir()
    photo.rename("in/a.png")
    command = (
        "degrade",
        "in",
        "-d",
        "inp",
        "--mask",
        "mask.png",
        "--grow-mask",
        "2",
        "-o",
        "y.png",
    )
    outcome = ddrm(*command)
    assert "in/a.png: 14.1 % of the picture is left out.\n" in outcome.stderr
    missing = np.asarray(opened("y.png").getchannel("A")) == 0
    assert missing.sum() == 24 * 24
    assert ddrm(*command).stderr.startswith("y.png: exists already, skipped.\n")
    for other in (("--grow-mask", "1"), ("--invert-mask",)):
        assert "was made with other settings" in ddrm(*command, *other).stderr


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
    assert (again.exit_code, again.stdout, again.stderr.count("exists already, skipped")) == (
        0,
        "",
        2,
    )


@pytest.mark.parametrize("suffix", [".png", ".npz"])
@pytest.mark.parametrize("change", [("--sigma", "0.1"), ("--seed", "1"), ("--deg", "sr2")])
def test_measurements_of_other_settings_are_not_taken_for_these(
    ddrm: Program, photo: Path, suffix: str, change: tuple[str, str]
) -> None:
    Path("in").mkdir()
    photo.rename("in/photo.png")
    command = ("degrade", "in", "-d", "sr4", "-o", f"y{suffix}")
    ddrm(*command)
    before = Path(f"y{suffix}").read_bytes()
    assert ddrm(*command).stderr.startswith(f"y{suffix}: exists already, skipped.\n")
    other = ddrm(*command, *change)
    assert other.exit_code == 1
    assert f"'y{suffix}' was made with other settings" in other.stderr
    assert Path(f"y{suffix}").read_bytes() == before


def test_measurements_of_other_pictures_masks_and_kernels_are_not_taken_for_these(
    ddrm: Program, photo: Path
) -> None:
    Path("in").mkdir()
    photo.rename("in/a.png")
    mask = Image.new("L", (64, 64))
    mask.paste(255, (20, 20, 40, 40))
    mask.save("mask.png")
    np.save("kernel.npy", np.ones((3, 3)))
    inp = ("degrade", "in", "-d", "inp", "--mask", "mask.png", "-o", "inp")
    blur = ("degrade", "in", "-d", "deblur", "--kernel", "kernel.npy", "-o", "blur")
    for command in (inp, blur):
        assert ddrm(*command).exit_code == 0
        assert "exists already, skipped" in ddrm(*command).stderr
    mask.paste(255, (0, 0, 20, 20))
    mask.save("mask.png")
    np.save("kernel.npy", np.ones((3, 5)))
    for command in (inp, blur):
        assert "was made with other settings: another " in ddrm(*command).stderr
    plain = ("degrade", "in", "-d", "sr2", "-o", "sr2")
    ddrm(*plain)
    opened("in/a.png").rotate(90).save("in/a.png")
    assert "was made of another picture" in ddrm(*plain).stderr


def test_a_file_that_is_no_measurement_is_not_taken_for_one(ddrm: Program, photo: Path) -> None:
    Path("in").mkdir()
    opened(photo).save("in/photo.png")
    assert ddrm("degrade", "in", "-d", "deno", "-o", "y.png").exit_code == 0
    for content in (photo.read_bytes(), b"mine"):
        Path("y.png").write_bytes(content)
        outcome = ddrm("degrade", "in", "-d", "deno", "-o", "y.png")
        assert outcome.exit_code == 1
        assert Path("y.png").read_bytes() == content


def test_what_was_restored_or_degraded_is_not_degraded_again(ddrm: Program, photo: Path) -> None:
    Path("all").mkdir()
    photo.rename("all/a.png")
    command = ("degrade", "all", "-d", "sr4")
    ddrm(*command)
    ddrm("restore", "all/a.png", "-d", "deno", "--sigma", "0.1", "--steps", "1")
    again = ddrm(*command)
    assert (again.exit_code, again.stdout) == (0, "")
    # To restore, what was degraded is an input.
    restored = ddrm("restore", "all", "-d", "deno", "--sigma", "0.1", "--steps", "1")
    assert restored.stdout == "all/a_degraded_sr4_restored_deno.png\n"
