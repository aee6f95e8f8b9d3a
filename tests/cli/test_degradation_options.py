"""The options that say more about a degradation than its name."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ddrm_cli.files.record import read_record

from .program import Program, opened

ONE = ("--steps", "1", "--sigma", "0.05")


@pytest.mark.parametrize(
    ("options", "name"),
    [
        (("--deg", "sr3"), "sr3"),
        (("--deg", "sr", "--scale", "3"), "sr3"),
        (("--deg", "sr_bicubic", "--scale", "3"), "sr_bicubic3"),
        (("--deg", "upscale3"), "sr_bicubic3"),
        (("--deg", "sr_nearest3"), "sr_nearest3"),
    ],
)
def test_any_factor_by_its_name_or_apart(
    ddrm: Program, photo: Path, options: tuple[str, ...], name: str
) -> None:
    outcome = ddrm("degrade", "photo.png", *options)
    assert outcome.exit_code == 0, outcome.stderr
    assert "Cropped from 64 x 64 to 63 x 63, which 3 divides." in outcome.stderr
    assert outcome.stdout == f"photo_degraded_{name}.png\n"
    (result,) = ddrm("restore", f"photo_degraded_{name}.png", *ONE, "--json").objects
    assert (result["degradation"], result["parameters"]) == (name, {"factor": 3})
    assert (result["width"], result["height"]) == (63, 63)


def test_a_reduction_by_a_kernel_of_ones_own(ddrm: Program, photo: Path) -> None:
    np.save("box.npy", np.ones((4, 4)))
    ddrm("degrade", photo, "--deg", "sr4", "-o", "mean.npz")
    ddrm("degrade", photo, "--deg", "sr", "--kernel", "box.npy", "--scale", "4", "-o", "own.npz")
    with np.load("mean.npz") as mean, np.load("own.npz") as own:
        np.testing.assert_allclose(own["y"], mean["y"], atol=1e-6)  # float32 sums
    (result,) = ddrm("restore", "own.npz", *ONE, "--json").objects
    assert "kernel_sha256" in result["parameters"]


def test_a_motion_is_recorded_with_its_length_and_angle(ddrm: Program, photo: Path) -> None:
    Path("in").mkdir()
    photo.rename("in/y.png")
    command = ("degrade", "in", "-o", "out", "--deg", "deblur_motion", "--blur", "9", "--angle")
    assert ddrm(*command, "30").exit_code == 0
    said = json.loads(opened("out/y.png").info["ddrm"])["parameters"]
    assert (said["blur"], said["angle"], said["boundary"]) == (9, 30, "reflect")
    (result,) = ddrm("restore", "out/y.png", *ONE, "--json", "-o", "x.png").objects
    assert result["parameters"] == {"blur": 9, "angle": 30, "boundary": "reflect"}
    assert "exists already, skipped" in ddrm(*command, "30").stderr
    assert "'out/y.png' was made with other settings" in ddrm(*command, "60").stderr


def test_a_photograph_was_cut_after_it_was_blurred_unless_said_otherwise(
    ddrm: Program, photo: Path
) -> None:
    Path("in").mkdir()
    photo.rename("in/x.png")
    command = ("restore", "in", "--deg", "deblur_gauss", "--blur", "1.3", *ONE, "-o", "out")
    assert ddrm(*command).exit_code == 0
    record = read_record(Path("out/x.png"))
    assert record is not None
    assert record["parameters"] == {"blur": 1.3, "boundary": "unknown"}
    before = Path("out/x.png").read_bytes()
    for other in (("--boundary", "reflect"), ("--blur", "1.4")):
        outcome = ddrm(*command, *other)
        assert outcome.exit_code == 1
        assert "'out/x.png' was made with other settings" in outcome.stderr
    assert Path("out/x.png").read_bytes() == before
    assert ddrm(*command, "--boundary", "reflect", "--overwrite").exit_code == 0
    assert Path("out/x.png").read_bytes() != before


def test_ripples_of_a_wrong_blur_are_told(ddrm: Program, photo: Path) -> None:
    """A sharp picture is said to be blurred widely, and without noise."""
    command = ("restore", photo, "--sigma", "0", "--steps", "2", "--quiet", "--json")
    (wrong,) = ddrm(*command, "--deg", "deblur_gauss", "--blur", "3", "-o", "x.png").objects
    assert any("the blur or sigma is probably wrong" in note for note in wrong["notes"])
    ddrm("degrade", photo, "--deg", "deblur_gauss", "--blur", "1", "-o", "y.png")
    (right,) = ddrm("restore", "y.png", "--steps", "2", "--json", "--quiet", "-o", "z.png").objects
    assert right["notes"] == []


def test_a_picture_that_was_reduced_without_a_filter_shows_it(
    ddrm: Program, photo: Path, tmp_path: Path
) -> None:
    with Image.open(Path(__file__).parents[1] / "data" / "photos" / "coffee.png") as image:
        size = image.width // 3, image.height // 3
        image.resize(size, Image.Resampling.NEAREST).save("jagged.png")
        image.resize(size, Image.Resampling.BICUBIC).save("smooth.png")
    found = {}
    for name in ("jagged", "smooth"):
        command = ("restore", f"{name}.png", "--deg", "sr_bicubic2", "--steps", "1")
        (result,) = ddrm(*command, "--json", "--quiet").objects
        found[name] = " ".join(result["notes"])
    assert "aliasing" in found["jagged"]
    assert "sr_nearest2" in found["jagged"]
    assert "aliasing" not in found["smooth"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--deg", "sr"), "The degradation sr needs a scale. Give one with --scale N"),
        (("--deg", "sr", "--scale", "17"), "Choose a whole number from 2 to 16."),
        (("--deg", "deno", "--scale", "2"), "The degradation deno takes no scale."),
        (("--deg", "deblur_motion"), "The degradation deblur_motion needs a blur."),
        (("--deg", "deblur_uni", "--blur", "4"), "Give an odd width with --blur."),
        (("--deg", "deblur_uni", "--angle", "4"), "takes no angle. Leave it out, or use deblur_mo"),
        (("--deg", "deblur_gauss", "--blur", "-1"), "The blur -1.0 is not possible."),
        (("--deg", "deblur_uni", "--boundary", "zero"), "Choose unknown or reflect."),
        (("--deg", "deno", "--boundary", "reflect"), "The degradation deno takes no boundary."),
        (("--blur", "3"), "--blur belongs to --deg."),
    ],
)
def test_what_does_not_go_together_is_refused(
    ddrm: Program, photo: Path, options: tuple[str, ...], says: str
) -> None:
    outcome = ddrm("restore", photo, "--sigma", "0.05", *options)
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert says in " ".join(outcome.stderr.split())
