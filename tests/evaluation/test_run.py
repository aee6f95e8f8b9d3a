"""A whole evaluation with a tiny model: what is kept, what is repeated, what is refused."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from torch import Tensor

from ddrm_cli.errors import UnknownNameError, UsageError
from ddrm_cli.evaluation.grid import Cell, make_grid
from ddrm_cli.evaluation.metrics import psnr
from ddrm_cli.evaluation.run import DDRM, Evaluation, Progress, evaluate, picture_seed
from ddrm_cli.evaluation.samples import Sample, find_samples
from ddrm_cli.evaluation.store import ORIGINAL, Protocol
from ddrm_cli.images.reading import read_picture
from ddrm_cli.networks.configurations import UNetConfig
from ddrm_cli.restoration import load_model, restore_measurement
from ddrm_cli.sampler.settings import SamplerSettings

PROTOCOL = Protocol(size=32)
RESTORE = "ddrm_cli.evaluation.run.restore_measurement"


def cells(*degradations: str, steps: Sequence[int] = (2,), sigma: float = 0.05) -> list[Cell]:
    settings = [SamplerSettings(steps=each) for each in steps]
    return make_grid(degradations, [sigma], ["tiny"], settings)


class Runner:
    """Runs evaluations, and counts how often a picture is restored."""

    def __init__(self, models: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.out = out
        self.load = partial(load_model, device="cpu", precision="float32", models=models)
        self.restored = 0
        self.loaded = 0

        def counted(*arguments: Any, **options: Any) -> Tensor:
            self.restored += 1
            return restore_measurement(*arguments, **options)

        monkeypatch.setattr(RESTORE, counted)

    def __call__(
        self, samples: Sequence[Sample], grid: Sequence[Cell], protocol: Protocol = PROTOCOL
    ) -> Evaluation:
        def load(name: str) -> Any:
            self.loaded += 1
            return self.load(name)

        return evaluate(samples, grid, self.out, load, protocol=protocol)


@pytest.fixture
def runner(tiny_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runner:
    return Runner(tiny_models, tmp_path / "out", monkeypatch)


def test_every_picture_is_scored_in_every_cell(runner: Runner, photos: Path) -> None:
    samples = find_samples([str(photos)])
    grid = cells("sr4", "inp", "cs4", steps=(2, 3))
    found = runner(samples, grid)
    assert [(each.cell, each.name) for each in found.records] == [
        (cell, name) for cell in grid for name in "abc"
    ]
    assert runner.loaded == 1
    for record in found.records:
        assert (record.width, record.height) == (32, 32)
        assert set(record.scores[DDRM]) == {"psnr", "ssim", "consistency"}
        assert len(record.scores) >= 2  # a baseline beside it


def test_a_score_is_that_of_the_picture_that_is_kept(runner: Runner, photos: Path) -> None:
    found = runner(find_samples([str(photos)], limit=1), cells("sr4"))
    (record,) = found.records
    for method, scores in record.scores.items():
        kept, original = (
            read_picture(runner.out / found.store.picture(record.cell, each, record.name)).pixels
            for each in (method, ORIGINAL)
        )
        # Rounding to 8 bits moves each pixel by at most 1/510.
        assert psnr(kept, original) == pytest.approx(scores["psnr"], abs=0.05)


def test_what_is_finished_is_not_run_again(runner: Runner, photos: Path) -> None:
    samples = find_samples([str(photos)])
    first = runner(samples[:2], cells("sr4"))
    assert runner.restored == 2
    again = runner(samples[:2], cells("sr4"))
    assert (runner.restored, runner.loaded) == (2, 1)
    assert again.records == first.records
    # A larger grid and more pictures do only what is missing.
    larger = runner(samples, cells("sr4", "inp"))
    assert runner.restored == 6
    assert larger.records[:2] == first.records


def test_a_run_that_was_interrupted_ends_as_if_it_had_not_been(
    runner: Runner, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = find_samples([str(photos)])
    calls = itertools.count()

    def interrupted(*arguments: Any, **options: Any) -> Tensor:
        if next(calls) == 1:
            raise KeyboardInterrupt
        return restore_measurement(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(RESTORE, interrupted)
        with pytest.raises(KeyboardInterrupt):
            runner(samples, cells("sr4"))
    resumed = runner(samples, cells("sr4"))
    runner.out = runner.out.with_name("whole")
    whole = runner(samples, cells("sr4"))
    assert [each.scores for each in resumed.records] == [each.scores for each in whole.records]


def test_a_picture_does_not_depend_on_its_neighbours(runner: Runner, photos: Path) -> None:
    samples = find_samples([str(photos)])
    together = runner(samples, cells("inp"))
    runner.out = runner.out.with_name("alone")
    alone = runner(samples[2:], cells("inp"))
    assert alone.records[0].scores == together.records[2].scores
    assert picture_seed(0, "a") != picture_seed(0, "b")
    assert picture_seed(1, "a") == picture_seed(0, "a") + 1


def test_a_picture_that_fails_is_named_and_the_rest_go_on(runner: Runner, photos: Path) -> None:
    (photos / "b.png").write_bytes(b"no picture")
    told: list[Progress] = []
    found = evaluate(
        find_samples([str(photos)]),
        cells("sr4"),
        runner.out,
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


def test_a_picture_that_is_too_small_fails_alone(runner: Runner, photos: Path) -> None:
    Image.new("RGB", (3, 100)).save(photos / "thin.png")
    found = runner(find_samples([str(photos)]), cells("sr4"), Protocol(preprocess="none"))
    assert [each.name for each in found.failures] == ["thin"]
    assert {(each.width, each.height) for each in found.records} == {(48, 40)}


def test_a_grey_picture_stays_grey_where_it_is_not_preprocessed(
    runner: Runner, photos: Path
) -> None:
    with Image.open(photos / "a.png") as image:
        image.convert("L").save(photos / "grey.png")
    samples = [each for each in find_samples([str(photos)]) if each.name == "grey"]
    found = runner(samples, cells("sr4"), Protocol(preprocess="none"))
    path = found.store.picture(found.records[0].cell, DDRM, "grey")
    assert read_picture(runner.out / path).channels == 1


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
    samples = find_samples([str(photos)], limit=1)
    runner(samples, cells("sr4"))
    with pytest.raises(UsageError, match=what):
        runner(samples, cells("sr4"), other)


def test_a_picture_that_changed_is_another_run(runner: Runner, photos: Path) -> None:
    samples = find_samples([str(photos)], limit=1)
    runner(samples, cells("sr4"))
    (photos / "b.png").replace(photos / "a.png")
    with pytest.raises(UsageError, match="the picture of 'a' has changed"):
        runner(samples, cells("sr4"))


def test_another_label_is_another_run(runner: Runner, photos: Path) -> None:
    samples = find_samples([str(photos)], limit=1)
    runner(samples, cells("sr4"))
    with pytest.raises(UsageError, match="the label of 'a' has changed"):
        runner([replace(samples[0], label=3)], cells("sr4"))


def test_labels_are_for_models_with_classes(
    runner: Runner, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int | None] = []

    def watched(model: Any, *arguments: Any, label: int | None, **options: Any) -> Tensor:
        seen.append(label)
        return restore_measurement(replace(model, entry=entry), *arguments, **options)

    samples = [replace(each, label=3) for each in find_samples([str(photos)], limit=2)]
    entry = runner.load("tiny").entry
    monkeypatch.setattr(RESTORE, watched)
    runner(samples[:1], cells("sr4"))
    assert isinstance(entry.network, UNetConfig)
    classes = replace(entry, network=replace(entry.network, num_classes=10))
    load = runner.load
    runner.load = lambda name: replace(load(name), entry=classes)  # type: ignore[assignment]
    runner(samples[1:], cells("sr4"))
    assert seen == [None, 3]


def test_weights_that_changed_are_another_run(runner: Runner, photos: Path) -> None:
    samples = find_samples([str(photos)], limit=2)
    runner(samples[:1], cells("sr4"))
    described = json.loads((runner.out / "run.json").read_text())
    described["models"]["tiny"]["weights"] = {"tiny.pt": "sha256:0"}
    (runner.out / "run.json").write_text(json.dumps(described))
    with pytest.raises(UsageError, match="weights of tiny was"):
        runner(samples, cells("sr4"))


@pytest.mark.parametrize("name", ["notes.txt", "run.json"])
def test_a_folder_of_something_else_is_left_alone(runner: Runner, photos: Path, name: str) -> None:
    runner.out.mkdir()
    (runner.out / name).write_text("mine")
    with pytest.raises(UsageError):
        runner(find_samples([str(photos)]), cells("sr4"))
    assert [path.name for path in runner.out.iterdir()] == [name]
    assert (runner.out / name).read_text() == "mine"


def test_a_record_that_is_damaged_is_named(runner: Runner, photos: Path) -> None:
    samples = find_samples([str(photos)], limit=1)
    runner(samples, cells("sr4"))
    (record,) = (runner.out / "cells").rglob("*.json")
    record.write_text("{")
    with pytest.raises(UsageError, match=r"a\.json"):
        runner(samples, cells("sr4"))


def test_a_protocol_that_cannot_be_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="metric"):
        Protocol(metrics=("pnsr",))
    with pytest.raises(UnknownNameError, match="preprocessing"):
        Protocol(preprocess="crop")
    with pytest.raises(UsageError, match="size"):
        Protocol(size=0)
    with pytest.raises(UsageError, match="seed"):
        Protocol(seed=-1)


def test_an_exact_restoration_survives_the_folder(runner: Runner, photos: Path) -> None:
    """Infinite PSNR has no number in JSON."""
    Image.new("RGB", (48, 40), (255, 255, 255)).save(photos / "a.png")
    samples = find_samples([str(photos)], limit=1)
    first = runner(samples, cells("sr4", sigma=0.0))
    assert first.records[0].scores["pseudo-inverse"]["psnr"] > 100
    assert runner(samples, cells("sr4", sigma=0.0)).records == first.records
