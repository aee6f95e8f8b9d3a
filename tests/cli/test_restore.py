"""``ddrm restore``: the main job, as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from torch import nn

from ddrm_cli import planning
from ddrm_cli.cli import progress
from ddrm_cli.files.record import read_record
from ddrm_cli.images.files import file_digest
from ddrm_cli.images.reading import read_picture

from .program import Program, files_below, opened

ONE = ("--steps", "1", "--sigma", "0.05")


def size(path: Path) -> tuple[int, int]:
    return opened(path).size


def test_prints_the_path_of_a_picture_four_times_as_large(ddrm: Program, photo: Path) -> None:
    outcome = ddrm("restore", "photo.png", "--deg", "sr_bicubic4", *ONE)
    assert outcome.exit_code == 0
    assert outcome.stdout == "photo_restored_sr_bicubic4.png\n"
    assert outcome.stderr == ""
    assert size(Path("photo_restored_sr_bicubic4.png")) == (256, 256)


def test_the_noise_of_a_photo_is_estimated_and_said_on_stderr(ddrm: Program, photo: Path) -> None:
    rng = np.random.default_rng(0)
    noisy = np.asarray(opened(photo)) / 255 + rng.normal(0, 0.1, (64, 64, 3))
    Image.fromarray(np.uint8(noisy.clip(0, 1) * 255)).save("noisy.png")
    outcome = ddrm("restore", "noisy.png", "-d", "deno", "--steps", "1", "--json")
    (result,) = outcome.objects
    assert result["sigma_origin"] == "estimated"
    # 64 x 64 pixels leave about a hundred coefficients to estimate from.
    assert result["sigma"] == pytest.approx(0.1, rel=0.3)
    assert f"sigma = {result['sigma']:.4f}" in outcome.stderr


@pytest.mark.parametrize("deg", ["sr4", "inp", "inp_lorem", "color", "deblur_uni"])
def test_a_measurement_needs_nothing_else(ddrm: Program, photo: Path, deg: str) -> None:
    assert ddrm("degrade", photo, "--deg", deg, "--sigma", "0.1", "-o", "y.png").exit_code == 0
    outcome = ddrm("restore", "y.png", "--steps", "1", "--json")
    (result,) = outcome.objects
    assert (result["sigma"], result["sigma_origin"]) == (0.1, "from the file")
    assert (result["width"], result["height"]) == (64, 64)
    assert size(Path("y_restored.png")) == (64, 64)


def test_the_given_noise_wins_over_the_files(ddrm: Program, photo: Path) -> None:
    ddrm("degrade", photo, "--deg", "sr4", "--sigma", "0.1", "-o", "y.png")
    (result,) = ddrm("restore", "y.png", *ONE, "--json").objects
    assert (result["sigma"], result["sigma_origin"]) == (0.05, "given")
    (result,) = ddrm(
        "restore", "y.png", "--sigma", "auto", "--steps", "1", "--overwrite", "--json"
    ).objects
    assert result["sigma_origin"] == "estimated"


def test_exact_measurements_that_are_no_pictures(ddrm: Program, photo: Path) -> None:
    assert ddrm("degrade", photo, "--deg", "cs2", "-o", "y.npz").exit_code == 0
    outcome = ddrm("restore", "y.npz", "--steps", "1")
    assert outcome.exit_code == 0, outcome.stderr
    assert size(Path("y_restored.png")) == (64, 64)


def test_what_was_measured_is_kept_and_holes_are_filled(ddrm: Program, photo: Path) -> None:
    mask = np.zeros((64, 64), np.uint8)
    mask[20:40, 20:40] = 255
    Image.fromarray(mask).save("mask.png")
    outcome = ddrm(
        "restore", photo, "-d", "inp", "--mask", "mask.png", "--sigma", "0", "--steps", "3"
    )
    assert outcome.exit_code == 0, outcome.stderr
    before = np.asarray(opened(photo)).astype(int)
    after = np.asarray(opened("photo_restored_inp.png")).astype(int)
    assert np.array_equal(before[mask == 0], after[mask == 0])
    assert not np.array_equal(before[mask > 0], after[mask > 0])


def test_transparent_pixels_are_missing_ones(ddrm: Program, photo: Path) -> None:
    alpha = Image.new("L", (64, 64), 255)
    alpha.paste(0, (20, 20, 40, 40))
    image = opened(photo)
    image.putalpha(alpha)
    image.save("holes.png")
    assert ddrm("restore", "holes.png", "-d", "inp", *ONE).exit_code == 0
    assert opened("holes_restored_inp.png").mode == "RGB"


def test_transparency_that_is_no_mask_survives(ddrm: Program, photo: Path) -> None:
    image = opened(photo)
    image.putalpha(128)
    image.save("glass.png")
    assert ddrm("restore", "glass.png", "-d", "sr2", *ONE).exit_code == 0
    restored = opened("glass_restored_sr2.png")
    assert restored.mode == "RGBA"
    assert restored.getchannel("A").getextrema() == (128, 128)


@pytest.mark.parametrize("name", ["k.npy", "k.npz", "k.txt", "k.png"])
def test_a_kernel_of_any_kind(ddrm: Program, photo: Path, name: str) -> None:
    kernel = np.array([[0, 1, 0, 0], [1, 2, 1, 1], [0, 1, 0, 0]])
    if name == "k.npy":
        np.save(name, kernel)
    elif name == "k.npz":
        np.savez(name, kernel=kernel)
    elif name == "k.txt":
        np.savetxt(name, kernel)
    else:
        Image.fromarray(np.uint8(kernel * 100)).save(name)
    outcome = ddrm("restore", photo, "-d", "deblur", "--kernel", name, *ONE)
    assert outcome.exit_code == 0, outcome.stderr
    assert size(Path("photo_restored_deblur.png")) == (64, 64)


def test_a_kernel_travels_with_the_measurement(ddrm: Program, photo: Path) -> None:
    np.save("k.npy", np.ones((3, 5)))
    ddrm("degrade", photo, "-d", "deblur", "--kernel", "k.npy", "-o", "y.png")
    assert ddrm("restore", "y.png", "--steps", "1").exit_code == 0


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif", ".bmp"])
def test_the_suffix_of_out_says_the_format(ddrm: Program, photo: Path, suffix: str) -> None:
    outcome = ddrm("restore", photo, "-d", "deno", *ONE, "--out", f"new/folder/x{suffix}")
    assert outcome.stdout == f"new/folder/x{suffix}\n"
    assert size(Path("new/folder") / f"x{suffix}") == (64, 64)


def test_same_seed_same_picture_and_another_seed_another(ddrm: Program, photo: Path) -> None:
    def restored(seed: str, out: str) -> bytes:
        ddrm("restore", photo, "-d", "sr2", *ONE, "--seed", seed, "--out", out)
        return opened(out).tobytes()

    first = restored("1", "a.png")
    assert restored("1", "b.png") == first
    assert restored("2", "c.png") != first


def test_the_result_says_how_it_was_made(ddrm: Program, photo: Path) -> None:
    ddrm("restore", photo, "-d", "sr2", *ONE, "--preset", "paper", "--eta-b", "0.5")
    record = read_record(Path("photo_restored_sr2.png"))
    assert record is not None
    assert record["degradation"] == "sr2"
    assert (record["spacing"], record["eta_c"], record["eta_b"]) == ("uniform", 0.85, 0.5)
    assert record["version"]


def test_a_folder_keeps_its_tree_and_the_same_command_resumes(
    ddrm: Program, photo: Path, folder: Path
) -> None:
    (folder / "in" / "sub").mkdir(parents=True)
    photo.rename(folder / "in" / "a.png")
    opened("in/a.png").save("in/sub/b.jpg")
    command = ("restore", "in", "-d", "deno", *ONE, "--out", "out")
    assert ddrm(*command).stdout.splitlines() == ["out/a.png", "out/sub/b.png"]
    Path("out/sub/b.png").unlink()
    before = Path("out/a.png").stat().st_mtime_ns
    again = ddrm(*command)
    assert again.exit_code == 0
    assert again.stdout.splitlines() == ["out/sub/b.png"]
    assert again.stderr == ("out/a.png: exists already, skipped.\n2 pictures: 1 done, 1 skipped.\n")
    assert Path("out/a.png").stat().st_mtime_ns == before


@pytest.mark.parametrize("deg", [("--deg", "sr2"), ()])
def test_results_beside_their_inputs_are_no_inputs(
    ddrm: Program, photo: Path, deg: tuple[str, ...]
) -> None:
    ddrm("degrade", photo, "-d", "sr2", "-o", "all/photo.png")
    command = ("restore", "all", *deg, *ONE, "--samples", "2", "--compare")
    first = ddrm(*command)
    assert (first.exit_code, len(first.stdout.splitlines())) == (0, 3)
    again = ddrm(*command)
    assert (again.exit_code, again.stdout) == (0, "")
    assert len(files_below(Path("all"))) == 4


def test_results_of_other_settings_are_not_taken_for_these(ddrm: Program, photo: Path) -> None:
    ddrm("degrade", photo, "-d", "sr2", "-o", "in/a.png")
    command = ("restore", "in", *ONE, "--out", "out")
    ddrm(*command)
    before = Path("out/a.png").read_bytes()
    other = ddrm(*command, "--seed", "5")
    assert other.exit_code == 1
    assert "'out/a.png' was made with other settings: seed 0 instead of 5." in other.stderr
    assert Path("out/a.png").read_bytes() == before
    assert ddrm(*command, "--seed", "5", "--overwrite").exit_code == 0
    assert Path("out/a.png").read_bytes() != before


def test_a_result_of_the_first_version_is_left_alone_and_said_to_be_one(
    ddrm: Program, photo: Path
) -> None:
    """It has fewer settings and other ones; its weights are not named."""
    asked = {
        "input": file_digest(photo),
        "degradation": "deno",
        "sigma": 0.05,
        **dict.fromkeys(("mask", "kernel", "class")),
        "model": "photo-small",
        "seed": 0,
        "averaged": 1,
        "steps": 20,
        "spacing": "quadratic",
        "eta_c": 1.0,
        "eta_a": 0.7,
        "eta_b": 1.0,
    }
    result = Path("photo_restored_deno.png")
    text = PngInfo()
    text.add_text("ddrm-result", json.dumps({"asked": asked, "version": "0.1.0"}))
    Image.new("RGB", (64, 64)).save(result, pnginfo=text)
    before = result.read_bytes()
    arguments = ("restore", photo.parent, "--deg", "deno", "--sigma", "0.05")
    done = ddrm(*arguments)
    assert done.exit_code == 1
    assert "was made with other settings, by version 0.1.0: steps 20 instead" in done.stderr
    assert "automatic" not in done.stderr  # which the first version did not know
    assert result.read_bytes() == before
    assert ddrm(*arguments, "--overwrite").exit_code == 0
    assert result.read_bytes() != before


def test_a_tile_of_the_users_own_is_a_setting(ddrm: Program, photo: Path) -> None:
    """Another one gives another picture; none is the model's, which every machine has."""
    Path("in").mkdir()
    photo.rename("in/x.png")
    command = ("restore", "in", "-d", "deno", *ONE, "--out", "out")
    ddrm(*command, "--tile", "64")
    again = ddrm(*command, "--tile", "64", "--batch-size", "2", "--threads", "1")
    assert (again.exit_code, again.stderr) == (
        0,
        "out/x.png: exists already, skipped.\n1 picture: 1 skipped.\n",
    )
    told = ddrm(*command).stderr
    assert "'out/x.png' was made with other settings: tile 64 instead of none." in told
    record = read_record(Path("out/x.png")) or {}
    assert (record["tile"], record["overlap"]) == (64, 32)


def test_a_result_of_a_version_that_recorded_no_tile_is_known_again(
    ddrm: Program, photo: Path
) -> None:
    Path("in").mkdir()
    photo.rename("in/x.png")
    command = ("restore", "in", "-d", "deno", *ONE, "--out", "out")
    ddrm(*command)
    with Image.open("out/x.png") as image:
        record = json.loads(image.info["ddrm-result"])
        del record["tile"], record["overlap"], record["asked"]["tile"]
        info = PngInfo()
        info.add_text("ddrm-result", json.dumps({**record, "version": "0.1.0"}))
        image.save("out/x.png", pnginfo=info)
    assert "exists already, skipped" in ddrm(*command).stderr
    assert "tile none instead of 64" in ddrm(*command, "--tile", "64").stderr


def test_results_for_other_pictures_are_not_taken_for_these(ddrm: Program, photo: Path) -> None:
    for name in ("d1", "d2"):
        Path(name).mkdir()
    opened(photo).save("d1/a.png")
    opened(photo).rotate(90).save("d2/a.png")
    common = ("-d", "deno", *ONE, "--out", "out")
    ddrm("restore", "d1", *common)
    before = Path("out/a.png").read_bytes()
    other = ddrm("restore", "d2", *common)
    assert other.exit_code == 1
    assert "'out/a.png' was made of another picture." in other.stderr
    assert Path("out/a.png").read_bytes() == before


def test_a_mask_is_known_by_its_content_not_by_its_name(ddrm: Program, photo: Path) -> None:
    Path("in").mkdir()
    photo.rename("in/a.png")
    mask = Image.new("L", (64, 64))
    mask.paste(255, (20, 20, 40, 40))
    mask.save("mask.png")
    command = ("restore", "in", "-d", "inp", *ONE, "--out", "out", "--mask")
    assert ddrm(*command, "mask.png").exit_code == 0
    Path("copy.png").write_bytes(Path("mask.png").read_bytes())
    assert "exists already, skipped" in ddrm(*command, "copy.png").stderr
    for more in (("--grow-mask", "1"), ("--invert-mask",)):
        assert "was made with other settings" in ddrm(*command, "copy.png", *more).stderr
    mask.paste(255, (0, 0, 20, 20))
    mask.save("mask.png")
    assert "was made with other settings" in ddrm(*command, "mask.png").stderr


def test_a_mask_is_grown_and_inverted_and_its_share_said(ddrm: Program, photo: Path) -> None:
    there = Image.new("L", (64, 64), 255)
    there.paste(0, (20, 20, 30, 40))
    there.save("mask.png")
    common = ("restore", photo, "-d", "inp", *ONE, "--mask", "mask.png", "-o")
    turned = ddrm(*common, "x.png", "--invert-mask", "--grow-mask", "2", "--sigma", "0")
    before, after = np.asarray(opened(photo)), np.asarray(opened("x.png"))
    changed = (before != after).any(axis=2)
    expected = np.zeros((64, 64), bool)
    expected[18:42, 18:32] = True
    assert not changed[~expected].any()
    assert changed[expected].mean() > 0.9  # some of what is invented may be what was there
    assert "photo.png: 8.2 % of the picture is filled in.\n" in turned.stderr
    most = ddrm(*common, "y.png")
    assert "95.1 % of the picture is filled in: more than half. --invert-mask" in most.stderr


@pytest.mark.parametrize(("steps", "said"), [("1", "One step of the preset paper"), ("5", None)])
def test_too_few_steps_of_the_published_sampler_are_said(
    ddrm: Program, photo: Path, steps: str, said: str | None
) -> None:
    common = ("restore", photo, "-d", "deno", "--sigma", "0.1", "--preset", "paper")
    told = ddrm(*common, "--steps", steps, "-o", "x.png").stderr
    assert (said or "") in told
    assert ("cannot remove noise or fill holes" in told) == (said is not None)


def test_a_quoted_pattern_resumes(ddrm: Program, photo: Path) -> None:
    command = ("restore", "p?*.png", "-d", "deno", *ONE)
    assert ddrm(*command).stdout == "photo_restored_deno.png\n"
    again = ddrm(*command)
    assert (again.exit_code, again.stdout) == (0, "")
    assert again.stderr == (
        "photo_restored_deno.png: exists already, skipped.\n1 picture: 1 skipped.\n"
    )


def test_patterns_and_several_files(ddrm: Program, photo: Path) -> None:
    opened(photo).save("other.jpg")
    outcome = ddrm("restore", "*.jpg", "photo.png", "-d", "deno", *ONE, "-o", "out")
    assert outcome.stdout.splitlines() == ["out/other.png", "out/photo.png"]


def test_json_says_everything_that_was_used(ddrm: Program, photo: Path) -> None:
    outcome = ddrm("restore", photo, "-d", "sr2", *ONE, "--json", "--quiet", "--device", "cpu")
    (result,) = outcome.objects
    expected = {
        "input": str(photo),
        "output": str(photo.with_name("photo_restored_sr2.png")),
        "files": [str(photo.with_name("photo_restored_sr2.png"))],
        "status": "done",
        "degradation": "sr2",
        "parameters": {"factor": 2},
        "sigma": 0.05,
        "sigma_origin": "given",
        "model": "photo-small",
        "class": None,
        "device": "cpu",
        "tile": 512,
        "overlap": 64,
        "seed": 0,
        "samples": 1,
        "width": 128,
        "height": 128,
        "steps": 1,
        "detail": None,
        "effort": 1.0,
        "first_level": pytest.approx(0.06**0.5),
        "last_level": pytest.approx(0.06**0.5),
        "kappa": 0.7,
        "weight": 0.2,
        "notes": [],
    }
    assert {key: result[key] for key in expected} == expected
    assert set(result) - set(expected) == {"precision", "seconds"}
    assert outcome.stderr == ""


@pytest.mark.parametrize(
    ("deg", "sigma", "steps"),
    [("deno", "0.05", 1), ("deno", "0", 0), ("sr_bicubic4", "0", 8)],
)
def test_a_task_takes_the_steps_that_it_needs(
    ddrm: Program, photo: Path, deg: str, sigma: str, steps: int
) -> None:
    opened(photo).resize((16, 16)).save("small.png")
    outcome = ddrm("restore", "small.png", "-d", deg, "--sigma", sigma, "-o", "x.png", "--json")
    (result,) = outcome.objects
    record = read_record(Path("x.png"))
    assert record is not None
    assert (result["steps"], record["steps"]) == (steps, steps)


def test_where_nothing_is_missing_and_nothing_noisy_the_picture_stays(
    ddrm: Program, photo: Path
) -> None:
    outcome = ddrm("restore", photo, "-d", "deno", "--sigma", "0", "-o", "x.png")
    assert outcome.exit_code == 0, outcome.stderr
    assert opened("x.png").tobytes() == opened(photo).tobytes()


def test_an_old_name_of_a_preset_says_the_new_one_and_gives_its_bits(
    ddrm: Program, photo: Path
) -> None:
    command = ("restore", photo, "-d", "sr2", *ONE)
    ddrm(*command, "--out", "default.png")
    new = ddrm(*command, "--preset", "standard", "--out", "new.png")
    old = ddrm(*command, "--preset", "balanced", "--out", "old.png")
    assert (old.exit_code, new.stderr) == (0, "")
    assert old.stderr == "The preset balanced is called standard by now.\n"
    pixels = [opened(f"{name}.png").tobytes() for name in ("default", "new", "old")]
    assert pixels[0] == pixels[1] == pixels[2]
    quiet = ddrm(*command, "--preset", "balanced", "--out", "quiet.png", "--quiet")
    assert (quiet.exit_code, quiet.stderr) == (0, "")


def test_an_old_name_of_a_preset_resumes_what_the_new_one_began(ddrm: Program, photo: Path) -> None:
    command = ("restore", "p?*.png", "-d", "deno", *ONE)
    assert ddrm(*command, "--preset", "balanced").exit_code == 0
    again = ddrm(*command, "--preset", "standard")
    assert (again.exit_code, again.stdout) == (0, "")
    assert again.stderr == (
        "photo_restored_deno.png: exists already, skipped.\n1 picture: 1 skipped.\n"
    )


def test_detail_is_taken_and_said(ddrm: Program, photo: Path) -> None:
    """The share of fresh noise is 0.4 + 0.6 detail; other detail gives another picture."""
    pixels = set[bytes]()
    for detail, kappa in (("0", 0.4), ("0.5", 0.7), ("1", 1.0)):
        command = ("restore", photo, "-d", "sr2", *ONE, "--detail", detail, "-o", "x.png")
        (result,) = ddrm(*command, "--overwrite", "--json").objects
        assert result["detail"] == float(detail)
        assert result["kappa"] == pytest.approx(kappa)
        pixels.add(opened("x.png").tobytes())
    assert len(pixels) == 3


def test_json_of_a_folder_has_a_line_for_each_picture(ddrm: Program, photo: Path) -> None:
    ddrm("degrade", photo, "-d", "sr2", "-o", "in/a.png")
    ddrm("restore", "in", *ONE, "-o", "out")
    Path("in/bad.png").write_text("no picture")
    outcome = ddrm("restore", "in", *ONE, "-o", "out", "--json")
    by_status = {line["status"]: line for line in outcome.objects}
    assert set(by_status) == {"skipped", "failed"}
    assert "is not a picture" in by_status["failed"]["error"]
    assert outcome.summary == {
        "status": "summary", "total": 2, "done": 0, "planned": 0, "unchanged": 0, "skipped": 1,
        "failed": 1, "left_out": {},
    }  # fmt: skip


def test_quiet_says_nothing_but_results(ddrm: Program, photo: Path) -> None:
    outcome = ddrm("restore", photo, "-d", "deno", "--steps", "1", "--quiet")
    assert (outcome.stderr, outcome.stdout.count("\n")) == ("", 1)


def test_a_terminal_sees_the_step_and_the_time_left(
    ddrm: Program, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from io import StringIO

    from rich.console import Console

    screen = StringIO()
    terminal = Console(file=screen, force_terminal=True, width=100)
    monkeypatch.setattr(progress, "stderr", terminal)
    ddrm("restore", photo, "-d", "deno", "--steps", "2", "--sigma", "0.1")
    assert "photo.png" in screen.getvalue()
    assert "100%" in screen.getvalue()
    assert "left" in screen.getvalue()


def test_a_file_of_weights_of_the_users_own(ddrm: Program, photo: Path) -> None:
    from ddrm_cli.weights import registry

    weights = Path(registry.__file__).with_name("photo-small.pt")
    same = ("restore", photo, "-d", "sr2", *ONE, "--model")
    ddrm(*same, "photo-small", "--out", "a.png")
    outcome = ddrm(*same, weights, "--arch", "photo-small", "--out", "b.png")
    assert outcome.exit_code == 0, outcome.stderr
    assert np.array_equal(read_picture("a.png").pixels, read_picture("b.png").pixels)
    alone = ddrm(*same, weights, "--out", "c.png")
    assert (alone.exit_code, "--arch" in alone.stderr) == (2, True)


def test_a_table_of_models_of_the_users_own(ddrm: Program, photo: Path) -> None:
    from ddrm_cli.weights import registry

    weights = Path(registry.__file__).with_name("photo-small.pt")
    Path("models.toml").write_text(own_table(weights))
    outcome = ddrm("restore", photo, "-d", "sr2", *ONE, "-m", "mine", "--models", "models.toml")
    assert outcome.exit_code == 0, outcome.stderr


def own_table(weights: Path) -> str:
    """A model with the network of photo-small."""
    return f"""
[mine]
description = "a test"
licence = "none"
architecture = "plain-unet"
prediction = "v"
[mine.network]
image_size = 64
channels = [64, 128, 256, 256]
down_blocks = [2, 3, 3, 3]
up_blocks = [2, 3, 3]
[mine.weights]
path = {json.dumps(str(weights))}
"""


def test_what_the_model_cannot_do_well_is_said_once(ddrm: Program, photo: Path) -> None:
    """To people once a run, to scripts with each picture."""
    folder = photo.parent / "grey"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        with Image.open(photo) as image:
            image.convert("L").resize((16, 16)).save(folder / name)
    done = ddrm("restore", folder, "--deg", "color", "--out", "colour", "--steps", "1", "--json")
    assert done.stderr.count("photo-small cannot do this well") == 1
    assert len(done.objects) == 2
    for each in done.objects:
        assert sum("cannot do this well" in note for note in each["notes"]) == 1
    small = folder / "a.png"
    planned = ddrm("restore", small, "--deg", "sr8", "--dry-run")
    assert "enlarged 8 times, pictures stay soft" in planned.stderr
    assert "cannot do this well" not in ddrm("restore", small, "--deg", "sr4", "--dry-run").stderr


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_too_little_memory_is_said_and_what_would_help(
    ddrm: Program, photo: Path, dry: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it begins, and then it goes on: the estimate may be wrong."""
    monkeypatch.setattr(planning, "memory_to_be_had", lambda: 10_000_000)
    command = ("restore", photo, "-d", "deno", *ONE, "--samples", "2", "--out", "x.png")
    outcome = ddrm(*command, *dry)
    assert outcome.exit_code == 0
    assert "photo.png: It takes about 0." in outcome.stderr
    assert "0.0 GB are free" in outcome.stderr
    assert "What helps: fewer --samples" in outcome.stderr
    assert Path("x_seed0.png").exists() != bool(dry)


def test_compiling_is_said(ddrm: Program, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[nn.Module] = []
    monkeypatch.setattr(nn.Module, "compile", lambda network: compiled.append(network))
    command = ("restore", photo, "-d", "deno", *ONE, "--out")
    assert "compiled" not in ddrm(*command, "x.png").stderr
    told = ddrm(*command, "y.png", "--compile").stderr
    assert "The network is compiled: the first picture waits, a minute or more.\n" in told
    assert len(compiled) == 1
    assert Path("x.png").exists()
