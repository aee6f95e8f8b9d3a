"""The recipe is the bundled prior's, whatever the budget."""

from __future__ import annotations

import math

import pytest

from ddrm_cli.errors import UsageError
from ddrm_cli.training.budget import Budget
from ddrm_cli.training.recipe import FINE_TUNING, SCRATCH, Recipe

RECIPES = pytest.mark.parametrize("recipe", [SCRATCH, FINE_TUNING])


def rate(recipe: Recipe, megapixels: float) -> float:
    """Learning rate after so many of the recipe's own megapixels."""
    _, stage, done = recipe.stage(megapixels / recipe.megapixels)
    return stage.rate(done)


def test_learning_rates_are_those_of_the_bundled_prior() -> None:
    assert SCRATCH.megapixels == 3600
    for seen in (0, 500, 1000, 1799):
        cosine = 6e-4 * (1 + math.cos(math.pi * seen / 2600)) / 2
        assert rate(SCRATCH, seen) == pytest.approx(cosine, rel=1e-9)
    for seen in (1801, 2039):
        assert rate(SCRATCH, seen) == 2e-4
    for seen in (2041, 3000, 3600):
        cosine = 4e-6 + (2e-4 - 4e-6) * (1 + math.cos(math.pi * (seen - 2040) / 1560)) / 2
        assert rate(SCRATCH, seen) == pytest.approx(cosine, rel=1e-9)


@RECIPES
def test_the_learning_rate_ends_where_the_budget_ends(recipe: Recipe) -> None:
    _, stage, done = recipe.stage(1.0)
    assert stage.rate(done) == pytest.approx(stage.last_rate)
    assert stage.last_rate <= recipe.stages[0].first_rate / 50


@RECIPES
def test_stages_and_views_are_equally_long_and_all_steps_see_as_many_pixels(
    recipe: Recipe,
) -> None:
    assert sum(view.megapixels for view in recipe.views) == recipe.megapixels
    seen = {recipe.crops(share / 50, step).pixels for share in range(51) for step in range(3)}
    assert seen == {131072}


def test_the_last_part_sees_whole_tiles_in_every_third_step() -> None:
    sides = [SCRATCH.crops(0.9, step).side for step in range(6)]
    assert sides == [128, 128, 256, 128, 128, 256]
    assert SCRATCH.crops(0.01, 2).side == 64
    assert SCRATCH.crops(0.5, 2).side == 128


def test_a_budget_is_used_up_by_what_it_counts() -> None:
    assert Budget(10, "minutes").share(150, 10**12) == 0.25
    assert Budget(0.5, "megapixels").share(10**6, 250_000) == 0.5
    assert Budget(1, "minutes").share(61, 0) == 1


@pytest.mark.parametrize("amount", [0, -1, math.inf, math.nan])
def test_a_budget_is_positive(amount: float) -> None:
    with pytest.raises(UsageError, match=f"A training of {amount:g} minutes is not possible"):
        Budget(amount, "minutes")
