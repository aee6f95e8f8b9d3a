"""A whole evaluation with a tiny model: what is kept, what is repeated, what is refused."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ddrm_cli.degradations.compression import Compression
from ddrm_cli.degradations.jpeg import JPEG
from ddrm_cli.errors import OutputError, UnknownNameError, UsageError
from ddrm_cli.evaluation.grid import Cell, make_grid, make_settings
from ddrm_cli.evaluation.metrics import psnr
from ddrm_cli.evaluation.photographs import Photograph, find_photographs
from ddrm_cli.evaluation.progress import PictureDone
from ddrm_cli.evaluation.run import DDRM, Evaluation, evaluate, picture_seed
from ddrm_cli.evaluation.store import ORIGINAL, Protocol
from ddrm_cli.evaluation.tables import summarise
from ddrm_cli.images.reading import read_picture
from ddrm_cli.networks.configurations import UNetConfig
from ddrm_cli.prior import load_model
from ddrm_cli.restoration import Restoration, Restorer
from ddrm_cli.sampler.settings import LARGEST_SEED, PaperSettings, SamplerSettings
from ddrm_cli.weights.model import Model
from ddrm_cli.weights.registry import load_models

PROTOCOL = Protocol(size=32)
restore = Restorer.__call__


def cells(*degradations: str, steps: Sequence[int] = (1,), sigma: float = 0.05) -> list[Cell]:
    settings = [SamplerSettings(steps=each) for each in steps]
    return make_grid(degradations, [sigma], ["tiny"], settings)


class Runner:
    """Runs evaluations, and counts how often a picture is restored."""

    def __init__(self, models: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.out = out
        self.models = load_models(models)
        self.load = partial(load_model, device="cpu", precision="float32")
        self.restored = 0
        self.loaded = 0

        def counted(restorer: Restorer, *arguments: Any, **options: Any) -> Restoration:
            self.restored += 1
            return restore(restorer, *arguments, **options)

        monkeypatch.setattr(Restorer, "__call__", counted)

    def __call__(
        self, photographs: Sequence[Photograph], grid: Sequence[Cell], protocol: Protocol = PROTOCOL
    ) -> Evaluation:
        def load(model: Model) -> Any:
            self.loaded += 1
            return self.load(model)

        return evaluate(photographs, grid, self.out, self.models, load, protocol=protocol)


@pytest.fixture
def runner(tiny_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runner:
    return Runner(tiny_models, tmp_path / "out", monkeypatch)


def test_every_picture_is_scored_in_every_cell(runner: Runner, photos: Path) -> None:
    photographs = find_photographs([str(photos)], limit=2)
    grid = cells("sr4", "inp", "cs4", steps=(1, 2))
    found = runner(photographs, grid)
    assert [(each.cell, each.name) for each in found.records] == [
        (cell, name) for cell in grid for name in "ab"
    ]
    assert runner.loaded == 1
    for record in found.records:
        assert (record.width, record.height) == (32, 32)
        assert set(record.scores[DDRM]) == {"psnr", "ssim", "residual"}
        assert len(record.scores) >= 2  # a baseline beside it


def test_a_score_is_that_of_the_picture_that_is_kept(runner: Runner, photos: Path) -> None:
    found = runner(find_photographs([str(photos)], limit=1), cells("sr4"))
    (record,) = found.records
    for method, scores in record.scores.items():
        kept, original = (
            read_picture(runner.out / found.store.picture(record.cell, each, record.name)).pixels
            for each in (method, ORIGINAL)
        )
        # Rounding to 8 bits moves each pixel by at most 1/510.
        assert psnr(kept, original) == pytest.approx(scores["psnr"], abs=0.05)


def test_what_is_finished_is_not_run_again(runner: Runner, photos: Path) -> None:
    photographs = find_photographs([str(photos)])
    first = runner(photographs[:2], cells("sr4"))
    assert runner.restored == 2
    again = runner(photographs[:2], cells("sr4"))
    assert (runner.restored, runner.loaded) == (2, 1)
    assert again.records == first.records
    # A larger grid and more pictures do only what is missing.
    larger = runner(photographs, cells("sr4", "inp"))
    assert runner.restored == 6
    assert larger.records[:2] == first.records


def test_cells_that_differ_in_the_eighth_digit_are_two(runner: Runner, photos: Path) -> None:
    photographs = find_photographs([str(photos)], limit=1)
    settings = [PaperSettings(steps=1), PaperSettings(steps=1, eta_a=0.85000001)]
    found = runner(photographs, make_grid(["inp"], [0.05, 0.05000001], ["tiny"], settings))
    assert runner.restored == len(found.records) == 4
    shown = [(row.group, row.method) for row in summarise(found)]
    # One baseline for each noise level, and two ways to restore it.
    assert len(shown) == len(set(shown)) == 6


def test_cells_of_two_details_are_two(runner: Runner, photos: Path) -> None:
    photographs = find_photographs([str(photos)], limit=1)
    settings = [SamplerSettings(steps=2, detail=each) for each in (0.0, 1.0)]
    found = runner(photographs, make_grid(["sr4"], [0.05], ["tiny"], settings))
    kept = [found.store.picture(record.cell, DDRM, record.name) for record in found.records]
    assert runner.restored == len(found.records) == len(set(kept)) == 2
    expected, sample = (read_picture(runner.out / path).pixels for path in kept)
    assert not np.array_equal(expected, sample)


def test_a_record_says_what_the_sampler_did(runner: Runner, photos: Path) -> None:
    photographs = find_photographs([str(photos)], limit=1)
    settings = [*make_settings(["standard", "detailed"]), PaperSettings(steps=3)]
    grid = make_grid(["deno", "sr_bicubic4"], [0.05], ["tiny"], settings)
    found = runner(photographs, grid)
    # The published rule takes what it is told, the soft one what the task needs.
    steps = [record.sampler["steps"] for record in found.records]
    assert steps == [1, 2, 3, 8, 16, 3]
    soft, sample, paper = (record.sampler for record in found.records[:3])
    assert (soft["kappa"], sample["kappa"]) == pytest.approx((0.7, 1.0))
    assert soft["first_level"] == pytest.approx(0.1)  # the noise, on [-1, 1]
    assert set(paper) == {"steps", "first_level", "last_level", "eta_c", "eta_a", "eta_b"}
    assert [each.sampler for each in runner(photographs, grid).records] == [
        each.sampler for each in found.records
    ]


def test_a_run_that_was_interrupted_ends_as_if_it_had_not_been(
    runner: Runner, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photographs = find_photographs([str(photos)])
    calls = itertools.count()

    def interrupted(restorer: Restorer, *arguments: Any, **options: Any) -> Restoration:
        if next(calls) == 1:
            raise KeyboardInterrupt
        return restore(restorer, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Restorer, "__call__", interrupted)
        with pytest.raises(KeyboardInterrupt):
            runner(photographs, cells("sr4"))
    resumed = runner(photographs, cells("sr4"))
    runner.out = runner.out.with_name("whole")
    whole = runner(photographs, cells("sr4"))
    assert [each.scores for each in resumed.records] == [each.scores for each in whole.records]


def test_a_picture_does_not_depend_on_its_neighbours(runner: Runner, photos: Path) -> None:
    photographs = find_photographs([str(photos)])
    together = runner(photographs, cells("inp"))
    runner.out = runner.out.with_name("alone")
    alone = runner(photographs[2:], cells("inp"))
    assert alone.records[0].scores == together.records[2].scores
    assert picture_seed(0, "a") != picture_seed(0, "b")
    assert picture_seed(1, "a") == picture_seed(0, "a") + 1


def test_a_picture_that_fails_is_named_and_the_rest_go_on(runner: Runner, photos: Path) -> None:
    (photos / "b.png").write_bytes(b"no picture")
    told: list[PictureDone] = []
    found = evaluate(
        find_photographs([str(photos)]),
        cells("sr4"),
        runner.out,
        runner.models,
        runner.load,
        protocol=PROTOCOL,
        progress=told.append,
    )
    assert [each.name for each in found.records] == ["a", "c"]
    assert [(each.name, "not a picture" in each.reason) for each in found.failures] == [("b", True)]
    assert [(each.done, each.total, each.failure is not None) for each in told] == [
        (1, 3, False),
        (2, 3, True),
        (3, 3, False),
    ]


def test_a_picture_whose_name_is_too_long_fails_alone(runner: Runner, photos: Path) -> None:
    longest = "n" * 251  # with .png the 255 bytes that a file's name may have; .json is longer
    (photos / "b.png").rename(photos / f"{longest}.png")
    found = runner(find_photographs([str(photos)]), cells("sr4"))
    assert [each.name for each in found.records] == ["a", "c"]
    ((name, reason),) = [(each.name, each.reason) for each in found.failures]
    assert name == longest
    assert "too long" in reason


def test_nothing_to_evaluate_is_refused(runner: Runner, photos: Path) -> None:
    photographs = find_photographs([str(photos)])
    with pytest.raises(UsageError, match="nothing to evaluate: 0 pictures in 1 cells"):
        runner([], cells("sr4"))
    with pytest.raises(UsageError, match="nothing to evaluate: 3 pictures in 0 cells"):
        runner(photographs, [])
    assert not runner.out.exists()


def test_a_picture_that_is_too_small_fails_alone(runner: Runner, photos: Path) -> None:
    Image.new("RGB", (3, 100)).save(photos / "b.png")
    found = runner(
        find_photographs([str(photos)], limit=2), cells("sr4"), Protocol(preprocess="none")
    )
    assert [each.name for each in found.failures] == ["b"]
    assert [(each.width, each.height) for each in found.records] == [(48, 40)]


def test_a_grey_picture_stays_grey_where_it_is_not_preprocessed(
    runner: Runner, photos: Path
) -> None:
    with Image.open(photos / "a.png") as image:
        image.convert("L").save(photos / "grey.png")
    photographs = [each for each in find_photographs([str(photos)]) if each.name == "grey"]
    found = runner(photographs, cells("sr4"), Protocol(preprocess="none"))
    path = found.store.picture(found.records[0].cell, DDRM, "grey")
    assert read_picture(runner.out / path).channels == 1


def test_the_folder_of_an_older_layout_is_refused_as_such(runner: Runner, photos: Path) -> None:
    photographs = find_photographs([str(photos)], limit=1)
    runner(photographs, cells("sr4"))
    file = runner.out / "run.json"
    run = json.loads(file.read_text())
    # As it was when the residual was still called consistency in files.
    run |= {"format": 1, "version": "0.0.1"}
    run["protocol"]["metrics"] = ["psnr", "ssim", "consistency"]
    file.write_text(json.dumps(run))
    with pytest.raises(UsageError, match=r"in format 1; this one goes on with format 2"):
        runner(photographs, cells("sr4"))
    assert json.loads(file.read_text()) == run


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (Protocol(size=32, seed=1), "seed was 0, now it is 1"),
        (Protocol(size=16), "size was 32, now it is 16"),
        (Protocol(size=32, preprocess="resize"), "preprocess was imagenet"),
    ],
)
def test_the_folder_of_another_run_is_refused(
    runner: Runner, photos: Path, other: Protocol, what: str
) -> None:
    photographs = find_photographs([str(photos)], limit=1)
    runner(photographs, cells("sr4"))
    with pytest.raises(UsageError, match=what):
        runner(photographs, cells("sr4"), other)


def test_what_is_compressed_is_evaluated_like_anything_else(runner: Runner, photos: Path) -> None:
    """Its measurement is the decoded file, whose coefficients the restoration keeps."""
    evaluation = runner(find_photographs([str(photos)], limit=1), cells("jpeg20", sigma=0.0))
    (record,) = evaluation.records
    assert set(record.scores) == {DDRM, "measurement", "pseudo-inverse"}
    cell = JPEG((3, 32, 32), Compression.of_quality(20)).cell
    assert record.scores[DDRM]["residual"] < cell / 2
    # Both say the same, but for how the colours are enlarged.
    psnr = {name: scores["psnr"] for name, scores in record.scores.items()}
    assert psnr["measurement"] == pytest.approx(psnr["pseudo-inverse"], abs=3)


def test_a_picture_that_was_removed_from_the_results_is_made_again(
    runner: Runner, photos: Path
) -> None:
    photographs = find_photographs([str(photos)], limit=1)
    (first,) = runner(photographs, cells("sr4")).records
    for picture in sorted(runner.out.glob("pictures/*/*/a.png")):
        before = picture.read_bytes()
        picture.unlink()
        (again,) = runner(photographs, cells("sr4")).records
        assert again.scores == first.scores
        assert picture.read_bytes() == before


def test_a_picture_that_changed_is_another_run(runner: Runner, photos: Path) -> None:
    photographs = find_photographs([str(photos)], limit=1)
    runner(photographs, cells("sr4"))
    (photos / "b.png").replace(photos / "a.png")
    with pytest.raises(UsageError, match="the picture of 'a' has changed"):
        runner(photographs, cells("sr4"))


def test_another_degradation_of_that_name_is_another_run(runner: Runner, photos: Path) -> None:
    photographs = find_photographs([str(photos)], limit=1)
    runner(photographs, cells("sr4"))
    (record,) = runner.out.glob("cells/*/*/a.json")
    values = json.loads(record.read_text())
    assert values["parameters"] == {"factor": 4}
    record.write_text(json.dumps({**values, "parameters": {"factor": 5}}))
    with pytest.raises(UsageError, match="the degradation of 'a' has changed"):
        runner(photographs, cells("sr4"))


def test_another_label_is_another_run(runner: Runner, photos: Path) -> None:
    photographs = find_photographs([str(photos)], limit=1)
    runner(photographs, cells("sr4"))
    with pytest.raises(UsageError, match="the label of 'a' has changed"):
        runner([replace(photographs[0], label=3)], cells("sr4"))


def test_labels_are_for_models_with_classes(
    runner: Runner, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int | None] = []

    def watched(restorer: Restorer, *arguments: Any, **options: Any) -> Restoration:
        seen.append(restorer.label)
        unlabelled = replace(restorer, model=replace(restorer.model, model=model), label=None)
        return restore(unlabelled, *arguments, **options)

    photographs = [replace(each, label=3) for each in find_photographs([str(photos)], limit=2)]
    model = runner.models["tiny"]
    monkeypatch.setattr(Restorer, "__call__", watched)
    runner(photographs[:1], cells("sr4"))
    assert isinstance(model.network, UNetConfig)
    classes = replace(model, network=replace(model.network, num_classes=10))
    load = runner.load
    runner.load = lambda model: replace(load(model), model=classes)  # type: ignore[assignment]
    runner(photographs[1:], cells("sr4"))
    assert seen == [None, 3]


def test_weights_that_changed_are_another_run(runner: Runner, photos: Path) -> None:
    photographs = find_photographs([str(photos)], limit=1)
    runner(photographs, cells("sr4"))
    described = json.loads((runner.out / "run.json").read_text())
    described["models"]["tiny"]["weights"] = {"tiny.pt": "sha256:0"}
    (runner.out / "run.json").write_text(json.dumps(described))
    with pytest.raises(UsageError, match="weights of tiny was"):
        runner(photographs, cells("sr4"))
    assert runner.loaded == 1  # which is found out though nothing is left to do


@pytest.mark.parametrize("name", ["notes.txt", "run.json"])
def test_a_folder_of_something_else_is_left_alone(runner: Runner, photos: Path, name: str) -> None:
    runner.out.mkdir()
    (runner.out / name).write_text("mine")
    with pytest.raises(UsageError):
        runner(find_photographs([str(photos)]), cells("sr4"))
    assert [path.name for path in runner.out.iterdir()] == [name]
    assert (runner.out / name).read_text() == "mine"


@pytest.mark.parametrize("name", ["n" * 300, "file/out"])
def test_a_folder_that_cannot_be_is_named(runner: Runner, photos: Path, name: str) -> None:
    (runner.out.parent / "file").write_text("mine")
    runner.out = runner.out.parent / name
    with pytest.raises(OutputError, match=name):
        runner(find_photographs([str(photos)]), cells("sr4"))


def test_a_record_that_is_damaged_is_named(runner: Runner, photos: Path) -> None:
    photographs = find_photographs([str(photos)], limit=1)
    runner(photographs, cells("sr4"))
    (record,) = (runner.out / "cells").rglob("*.json")
    right = record.read_text()
    for wrong in ("{", "[" * 9999, right.replace('"psnr"', '"beauty"')):
        record.write_text(wrong)
        with pytest.raises(UsageError, match=r"a\.json' cannot be read"):
            runner(photographs, cells("sr4"))


def test_a_protocol_that_cannot_be_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="metric"):
        Protocol(metrics=("pnsr",))
    with pytest.raises(UnknownNameError, match="preprocessing"):
        Protocol(preprocess="crop")


@pytest.mark.parametrize("name", ["seed", "size", "tile"])
@pytest.mark.parametrize("value", [-1, 1.0, 32.5, True, "32", float("nan"), 10**30])
def test_a_protocol_has_whole_numbers_in_range(name: str, value: Any) -> None:
    with pytest.raises(UsageError, match=f"A {name} of {value}"):
        Protocol(**{name: value})


def test_the_first_and_the_last_number_are_possible() -> None:
    for size in (1, 8192):
        Protocol(seed=0, size=size, tile=1)
    Protocol(seed=LARGEST_SEED)
    for wrong in ({"size": 0}, {"size": 8193}, {"tile": 0}, {"seed": LARGEST_SEED + 1}):
        with pytest.raises(UsageError, match="not possible"):
            Protocol(**wrong)  # type: ignore[arg-type]


def test_an_exact_restoration_survives_the_folder(runner: Runner, photos: Path) -> None:
    """Infinite PSNR has no number in JSON."""
    Image.new("RGB", (48, 40), (255, 255, 255)).save(photos / "a.png")
    photographs = find_photographs([str(photos)], limit=1)
    first = runner(photographs, cells("sr4", sigma=0.0))
    assert first.records[0].scores["pseudo-inverse"]["psnr"] > 100
    assert runner(photographs, cells("sr4", sigma=0.0)).records == first.records
