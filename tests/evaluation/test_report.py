from __future__ import annotations

import csv
import io
import json
import math
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
import torch
from PIL import Image

from ddrm_cli.evaluation import report
from ddrm_cli.evaluation.grid import make_grid
from ddrm_cli.evaluation.pairs import score_folders
from ddrm_cli.evaluation.photographs import find_photographs
from ddrm_cli.evaluation.plots import plots
from ddrm_cli.evaluation.report import evaluation_report, folders_report
from ddrm_cli.evaluation.results import write_folder_results, write_results
from ddrm_cli.evaluation.run import DDRM, Evaluation, evaluate
from ddrm_cli.evaluation.store import Protocol, Store
from ddrm_cli.evaluation.tables import (
    Mean,
    evaluation_csv,
    evaluation_json,
    folders_csv,
    mean_of,
    summarise,
    summarise_folders,
)
from ddrm_cli.prior import load_model
from ddrm_cli.sampler.settings import SamplerSettings
from ddrm_cli.weights.registry import load_models
from tests.report.reader import Reader

SCORES = {"psnr", "ssim", "residual"}
NASTY = "<img src=x onerror=alert(1)>&\"'{{title}} ü"


@pytest.fixture(scope="module")
def evaluation(tiny_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    folder = tmp_path_factory.mktemp("report")
    rng = np.random.default_rng(0)
    (folder / "photos").mkdir()
    for name in ("a", "b", NASTY):
        pixels = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / "photos" / f"{name}.png")
    (folder / "photos" / "broken.png").write_text("no picture")
    grid = make_grid(
        ["sr4", "inp"], [0.05], ["tiny"], [SamplerSettings(steps=1), SamplerSettings(steps=2)]
    )
    return evaluate(
        find_photographs([str(folder / "photos")]),
        grid,
        folder / "out",
        load_models(tiny_models),
        partial(load_model, device="cpu", precision="float32"),
        protocol=Protocol(size=32),
    )


def test_the_report_is_whole_and_needs_nothing_from_elsewhere(evaluation: Evaluation) -> None:
    text = evaluation_report(evaluation)
    page = Reader(text)
    assert all(address.startswith("data:") for address in page.loaded)
    for word in (b"http://", b"https://", b"@import", b"url("):
        assert word not in text
    assert len(page.cards) == 6  # three pictures, measured in two ways
    assert b"{{" not in text.replace(b"{{title}}", b"")  # but for the picture of that name


def test_names_are_text_whatever_they_look_like(evaluation: Evaluation) -> None:
    page = Reader(evaluation_report(evaluation))
    assert NASTY in {card["data-name"] for card in page.cards}
    assert NASTY in page.texts
    assert not any("onerror" in values for _, values in page.tags)


def test_a_card_has_all_layers_and_finds_the_full_pictures(evaluation: Evaluation) -> None:
    page = Reader(evaluation_report(evaluation))
    labels = [str(values["data-label"]) for values in page.all("img")]
    ours = ["tiny, standard, 1 step", "tiny, standard, 2 steps"]
    inp, sr4 = ["measurement", *ours, "original"], ["bicubic", *ours, "pseudo-inverse", "original"]
    assert labels == 3 * (sr4 + inp)
    assert len(page.files) == 2 * len(labels)
    for address in page.files:
        assert (evaluation.store.out / unquote(address)).is_file()


def test_restorations_by_two_methods_can_be_chosen_for_the_two_sides(
    evaluation: Evaluation,
) -> None:
    page = Reader(evaluation_report(evaluation))
    controls = [values.get("id") for values in page.all("select")]
    assert controls == ["group", "order", "left", "right"]
    assert not any("hidden" in values for values in page.all("label"))
    for method in ("tiny, standard, 1 step", "tiny, standard, 2 steps"):
        # On both sides, and in both tables.
        assert page.texts.count(method) >= 4


def test_the_command_stands_in_the_head(evaluation: Evaluation) -> None:
    command = "ddrm evaluate 'a <b>.png' --deg sr4"
    assert command in Reader(evaluation_report(evaluation, command)).texts


def test_cards_begin_in_the_order_of_names(evaluation: Evaluation) -> None:
    names = [str(card["data-name"]) for card in Reader(evaluation_report(evaluation)).cards]
    assert names == sorted(names)


def test_failures_and_scores_are_on_the_page(evaluation: Evaluation) -> None:
    page = Reader(evaluation_report(evaluation))
    failed = [text for text in page.texts if text.startswith("broken, ")]
    cells = {record.cell: None for record in evaluation.records}
    assert failed == [f"broken, {cell.title}" for cell in cells]
    assert sum("is not a picture" in text for text in page.texts) == len(failed) == 4
    for row in summarise(evaluation):
        assert row.text("psnr") in page.texts
    for values in page.all("img"):
        keys = json.loads(str(values["data-keys"]))
        assert set(keys) == (set() if values["data-label"] == "original" else SCORES)


def test_of_very_many_pictures_the_worst_and_some_of_the_rest_are_shown(
    evaluation: Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "MAX_PICTURES", 20)  # of five layers a card
    page = Reader(evaluation_report(evaluation))
    one_step = [each for each in evaluation.records if each.cell.settings.steps == 1]
    scores = sorted(each.scores[DDRM]["psnr"] for each in one_step)
    shown = sorted(
        json.loads(str(values["data-keys"]))["psnr"]
        for values in page.all("img")
        if values["data-label"] == "tiny, standard, 1 step"
    )
    assert len(scores) == 6
    assert len(shown) == 4
    assert shown[:2] == scores[:2]
    assert "(6: the 2 worst, and 2 of the rest)" in page.texts


def test_a_picture_that_was_deleted_does_not_break_the_report(evaluation: Evaluation) -> None:
    path = evaluation.store.out / evaluation.store.picture(evaluation.records[0].cell, DDRM, "a")
    data = path.read_bytes()
    path.unlink()
    try:
        page = Reader(evaluation_report(evaluation))
        assert len(page.cards) == 6
        assert sum("cannot be shown" in text for text in page.texts) == 1
    finally:
        path.write_bytes(data)


def test_means_have_the_standard_error() -> None:
    mean = mean_of([1.0, 2.0, 3.0, 6.0])
    assert mean.value == 3
    assert mean.error == pytest.approx(np.std([1, 2, 3, 6], ddof=1) / 2)
    assert math.isnan(mean_of([1.0]).error)
    assert mean_of([1.0, math.inf]).value == math.inf


def test_baselines_stand_beside_each_restoration_once(evaluation: Evaluation) -> None:
    rows = [(row.group.split(",")[0], row.method) for row in summarise(evaluation)]
    assert rows == [
        ("sr4", "bicubic"),
        ("sr4", "pseudo-inverse"),
        ("sr4", "tiny, standard, 1 step"),
        ("sr4", "tiny, standard, 2 steps"),
        ("inp", "measurement"),
        ("inp", "tiny, standard, 1 step"),
        ("inp", "tiny, standard, 2 steps"),
    ]


def test_the_residual_is_shown_in_units_of_the_noise(evaluation: Evaluation) -> None:
    bicubic = summarise(evaluation)[0]
    expected = f"{bicubic.means['residual'].value / 0.05:.2f} σ"
    assert bicubic.text("residual") == expected
    assert bicubic.text("lpips") == "–"
    noise_free = replace(bicubic, sigma=0.0)
    assert noise_free.text("residual") == f"{bicubic.means['residual'].value:.4f}"


def test_an_axis_tells_apart_what_differs_in_the_seventh_digit(evaluation: Evaluation) -> None:
    row = summarise(evaluation)[0]
    page = Reader(plots([replace(row, means={"psnr": Mean(160.0005, 0.0004)})], ["psnr"]).encode())
    places = [values["x"] for _, values in page.tags if values.get("text-anchor") == "middle"]
    ticks = [text for text in page.texts if re.fullmatch(r"160(\.\d{3,})?", text)]
    assert len(places) == len(set(ticks)) > 3


def test_the_csv_has_a_row_for_each_picture_and_cell(evaluation: Evaluation) -> None:
    rows = list(csv.DictReader(io.StringIO(evaluation_csv(evaluation))))
    assert len(rows) == 12
    record = evaluation.records[0]
    assert float(rows[0]["psnr"]) == record.scores[DDRM]["psnr"]
    assert float(rows[0]["bicubic_psnr"]) == record.scores["bicubic"]["psnr"]
    assert rows[0]["measurement_psnr"] == ""  # belongs to inpainting
    named = ("degradation", "preset", "steps")
    assert tuple(rows[0][name] for name in named) == ("sr4", "standard", "1")


def test_the_json_says_what_is_needed_to_repeat_the_run(evaluation: Evaluation) -> None:
    found = json.loads(evaluation_json(evaluation, {"limit": None}))
    assert found["versions"]["torch"] == torch.__version__
    assert len(found["models"]["tiny"]["weights"]["tiny.pt"].removeprefix("sha256:")) == 64
    assert found["models"]["tiny"]["precision"] == "float32"
    assert found["protocol"]["seed"] == 0
    assert found["machine"]["cores"]
    assert len(found["records"]) == 12
    assert {"width", "height", "seed", "sha256", "seconds"} <= set(found["records"][0])
    assert [failure["name"] for failure in found["failures"]] == ["broken"] * 4


def test_results_are_written_and_replaced(evaluation: Evaluation) -> None:
    for _ in range(2):
        path = write_results(evaluation, {})
    assert path == evaluation.store.out / "report.html"
    assert {"results.csv", "results.json", "report.html"} <= set(_names(evaluation.store.out))


def test_folders_that_were_scored_have_a_report_too(evaluation: Evaluation, tmp_path: Path) -> None:
    store = evaluation.store
    pictures = [
        store.out / store.picture(evaluation.records[0].cell, m, "") for m in (DDRM, "original")
    ]
    scores = score_folders(pictures[0].parent, pictures[1].parent)
    (row,) = summarise_folders(scores)
    assert row.count == 3
    page = Reader(folders_report(scores, tmp_path))
    assert len(page.cards) == 3
    assert [values["data-label"] for values in page.all("img")] == 3 * ["original", "restored"]
    assert all((tmp_path / unquote(address)).is_file() for address in page.files)
    assert len(folders_csv(scores).splitlines()) == 4
    write_folder_results(scores, tmp_path / "scores", {})
    assert _names(tmp_path / "scores") == ["report.html", "results.csv", "results.json"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_are_no_utf_8_are_written_out(tiny_models: Path, tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9")
    (tmp_path / "photos").mkdir()
    for stem in (name, f"{name} broken"):
        Image.new("RGB", (32, 32), (200, 90, 30)).save(tmp_path / "photos" / f"{stem}.png")
    (tmp_path / "photos" / f"{name} broken.png").write_text("no picture")
    found = evaluate(
        find_photographs([str(tmp_path / "photos")]),
        make_grid(["sr4"], [0.0], ["tiny"], [SamplerSettings(steps=1)]),
        tmp_path / "out",
        load_models(tiny_models),
        partial(load_model, device="cpu", precision="float32"),
        protocol=Protocol(size=32),
    )
    page = Reader(write_results(found, {}).read_bytes())
    (card,) = page.cards
    assert card["data-name"] == r"caf\udce9"
    assert any(text.startswith(r"caf\udce9 broken, ") for text in page.texts)
    (row,) = csv.DictReader(io.StringIO((tmp_path / "out/results.csv").read_text("utf-8")))
    assert row["picture"] == r"caf\udce9"
    kept = json.loads((tmp_path / "out/results.json").read_text("utf-8"))
    assert [record["name"] for record in kept["records"]] == [name]
    assert [failure["name"] for failure in kept["failures"]] == [f"{name} broken"]

    scores = score_folders(tmp_path / "photos", tmp_path / "photos")
    write_folder_results(scores, tmp_path / "scores", {})
    assert r"caf\udce9" in (tmp_path / "scores/results.csv").read_text("utf-8")


def test_a_report_of_pictures_without_scores_shows_some_of_them(
    evaluation: Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "MAX_PICTURES", 20)
    protocol = Protocol(size=32, metrics=())
    bare = replace(
        evaluation,
        store=Store(evaluation.store.out.with_name("bare"), protocol),
        records=[
            replace(each, scores={method: {} for method in each.scores})
            for each in evaluation.records
        ],
    )
    assert len(Reader(evaluation_report(bare)).cards) == 4


def _names(folder: Path) -> Sequence[str]:
    return sorted(path.name for path in folder.iterdir())
