"""Degrade and restore, from any kind of picture to the same kind."""

from __future__ import annotations

import dataclasses
import math
import os
import platform
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.ndimage
import torch
from PIL import Image

import ddrm_cli
from ddrm_cli import planning
from ddrm_cli.conversion import to_batch
from ddrm_cli.degradations.base import LinearOperator
from ddrm_cli.degradations.dense import DenseOperator
from ddrm_cli.degradations.jpeg import JPEG
from ddrm_cli.degradations.table import DEGRADATIONS, Degradation
from ddrm_cli.devices import choose_device, choose_precision, use_threads
from ddrm_cli.errors import (
    DeviceError,
    MeasurementError,
    OutOfMemoryError,
    UnknownNameError,
    UsageError,
)
from ddrm_cli.memory import memory_to_be_had
from ddrm_cli.networks.guided_diffusion import Classifier, ClassifierConfig, UNet, UNetConfig
from ddrm_cli.prior import LoadedModel, TilingSettings
from ddrm_cli.problem import pose, rounding_noise
from ddrm_cli.restoration import Restorer
from ddrm_cli.sampler.settings import PaperSettings, Settings
from ddrm_cli.weights.model import ClassifierModel
from ddrm_cli.weights.registry import load_models

PHOTO = Path(__file__).parent / "data" / "photos" / "chelsea.png"
FAST = ddrm_cli.SamplerSettings(steps=2)


def tiny_model(num_classes: int | None = None) -> LoadedModel:
    """A network with random weights: what must hold for any network holds for it."""
    config = UNetConfig(32, 32, (1, 1), 1, (), num_head_channels=32, num_classes=num_classes)
    torch.manual_seed(0)
    model = dataclasses.replace(
        load_models()["photo-small"],
        name="tiny",
        prediction="epsilon",
        network=config,
        tile=32,
        overlap=None,
    )
    classifier = None
    if num_classes is not None:
        guide = ClassifierConfig(32, 32, (1, 1), 1, (16,), 16, num_classes=num_classes)
        classifier = Classifier(guide).eval().requires_grad_(False)
        guided = ClassifierModel(guide, model.weights)
        model = dataclasses.replace(model, classifier=guided)
    network = UNet(config).eval().requires_grad_(False)
    return LoadedModel(model, network, torch.device("cpu"), classifier)


@pytest.fixture(scope="module")
def tiny() -> LoadedModel:
    return tiny_model()


@pytest.fixture(scope="module")
def prior() -> LoadedModel:
    return ddrm_cli.load_model(device="cpu")


def crop(size: int = 64) -> Image.Image:
    return Image.open(PHOTO).crop((96, 64, 96 + size, 64 + size))


def write_photo(path: Path, height: int) -> Path:
    """48 pixels wide, with dots per inch."""
    with Image.open(PHOTO) as image:
        image.convert("RGB").crop((100, 60, 148, 60 + height)).save(path, dpi=(72, 72))
    return path


def psnr(a: Any, b: Any) -> float:
    """Peak signal-to-noise ratio of 8-bit pictures in dB."""
    difference = np.asarray(a, dtype=float) - np.asarray(b, dtype=float)
    return float(10 * np.log10(255**2 / np.mean(difference**2)))


# --- what comes in comes out ---


@pytest.mark.parametrize(
    "name",
    ["deno", "sr2", Degradation("deblur_gauss", {"boundary": "reflect"}), "inp_lorem"],
    ids=["deno", "sr2", "deblur_gauss", "inp_lorem"],
)
def test_a_scan_of_three_equal_channels_is_restored_as_grey(
    name: str | Degradation, tiny: LoadedModel
) -> None:
    grey = crop().convert("L")
    asked: dict[str, Any] = {"sigma": 0.1, "model": tiny, "settings": FAST}
    expected = np.asarray(ddrm_cli.restore(grey, name, **asked))
    coloured = grey.convert("RGB")
    restored = ddrm_cli.restore(coloured, name, **asked)
    assert restored.mode == "RGB"
    assert np.array_equal(np.asarray(restored), np.stack([expected] * 3, axis=2))
    array = np.asarray(coloured)
    assert np.array_equal(ddrm_cli.restore(array, name, **asked), np.asarray(restored))
    tensor = torch.from_numpy(array.copy()).movedim(-1, 0)
    assert np.array_equal(
        ddrm_cli.restore(tensor, name, **asked).movedim(0, -1).numpy(), np.asarray(restored)
    )


def test_a_scan_of_three_equal_channels_is_coloured_where_that_is_asked(
    tiny: LoadedModel,
) -> None:
    scan = crop().convert("L").convert("RGB")
    samples = np.asarray(ddrm_cli.restore(scan, "color", sigma=0.1, model=tiny, settings=FAST))
    assert (samples != samples[..., :1]).any()


@pytest.mark.parametrize(
    "picture",
    [
        torch.rand(3, 16, 24),
        torch.rand(2, 1, 16, 24),
        torch.randint(0, 256, (3, 16, 24), dtype=torch.uint8),
        np.random.default_rng(0).random((16, 24)),
        np.random.default_rng(0).random((16, 24, 3)).astype(np.float32),
        np.random.default_rng(0).integers(0, 65536, (2, 16, 24, 1), dtype=np.uint16),
        Image.new("RGB", (24, 16), "teal"),
        Image.new("L", (24, 16), 77),
    ],
    ids=lambda picture: f"{type(picture).__name__}-{getattr(picture, 'dtype', '')}",
)
def test_the_same_kind_comes_out(picture: Any, tiny: LoadedModel) -> None:
    """Type, number of axes, and unit range; enlarged four times."""
    small = ddrm_cli.degrade(picture, "sr4")
    large = ddrm_cli.restore(small, "sr4", sigma=0.0, model=tiny, settings=FAST)
    assert type(large) is type(picture)
    if isinstance(picture, Image.Image):
        assert (large.size, large.mode) == (picture.size, picture.mode)
    else:
        assert (large.shape, large.dtype) == (picture.shape, picture.dtype)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_integers_count_to_the_largest_of_their_type(kind: type[np.unsignedinteger[Any]]) -> None:
    largest = np.iinfo(kind).max
    batch = to_batch(np.array([[0, largest]], dtype=kind))
    assert batch.values.flatten().tolist() == [0, 1]
    assert batch.levels == largest + 1
    beyond = torch.tensor([[[[-0.2, 1.7]]]])
    assert batch.restored(beyond, False).flatten().tolist() == [0, largest]


@pytest.mark.parametrize("wrong", [None, np.zeros(5), np.zeros((4, 4, 2)), torch.zeros(4, 4)])
def test_what_is_no_picture_is_refused(wrong: Any) -> None:
    with pytest.raises(UsageError):
        to_batch(wrong)


def test_colour_takes_grey_and_gives_colour(tiny: LoadedModel) -> None:
    photo = crop(32)
    grey = ddrm_cli.degrade(photo, "color")
    assert grey.mode == "L"
    from_grey = ddrm_cli.restore(grey, "color", sigma=0.0, model=tiny, settings=FAST)
    assert from_grey.mode == "RGB"
    # A grey photograph that was saved in colour is the same photograph.
    in_colour = grey.convert("RGB")
    restored = ddrm_cli.restore(in_colour, "color", sigma=0.0, model=tiny, settings=FAST)
    np.testing.assert_allclose(np.asarray(restored), np.asarray(from_grey), atol=1)
    array = ddrm_cli.restore(np.asarray(grey), "color", sigma=0.0, model=tiny, settings=FAST)
    assert array.shape == (32, 32, 3)


def test_sixteen_bits_of_grey_stay_sixteen_bits(tiny: LoadedModel) -> None:
    levels = np.arange(32 * 32, dtype=np.uint16).reshape(32, 32) * 64
    photo = Image.fromarray(levels)
    again = ddrm_cli.restore(photo, "deno", sigma=0.0, model=tiny, settings=FAST)
    assert again.mode == "I;16"
    # float32 on [0, 1] holds 16 bits; the way to [-1, 1] and back costs a level at most.
    np.testing.assert_allclose(np.asarray(again, dtype=int), levels.astype(int), atol=1)


@pytest.mark.parametrize("dtype", [torch.bool, torch.int32, torch.int64])
def test_integers_wider_than_a_pictures_are_refused(dtype: torch.dtype) -> None:
    with pytest.raises(UsageError, match="8 or 16 bits"):
        to_batch(torch.zeros(3, 4, 4, dtype=dtype))
    with pytest.raises(UsageError, match="8 or 16 bits"):
        to_batch(torch.zeros(4, 4, 3, dtype=dtype).numpy())


def test_a_tensor_with_a_gradient_is_a_picture_too(tiny: LoadedModel) -> None:
    x = torch.rand(3, 32, 32, requires_grad=True)
    restored = ddrm_cli.restore(x, "deno", model=tiny, settings=FAST)
    assert not restored.requires_grad


# --- the measurement ---


@pytest.mark.parametrize(
    "name",
    [name for name, entry in DEGRADATIONS.items() if entry.gives != "vector" and not entry.needs],
)
def test_the_result_meets_an_exact_measurement(name: str, tiny: LoadedModel) -> None:
    """For any network, on [0, 1], for every degradation of a fixed size that gives a picture."""
    x = torch.rand(3, 32, 48, generator=torch.Generator().manual_seed(1))
    y = ddrm_cli.degrade(x, name)
    restored = ddrm_cli.restore(y, name, sigma=0.0, model=tiny, settings=FAST)
    operator = ddrm_cli.build_operator(name, (3, 32, 48))
    # In all coordinates that are trusted: not in the weakest of a blur.
    missed = operator.measured * operator.Ut(operator(restored[None]) - y[None])
    assert missed.abs().max() < 1e-4


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("settings", [FAST, PaperSettings(steps=2)], ids=["soft", "paper"])
def test_a_restored_jpeg_is_rounded_to_the_same_coefficients(
    subsampling: str, settings: Settings, tiny: LoadedModel
) -> None:
    """For any network: the result, compressed again, is the same file, where its frame is whole."""
    x = torch.rand(3, 40, 56, generator=torch.Generator().manual_seed(1))
    degradation = Degradation("jpeg20", {"subsampling": subsampling})
    seen = ddrm_cli.degrade(x, degradation)
    restored = ddrm_cli.restore(seen, degradation, model=tiny, settings=settings)
    operator = ddrm_cli.build_operator(degradation, (3, 40, 56))
    assert isinstance(operator, JPEG)
    y = operator.read(seen[None])[0]
    off = operator(operator.framed(restored[None]))[0] - y
    height, width = operator.compression.unit
    rows, columns, across = 40 // height, 56 // width, operator.image_shape[2] // width
    whole = torch.arange(len(y)).view(-1, across)[:rows, :columns].flatten()
    assert off[whole].abs().max() < operator.cell / 2


def test_noise_has_the_standard_deviation_asked_for() -> None:
    x = torch.full((3, 128, 128), 0.5)
    noise = ddrm_cli.degrade(x, "deno", sigma=0.07, seed=3) - x
    # Five standard errors of 49152 draws.
    assert abs(float(noise.std()) / 0.07 - 1) < 5 / (2 * noise.numel()) ** 0.5
    again = ddrm_cli.degrade(x, "deno", sigma=0.07, seed=3) - x
    other = ddrm_cli.degrade(x, "deno", sigma=0.07, seed=4) - x
    assert torch.equal(noise, again)
    assert not torch.equal(noise, other)


def test_noise_of_the_measurement_is_not_noise_of_the_sampler() -> None:
    """The same seed for both must not draw the same numbers."""
    from ddrm_cli.sampler.noise import ImageNoise

    x = torch.zeros(1, 64, 64)
    measured = ddrm_cli.degrade(x, "deno", sigma=1.0, seed=0).flatten()
    sampled = ImageNoise([0])((1, 64, 64)).flatten()
    correlation = float(torch.corrcoef(torch.stack([measured, sampled]))[0, 1])
    assert abs(correlation) < 5 / 64  # five standard errors of 4096 pairs


def test_a_general_kernel_blurs_with_mirrored_borders() -> None:
    """Although its operator is circular: the frame's margin makes it so."""
    kernel = np.arange(1.0, 16).reshape(3, 5) % 4
    kernel /= kernel.sum()
    x = torch.rand(1, 20, 30, generator=torch.Generator().manual_seed(1))
    y = ddrm_cli.degrade(x, "deblur", kernel=kernel)
    expected = scipy.ndimage.convolve(x[0].double().numpy(), kernel, mode="reflect")
    np.testing.assert_allclose(y[0], expected, atol=1e-5)  # float32 Fourier transforms


def test_compressed_sensing_goes_through_tensors(tiny: LoadedModel) -> None:
    x = torch.rand(2, 3, 32, 32)
    y = ddrm_cli.degrade(x, "cs2", seed=4)
    operator = ddrm_cli.build_operator(ddrm_cli.Degradation("cs2", {"seed": 4}), (3, 32, 32))
    assert y.shape == (2, 3, 512)
    restored = ddrm_cli.restore(y, operator, sigma=0.0, model=tiny, settings=FAST, seed=1)
    # Coefficients are sums of a thousand pixels over 32.
    torch.testing.assert_close(operator(restored), y, atol=1e-4, rtol=0)
    assert ddrm_cli.degrade(x[0], "cs2", seed=4).shape == (3, 512)
    with pytest.raises(UsageError, match="no picture"):
        ddrm_cli.degrade(crop(32), "cs2")
    with pytest.raises(UsageError, match="build its operator"):
        ddrm_cli.restore(x, "cs2", model=tiny)
    with pytest.raises(UsageError, match="cannot be estimated"):
        ddrm_cli.restore(y, operator, model=tiny)


def test_an_operator_of_the_callers_own(tiny: LoadedModel) -> None:
    """Only the first half of the rows is measured; given as a matrix."""
    operator: LinearOperator = DenseOperator((1, 8, 8), np.eye(64)[:32])
    x = torch.rand(1, 1, 8, 8)
    y = ddrm_cli.degrade(x, operator)
    restored = ddrm_cli.restore(y, operator, sigma=0.0, model=tiny, settings=FAST)
    torch.testing.assert_close(restored[:, :, :4], x[:, :, :4], atol=2e-5, rtol=0)
    denoising = ddrm_cli.build_operator("deno", (1, 8, 8))
    again = ddrm_cli.restore(x, denoising, sigma=0.0, model=tiny, settings=FAST)
    torch.testing.assert_close(again, x, atol=2e-5, rtol=0)


@pytest.mark.parametrize("kernel", [np.full((3, 3), np.nan), np.ones((0, 3)), np.ones(3)])
def test_what_is_no_kernel_is_refused(kernel: Any, tiny: LoadedModel) -> None:
    with pytest.raises(MeasurementError, match="kernel"):
        ddrm_cli.degrade(torch.zeros(3, 8, 8), "deblur", kernel=kernel)
    with pytest.raises(MeasurementError, match="kernel"):
        ddrm_cli.restore(torch.zeros(3, 8, 8), "deblur", sigma=0.1, kernel=kernel, model=tiny)


def test_a_mask_of_numbers_is_a_mask() -> None:
    mask = np.zeros((8, 8), dtype=np.uint8)
    mask[2:4] = 255
    y = ddrm_cli.degrade(torch.ones(1, 8, 8), "inp", mask=mask)
    assert torch.equal(y[0], torch.from_numpy(1.0 - mask / 255.0).float())


def test_holes_are_not_taken_for_noise() -> None:
    """Estimating the noise of a picture with random holes looks at what is there only."""
    degradation = ddrm_cli.Degradation("inp", {"seed": 3})
    y = ddrm_cli.degrade(crop(128), degradation)
    by_name = pose(y, degradation)
    by_operator = pose(y, by_name.operator)
    # A photograph's own texture is below 0.03; the holes read as noise are 0.09.
    assert by_name.sigma < 0.03
    assert by_operator.sigma == by_name.sigma


def test_the_callers_operator_stays_as_it_was(tiny: LoadedModel) -> None:
    operator = ddrm_cli.build_operator("sr4", (3, 32, 32))
    meta = dataclasses.replace(tiny, device=torch.device("meta"))
    with pytest.raises(Exception, match="meta"):
        ddrm_cli.restore(torch.zeros(1, 3, 8, 8), operator, sigma=0.0, model=meta, settings=FAST)
    assert operator.singular_values.device.type == "cpu"


def test_two_channels_are_no_picture(tiny: LoadedModel) -> None:
    operator = ddrm_cli.build_operator("deno", (2, 8, 8))
    with pytest.raises(MeasurementError, match="2 channels"):
        ddrm_cli.restore(torch.zeros(1, 2, 8, 8), operator, sigma=0.1, model=tiny)


def test_memory_that_runs_out_beside_the_tiles_is_said(tiny: LoadedModel) -> None:
    def full(step: Any) -> None:
        raise MemoryError

    with pytest.raises(OutOfMemoryError, match="12 x 8 pixels"):
        ddrm_cli.restore(
            torch.zeros(3, 8, 12), "deno", sigma=0.1, model=tiny, settings=FAST, callback=full
        )


def test_a_model_of_fewer_timesteps_is_sampled_over_its_own(tiny: LoadedModel) -> None:
    seen: list[float] = []
    short = dataclasses.replace(tiny, model=dataclasses.replace(tiny.model, timesteps=100))
    y = torch.rand(3, 32, 32, generator=torch.Generator().manual_seed(0))
    ddrm_cli.restore(
        y, "deno", sigma=0.1, model=short, settings=ddrm_cli.PaperSettings(2, "quadratic"),
        callback=lambda step: seen.append(step.sigma),
    )  # fmt: skip
    expected = short.schedule.sigmas(torch.tensor([95, 0]))
    assert seen == expected.tolist()
    with pytest.raises(UsageError, match="100 timesteps"):
        ddrm_cli.restore(
            y, "deno", sigma=0.1, model=short, settings=ddrm_cli.SamplerSettings(steps=101)
        )


@pytest.mark.parametrize("seed", [-1, 2**30])
def test_seeds_that_would_repeat_others_are_refused(seed: int, tiny: LoadedModel) -> None:
    with pytest.raises(UsageError, match="seed"):
        ddrm_cli.restore(torch.zeros(3, 8, 8), "deno", sigma=0.1, model=tiny, seed=seed)


def test_a_measurement_of_another_shape_is_refused(tiny: LoadedModel) -> None:
    operator = ddrm_cli.build_operator("sr4", (3, 32, 32))
    with pytest.raises(MeasurementError, match=r"\(3, 4, 4\)"):
        ddrm_cli.restore(torch.zeros(1, 3, 4, 4), operator, sigma=0.0, model=tiny)
    problem = pose(torch.zeros(2, 3, 8, 8), operator, sigma=0.0)
    with pytest.raises(UsageError, match="seeds"):
        Restorer(tiny)(problem, [0])


def test_that_nothing_will_be_denoised_is_told() -> None:
    flat = np.full((96, 96, 3), 0.5)
    problem = pose(flat, "deno")
    assert problem.sigma == 0
    (note,) = problem.notes
    assert "nothing changes" in note
    assert pose(flat, "deno", sigma=0.0).notes == ()  # the user said so
    assert pose(flat, "sr4").notes == ()  # which is usual


def test_notes_of_a_problem_reach_whoever_restores() -> None:
    heard: list[str] = []
    ddrm_cli.restore(
        np.full((64, 64, 3), 0.5), "deno", model=tiny_model(), settings=FAST, notice=heard.append
    )
    assert any("No noise was found" in sentence for sentence in heard)


def test_coarse_noise_is_told() -> None:
    rng = np.random.default_rng(0)
    grain = scipy.ndimage.gaussian_filter(rng.standard_normal((256, 256, 3)), (0.7, 0.7, 0))
    problem = pose(0.5 + 0.05 * grain / grain.std(), "deno")
    # Its spectrum is a Gaussian itself; wavelets see it through bands, which overlap.
    assert problem.sigma == pytest.approx(0.05, rel=0.2)
    assert "coarser than a pixel" in problem.notes[0]


@pytest.mark.parametrize("sigma", [-1.0, float("nan"), float("inf")])
def test_a_noise_level_that_cannot_be_is_refused(sigma: float, tiny: LoadedModel) -> None:
    with pytest.raises(UsageError, match="A sigma of"):
        ddrm_cli.degrade(torch.zeros(3, 8, 8), "deno", sigma=sigma)
    with pytest.raises(UsageError, match="A sigma of"):
        ddrm_cli.restore(torch.zeros(3, 8, 8), "deno", sigma=sigma, model=tiny)


def test_rounding_counts_as_noise_only_where_it_is_amplified() -> None:
    mean = ddrm_cli.build_operator("sr4", (3, 32, 32))
    blur = ddrm_cli.build_operator("deblur_uni", (3, 32, 32))
    assert rounding_noise(mean, 256) == 0.0
    assert rounding_noise(blur, None) == 0.0
    # A uniform error of one level has the standard deviation 1 / sqrt(12).
    assert rounding_noise(blur, 256) == pytest.approx(1 / 256 / 12**0.5)
    y = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    assert pose(y, blur, sigma=0.1).noise == pytest.approx(math.hypot(0.1, 1 / 256 / 12**0.5))


# --- the sampler ---


def test_a_batch_is_its_pictures_one_by_one(tiny: LoadedModel) -> None:
    y = torch.rand(3, 3, 8, 12)
    together = ddrm_cli.restore(y, "sr4", sigma=0.01, model=tiny, settings=FAST, seed=5)
    for i in range(3):
        alone = ddrm_cli.restore(y[i], "sr4", sigma=0.01, model=tiny, settings=FAST, seed=5 + i)
        torch.testing.assert_close(together[i], alone, atol=1e-4, rtol=1e-4)


def test_the_callback_sees_the_picture_itself(tiny: LoadedModel) -> None:
    """Of its size and on [0, 1], although the network works in a frame and on [-1, 1]."""
    seen: list[torch.Tensor] = []
    kernel = np.eye(3) / 3
    y = ddrm_cli.degrade(torch.rand(1, 3, 20, 28), "deblur", kernel=kernel, sigma=0.05)
    x = ddrm_cli.restore(
        y, "deblur", sigma=0.05, model=tiny, settings=FAST, kernel=kernel,
        callback=lambda step: seen.append(step.denoised),
    )  # fmt: skip
    assert [each.shape for each in seen] == [x.shape] * 2
    # With noise, the last update goes to the last prediction (up to weak coordinates).
    torch.testing.assert_close(seen[-1], x, atol=0.02, rtol=0)


def test_progress_moves_with_every_window_of_every_evaluation(tiny: LoadedModel) -> None:
    shares = list[float]()
    restorer = Restorer(tiny, FAST, TilingSettings(tile=32))
    # Along 60 samples lie 2 windows of 32 that share 4: 4 windows, evaluated twice.
    restorer(pose(torch.rand(1, 3, 60, 60), "deno", sigma=0.1), progress=shares.append)
    assert shares == pytest.approx([k / 8 for k in range(1, 9)])


def test_a_tile_is_a_multiple_of_what_the_network_takes(tiny: LoadedModel) -> None:
    with pytest.raises(UsageError, match="Try 32"):
        ddrm_cli.restore(
            torch.zeros(3, 40, 40), "deno", sigma=0.1, model=tiny, tiling=TilingSettings(tile=33)
        )
    for wrong in ({"tile": 0}, {"batch_size": 0}):
        with pytest.raises(UsageError, match="not possible"):
            TilingSettings(**wrong)


# --- the bundled prior ---


def test_the_bundled_prior_removes_noise(prior: LoadedModel) -> None:
    photo = crop(128)
    noisy = ddrm_cli.degrade(photo, "deno", sigma=0.1)
    restored = ddrm_cli.restore(noisy, "deno", model=prior)  # noise estimated
    # 8 dB seen; a wrong sigma, prediction or schedule gives less than 5.
    assert psnr(restored, photo) > psnr(noisy, photo) + 7


@pytest.mark.slow
def test_grey_noise_is_removed_like_coloured_noise(prior: LoadedModel) -> None:
    """Three equal channels would keep most of it: 4 dB instead of 8."""
    photo = crop(128).convert("L")
    noisy = ddrm_cli.degrade(photo, "deno", sigma=0.1)
    restored = ddrm_cli.restore(noisy, "deno", sigma=0.1, model=prior)
    assert psnr(restored, photo) > psnr(noisy, photo) + 7


@pytest.mark.slow
def test_a_motion_blur_is_undone_up_to_the_frame(prior: LoadedModel) -> None:
    """A kernel that needs a margin; one that contradicts the blur gives noise, not pictures."""
    photo = crop(96)
    kernel = np.eye(9)
    blurred = ddrm_cli.degrade(photo, "deblur", sigma=0.01, kernel=kernel / 9)
    restored = ddrm_cli.restore(blurred, "deblur", sigma=0.01, kernel=kernel / 9, model=prior)
    # 3 dB seen; with a mirrored margin the result is worse than the blurred photograph.
    assert psnr(restored, photo) > psnr(blurred, photo) + 2.5


@pytest.mark.slow
def test_tiles_change_little_and_leave_no_seam(prior: LoadedModel) -> None:
    photo = crop(128)
    noisy = ddrm_cli.degrade(photo, "deno", sigma=0.1)
    whole, tiled = (
        ddrm_cli.restore(noisy, "deno", sigma=0.1, model=prior, tiling=tiling)
        for tiling in (TilingSettings(), TilingSettings(tile=64, batch_size=4))
    )
    # Tiles see less of the picture around them; the two agree to a few grey levels.
    assert psnr(whole, tiled) > 35
    error = np.asarray(tiled, dtype=float) - np.asarray(whole, dtype=float)
    steps = np.abs(np.diff(error, axis=1)).mean(axis=(0, 2))
    # At a seam the difference would jump; a jump of a few typical steps is the photograph's own.
    assert steps.max() < 6 * np.median(steps)


# --- classes ---


def test_a_class_changes_the_result_and_none_is_guessed() -> None:
    model = tiny_model(num_classes=10)
    y = torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(0))
    said: list[str] = []

    def restored(label: int | None, scale: float | None = None) -> torch.Tensor:
        restorer = Restorer(model, FAST, label=label, guidance_scale=scale)
        return restorer(pose(y, "sr4", sigma=0.0), notice=said.append).x

    guessed = restored(None)
    label = int(said[0].rstrip(".").split()[-1])
    assert torch.equal(guessed, restored(label))
    assert not torch.equal(guessed, restored((label + 1) % 10))
    assert not torch.equal(restored(label, 5.0), restored(label, 0.0))


def test_a_guess_is_the_classifiers_best() -> None:
    model = tiny_model(num_classes=10)
    assert model.classifier is not None
    x = torch.rand(1, 3, 32, 32) * 2 - 1
    expected = int(model.classifier(x, torch.tensor([0])).argmax())
    assert model.guess_label(x) == expected


def test_a_class_that_is_not_there_is_refused(tiny: LoadedModel) -> None:
    y = torch.zeros(3, 32, 32)
    with pytest.raises(UsageError, match="no class 3"):
        ddrm_cli.restore(y, "deno", sigma=0.1, model=tiny, label=3)
    conditional = tiny_model(num_classes=10)
    with pytest.raises(UsageError, match="no class 10"):
        ddrm_cli.restore(y, "deno", sigma=0.1, model=conditional, label=10)
    with pytest.raises(UsageError, match="tiles of 32"):
        ddrm_cli.restore(
            y, "deno", sigma=0.1, model=conditional, label=1, tiling=TilingSettings(tile=16)
        )
    without = dataclasses.replace(conditional, classifier=None)
    with pytest.raises(UsageError, match="--class"):
        ddrm_cli.restore(y, "deno", sigma=0.1, model=without)


# --- devices ---


def test_devices_have_names() -> None:
    assert choose_device("cpu").type == "cpu"
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    for wrong in ("gpu", "cuda:x", "cpu:1", "cuda:0:1"):
        with pytest.raises(UnknownNameError, match="device"):
            choose_device(wrong)


def test_a_device_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(DeviceError, match="no CUDA device"):
        choose_device("cuda")
    with pytest.raises(DeviceError, match="mps"):
        choose_device("mps")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert choose_device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(DeviceError, match="only 2"):
        choose_device("cuda:2")


def test_precision_is_what_the_device_is_made_for(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = torch.device("cpu")
    monkeypatch.setattr("ddrm_cli.devices._cpu_has_bfloat16", lambda: True)
    assert choose_precision("auto", cpu) == torch.bfloat16
    monkeypatch.setattr("ddrm_cli.devices._cpu_has_bfloat16", lambda: False)
    assert choose_precision("auto", cpu) == torch.float32
    assert choose_precision("auto", torch.device("cuda")) == torch.float16
    assert choose_precision("float32", torch.device("cuda")) == torch.float32
    with pytest.raises(UnknownNameError, match="bfloat16"):
        choose_precision("bf16", cpu)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "sigma"),
    [("sr_bicubic4", 0.0), ("sr4", 0.05), ("deblur_gauss", 0.05), ("inp", 0.0), ("sr8", 0.0)],
)
def test_the_expected_picture_is_as_near_as_the_usual_one(
    name: str, sigma: float, prior: LoadedModel
) -> None:
    """Without any fresh noise a denoiser fails where much is missing; the dial ends before that.

    Here detail 0 gains up to 0.1 dB, and 1 loses up to one.
    """
    photo = torch.from_numpy(np.asarray(crop(128)).copy()).movedim(-1, 0) / 255
    y = ddrm_cli.degrade(photo, name, sigma=sigma)
    usual, expected = (
        ddrm_cli.restore(
            y, name, sigma=sigma, model=prior, settings=ddrm_cli.SamplerSettings(detail=detail)
        )
        for detail in (None, 0.0)
    )
    assert psnr(255 * expected, 255 * photo) > psnr(255 * usual, 255 * photo) - 0.3


# --- what a restoration takes of the machine ---


def test_two_threads_restore_with_one_model_at_once() -> None:
    """What a network computes in belongs to one call."""
    y = torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(0))
    problem, restorer = pose(y, "sr4", sigma=0.0), Restorer(tiny_model(), FAST)
    alone = [restorer(problem, [seed]).x for seed in range(2)]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda seed: restorer(problem, [seed]).x, range(2)))
    assert all(torch.equal(one, other) for one, other in zip(alone, together, strict=True))
    assert not any(each.is_inference() for each in together)


@pytest.mark.parametrize("name", ["deno", "inp", "sr4", "sr_bicubic4", "jpeg90", "cs2", "color"])
def test_what_is_given_is_not_changed_and_what_comes_back_is_ordinary(name: str) -> None:
    """The sampler works in place, and inside the network in inference mode."""
    x = torch.rand(3, 32, 32, generator=torch.Generator().manual_seed(0))
    operator = ddrm_cli.build_operator(name, (3, 32, 32))
    y = operator(x[None])
    kept = y.clone()
    seen: list[torch.Tensor] = []
    restored = ddrm_cli.restore(
        y, operator, sigma=0.0, model=tiny_model(), settings=FAST,
        callback=lambda step: seen.append(step.denoised),
    )  # fmt: skip
    assert torch.equal(y, kept)
    assert not any(tensor.is_inference() for tensor in (restored, *seen))
    restored.requires_grad_().square().sum().backward()
    torch.testing.assert_close(restored.grad, 2 * restored.detach())


def test_too_little_memory_is_said_before(monkeypatch: pytest.MonkeyPatch) -> None:
    model, tiling = tiny_model(), TilingSettings()
    operator = ddrm_cli.build_operator("sr4", (3, 64, 64))
    needed = int(planning.expected_memory(model, operator, tiling, samples=3))

    def said(free: int | None) -> str | None:
        monkeypatch.setattr(planning, "memory_to_be_had", lambda: free)
        return planning.shortage(model, operator, tiling, samples=3)

    assert said(needed + 1) is None
    assert said(None) is None
    assert "fewer --samples" in (said(needed - 1) or "")


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is told")
def test_an_evaluation_fetches_no_memory_anew() -> None:
    """Its maps find room in what the evaluation before it left; otherwise each is new pages."""
    program = """
import resource, torch, ddrm_cli
network = ddrm_cli.load_model(device="cpu").network
x, t = torch.zeros(1, 3, 256, 256), torch.tensor([500])
with torch.inference_mode():
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        network(x, t)
        faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
print(faults)
"""
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=True)
    # One map in bfloat16 has 512 pages; the system may have taken a few of any others back.
    assert int(done.stdout) < 512


@pytest.mark.skipif(not Path("/proc/meminfo").exists(), reason="only Linux says it")
def test_memory_that_is_to_be_had_is_some_of_what_there_is() -> None:
    free = memory_to_be_had()
    assert free is not None
    # What is shared with other programs may be counted twice.
    assert 0 < free < 2 * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@pytest.mark.parametrize(
    ("environment", "asked", "used"),
    [({}, None, 4), ({"LOCAL_WORLD_SIZE": "2"}, None, 2), ({"LOCAL_WORLD_SIZE": "9"}, None, 1),
     ({"LOCAL_WORLD_SIZE": "2", "OMP_NUM_THREADS": "4"}, None, 4), ({}, 3, 3)],
)  # fmt: skip
def test_threads_are_shared_by_the_processes_of_a_machine(
    environment: dict[str, str], asked: int | None, used: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = [4]
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads[0])
    monkeypatch.setattr(torch, "set_num_threads", lambda count: threads.append(count))
    use_threads(asked)
    assert threads[-1] == used


def test_a_network_is_compiled_only_if_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[torch.nn.Module] = []
    monkeypatch.setattr(torch.nn.Module, "compile", lambda self: compiled.append(self))
    ddrm_cli.load_model(device="cpu")
    assert not compiled
    model = ddrm_cli.load_model(device="cpu", compile=True)
    assert compiled == [model.network]
