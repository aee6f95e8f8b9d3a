"""Noise levels and timesteps are those the networks were trained and published with."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ddrm_cli.errors import UnknownNameError, UsageError
from ddrm_cli.sampler.schedule import BETA_SCHEDULES, NoiseSchedule, select_timesteps
from ddrm_cli.sampler.settings import (
    PRESETS,
    SPACINGS,
    PaperSettings,
    SamplerSettings,
    get_preset,
    settings_of,
)
from ddrm_cli.weights.model import BETA_SCHEDULES as NAMES

FLOAT64 = 1e-12


@pytest.mark.parametrize("steps", [1, 2, 4, 5, 10, 20, 25, 50, 100, 1000])
def test_uniform_is_the_published_range_where_steps_divide(steps: int) -> None:
    assert select_timesteps(steps, "uniform").tolist() == [*range(0, 1000, 1000 // steps)][::-1]


def test_quadratic_is_its_formula_at_the_usual_steps() -> None:
    expected = [round(950 * (i / 19) ** 2) for i in range(19, -1, -1)]
    assert select_timesteps(20, "quadratic").tolist() == expected


@given(steps=st.integers(1, 1000), spacing=st.sampled_from(SPACINGS))
def test_any_steps_are_that_many_different_timesteps(steps: int, spacing: str) -> None:
    timesteps = select_timesteps(steps, spacing).tolist()
    assert len(timesteps) == steps
    assert timesteps == sorted(set(timesteps), reverse=True)
    assert timesteps[-1] >= 0
    assert timesteps[0] <= 999


def test_sigma_follows_from_the_product_of_alphas() -> None:
    schedule = NoiseSchedule.from_betas("linear", 1e-4, 0.02, 1000)
    product = 1.0
    for t in range(1000):
        product *= 1 - (1e-4 + (0.02 - 1e-4) * t / 999)
        if t in (0, 1, 500, 950, 999):
            expected = math.sqrt((1 - product) / product)
            assert float(schedule.sigmas(torch.tensor(t))) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("name", "index", "beta"),
    [
        ("linear", 1, 0.001 + 0.049 / 9),
        ("quad", 1, (math.sqrt(0.001) + (math.sqrt(0.05) - math.sqrt(0.001)) / 9) ** 2),
        ("const", 4, 0.05),
        ("jsd", 0, 1 / 10),
        ("jsd", 9, 1.0),
        ("sigmoid", 0, 0.001 + 0.049 / (1 + math.exp(6))),
    ],
)
def test_betas_are_their_formulas(name: str, index: int, beta: float) -> None:
    betas = BETA_SCHEDULES[name](0.001, 0.05, 10)
    assert betas.shape == (10,)
    assert float(betas[index]) == pytest.approx(beta, rel=FLOAT64)


@pytest.mark.parametrize("name", BETA_SCHEDULES)
def test_every_schedule_gives_finite_rising_noise(name: str) -> None:
    sigmas = NoiseSchedule.from_betas(name).sigmas(torch.arange(1000))
    assert torch.isfinite(sigmas).all()
    assert (sigmas.diff() > 0).all()


def test_the_table_of_models_knows_the_same_schedules() -> None:
    """It names them by itself, since reading the table must not load torch."""
    assert tuple(BETA_SCHEDULES) == NAMES


def test_an_unknown_schedule_is_named() -> None:
    with pytest.raises(UnknownNameError, match="linear"):
        NoiseSchedule.from_betas("lineer")


def test_timestep_is_the_inverse_of_sigmas() -> None:
    schedule = NoiseSchedule.from_betas()
    for t in (0, 1, 17, 500, 950, 999):
        assert schedule.timestep(float(schedule.sigmas(torch.tensor(t)))) == t


@pytest.mark.parametrize(
    "change",
    [{"steps": 0}, {"steps": 5000}, {"eta_c": 2.0}, {"eta_a": -0.1}, {"eta_b": math.nan}],
)
def test_settings_that_cannot_be_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="not possible"):
        PaperSettings(**change)  # type: ignore[arg-type]


def test_settings_and_presets_have_names() -> None:
    with pytest.raises(UnknownNameError, match="uniform"):
        PaperSettings(spacing="unifrom")
    with pytest.raises(UnknownNameError, match="standard"):
        get_preset("standrd")
    assert get_preset("standard") == get_preset("balanced") == SamplerSettings()
    assert PRESETS["paper"] == PaperSettings(20, "uniform", 0.85, 0.85, 1.0)


@pytest.mark.parametrize(
    "change", [{"steps": 0}, {"detail": 1.5}, {"detail": math.nan}, {"effort": 0}]
)
def test_settings_of_the_soft_rule_that_cannot_be_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="not possible"):
        SamplerSettings(**change)  # type: ignore[arg-type]


def test_what_belongs_to_the_other_rule_is_refused() -> None:
    with pytest.raises(UsageError, match="belong to the preset paper"):
        settings_of("standard", eta=0.5)
    with pytest.raises(UsageError, match="no detail"):
        settings_of("paper", detail=0.5)
    assert settings_of("paper", eta=0.5) == PaperSettings(eta_c=0.5, eta_a=0.5)
    assert settings_of("fast", steps=3) == settings_of("standard", steps=3) == SamplerSettings(3)


def test_less_effort_is_half_the_steps_but_not_less_than_makes_a_picture() -> None:
    fast = get_preset("fast")
    assert isinstance(fast, SamplerSettings)
    assert [fast.steps_for(usual) for usual in (1, 4, 8, 16)] == [1, 3, 4, 8]
    assert SamplerSettings(steps=5).steps_for(8) == 5
