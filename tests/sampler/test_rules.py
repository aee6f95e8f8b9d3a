"""The soft rule against theorems; none needs a trained network."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from torch import Tensor

from ddrm_cli.degradations.base import LinearOperator, Start
from ddrm_cli.degradations.dense import DenseOperator
from ddrm_cli.degradations.table import DEGRADATIONS
from ddrm_cli.sampler.ddrm import sample_ddrm
from ddrm_cli.sampler.noise import ImageNoise
from ddrm_cli.sampler.parts import Coordinates
from ddrm_cli.sampler.plan import Plan, plan_of
from ddrm_cli.sampler.rules import SoftRule
from ddrm_cli.sampler.schedule import NoiseSchedule
from ddrm_cli.sampler.settings import PaperSettings, SamplerSettings

from .test_ddrm import build, graded_operator, picture, shrink

SCHEDULE = NoiseSchedule.from_betas()
INFINITE = torch.tensor(math.inf)


def planned(operator: LinearOperator, sigma_y: float, **settings: float) -> Plan:
    return plan_of(
        SamplerSettings(**settings),  # type: ignore[arg-type]
        operator.start, operator.singular_values, operator.measured, sigma_y, SCHEDULE,
    )  # fmt: skip


def restored(operator: LinearOperator, y: Tensor, sigma_y: float, **settings: float) -> Tensor:
    plan = planned(operator, sigma_y, **settings)
    return sample_ddrm(
        shrink, y, operator, plan.sigmas, sigma_y,
        noise=ImageNoise(range(len(y))), rule=plan.rule, x_init=operator.initial(y),
    )  # fmt: skip


# --- the formula ---


@pytest.mark.parametrize("sigma", [1.0, 0.05, 0.0])
def test_its_limits_are_the_papers_cases(sigma: float) -> None:
    """An exact measurement is taken, what is not measured is predicted; no infinity, no NaN."""
    d, y_bar = torch.tensor([0.3, 0.3, 0.3]), torch.tensor([0.7, 0.7, 0.0])
    sigma_bar = torch.tensor([0.0, 0.1, math.inf])
    mean, std = SoftRule(kappa=0.7).step(d, y_bar, sigma_bar, sigma, 1.5, 0.7 * sigma, None)
    assert torch.isfinite(mean).all()
    assert torch.isfinite(std).all()
    assert mean[0] == y_bar[0]
    assert mean[2] == d[2]
    assert d[1] <= mean[1] <= y_bar[1]
    assert std[0] == pytest.approx(0.7 * sigma)


def test_the_weight_is_that_of_two_independent_opinions() -> None:
    """Variance sigma^2 / lambda of the prediction against sigma_bar^2 of the measurement."""
    d, y_bar, sigma_bar = torch.zeros(1), torch.ones(1), torch.tensor([0.4])
    mean, _ = SoftRule(weight=0.2).step(d, y_bar, sigma_bar, 0.3, 0.5, 0.3, None)
    prediction = 0.3**2 / 0.2
    assert float(mean) == pytest.approx(prediction / (prediction + 0.4**2))


def test_the_last_step_takes_only_what_is_clearer_than_the_last_level() -> None:
    d, y_bar = torch.zeros(4), torch.ones(4)
    sigma_bar = torch.tensor([0.0, 0.02, 0.05, 0.3])
    mean, std = SoftRule().step(d, y_bar, sigma_bar, 0.0, 0.05, 0.0, None)
    expected = [1.0, (0.05**2 - 0.02**2) / (0.05**2 + 2 * 0.02**2), 0.0, 0.0]
    assert mean.tolist() == pytest.approx(expected)
    assert not std.any()


# --- the iterate ---


def test_with_an_oracle_a_sample_carries_noise_of_its_level_or_the_measurements() -> None:
    """Kappa = 1: max(sigma, w sigma_bar) where measured, sigma at most where not."""
    operator = graded_operator()
    samples, sigma_y = 4000, 0.3
    generator = torch.Generator().manual_seed(1)

    def draw(shape: tuple[int, ...]) -> Tensor:
        return torch.randn((samples, *shape), generator=generator)

    x_0 = picture((1, 3, 4)).expand(samples, -1, -1, -1)
    y = operator(x_0) + sigma_y * draw(operator.measurement_shape)
    sigmas = torch.logspace(0.5, -1.3, 8).tolist()
    seen: list[tuple[float, Tensor]] = []

    def oracle(x: Tensor, sigma: float) -> Tensor:
        seen.append((sigma, operator.Vt(x - x_0)))
        return x_0

    rule = SoftRule(kappa=1.0)
    sample_ddrm(oracle, y, operator, sigmas, sigma_y, noise=draw, rule=rule)
    sigma_bar = torch.where(operator.measured, sigma_y / operator.singular_values, math.inf)
    for sigma, error in seen[1:]:  # the first iterate is not the rule's
        w = sigma**2 / (sigma**2 + rule.weight * sigma_bar**2)
        expected = torch.where(operator.measured, (w * sigma_bar).clamp_min(sigma), sigma)
        expected = expected.where(operator.measured, torch.tensor(sigma))
        # Five standard errors of a mean and of a standard deviation over the samples.
        assert (error.mean(dim=0) / expected).abs().max() < 5 / math.sqrt(samples)
        assert (error.std(dim=0) / expected - 1).abs().max() < 5 / math.sqrt(2 * samples)


@pytest.mark.parametrize("weight", [1.0, 0.2])
def test_without_fresh_noise_it_ends_at_the_posterior_mean(weight: float) -> None:
    """In what is measured, of standard normal pixels, for noise of variance lambda sigma_bar^2.

    Half quadratic splitting with a level that goes to zero slowly; the last step, which is another
    formula, changes nothing where the measurement is noisier than the last level.
    """
    operator = DenseOperator((1, 1, 4), np.diag([1.0, 0.5, 0.2, 0.0])[:3])
    y, sigma_y = torch.tensor([[0.9, -0.4, 0.3]]), 0.4
    sigmas = torch.logspace(1, -2.5, 4000, dtype=torch.float64)
    out = sample_ddrm(
        shrink, y, operator, sigmas, sigma_y,
        noise=ImageNoise([0]), rule=SoftRule(kappa=0.0, weight=weight),
    )  # fmt: skip
    s = np.array([1.0, 0.5, 0.2])
    expected = s * y[0].numpy() / (s**2 + weight * sigma_y**2)
    # float32 over thousands of steps.
    np.testing.assert_allclose(out.flatten()[:3], expected, atol=2e-3)


def test_unmeasured_coordinates_carry_what_the_measured_do_on_average() -> None:
    rule = SoftRule(kappa=0.6)
    s = torch.tensor([1.0, 0.3, 0.05, 0.0])
    sigma_bar = torch.where(s > 0, 0.1 / s, math.inf)
    white = rule.white(Coordinates((4,), s, s > 0), 0.1, 0.5)
    d = torch.zeros(4)
    _, std = rule.step(d, d, sigma_bar, 0.5, 1.0, white, None)
    w = 0.25 / (0.25 + 0.2 * sigma_bar[:3] ** 2)
    carried = (std[:3] ** 2 + (w * sigma_bar[:3]) ** 2).mean().sqrt()
    assert float(std[3]) == pytest.approx(min(float(carried), 0.5))


# --- the plan ---


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_levels_fall_and_are_as_many_as_asked_for(name: str) -> None:
    operator = build(name)
    for sigma_y, steps in itertools.product((0.0, 0.002, 0.1, 1.0, 50.0), (1, 2, 5)):
        plan = planned(operator, sigma_y, steps=steps)
        nothing_to_do = sigma_y == 0 and bool(operator.measured.all())
        assert plan.steps == (0 if nothing_to_do else steps)
        assert all(first > second > 0 for first, second in itertools.pairwise(plan.sigmas))


def test_denoising_is_one_evaluation_of_the_measurement_itself() -> None:
    operator = build("deno")
    y = picture((3, 32, 48))
    seen: list[tuple[Tensor, float]] = []

    def denoiser(x: Tensor, sigma: float) -> Tensor:
        seen.append((x, sigma))
        return shrink(x, sigma)

    plan = planned(operator, 0.2)
    out = sample_ddrm(
        denoiser, y, operator, plan.sigmas, 0.2, noise=ImageNoise([0]), rule=plan.rule
    )
    ((x, sigma),) = seen
    assert sigma == pytest.approx(0.2)
    torch.testing.assert_close(x, y)
    torch.testing.assert_close(out, shrink(y, 0.2))


def test_nothing_missing_and_nothing_noisy_is_the_measurement_without_evaluation() -> None:
    operator = build("deno")
    assert planned(operator, 0.0).steps == 0
    y = picture((3, 32, 48))
    assert torch.equal(restored(operator, y, 0.0), y)


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_an_exact_measurement_is_met(name: str) -> None:
    operator = build(name)
    y = operator(picture((3, 32, 48)))
    missed = operator.Ut(operator(restored(operator, y, 0.0)) - y)
    # In all coordinates that are trusted; round trip of V and V^T in float32.
    assert (operator.measured * missed).abs().max() < 3e-5


@pytest.mark.parametrize("name", ["sr4", "sr_bicubic4", "inp", "deblur_gauss", "cs2"])
def test_a_little_noise_changes_little(name: str) -> None:
    """From none to that of 8 bits, the result moves by no more than that noise can."""
    operator = build(name)
    y = operator(picture((3, 32, 48)))
    exact = restored(operator, y, 0.0, detail=0.0)
    for sigma_y in (1e-5, 1e-4):
        change = (restored(operator, y, sigma_y, detail=0.0) - exact).norm() / exact.norm()
        # Blurs trust singular values down to a thousandth: noise of 1e-4 is 0.1 there.
        assert change < (0.1 if name.startswith("deblur") else 2e-3)


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_nothing_is_ever_infinite(name: str) -> None:
    operator = build(name)
    y = operator(picture((3, 32, 48)))
    for sigma_y in (0.0, 1e-6, 0.02, 0.5, 200.0):
        z = torch.randn(y.shape, generator=torch.Generator().manual_seed(3))
        assert torch.isfinite(restored(operator, y + sigma_y * z, sigma_y, steps=3)).all()


def test_the_papers_levels_are_the_timesteps_and_unlimited() -> None:
    start = Start(1.0, 8)
    s = torch.ones(1)
    plan = plan_of(PaperSettings(steps=20), start, s, s > 0, 0.1, SCHEDULE)
    assert plan.sigmas == tuple(SCHEDULE.sigmas(torch.arange(950, -1, -50)).tolist())
    assert not plan.limited
