"""What is told before a model is asked for more than it can do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ddrm_cli.errors import FieldError
from ddrm_cli.problem import InverseProblem, pose
from ddrm_cli.suitability import holds_square, limit_notes
from ddrm_cli.weights.model import Limits
from ddrm_cli.weights.registry import DEFAULT_MODEL, load_models

MODELS = load_models()
SMALL = MODELS[DEFAULT_MODEL]


def problem(degradation: str, mask: NDArray[np.bool_] | None = None) -> InverseProblem:
    return pose(torch.rand(3, 48, 48), degradation, sigma=0.0, mask=mask)


def hole(side: int) -> NDArray[np.bool_]:
    mask = np.zeros((48, 48), bool)
    mask[5 : 5 + side, 9 : 9 + side] = True
    return mask


@pytest.mark.parametrize(
    ("degradation", "mask"),
    [
        ("color", None),
        ("sr6", None),
        ("sr_bicubic8", None),
        ("sr_nearest16", None),
        ("inp", hole(33)),
    ],
)
def test_one_sentence_names_the_model_and_what_to_take_instead(
    degradation: str, mask: NDArray[np.bool_] | None
) -> None:
    asked = problem(degradation, mask)
    (note,) = limit_notes(SMALL, asked)
    assert note.startswith("photo-small cannot do this well: ")
    assert note.endswith("; try a larger model: ddrm download imagenet-256.")
    assert limit_notes(MODELS["imagenet-256"], asked) == ()


@pytest.mark.parametrize(
    ("degradation", "mask"),
    [
        ("deno", None),
        ("sr5", None),
        ("upscale4", None),
        ("deblur_uni", None),
        ("inp", hole(32)),
        ("inp_lorem", None),
    ],
)
def test_what_it_can_do_needs_no_word(degradation: str, mask: NDArray[np.bool_] | None) -> None:
    assert limit_notes(SMALL, problem(degradation, mask)) == ()


def test_of_an_operator_of_the_callers_own_nothing_is_said() -> None:
    asked = problem("sr8")
    assert limit_notes(SMALL, pose(asked.y, asked.operator, sigma=0.0)) == ()


def test_square_is_found_exactly_where_there_is_one() -> None:
    """Also at the edges, where a sum that is off by one would miss it."""
    generator = torch.Generator().manual_seed(1)
    for _ in range(20):
        missing = torch.rand((7, 9), generator=generator) < 0.8
        for side in range(1, 10):
            windows = missing.unfold(0, side, 1).unfold(1, side, 1) if side <= 7 else torch.empty(0)
            expected = side <= 7 and bool(windows.all(dim=-1).all(dim=-1).any())
            assert holds_square(missing, side) is expected


def test_the_alternative_is_a_model_without_that_limit() -> None:
    for model in MODELS.values():
        if model.limits != Limits():
            assert MODELS[model.limits.instead].limits == Limits()


def test_of_a_model_of_ones_own_no_limits_are_known(tmp_path: Path) -> None:
    assert SMALL.in_file(tmp_path / "mine.pt", "mine").limits == Limits()


@pytest.mark.parametrize(("scale", "hole"), [(0, 8), (5, 0)])
def test_a_limit_is_a_count(scale: int, hole: int) -> None:
    with pytest.raises(FieldError, match="must be at least 1"):
        Limits(scale=scale, hole=hole)
