"""Scores of whole sets of pictures; the metric itself is a stand-in."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ddrm_cli.errors import OutOfMemoryError
from ddrm_cli.evaluation import learned, metrics
from ddrm_cli.evaluation.grid import make_grid
from ddrm_cli.evaluation.metrics import METRICS
from ddrm_cli.evaluation.pairs import score_folders
from ddrm_cli.evaluation.photographs import find_photographs
from ddrm_cli.evaluation.report import evaluation_report
from ddrm_cli.evaluation.run import DDRM, evaluate
from ddrm_cli.evaluation.sets import score_sets
from ddrm_cli.evaluation.store import ORIGINAL, Protocol
from ddrm_cli.evaluation.tables import summarise
from ddrm_cli.images.reading import read_picture
from ddrm_cli.prior import load_model
from ddrm_cli.restoration import Restoration, Restorer
from ddrm_cli.sampler.settings import SamplerSettings
from ddrm_cli.weights.registry import load_models

Pictures = Sequence[NDArray[np.float32]]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Sizes of the sets that ``kid`` was asked about; it answers with the difference of means."""
    calls: list[tuple[int, int]] = []

    def kid(restored: Pictures, originals: Pictures) -> float:
        calls.append((len(restored), len(originals)))
        return float(np.mean(restored) - np.mean(originals))

    table = {**METRICS, "kid": replace(METRICS["kid"], function=kid)}
    monkeypatch.setattr(metrics, "METRICS", table)
    monkeypatch.setattr(learned, "load", lambda name: None)
    return calls


def test_each_method_has_a_score_of_its_whole_set(
    calls: list[tuple[int, int]], photos: Path, tmp_path: Path, tiny_models: Path
) -> None:
    grid = make_grid(["sr4"], [0.0], ["tiny"], [SamplerSettings(steps=n) for n in (1, 2)])
    found = evaluate(
        find_photographs([str(photos)]),
        grid,
        tmp_path / "out",
        load_models(tiny_models),
        partial(load_model, device="cpu", precision="float32"),
        protocol=Protocol(size=32, metrics=("psnr", "kid")),
    )
    # Two restorations, and two baselines that both share: four sets of three pictures.
    assert calls == [(3, 3)] * 4
    assert set(found.set_scores) == {
        (cell, method) for cell in grid for method in (DDRM, "bicubic", "pseudo-inverse")
    }
    assert ORIGINAL not in found.records[0].scores
    # Replicating block means keeps the mean of the picture, up to rounding to 8 bits.
    assert found.set_scores[grid[0], "pseudo-inverse"]["kid"] == pytest.approx(0, abs=1 / 510)
    rows = {row.method: row.text("kid") for row in summarise(found)}
    assert rows["pseudo-inverse"].lstrip("-").startswith("0.00")


def test_a_set_that_lost_a_picture_in_one_cell_has_a_score_of_its_own(
    calls: list[tuple[int, int]],
    photos: Path,
    tmp_path: Path,
    tiny_models: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    restored = itertools.count()

    restore = Restorer.__call__

    def short_of_memory(restorer: Restorer, *arguments: Any, **options: Any) -> Restoration:
        if next(restored) == 0:
            raise OutOfMemoryError("Even the smallest tile does not fit.")
        return restore(restorer, *arguments, **options)

    monkeypatch.setattr(Restorer, "__call__", short_of_memory)
    grid = make_grid(["sr4"], [0.0], ["tiny"], [SamplerSettings(steps=n) for n in (1, 2)])
    found = evaluate(
        find_photographs([str(photos)]),
        grid,
        tmp_path / "out",
        load_models(tiny_models),
        partial(load_model, device="cpu", precision="float32"),
        protocol=Protocol(size=32, metrics=("psnr", "kid")),
    )
    assert [len(found.records), len(found.failures)] == [5, 1]
    assert calls == [(2, 2)] * 3 + [(3, 3)] * 3  # DDRM and two baselines each
    first, second = (found.set_scores[cell, "bicubic"]["kid"] for cell in grid)
    assert first != second


def test_large_pictures_are_scored_as_a_set_within_the_runs_own_limit(
    calls: list[tuple[int, int]],
    photos: Path,
    tmp_path: Path,
    tiny_models: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # As if the usual limit were below the pictures' 48 x 40.
    monkeypatch.setitem(read_picture.__kwdefaults__ or {}, "max_pixels", 1000)
    monkeypatch.setitem(score_sets.__kwdefaults__ or {}, "max_pixels", 1000)
    found = evaluate(
        find_photographs([str(photos)], limit=2),
        make_grid(["sr4"], [0.0], ["tiny"], [SamplerSettings(steps=1)]),
        tmp_path / "out",
        load_models(tiny_models),
        partial(load_model, device="cpu", precision="float32"),
        protocol=Protocol(preprocess="none", metrics=("psnr", "kid")),
        max_pixels=48 * 40,
    )
    assert not found.failures
    assert calls == [(2, 2)] * 3
    # A dark pixel, as for a picture that cannot be read, is far shorter.
    sources = re.findall(r'src="([^"]*)"', evaluation_report(found).decode())
    assert min(map(len, sources)) > 800


def test_pairs_are_scored_as_a_set(calls: list[tuple[int, int]], photos: Path) -> None:
    scores = score_folders(photos, photos, metrics=("psnr", "kid"))
    assert calls == [(3, 3)]
    assert scores.set_scores == {"kid": 0.0}


def test_of_pairs_that_failed_no_set_is_left(calls: list[tuple[int, int]], photos: Path) -> None:
    for name in "ab":
        (photos / f"{name}.png").write_text("no picture")
    scores = score_folders(photos, photos, metrics=("psnr", "kid"))
    assert (calls, scores.set_scores) == ([], {})
