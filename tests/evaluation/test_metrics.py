from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from ddrm_cli.degradations.build import build_operator
from ddrm_cli.degradations.table import Degradation
from ddrm_cli.errors import MeasurementError, UnknownNameError, UsageError
from ddrm_cli.evaluation.metrics import (
    METRICS,
    check_metrics,
    get_metric,
    psnr,
    residual,
    select_metrics,
    ssim,
)


def noisy_pair(channels: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(0)
    x = np.clip(np.cumsum(rng.normal(0, 0.1, (37, 51, channels)), axis=1) + 0.5, 0, 1)
    return np.clip(x + 0.1 * rng.standard_normal(x.shape), 0, 1), x


def test_a_picture_that_is_no_number_is_not_perfect() -> None:
    broken = np.full((4, 4, 3), np.nan)
    assert np.isnan(psnr(broken, np.zeros((4, 4, 3))))


@pytest.mark.parametrize("channels", [1, 3])
def test_psnr_is_scikit_images(channels: int) -> None:
    x_hat, x = noisy_pair(channels)
    expected = peak_signal_noise_ratio(x, x_hat, data_range=1)  # type: ignore[no-untyped-call]
    assert psnr(x_hat, x) == pytest.approx(expected, abs=1e-9)  # both in float64


@pytest.mark.parametrize("channels", [1, 3])
def test_ssim_is_scikit_images_with_the_published_window(channels: int) -> None:
    x_hat, x = noisy_pair(channels)
    expected = structural_similarity(  # type: ignore[no-untyped-call]
        x,
        x_hat,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=1,
        channel_axis=-1,
    )
    assert ssim(x_hat, x) == pytest.approx(expected, abs=1e-9)  # both in float64


def test_equal_pictures_are_perfect_and_tensors_are_taken() -> None:
    x = torch.from_numpy(noisy_pair(3)[1])
    assert psnr(x, x) == math.inf
    assert ssim(x, x) == pytest.approx(1)


@pytest.mark.parametrize("degradation", ["deno", "inp", "sr4", "sr_bicubic4", "color", "cs4"])
def test_the_original_leaves_the_noise(degradation: str) -> None:
    shape = (3, 64, 48)
    operator = build_operator(degradation, shape)
    x = torch.rand(1, *shape, generator=torch.Generator().manual_seed(0))
    y = operator(x)
    y = y + 0.05 * torch.randn(y.shape, generator=torch.Generator().manual_seed(1))
    left = residual(x[0].movedim(0, -1), y[0], operator)
    # At least 192 * 3 numbers: their root mean square is known to 1 / sqrt(2 * 576) = 3 %.
    assert left == pytest.approx(0.05, rel=0.1)


def test_the_residual_does_not_look_into_holes() -> None:
    mask = np.zeros((8, 8), dtype=bool)
    mask[:4] = True
    operator = build_operator(Degradation("inp", {"mask": mask}), (1, 8, 8))
    y = torch.full((1, 8, 8), 0.5)
    x_hat = torch.full((8, 8, 1), 0.5)
    x_hat[:4] = 0.9
    assert residual(x_hat, y, operator) == pytest.approx(0, abs=1e-7)  # float32
    x_hat[4:] = 0.6
    assert residual(x_hat, y, operator) == pytest.approx(0.1, abs=1e-7)


def test_pictures_that_cannot_be_compared_are_refused() -> None:
    with pytest.raises(MeasurementError, match="16 x 12 in grey, the original 16 x 12 in colour"):
        psnr(np.zeros((12, 16, 1)), np.zeros((12, 16, 3)))
    with pytest.raises(MeasurementError, match="too small for SSIM"):
        ssim(np.zeros((10, 40, 3)), np.zeros((10, 40, 3)))


def test_an_unknown_metric_offers_the_nearest() -> None:
    with pytest.raises(UnknownNameError) as caught:
        get_metric("pnsr")
    assert caught.value.nearest == ["psnr"]


def test_metrics_of_sets_need_two_pictures() -> None:
    with pytest.raises(UsageError, match="between sets"):
        check_metrics(["psnr", "kid"], 1)
    check_metrics(["psnr", "ssim", "residual"], 1)


def test_metrics_are_selected_by_what_they_need() -> None:
    names = ["psnr", "kid", "residual", "lpips"]
    assert [each.name for each in select_metrics(names, "original")] == ["psnr", "lpips"]
    assert [each.name for each in select_metrics(names, "set")] == ["kid"]


def test_worst_first_sorts_by_what_is_better() -> None:
    assert METRICS["psnr"].worst_first(20) < METRICS["psnr"].worst_first(30)
    assert METRICS["lpips"].worst_first(0.5) < METRICS["lpips"].worst_first(0.1)
    assert METRICS["psnr"].format(math.inf) == "∞"
