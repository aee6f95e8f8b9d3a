"""The sampler against theorems; none needs a trained network."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from ddrm_cli.degradations.base import LinearOperator
from ddrm_cli.degradations.build import build_operator
from ddrm_cli.degradations.dense import DenseOperator
from ddrm_cli.degradations.table import DEGRADATIONS
from ddrm_cli.sampler.ddrm import Step, sample_ddrm
from ddrm_cli.sampler.noise import ImageNoise
from ddrm_cli.sampler.rules import PaperRule
from ddrm_cli.sampler.schedule import NoiseSchedule, select_timesteps
from tests.degradations.examples import example

SIGMAS = NoiseSchedule.from_betas().sigmas(select_timesteps(20, "quadratic"))


def build(name: str, shape: tuple[int, int, int] = (3, 32, 48)) -> LinearOperator:
    return build_operator(example(name), shape)


def picture(shape: tuple[int, ...], seed: int = 0) -> Tensor:
    return torch.rand((1, *shape), generator=torch.Generator().manual_seed(seed)) * 2 - 1


def shrink(x: Tensor, sigma: float) -> Tensor:
    """The exact denoiser of independent standard normal pixels, ``x / (1 + sigma^2)``."""
    return x / (1 + sigma**2)


def graded_operator() -> DenseOperator:
    """Singular values from 2 down to 0.02, and a third of all coordinates unmeasured."""
    random = np.random.default_rng(0)
    u, _ = np.linalg.qr(random.standard_normal((8, 8)))
    v, _ = np.linalg.qr(random.standard_normal((12, 12)))
    matrix = u @ np.diag(np.geomspace(2, 0.02, 8)) @ v[:, :8].T
    return DenseOperator((1, 3, 4), matrix)


ETAS = [(1.0, 0.7, 1.0), (0.85, 0.85, 1.0), (0.0, 0.0, 0.5), (0.3, 1.0, 0.0)]


@pytest.mark.parametrize(("eta_c", "eta_a", "eta_b"), ETAS)
def test_with_an_oracle_the_iterate_is_the_picture_plus_noise_of_sigma(
    eta_c: float, eta_a: float, eta_b: float
) -> None:
    """Theorem (Kawar et al. 2022, prop. 3.1): with D = x_0, ``x_t ~ N(x_0, sigma_t^2)``.

    In every spectral coordinate, whatever its singular value and whatever the etas.
    """
    operator = graded_operator()
    samples = 4000
    generator = torch.Generator().manual_seed(1)

    def draw(shape: tuple[int, ...]) -> Tensor:
        return torch.randn((samples, *shape), generator=generator)

    x_0 = picture((1, 3, 4)).expand(samples, -1, -1, -1)
    sigma_y = 0.3
    y = operator(x_0) + sigma_y * draw(operator.measurement_shape)
    seen: list[tuple[float, Tensor]] = []

    def oracle(x: Tensor, sigma: float) -> Tensor:
        seen.append((sigma, operator.Vt(x - x_0) / sigma))
        return x_0

    out = sample_ddrm(
        oracle, y, operator, SIGMAS, sigma_y, noise=draw, rule=PaperRule(eta_c, eta_a, eta_b)
    )
    assert [sigma for sigma, _ in seen] == SIGMAS.tolist()
    for _, error in seen:
        # Five standard errors of a mean and of a standard deviation over the samples.
        assert error.mean(dim=0).abs().max() < 5 / math.sqrt(samples)
        assert (error.std(dim=0) - 1).abs().max() < 5 / math.sqrt(2 * samples)
    # The last step ends at the prediction wherever the measurement is noisy.
    torch.testing.assert_close(out, x_0.contiguous(), atol=1e-5, rtol=0)


def plain_ddrm(
    denoise: Callable[[np.ndarray, float], np.ndarray],
    to_pixels: np.ndarray,
    s: np.ndarray,
    ut_y: np.ndarray,
    sigma_y: float,
    draws: list[np.ndarray],
    etas: tuple[float, float, float],
) -> np.ndarray:
    """Equations 7 and 8 of the paper, one coordinate after another, in float64."""
    eta_c, eta_a, eta_b = etas
    levels = [*SIGMAS.tolist(), 0.0]
    x_bar = np.zeros_like(ut_y)
    for k in range(len(s)):
        if s[k] > 0 and levels[0] >= sigma_y / s[k]:
            variance = levels[0] ** 2 - (sigma_y / s[k]) ** 2
            x_bar[k] = ut_y[k] / s[k] + math.sqrt(variance) * draws[0][k]
        else:
            x_bar[k] = levels[0] * draws[0][k]
    for step, sigma in enumerate(levels[1:], start=1):
        previous = levels[step - 1]
        d = to_pixels.T @ denoise(to_pixels @ x_bar, previous)
        for k in range(len(s)):
            z = draws[step][k] if sigma > 0 else 0.0
            if s[k] == 0:
                mean = d[k] + math.sqrt(1 - eta_c**2) * sigma * (x_bar[k] - d[k]) / previous
                x_bar[k] = mean + eta_c * sigma * z
            elif sigma < sigma_y / s[k]:
                noise_y = (ut_y[k] / s[k] - d[k]) / (sigma_y / s[k])
                x_bar[k] = d[k] + math.sqrt(1 - eta_a**2) * sigma * noise_y + eta_a * sigma * z
            else:
                mean = (1 - eta_b) * d[k] + eta_b * ut_y[k] / s[k]
                variance = sigma**2 - (eta_b * sigma_y / s[k]) ** 2
                x_bar[k] = mean + math.sqrt(variance) * z
    return np.asarray(to_pixels @ x_bar)


@pytest.mark.parametrize("etas", ETAS)
@pytest.mark.parametrize("sigma_y", [0.0, 0.3])
def test_the_sampler_is_the_papers_equations_coordinate_by_coordinate(
    etas: tuple[float, float, float], sigma_y: float
) -> None:
    operator = graded_operator()
    y = operator(picture((1, 3, 4)))
    draws: list[np.ndarray] = []
    noise = ImageNoise([4])

    def recorded(shape: tuple[int, ...]) -> Tensor:
        drawn = noise(shape)
        draws.append(drawn[0].double().numpy())
        return drawn

    out = sample_ddrm(
        shrink, y, operator, SIGMAS, sigma_y,
        noise=recorded, rule=PaperRule(*etas),
    )  # fmt: skip
    v = operator.V(torch.eye(12)).reshape(12, 12).double().numpy().T
    expected = plain_ddrm(
        lambda x, sigma: x / (1 + sigma**2),
        v, operator.singular_values.double().numpy(), operator.Ut(y)[0].double().numpy(),
        sigma_y, draws, etas,
    )  # fmt: skip
    # float32 at noise levels up to 100, that the following steps shrink again.
    np.testing.assert_allclose(out.flatten(), expected, atol=2e-5)


def test_unmeasured_coordinates_follow_a_gaussian_prior() -> None:
    """For N(0, 1) pixels, all unmeasured, and no fresh noise, samples have variance one.

    The step is then Euler's for the probability flow, exact as steps become many.
    """
    operator = DenseOperator((1, 1, 4), np.array([[1e-3, 0, 0, 0]]))
    samples = 4000
    generator = torch.Generator().manual_seed(2)
    sigmas = NoiseSchedule.from_betas().sigmas(select_timesteps(500, "quadratic"))
    out = sample_ddrm(
        shrink,
        torch.zeros(samples, 1),
        operator,
        sigmas,
        0.0,
        noise=lambda shape: torch.randn((samples, *shape), generator=generator),
        rule=PaperRule(eta_c=0.0),
    )
    # Five standard errors, and the discretisation of 500 steps on top (about one per cent).
    assert (out[:, 0, 0, 1:].std(dim=0) - 1).abs().max() < 5 / math.sqrt(2 * samples) + 0.01


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_without_noise_the_result_meets_the_measurement(name: str) -> None:
    """sigma_y = 0 and eta_b = 1: ``H x = y``, which a strict ``>`` at the last step would miss."""
    operator = build(name)
    y = operator(picture((3, 32, 48)))
    out = sample_ddrm(shrink, y, operator, SIGMAS, 0.0, noise=ImageNoise([0]))
    # In all coordinates that are trusted; round trip of V and V^T in float32.
    missed = operator.Ut(operator(out) - y)
    assert (operator.measured * missed).abs().max() < 2e-5


@pytest.mark.parametrize("name", DEGRADATIONS)
@pytest.mark.parametrize("sigma_y", [0.0, 1e-6, 0.02, 0.5, 200.0])
def test_nothing_is_ever_infinite(name: str, sigma_y: float) -> None:
    """For any operator and any noise, even more than the first iterate has."""
    operator = build(name)
    y = operator(picture((3, 32, 48)))
    y = y + sigma_y * torch.randn(y.shape, generator=torch.Generator().manual_seed(3))
    out = sample_ddrm(shrink, y, operator, SIGMAS, sigma_y, noise=ImageNoise([0]))
    assert torch.isfinite(out).all()


def test_a_measurement_of_nothing_but_noise_is_ignored() -> None:
    """As sigma_y grows the result no longer depends on y."""
    operator = build("deno")
    results = [
        sample_ddrm(shrink, y, operator, SIGMAS, 1e6, noise=ImageNoise([0]))
        for y in (picture((3, 32, 48), 1), picture((3, 32, 48), 2))
    ]
    torch.testing.assert_close(results[0], results[1], atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", ["inp", "sr4", "deblur_uni", "cs2"])
def test_a_seed_gives_the_same_picture_in_any_batch(name: str) -> None:
    operator = build(name)
    x = torch.cat([picture((3, 32, 48), seed) for seed in range(4)])
    y = operator(x)
    batch = sample_ddrm(shrink, y, operator, SIGMAS, 0.05, noise=ImageNoise([7, 8, 9, 10]))
    for i in range(4):
        alone = sample_ddrm(shrink, y[i : i + 1], operator, SIGMAS, 0.05, noise=ImageNoise([7 + i]))
        # Matrix products of another batch size may round differently.
        torch.testing.assert_close(batch[i : i + 1], alone, atol=1e-4, rtol=0)


def test_seeds_differ_and_repeat() -> None:
    draws = [ImageNoise([seed])((5,)) for seed in (1, 1, 2)]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


def test_the_callback_sees_every_prediction() -> None:
    operator = build("sr4")
    steps: list[Step] = []
    predictions: list[Tensor] = []

    def denoiser(x: Tensor, sigma: float) -> Tensor:
        predictions.append(shrink(x, sigma))
        return predictions[-1]

    y = operator(picture((3, 32, 48)))
    before = y.clone()
    sample_ddrm(denoiser, y, operator, SIGMAS, 0.0, noise=ImageNoise([0]), callback=steps.append)
    assert [step.index for step in steps] == list(range(1, 21))
    assert {step.steps for step in steps} == {20}
    assert [step.sigma for step in steps] == SIGMAS.tolist()
    assert all(step.denoised is seen for step, seen in zip(steps, predictions, strict=True))
    assert torch.equal(y, before)
