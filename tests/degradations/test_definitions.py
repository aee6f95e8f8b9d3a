"""Each operator against its plain definition, on pictures that are not square."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.linalg
import scipy.ndimage
import torch
import torch.nn.functional as F
from PIL import Image

from ddrm_cli.degradations.blur import (
    blur_by_kernel,
    gaussian_taps,
    motion_kernel,
    separable_blur,
)
from ddrm_cli.degradations.build import build_operator
from ddrm_cli.degradations.dense import DenseOperator
from ddrm_cli.degradations.fourier import FourierBlur
from ddrm_cli.degradations.super_resolution import cubic, lanczos3, stretched_taps, triangle
from ddrm_cli.degradations.table import Degradation
from ddrm_cli.errors import MeasurementError, UsageError

from .examples import example
from .plain import convolution_matrix, walsh_hadamard_matrix

# Products of float32 matrices of side ~100 with entries of order one.
FLOAT32 = 2e-5


def picture(channels: int = 3, height: int = 48, width: int = 80, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand((2, channels, height, width), generator=generator) * 2 - 1


def mirrored(x: torch.Tensor, pad: int) -> torch.Tensor:
    """Pad by mirroring with the outermost pixel repeated, as NumPy calls ``symmetric``."""
    widths = ((0, 0), (0, 0), (pad, pad), (pad, pad))
    return torch.from_numpy(np.pad(x.numpy(), widths, mode="symmetric"))


def depthwise(x: torch.Tensor, kernel: torch.Tensor, stride: int = 1) -> torch.Tensor:
    """Correlate each channel with one kernel."""
    channels = x.shape[1]
    weight = kernel.to(x)[None, None].repeat(channels, 1, 1, 1)
    return F.conv2d(x, weight, stride=stride, groups=channels)


@pytest.mark.parametrize("channels", [1, 3])
def test_denoising_measures_the_picture(channels: int) -> None:
    x = picture(channels)
    assert torch.equal(build_operator("deno", (channels, 48, 80))(x), x)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("factor", [2, 3, 4, 7, 8, 16])
def test_block_mean_is_average_pooling(channels: int, factor: int) -> None:
    x = picture(channels)
    x = x[..., : 48 // factor * factor, : 80 // factor * factor]
    y = build_operator(f"sr{factor}", (channels, *x.shape[2:]))(x)
    torch.testing.assert_close(y, F.avg_pool2d(x, factor), atol=FLOAT32, rtol=0)


REDUCERS = {
    "sr": Image.Resampling.BOX,
    "sr_bicubic": Image.Resampling.BICUBIC,
    "sr_lanczos": Image.Resampling.LANCZOS,
    "sr_bilinear": Image.Resampling.BILINEAR,
    "sr_nearest": Image.Resampling.NEAREST,
}


@pytest.mark.parametrize("factor", range(2, 17))
@pytest.mark.parametrize("stem", REDUCERS)
def test_reductions_are_what_pillow_does_inside_the_picture(stem: str, factor: int) -> None:
    """An image library's own reduction agrees wherever the frame is out of reach."""
    grey = np.random.default_rng(0).random((8 * factor, 9 * factor)).astype(np.float32)
    small = np.asarray(Image.fromarray(grey).resize((9, 8), REDUCERS[stem]))
    x = torch.from_numpy(grey)[None, None]
    y = build_operator(f"{stem}{factor}", (1, 8 * factor, 9 * factor))(x)
    # The widest kernel reaches three output pixels; Pillow rounds its float taps differently.
    np.testing.assert_allclose(y[0, 0, 3:-3, 3:-3], small[3:-3, 3:-3], atol=1e-5)


@pytest.mark.parametrize("factor", [2, 3, 4, 5, 8, 16])
@pytest.mark.parametrize(
    ("stem", "kernel", "reach"),
    [("sr_bicubic", cubic, 2), ("sr_lanczos", lanczos3, 3), ("sr_bilinear", triangle, 1)],
)
def test_a_reduction_is_a_strided_convolution_of_the_mirrored_picture(
    stem: str, kernel: Any, reach: int, factor: int
) -> None:
    x = picture(height=4 * factor, width=6 * factor)
    taps = torch.from_numpy(stretched_taps(kernel, reach, factor))
    assert len(taps) % 2 == factor % 2  # a tap on the middle of the block where there is a pixel
    # Output 0 is centred on the first block, so half of the taps without it come before.
    expected = depthwise(
        mirrored(x, (len(taps) - factor) // 2), torch.outer(taps, taps), stride=factor
    )
    y = build_operator(f"{stem}{factor}", (3, 4 * factor, 6 * factor))(x)
    torch.testing.assert_close(y, expected, atol=FLOAT32, rtol=0)


@pytest.mark.parametrize("factor", [2, 3, 4])
@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (5, 4), (2, 7)])
def test_a_reduction_by_a_kernel_is_a_blur_of_which_pixels_are_kept(
    shape: tuple[int, int], factor: int
) -> None:
    """Those on which the middles of blocks lie, or that come half a pixel after."""
    random = np.random.default_rng(1)
    kernel = np.outer(random.random(shape[0]) + 0.1, random.random(shape[1]))
    kernel /= kernel.sum()
    x = picture(1, 6 * factor, 8 * factor)
    blurred = scipy.ndimage.convolve(x[0, 0].double().numpy(), kernel, mode="reflect")
    y = build_operator(Degradation(f"sr{factor}", {"kernel": kernel}), (1, *x.shape[2:]))(x)
    # A middle between two pixels is the second of them for a block, the first for a kernel.
    rows, columns = ((factor - (n % 2 == 0)) // 2 for n in shape)
    expected = blurred[rows::factor, columns::factor]
    np.testing.assert_allclose(y[0, 0], expected, atol=FLOAT32)


def test_pictures_are_reduced_by_outer_products_only() -> None:
    with pytest.raises(MeasurementError, match="rows and on columns"):
        build_operator(Degradation("sr3", {"kernel": np.eye(3) / 3}), (3, 9, 9))


KERNELS = {
    "deblur_uni": (np.full(9, 1 / 9), np.full(9, 1 / 9)),
    "deblur_gauss": (gaussian_taps(5, 10.0), gaussian_taps(5, 10.0)),
    "deblur_aniso": (gaussian_taps(9, 1.0), gaussian_taps(9, 20.0)),
}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", KERNELS)
def test_blur_is_a_convolution_of_the_mirrored_picture(name: str, channels: int) -> None:
    x = picture(channels)
    rows, columns = KERNELS[name]
    kernel = torch.from_numpy(np.outer(rows, columns))
    expected = depthwise(mirrored(x, len(rows) // 2), kernel)
    exact = build_operator(name, (channels, 48, 80))
    torch.testing.assert_close(exact(x), expected, atol=FLOAT32, rtol=0)


@pytest.mark.parametrize("name", KERNELS)
def test_weak_singular_values_are_measured_but_not_trusted(name: str) -> None:
    """A restoration does without them; the measurement has them all."""
    operator = build_operator(name, (3, 48, 80))
    weak = (operator.singular_values > 0) & ~operator.measured
    assert weak.any()
    x_bar = torch.where(weak, operator.Vt(picture()), 0.0)
    x = operator.V(x_bar)
    assert operator(x).norm() > 0
    # Of x nothing comes back but rounding, which is divided by 9e-4 at most.
    assert operator.pinv(operator(x)).abs().max() < FLOAT32 / 9e-4 * float(x.abs().max())


def test_zero_boundary_is_a_convolution_of_the_dark_framed_picture() -> None:
    x = picture()
    taps = gaussian_taps(5, 1.0)
    operator = separable_blur((3, 48, 80), taps, taps, boundary="zero")
    expected = depthwise(F.pad(x, (2, 2, 2, 2)), torch.from_numpy(np.outer(taps, taps)))
    torch.testing.assert_close(operator(x), expected, atol=FLOAT32, rtol=0)


def test_boundary_is_one_of_two() -> None:
    with pytest.raises(ValueError, match="boundary"):
        convolution_matrix(np.ones(3) / 3, 8, "circular")


@pytest.mark.parametrize("shape", [(1, 5), (6, 1), (4, 7), (3, 3)])
def test_an_outer_product_is_convolved_as_scipy_does(shape: tuple[int, int]) -> None:
    """Also for kernels that are not symmetric, of even sides, or negative in part."""
    random = np.random.default_rng(1)
    kernel = np.outer(random.random(shape[0]) - 0.2, random.random(shape[1]) - 0.2)
    kernel /= kernel.sum()
    x = picture(1)
    operator = blur_by_kernel((1, 48, 80), kernel)
    assert not isinstance(operator, FourierBlur)
    expected = scipy.ndimage.convolve(x[0, 0].double().numpy(), kernel, mode="reflect")
    scale = np.abs(kernel).sum()
    np.testing.assert_allclose(operator(x)[0, 0], expected, atol=FLOAT32 * scale)


@pytest.mark.parametrize("shape", [(5, 5), (4, 7), (61, 3)])
def test_any_other_kernel_is_convolved_circularly(shape: tuple[int, int]) -> None:
    """Even where the kernel is larger than the picture."""
    kernel = np.random.default_rng(2).random(shape)
    kernel /= kernel.sum()
    x = picture(3, 48, 81)
    operator = blur_by_kernel((3, 48, 81), kernel)
    assert isinstance(operator, FourierBlur)
    for channel in range(3):
        expected = scipy.ndimage.convolve(x[0, channel].double().numpy(), kernel, mode="wrap")
        np.testing.assert_allclose(operator(x)[0, channel], expected, atol=FLOAT32)


@pytest.mark.parametrize("kernel", [np.ones(3), np.zeros((3, 3)), np.full((2, 2), np.nan)])
def test_a_kernel_that_is_none_is_refused(kernel: np.ndarray) -> None:
    with pytest.raises(MeasurementError, match="kernel"):
        blur_by_kernel((1, 8, 8), kernel)


def centroid(kernel: np.ndarray) -> tuple[float, float]:
    rows, columns = (np.arange(n) - n // 2 for n in kernel.shape)
    return float((kernel.sum(axis=1) * rows).sum()), float((kernel.sum(axis=0) * columns).sum())


@pytest.mark.parametrize("length", [0.5, 1, 2, 7.3, 15, 40])
@pytest.mark.parametrize("angle", [0, 17, 30, 45, 90, 135, -60, 1000])
def test_a_motion_is_a_line_about_its_middle(length: float, angle: float) -> None:
    kernel = motion_kernel(length, angle)
    assert kernel.sum() == pytest.approx(1)
    assert (kernel >= 0).all()
    assert all(side % 2 == 1 for side in kernel.shape)
    assert centroid(kernel) == pytest.approx((0, 0), abs=1e-9)
    np.testing.assert_allclose(motion_kernel(length, angle + 180), kernel, atol=1e-9)
    np.testing.assert_allclose(motion_kernel(length, angle + 90), np.rot90(kernel), atol=1e-9)
    np.testing.assert_allclose(motion_kernel(length, -angle), kernel[::-1], atol=1e-9)


def test_a_motion_turns_counter_clockwise() -> None:
    assert np.array_equal(motion_kernel(5, 0), np.full((1, 5), 0.2))
    kernel = motion_kernel(9, 30)
    height, width = kernel.shape
    assert width > height  # nearer to the rows
    assert kernel[: height // 2, width // 2 + 1 :].sum() > kernel[height // 2 + 1 :].sum() / 2


@pytest.mark.parametrize("angle", [0, 20, 45, 77])
def test_a_motion_is_as_long_as_it_is_said_to_be(angle: float) -> None:
    """Its variance along the line is that of a uniform distribution, ``length^2 / 12``."""
    kernel = motion_kernel(31, angle)
    rows, columns = (np.arange(n) - n // 2 for n in kernel.shape)
    up, right = np.sin(np.radians(angle)), np.cos(np.radians(angle))
    along = columns * right - rows[:, None] * up
    # A pixel's own width adds up to 1/6 along a diagonal, and takes at the ends.
    assert (kernel * along**2).sum() == pytest.approx(31**2 / 12, rel=0.02)


@pytest.mark.parametrize("blur", [2, 8, 6.5])
def test_a_mean_over_an_even_width_would_move_the_picture(blur: float) -> None:
    with pytest.raises(UsageError, match="odd width"):
        build_operator(Degradation("deblur_uni", {"blur": blur}), (1, 16, 16))


def test_colour_becomes_the_weighted_mean_of_the_channels() -> None:
    x = picture()
    y = build_operator("color", (3, 48, 80))(x)
    expected = 0.3333 * x[:, :1] + 0.3334 * x[:, 1:2] + 0.3333 * x[:, 2:]
    torch.testing.assert_close(y, expected, atol=FLOAT32, rtol=0)


def test_colour_needs_three_channels() -> None:
    with pytest.raises(MeasurementError, match="three channels"):
        build_operator("color", (1, 8, 8))


@pytest.mark.parametrize("size", [1, 2, 8, 64, 12, 75, 80])
def test_walsh_hadamard_is_sylvesters_times_the_cosine_transform(size: int) -> None:
    power = size & -size
    cosine = scipy.fft.dct(np.eye(size // power), axis=0, norm="ortho")
    expected = np.kron(cosine, scipy.linalg.hadamard(power) / np.sqrt(power))
    np.testing.assert_allclose(walsh_hadamard_matrix(size), expected, atol=1e-12)


@pytest.mark.parametrize("ratio", [2, 4])
@pytest.mark.parametrize(("height", "width"), [(32, 64), (45, 28)])
def test_compressed_sensing_measures_coefficients(ratio: int, height: int, width: int) -> None:
    """All numbers measured are coefficients of the picture; the first is the channel's mean."""
    x = picture(3, height, width)
    operator = build_operator(Degradation(f"cs{ratio}", {"seed": 5}), (3, height, width))
    y = operator(x)
    assert y.shape == (2, 3, height * width // ratio)
    rows, columns = walsh_hadamard_matrix(height), walsh_hadamard_matrix(width)
    coefficients = rows @ x.double().numpy() @ columns.T
    picked = operator.singular_values.numpy() == 1
    np.testing.assert_allclose(y.flatten(1), coefficients[:, picked], atol=FLOAT32 * 10)
    mean = x.mean(dim=(2, 3)) * (height * width) ** 0.5
    torch.testing.assert_close(y[:, :, 0], mean, atol=1e-4, rtol=0)


def test_compressed_sensing_picks_by_seed_and_apart_in_each_channel() -> None:
    picked = [
        build_operator(example("cs4", seed), (3, 32, 32)).singular_values for seed in (1, 1, 2)
    ]
    assert torch.equal(picked[0], picked[1])
    assert not torch.equal(picked[0], picked[2])
    assert not torch.equal(picked[0][0], picked[0][1])


@pytest.mark.parametrize("channels", [1, 3])
def test_inpainting_blanks_the_masked_pixels_in_every_channel(channels: int) -> None:
    missing = np.zeros((48, 80), dtype=bool)
    missing[10:20, 30:60] = True
    x = picture(channels)
    y = build_operator(Degradation("inp", {"mask": missing}), (channels, 48, 80))(x)
    expected = x.clone()
    expected[:, :, 10:20, 30:60] = 0
    assert torch.equal(y, expected)


@pytest.mark.parametrize(("height", "width"), [(48, 80), (3, 5)])
def test_random_inpainting_misses_half_the_pixels_by_seed(height: int, width: int) -> None:
    known = [
        build_operator(example("inp", seed), (3, height, width)).singular_values
        for seed in (0, 0, 1)
    ]
    assert int((known[0] == 0).sum()) == height * width // 2
    assert torch.equal(known[0], known[1])
    assert not torch.equal(known[0], known[2])


def test_a_seed_means_the_same_holes_forever() -> None:
    """Files written by ``degrade`` years ago must restore: this stream may never change."""
    known = build_operator(example("inp", 3), (1, 2, 8)).singular_values[0]
    assert known.int().tolist() == [[1, 0, 0, 1, 0, 1, 0, 0], [1, 1, 1, 1, 0, 0, 1, 0]]


@pytest.mark.parametrize("name", ["inp_lolcat", "inp_lorem"])
@pytest.mark.parametrize(("height", "width"), [(256, 256), (480, 1200), (700, 160), (16, 16)])
def test_text_masks_are_text_at_any_size(name: str, height: int, width: int) -> None:
    """Some pixels under letters, many more between them, in the upper and the lower half."""
    missing = build_operator(name, (3, height, width)).singular_values[0] == 0
    share = float(missing.float().mean())
    assert 0.01 < share < 0.5
    assert missing[: height // 2].any()
    assert missing[height // 2 :].any()


@pytest.mark.parametrize("rows", [1, 7, 24])
def test_dense_is_its_matrix(rows: int) -> None:
    matrix = np.random.default_rng(3).standard_normal((rows, 24))
    x = picture(2, 3, 4)
    y = DenseOperator((2, 3, 4), matrix)(x)
    np.testing.assert_allclose(y, x.flatten(1).double().numpy() @ matrix.T, atol=FLOAT32 * 10)


@pytest.mark.parametrize("shape", [(25, 24), (3, 23), (24,)])
def test_dense_refuses_a_matrix_of_another_size(shape: tuple[int, ...]) -> None:
    with pytest.raises(MeasurementError, match="24 columns"):
        DenseOperator((2, 3, 4), np.ones(shape))
