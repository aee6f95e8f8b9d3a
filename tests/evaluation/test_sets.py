"""Scores of whole sets of pictures; the metric itself is a stand-in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ddrm_cli.evaluation import learned, metrics
from ddrm_cli.evaluation.grid import make_grid
from ddrm_cli.evaluation.metrics import METRICS
from ddrm_cli.evaluation.pairs import score_folders
from ddrm_cli.evaluation.photographs import find_photographs
from ddrm_cli.evaluation.run import DDRM, evaluate
from ddrm_cli.evaluation.store import ORIGINAL, Protocol
from ddrm_cli.evaluation.tables import summarise
from ddrm_cli.restoration import load_model
from ddrm_cli.sampler.settings import SamplerSettings

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
        partial(load_model, device="cpu", precision="float32", models=tiny_models),
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


def test_pairs_are_scored_as_a_set(calls: list[tuple[int, int]], photos: Path) -> None:
    scores = score_folders(photos, photos, metrics=("psnr", "kid"))
    assert calls == [(3, 3)]
    assert scores.set_scores == {"kid": 0.0}


def test_of_pairs_that_failed_no_set_is_left(calls: list[tuple[int, int]], photos: Path) -> None:
    for name in "ab":
        (photos / f"{name}.png").write_text("no picture")
    scores = score_folders(photos, photos, metrics=("psnr", "kid"))
    assert (calls, scores.set_scores) == ([], {})
