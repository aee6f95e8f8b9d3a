"""``ddrm restore --dry-run``: what would be done, and what it would cost."""

from __future__ import annotations

from pathlib import Path

import pytest

from .program import Program, files_below, opened

COMMAND = ("restore", "photo.png", "-d", "sr_bicubic4", "--dry-run")


@pytest.mark.slow
def test_says_sizes_model_noise_time_and_memory_and_writes_nothing(
    ddrm: Program, photo: Path, folder: Path
) -> None:
    outcome = ddrm(*COMMAND, "--sigma", "0.05", "--device", "cpu", "--precision", "float32")
    assert outcome.exit_code == 0
    lines = dict(line.split(maxsplit=1) for line in outcome.stdout.splitlines()[1:])
    assert outcome.stdout.startswith("photo.png -> photo_restored_sr_bicubic4.png\n")
    assert lines["size"] == "64 x 64 to 256 x 256"
    assert lines["noise"] == "sigma = 0.0500, given"
    assert lines["model"] == "photo-small, float32 on cpu"
    assert lines["network"] == "8 steps of 1 tile, 256 x 256 pixels each"
    assert lines["time"].startswith("about ")
    assert lines["memory"].endswith(" GB")
    assert files_below(folder) == {"photo.png"}


def test_a_model_that_is_not_there_is_planned_but_for_the_time(
    ddrm: Program, photo: Path, tmp_path: Path
) -> None:
    model = ("--model", "imagenet-256", "--sigma", "0")
    outcome = ddrm(*COMMAND, *model)
    assert outcome.exit_code == 0
    assert "imagenet-256 has not been downloaded" in outcome.stdout
    assert "ddrm download imagenet-256" in outcome.stdout
    (plan,) = ddrm(*COMMAND, *model, "--json").objects
    assert plan["status"] == "planned"
    assert plan["seconds"] is None
    assert plan["megabytes"] > 1100  # its weights alone, in half precision
    assert not (tmp_path / "home" / "cache").exists()


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        (("-d", "deno", "--sigma", "0.05"), 1),
        (("-d", "deno", "--sigma", "0"), 0),
        (("-d", "sr_bicubic4", "--sigma", "0"), 8),
        (("-d", "sr_bicubic4", "--sigma", "0", "--preset", "fast"), 4),
        (("-d", "sr_bicubic4", "--sigma", "0", "--preset", "detailed"), 16),
        (("-d", "sr_bicubic4", "--sigma", "0", "--preset", "fast", "--steps", "5"), 5),
        (("-d", "sr_bicubic4", "--sigma", "0", "--preset", "paper"), 20),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_the_steps_of_the_task_are_planned(
    ddrm: Program, photo: Path, options: tuple[str, ...], steps: int
) -> None:
    # Of a model that is not there nothing is timed, which would take long.
    command = ("restore", "photo.png", "--dry-run", "-m", "cifar10", *options)
    counted = "1 step " if steps == 1 else f"{steps} steps "
    assert f"  network    {counted}of " in ddrm(*command).stdout
    (plan,) = ddrm(*command, "--json").objects
    assert plan["steps"] == steps


def test_json_has_the_facts_of_a_result_and_the_cost(ddrm: Program, photo: Path) -> None:
    common = ("restore", "photo.png", "-d", "sr2", "--sigma", "0", "--steps", "1", "--json")
    (plan,) = ddrm(*common, "--dry-run").objects
    (result,) = ddrm(*common).objects
    assert set(plan) - set(result) == {"megabytes"}
    assert set(result) - set(plan) == {"notes"}
    same = set(plan) & set(result) - {"status", "seconds"}
    assert {key: plan[key] for key in same} == {key: result[key] for key in same}


def test_memory_grows_with_picture_samples_precision_and_batch(ddrm: Program, photo: Path) -> None:
    opened(photo).resize((600, 600)).save("large.png")

    def megabytes(name: str, *options: str) -> int:
        # Of a model that is not there nothing is timed, which would take long.
        (plan,) = ddrm("restore", name, "-d", "deno", "--sigma", "0", "--dry-run", "--json", "-m",
                       "cifar10", "--precision", "bfloat16", *options).objects  # fmt: skip
        return int(plan["megabytes"])

    small, large = megabytes("photo.png"), megabytes("large.png")
    assert small < large
    assert large < megabytes("large.png", "--samples", "4")
    assert large < megabytes("large.png", "--batch-size", "64")
    assert large < megabytes("large.png", "--precision", "float32")
    assert large < megabytes("large.png", "--tile", "256")


def test_a_folder_is_planned_picture_by_picture(ddrm: Program, photo: Path, folder: Path) -> None:
    opened(photo).save("b.png")
    Path("c.png").touch()
    outcome = ddrm("restore", ".", "-d", "deno", "--sigma", "0", "--dry-run", "-o", "out")
    assert outcome.exit_code == 1
    assert "photo.png -> out/photo.png" in outcome.stdout
    assert "b.png -> out/b.png" in outcome.stdout
    assert "'c.png' is empty" in outcome.stderr
    assert not Path("out").exists()


@pytest.mark.parametrize("options", [("--tile", "100"), ("--steps", "0"), ("--device", "gpu")])
def test_wrong_usage_is_found_without_doing_it(
    ddrm: Program, photo: Path, options: tuple[str, ...]
) -> None:
    assert ddrm(*COMMAND, *options).exit_code == 2
    assert ddrm(*COMMAND, *options, "--model", "imagenet-256").exit_code == 2
