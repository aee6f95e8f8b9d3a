from __future__ import annotations

import csv
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

from ddrm_cli.cli.main import app
from ddrm_cli.evaluation import learned
from tests.closed import closed_folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def evaluate(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)])


def tiny(photos: Path, out: Path, models: Path, *more: object) -> Any:
    options = ("--model", "tiny", "--models", models, "--size", 32, "--steps", 1, "--out", out)
    return evaluate(photos, *options, "--precision", "float32", *more)


def test_a_table_and_three_files_come_out(photos: Path, out: Path, tiny_models: Path) -> None:
    result = tiny(photos, out, tiny_models, "-d", "sr4", "-d", "inp", "--steps", 2, "--limit", 2)
    assert result.exit_code == 0, result.output
    for text in ("sr4, σ = 0", "bicubic", "pseudo-inverse", "tiny, standard, 2 steps", "PSNR [dB]"):
        assert text in result.stdout
    assert "Report:" in result.stderr
    for name in ("results.csv", "results.json", "report.html"):
        assert (out / name).is_file()
    assert len((out / "results.csv").read_text().splitlines()) == 1 + 2 * 2 * 2
    (command,) = re.findall("<code>(.*?)</code>", (out / "report.html").read_text("utf-8"))
    assert command.startswith("ddrm evaluate /")
    assert command.endswith(f"--out {out} --precision float32 -d sr4 -d inp --steps 2 --limit 2")


def test_json_is_one_object_a_row(photos: Path, out: Path, tiny_models: Path) -> None:
    result = tiny(photos, out, tiny_models, "-d", "sr4", "--json", "--limit", 1)
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["method"] for row in rows] == [
        "bicubic",
        "pseudo-inverse",
        "tiny, standard, 1 step",
    ]
    assert all(row["count"] == 1 for row in rows)


def test_a_folder_that_cannot_be_looked_into_is_named_and_the_rest_is_scored(
    photos: Path, out: Path, tiny_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed_folder(photos / "closed", monkeypatch)
    (photos / "d.dng").touch()
    result = tiny(photos, out, tiny_models, "-d", "sr4", "--json")
    assert result.exit_code == 1
    assert "Left out: 1 .dng." in result.stderr
    assert "closed' cannot be read: Permission denied." in result.stderr
    assert all(json.loads(line)["count"] == 3 for line in result.stdout.splitlines())


def methods(result: Any) -> list[str]:
    """How the rows of ``--json`` were restored, without the two baselines in front."""
    return [json.loads(line)["method"] for line in result.stdout.splitlines()][2:]


def test_steps_and_etas_make_a_grid(photos: Path, out: Path, tiny_models: Path) -> None:
    more = ("--preset", "paper", "--eta", 0.5, "--eta", 1, "--steps", 2, "--limit", 1, "--json")
    found = methods(tiny(photos, out, tiny_models, "-d", "sr4", *more))
    assert found == [
        "tiny, uniform, η 0.5, 1 step",
        "tiny, uniform, η 1, 1 step",
        "tiny, uniform, η 0.5, 2 steps",
        "tiny, uniform, η 1, 2 steps",
    ]
    quadratic = tiny(photos, out, tiny_models, "-d", "sr4", *more, "--spacing", "quadratic")
    assert methods(quadratic) == [each.replace("uniform", "quadratic") for each in found]


def test_presets_and_details_make_a_grid(photos: Path, out: Path, tiny_models: Path) -> None:
    more = ("--preset", "fast", "--preset", "standard", "--detail", 0, "--detail", 1, "--limit", 1)
    assert methods(tiny(photos, out, tiny_models, "-d", "sr4", *more, "--json")) == [
        # Of so many steps, given, fast and standard are the same.
        "tiny, soft, detail 0, 1 step",
        "tiny, soft, detail 1, 1 step",
    ]


def test_results_say_the_steps_that_each_task_took(
    photos: Path, out: Path, tiny_models: Path
) -> None:
    tasks = ("-d", "deno", "-d", "sr_bicubic4", "--sigma", 0.05, "--limit", 1)
    model = ("--model", "tiny", "--models", tiny_models, "--precision", "float32")
    result = evaluate(photos, *model, "--size", 32, "--out", out, *tasks)
    assert result.exit_code == 0, result.output
    with (out / "results.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {(row["degradation"], row["steps"]) for row in rows} == {
        ("deno", "1"),
        ("sr_bicubic4", "8"),
    }


def test_a_picture_that_fails_is_named_and_ends_with_one(
    photos: Path, out: Path, tiny_models: Path
) -> None:
    (photos / "b.png").write_text("no picture")
    result = tiny(photos, out, tiny_models, "-d", "sr4")
    assert result.exit_code == 1
    assert "1 of 3 pictures failed: b" in result.stderr
    assert "bicubic" in result.stdout


def test_another_runs_folder_is_refused(photos: Path, out: Path, tiny_models: Path) -> None:
    tiny(photos, out, tiny_models, "-d", "sr4", "--limit", 1)
    result = tiny(photos, out, tiny_models, "-d", "sr4", "--limit", 1, "--seed", 1)
    assert result.exit_code == 2
    assert "results of another run: seed was 0, now it is 1" in result.stderr


def test_folders_are_scored_against_each_other(photos: Path, tmp_path: Path, out: Path) -> None:
    restored = tmp_path / "restored"
    restored.mkdir()
    for name in ("a", "b", "extra"):
        with Image.open(photos / f"{'a' if name == 'extra' else name}.png") as image:
            image.rotate(180).save(restored / f"{name}.png")
    result = evaluate("--restored", restored, "--reference", photos, "--out", out)
    assert result.exit_code == 0, result.output
    assert "extra.png has no pair" in result.stderr
    assert "c.png has no pair" in result.stderr
    assert "restored" in result.stdout
    assert (out / "report.html").is_file()
    again = evaluate("--restored", restored, "--reference", photos, "--out", out)
    assert again.exit_code == 1  # never replaces what is there
    assert "exists already" in again.stderr


def test_a_pair_of_two_sizes_ends_with_one(photos: Path, tmp_path: Path) -> None:
    restored = tmp_path / "restored"
    restored.mkdir()
    Image.new("RGB", (9, 9)).save(restored / "a.png")
    (restored / "b.png").write_bytes((photos / "b.png").read_bytes())
    result = evaluate("--restored", restored, "--reference", photos)
    assert result.exit_code == 1
    assert "a: The restoration is 9 x 9 in colour" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ((), "Nothing to evaluate"),
        (("PHOTOS",), "Nothing to evaluate"),
        (("PHOTOS", "-d", "sr17"), "no degradation named 'sr17'"),
        (("PHOTOS", "-d", "deblur"), "needs more than its name"),
        (("PHOTOS", "-d", "sr4", "--metric", "pnsr"), "no metric named 'pnsr'"),
        (("PHOTOS", "-d", "sr4", "--model", "photo-smal"), "no model named"),
        (("PHOTOS", "-d", "sr4", "--preset", "papers"), "no preset named"),
        (("PHOTOS", "-d", "sr4", "--preprocess", "crop"), "no preprocessing named"),
        (("PHOTOS", "-d", "sr4", "--sigma", "-1"), "A sigma of -1 is not possible"),
        (("PHOTOS", "-d", "sr4", "--steps", "0"), "0 steps"),
        (("PHOTOS", "-d", "sr4", "--preset", "paper", "--eta", "2"), "eta_c = 2"),
        (("PHOTOS", "-d", "sr4", "--eta", "0.5"), "Add --preset paper, or turn --detail."),
        (("PHOTOS", "-d", "sr4", "--detail", "2"), "detail = 2"),
        (("PHOTOS", "-d", "sr4", "--preset", "paper", "--detail", "1"), "paper has no detail"),
        (
            ("PHOTOS", "-d", "sr4", "--preset", "paper", "--preset", "fast", "--eta", "0.5"),
            "belong to the preset paper",
        ),
        (("PHOTOS", "-d", "sr4", "--size", "0"), "size of 0"),
        (("PHOTOS", "-d", "sr4", "--limit", "0"), "limit of 0"),
        (("EMPTY", "-d", "sr4"), "no picture in the folder"),
        (("PHOTOS", "--restored", "PHOTOS"), "belong together"),
        (("PHOTOS", "--restored", "PHOTOS", "--reference", "PHOTOS"), "neither with pictures"),
        (("--restored", "PHOTOS", "--reference", "EMPTY"), "no picture in the folder"),
    ],
)
def test_wrong_usage_is_one_sentence(
    photos: Path, tmp_path: Path, out: Path, arguments: tuple[str, ...], what: str
) -> None:
    (tmp_path / "empty").mkdir()
    places = {"PHOTOS": photos, "EMPTY": tmp_path / "empty"}
    result = evaluate(*(places.get(each, each) for each in arguments), "--out", out)
    assert result.exit_code == 2
    assert what in result.stderr
    assert not out.exists()


def test_an_extra_that_is_missing_is_found_out_before_the_run(
    photos: Path, out: Path, tiny_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned.load.cache_clear()
    monkeypatch.setitem(sys.modules, learned.NETWORKS["lpips"].module, None)
    result = tiny(photos, out, tiny_models, "-d", "sr4", "--metric", "lpips")
    assert result.exit_code == 2
    assert "needs the optional extra 'metrics'" in result.stderr
    assert not out.exists()


def test_the_page_on_the_paper_names_options_that_exist() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reproduce.md").read_text(encoding="utf-8")
    commands = re.findall(r"ddrm evaluate (?:[^\n]*\\\n)*[^\n]*", page)
    assert len(commands) >= 3
    help_page = evaluate("--help").stdout
    for option in {word for command in commands for word in command.split() if word[:2] == "--"}:
        assert f"{option} " in help_page
