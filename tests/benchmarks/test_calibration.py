from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ddrm_cli.degradations.build import build_operator
from ddrm_cli.sampler.settings import PaperSettings
from tests.benchmarks.calibration import (
    Calibration,
    GaussianPrior,
    calibrate,
    exact_posterior,
    main,
)

DOCS = Path(__file__).parents[2] / "docs"


def test_independent_pixels_have_the_posterior_of_one_pixel() -> None:
    """Of ``y = x + sigma z``: mean ``k y``, variance ``k sigma^2``, ``k = p / (p + sigma^2)``."""
    p, sigma = 0.3, 0.2
    prior = GaussianPrior(torch.full((4, 6), p))
    operator = build_operator("deno", (1, 4, 6)).double()
    y = torch.randn(2, 1, 4, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    posterior = exact_posterior(prior, operator, y, sigma)
    shrink = p / (p + sigma**2)
    torch.testing.assert_close(posterior.mean, shrink * y)
    assert posterior.variance == pytest.approx(shrink * sigma**2)


def test_the_posterior_is_what_regression_finds() -> None:
    """Over many draws, ``x - E[x|y]`` has the posterior's variance and does not depend on y."""
    generator = torch.Generator().manual_seed(0)
    prior = GaussianPrior.of_photographs(8)
    operator = build_operator("sr2", (1, 8, 8)).double()
    x = prior.sample(4000, generator)
    y = operator(x)
    y = y + 0.1 * torch.randn(y.shape, generator=generator, dtype=torch.float64)
    posterior = exact_posterior(prior, operator, y, 0.1)
    rest = x - posterior.mean
    # 4000 x 64 correlated numbers: a few percent.
    assert float(rest.square().mean()) == pytest.approx(posterior.variance, rel=0.05)
    correlation = (rest.flatten(1).T @ y.flatten(1)).abs().max() / 4000
    assert float(correlation) < 0.05 * float(x.var())


def test_the_denoiser_is_the_posterior_mean_of_denoising() -> None:
    prior = GaussianPrior.of_photographs(8)
    operator = build_operator("deno", (1, 8, 8)).double()
    y = prior.sample(2, torch.Generator().manual_seed(0))
    posterior = exact_posterior(prior, operator, y, 0.7)
    torch.testing.assert_close(prior.denoise(y, 0.7), posterior.mean)


@pytest.mark.slow
def test_many_deterministic_steps_sample_what_is_unmeasured_exactly() -> None:
    """With independent pixels, a hole's posterior is its prior; eta_c = 0 follows the flow to it.

    Small steps follow it closely: at 500, the standard deviation is exact to two percent, the
    error of 64 samples of 128 missing pixels.
    """
    prior = GaussianPrior(torch.full((16, 16), 0.2))
    many = PaperSettings(500, "quadratic", eta_c=0.0)
    (found,) = calibrate("inp", 0.0, [many], prior=prior)
    assert found.std_ratio == pytest.approx(1, abs=0.04)
    # Memoryless steps forget more of the spread with each one: they are too sure.
    (forgetful,) = calibrate("inp", 0.0, [replace(many, eta_c=1.0)], prior=prior)
    assert forgetful.std_ratio < 0.8


def test_the_gain_is_that_of_an_exact_sample_where_calibration_is_exact() -> None:
    assert Calibration(mean_error=0.0, std_ratio=1.0).gain == 0
    # A sample that is the mean itself errs by half as much.
    assert Calibration(mean_error=0.0, std_ratio=0.0).gain == pytest.approx(3.01, abs=0.01)


def test_the_page_shows_what_the_script_finds() -> None:
    page = (DOCS / "calibration.md").read_text(encoding="utf-8")
    section = page[page.index("### paper, by steps") :]
    row = re.search(r"\| sr4, σ = 0.05 \|([^\n]*)\|\n", section)
    assert row
    shown = [float(number) for number in row[1].split("|")[4].split("/")]  # of 20 steps
    (found,) = calibrate("sr4", 0.05, [PaperSettings()])
    # Rounded to two decimals and one, and computed in another order on another machine.
    assert shown == pytest.approx([found.mean_error, found.std_ratio, found.gain], abs=0.06)


@pytest.mark.slow
def test_the_script_draws_what_a_browser_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = "tests.benchmarks.calibration"
    small = GaussianPrior.of_photographs(8)
    monkeypatch.setattr(GaussianPrior, "of_photographs", lambda: small)
    monkeypatch.setattr(f"{module}.STEPS", (1, 2))
    monkeypatch.setattr(f"{module}.SHARES", (0.0, 1.0))
    main(["--figure", str(tmp_path / "figure.svg")])
    printed = capsys.readouterr().out
    assert printed.count("###") == 5
    assert (tmp_path / "figure.svg").read_text().count("<polyline") == 18
