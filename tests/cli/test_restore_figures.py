"""Several samples, their average, and figures of one restoration."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ddrm_cli.files import restoring
from ddrm_cli.images.reading import read_picture

from .program import Program, files_below, opened

TWO = ("--steps", "2", "--sigma", "0.05")


def test_samples_are_what_their_seeds_give_alone(ddrm: Program, photo: Path) -> None:
    all_detail = ("restore", photo, "-d", "sr2", *TWO, "--detail", "1")
    several = ddrm(*all_detail, "--seed", "3", "--samples", "2")
    assert [Path(line).name for line in several.stdout.splitlines()] == [
        "photo_restored_sr2_seed3.png",
        "photo_restored_sr2_seed4.png",
    ]
    ddrm(*all_detail, "--seed", "4", "--out", "alone.png")
    alone = read_picture("alone.png").pixels
    together = read_picture("photo_restored_sr2_seed4.png").pixels
    # Convolutions of another batch size round otherwise: one grey level, of half precision a few.
    assert np.abs(alone - together).mean() < 1 / 255


@pytest.mark.parametrize(
    ("options", "said", "kappa"),
    [
        (("--samples", "2"), True, 1.0),
        (("--samples", "2", "--preset", "fast"), True, 1.0),
        (("--samples", "2", "--detail", "0.5"), False, 0.7),
        (("--samples", "1"), False, 0.7),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_several_samples_are_drawn_with_all_detail_unless_told_otherwise(
    ddrm: Program, photo: Path, options: tuple[str, ...], said: bool, kappa: float
) -> None:
    command = ("restore", photo, "-d", "sr2", *TWO, "--dry-run", "--json", "-m", "cifar10")
    outcome = ddrm(*command, *options)
    (plan,) = outcome.objects
    assert plan["kappa"] == pytest.approx(kappa)
    remark = "Several samples are drawn in full detail, so that they differ as they may.\n"
    assert outcome.stderr == (remark if said else "")


def test_several_samples_of_the_published_rule_are_drawn_as_one_is(
    ddrm: Program, photo: Path
) -> None:
    command = ("restore", photo, "-d", "sr2", *TWO, "--dry-run", "--json", "-m", "cifar10")
    outcome = ddrm(*command, "--samples", "2", "--preset", "paper", "--steps", "5")
    assert (outcome.exit_code, outcome.stderr) == (0, "")
    assert outcome.objects[0]["eta_c"] == 0.85


@pytest.mark.slow
def test_the_average_is_the_mean_of_the_samples(ddrm: Program, photo: Path) -> None:
    common = ("restore", photo, "-d", "sr2", *TWO, "--samples", "3")
    ddrm(*common, "--out", "each.png")
    outcome = ddrm(*common, "--average", "--out", "mean.png", "--json")
    (result,) = outcome.objects
    assert result["files"] == ["mean.png", "mean_uncertainty.png"]
    samples = [read_picture(f"each_seed{seed}.png").pixels for seed in range(3)]
    mean = read_picture("mean.png").pixels
    # Samples were clipped to [0, 1] and rounded to 8 bits before this mean, not before that one.
    inside = np.all([(each > 0.02) & (each < 0.98) for each in samples], axis=0)
    assert np.abs(mean - np.mean(samples, axis=0))[inside].max() < 2 / 255
    with Image.open("mean_uncertainty.png") as figure:
        assert figure.width > 128  # the map and its colour bar
        assert figure.height >= 128


def test_compare_shows_input_restoration_and_original(ddrm: Program, photo: Path) -> None:
    ddrm("degrade", photo, "-d", "sr2", "-o", "y.png")
    without = ddrm("restore", "y.png", *TWO, "--compare", "-o", "a.png")
    assert without.stdout.splitlines() == ["a.png", "a_compare.png"]
    ddrm("restore", "y.png", *TWO, "--compare", "--original", photo, "-o", "b.png")
    two, three = (opened(name).width for name in ("a_compare.png", "b_compare.png"))
    assert three * 2 > two * 2.8  # a third panel, as wide as the others but for the gap


def test_the_original_may_be_what_degrade_cropped(ddrm: Program, photo: Path) -> None:
    opened(photo).crop((0, 0, 63, 61)).save("odd.png")
    assert (
        "Cropped from 63 x 61 to 60 x 60"
        in ddrm("degrade", "odd.png", "-d", "sr4", "-o", "y.png").stderr
    )
    outcome = ddrm("restore", "y.png", *TWO, "--compare", "--original", "odd.png")
    assert outcome.exit_code == 0, outcome.stderr
    wrong = ddrm("restore", "y.png", *TWO, "--compare", "--original", "y.png", "-o", "c.png")
    assert wrong.exit_code == 1
    assert "The original 'y.png' is 15 x 15, the restoration 60 x 60." in wrong.stderr


def test_a_measurement_that_is_no_picture_is_compared_without_it(
    ddrm: Program, photo: Path
) -> None:
    ddrm("degrade", photo, "-d", "cs2", "-o", "y.npz")
    assert ddrm("restore", "y.npz", *TWO, "--compare").exit_code == 0


def test_progress_has_a_frame_for_each_step(ddrm: Program, photo: Path) -> None:
    outcome = ddrm("restore", photo, "-d", "deno", "--sigma", "0.1", "--steps", "3",
                   "--save-progress")  # fmt: skip
    assert outcome.exit_code == 0, outcome.stderr
    with Image.open("photo_restored_deno_progress.gif") as animation:
        assert animation.n_frames == 3
    assert Path("photo_restored_deno_progress.png").exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--samples", "0"), "'--samples 0' is not possible"),
        (("--seed", str(2**30 - 1), "--samples", "2"), "pass the largest seed, 1073741823"),
        (("--average",), "Add --samples"),
        (("--original", "photo.png"), "Add --compare"),
    ],
)
def test_options_that_make_no_sense(
    ddrm: Program, photo: Path, folder: Path, options: tuple[str, ...], says: str
) -> None:
    outcome = ddrm("restore", photo, "-d", "deno", *options)
    assert outcome.exit_code == 2
    assert says in outcome.stderr
    assert files_below(folder) == {"photo.png"}


def test_a_figure_that_exists_is_not_replaced(ddrm: Program, photo: Path) -> None:
    figure = Path("photo_restored_deno_compare.png")
    figure.write_text("mine")
    outcome = ddrm("restore", photo, "-d", "deno", *TWO, "--compare")
    assert outcome.exit_code == 1
    assert "photo_restored_deno_compare.png' exists already" in outcome.stderr
    assert figure.read_text() == "mine"
    assert not Path("photo_restored_deno.png").exists()


def test_a_figure_that_cannot_be_made_costs_no_result(
    ddrm: Program, photo: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError("boom")

    monkeypatch.setattr(restoring, "compare_figure", broken)
    outcome = ddrm("restore", photo, "-d", "deno", *TWO, "--compare", "--out", "out.png")
    assert outcome.exit_code == 1
    assert files_below(folder) == {"photo.png", "out.png"}
    assert opened("out.png").size == (64, 64)


@pytest.mark.parametrize(
    ("output", "figure"), [("x.webp", "x_compare.png"), ("x.jpg", "x_compare.jpg")]
)
def test_figures_are_png_files_except_beside_jpeg_ones(
    ddrm: Program, photo: Path, output: str, figure: str
) -> None:
    outcome = ddrm("restore", photo, "-d", "deno", *TWO, "--compare", "--out", output)
    assert outcome.stdout.splitlines() == [output, figure]


def test_figures_that_were_not_asked_for_before_are_added(ddrm: Program, photo: Path) -> None:
    Path("in").mkdir()
    photo.rename("in/a.png")
    command = ("restore", "in", "-d", "deno", *TWO, "--out", "out")
    ddrm(*command)
    before = read_picture("out/a.png").pixels
    outcome = ddrm(*command, "--compare")
    assert (outcome.exit_code, outcome.stderr) == (0, "1 picture: 1 done.\n")
    assert files_below(Path("out")) == {"a.png", "a_compare.png"}
    assert np.array_equal(read_picture("out/a.png").pixels, before)
    assert "out/a.png: exists already, skipped.\n" in ddrm(*command, "--compare").stderr


@pytest.mark.slow
def test_a_run_that_stopped_between_the_samples_goes_on(ddrm: Program, photo: Path) -> None:
    Path("in").mkdir()
    photo.rename("in/a.png")
    command = ("restore", "in", "-d", "deno", *TWO, "--samples", "3", "--out", "out")
    ddrm(*command)
    Path("out/a_seed1.png").unlink()
    other = ddrm(*command, "--detail", "0.5")
    assert other.exit_code == 1
    assert "was made with other settings" in other.stderr
    assert len(files_below(Path("out"))) == 2
    assert ddrm(*command).exit_code == 0
    assert len(files_below(Path("out"))) == 3
    # Of several results not only the first must be of these settings.
    opened("out/a_seed0.png").save("out/a_seed2.png")
    unsaid = "'out/a_seed2.png' exists already, and does not say how it was made."
    assert unsaid in ddrm(*command).stderr


def test_what_others_put_in_the_place_of_a_result_stays(ddrm: Program, photo: Path) -> None:
    Path("in").mkdir()
    photo.rename("in/a.png")
    Path("out").mkdir()
    Path("out/a_compare.png").write_text("mine")
    outcome = ddrm("restore", "in", "-d", "deno", *TWO, "--compare", "--out", "out")
    assert outcome.exit_code == 1
    assert Path("out/a_compare.png").read_text() == "mine"
    assert files_below(Path("out")) == {"a_compare.png"}
