"""JPEG: the operator is what an encoder does before it rounds, and rounding is met exactly."""

from __future__ import annotations

import io
import itertools
import math

import numpy as np
import pytest
import scipy.fft
import scipy.stats
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ddrm_cli.degradations.base import dot_test
from ddrm_cli.degradations.compression import Compression
from ddrm_cli.degradations.entry import SUBSAMPLINGS
from ddrm_cli.degradations.jpeg import JPEG, truncated_mean
from ddrm_cli.degradations.table import get_entry
from ddrm_cli.errors import MeasurementError, UsageError

WRITTEN = ("4:4:4", "4:2:2", "4:2:0")
ORIENTATIONS = range(1, 9)
# Sums of 768 products of float32, of numbers of order one.
FLOAT32 = 2e-5


def photograph(height: int = 48, width: int = 64, seed: int = 0) -> NDArray[np.uint8]:
    """Smooth colours with an edge, far from black and white, which decoders cut off."""
    y, x = np.mgrid[:height, :width] / 16
    colours = [np.sin(y + x), np.cos(2 * y - x), np.sin(3 * x) * np.cos(y)]
    pixels = 128 + 40 * np.stack(colours, axis=-1) + 30 * (x > y)[..., None]
    noise = np.random.default_rng(seed).normal(0, 4, pixels.shape)
    return np.asarray(np.rint(np.clip(pixels + noise, 20, 235)).astype(np.uint8))


def to_tensor(pixels: NDArray[np.uint8]) -> torch.Tensor:
    pixels = pixels if pixels.ndim == 3 else pixels[..., None]
    return torch.from_numpy(np.moveaxis(pixels, -1, 0).astype(np.float32) / 255)[None]


def by_the_standard(
    x: NDArray[np.float64], compression: Compression, operator: JPEG
) -> NDArray[np.float64]:
    """Coefficients over their steps, unit by unit, block by block: x (H, W, C) on [0, 255]."""
    rows, columns = compression.sampling if x.shape[2] == 3 else (1, 1)
    height, width = 8 * rows, 8 * columns
    x = np.pad(x, ((0, -x.shape[0] % height), (0, -x.shape[1] % width), (0, 0)), mode="edge")
    if x.shape[2] == 3:
        r, g, b = np.moveaxis(x, -1, 0)
        luma = 0.299 * r + 0.587 * g + 0.114 * b
        planes = [luma, (b - luma) / 1.772, (r - luma) / 1.402]
    else:
        planes = [x[..., 0]]
    units = []
    for top in range(0, x.shape[0], height):
        for left in range(0, x.shape[1], width):
            unit = [plane[top : top + height, left : left + width] for plane in planes]
            blocks = [
                (unit[0][8 * i : 8 * i + 8, 8 * j : 8 * j + 8], compression.tables[0])
                for i in range(rows)
                for j in range(columns)
            ]
            for plane, table in zip(unit[1:], compression.tables[1:], strict=False):
                means = [
                    [
                        plane[
                            rows * i : rows * i + rows, columns * j : columns * j + columns
                        ].mean()
                        for j in range(8)
                    ]
                    for i in range(8)
                ]
                blocks.append((np.array(means), table))
            coefficients = [
                scipy.fft.dctn(block, norm="ortho").ravel() / table for block, table in blocks
            ]
            units.append(np.concatenate(coefficients))
    return np.stack(units)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("subsampling", SUBSAMPLINGS)
def test_it_measures_cosine_coefficients_over_their_steps(subsampling: str, channels: int) -> None:
    compression = Compression.of_quality(40, subsampling)
    x = photograph(37, 51)[..., :channels]
    operator = JPEG((channels, 37, 51), compression)
    expected = by_the_standard(x.astype(np.float64), compression, operator)
    found = operator(operator.framed(to_tensor(x)))[0] / operator.cell
    # Up to 128 steps of a coefficient, in float32.
    np.testing.assert_allclose(found, expected, atol=128 * FLOAT32)


@pytest.mark.parametrize("subsampling", SUBSAMPLINGS)
def test_it_is_its_dense_matrix(subsampling: str) -> None:
    """Singular values and the adjoint, by NumPy on the whole of the smallest picture."""
    compression = Compression.of_quality(30, subsampling)
    operator = JPEG((3, *compression.unit), compression)
    n = math.prod(operator.image_shape)
    pixels = torch.eye(n).reshape(n, *operator.image_shape)
    matrix = operator(pixels).flatten(1).T.double().numpy()
    values = np.sort(operator.singular_values.expand(operator.spectral_shape).flatten().numpy())
    dense = np.linalg.svd(matrix, compute_uv=False)
    np.testing.assert_allclose(values[::-1][: len(dense)], dense, atol=1e-4)
    assert (values[: n - len(dense)] == 0).all()
    y = torch.randn(1, *operator.measurement_shape, generator=torch.Generator().manual_seed(0))
    expected = matrix.T @ y.flatten().double().numpy()
    np.testing.assert_allclose(operator.adjoint(y).flatten(), expected, atol=1e-4)
    assert dot_test(operator, torch.Generator().manual_seed(1)) < FLOAT32


@pytest.mark.parametrize("quality", [5, 20, 50, 75, 90])
@pytest.mark.parametrize("subsampling", WRITTEN)
def test_the_tables_are_those_of_libjpeg(quality: int, subsampling: str) -> None:
    """Written by quality or by tables, and read again, it is the same compression."""
    expected = Compression.of_quality(quality, subsampling)
    image = Image.fromarray(photograph())
    for options in ({"quality": quality, "subsampling": subsampling}, expected.options):
        file = io.BytesIO()
        image.save(file, "JPEG", **options)
        with Image.open(file) as opened:
            assert Compression.of_image(opened) == expected


@pytest.mark.parametrize("quality", [5, 20, 50, 75])
@pytest.mark.parametrize("subsampling", WRITTEN)
@pytest.mark.parametrize("channels", [1, 3])
def test_coefficients_are_read_from_what_is_shown(
    quality: int, subsampling: str, channels: int
) -> None:
    """Whole multiples of the steps, nearly all those that rounding gives."""
    x = to_tensor(photograph()[..., :channels])
    operator = JPEG((channels, 48, 64), Compression.of_quality(quality, subsampling))
    shown = operator.observe(x)
    y = operator.read(shown)
    flat = operator(torch.full_like(x, 128 / 255))
    steps = (y - flat) / operator.cell
    assert float((steps - steps.round()).abs().max()) < 1e-2
    right = (operator(x) - y).abs() < operator.cell / 2
    # 98.9 to 100 % of photographs; the noise here has more that is at the border of two cells.
    assert float(right.float().mean()) > 0.97
    assert torch.equal(operator.read(y), y)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_units_lie_as_the_file_is_stored(orientation: int) -> None:
    """What Pillow turns upright is measured as it was before."""
    stored = photograph(40, 56)
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    Image.fromarray(stored).save(file, "JPEG", quality=30, exif=exif)
    with Image.open(file) as lying:
        compression = Compression.of_image(lying, orientation)
        assert compression is not None
        plain = Compression(compression.tables, compression.subsampling)
        upright = to_tensor(np.asarray(ImageOps.exif_transpose(lying)))
        expected = JPEG((3, 40, 56), plain).read(to_tensor(np.asarray(lying)))
    _, channels, height, width = upright.shape
    operator = JPEG((channels, height, width), compression)
    assert operator.picture_shape == tuple(upright.shape[1:])
    assert torch.equal(operator.read(upright), expected)
    assert torch.equal(operator.unframed(operator.framed(upright)), upright)


def test_a_cell_holds_what_is_expected_of_it() -> None:
    """Whatever is predicted, at any noise level, what is found is rounded to the measurement."""
    operator = JPEG((3, 32, 48), Compression.of_quality(20))
    y = operator.read(operator.observe(to_tensor(photograph(32, 48))))
    generator = torch.Generator().manual_seed(0)
    for sigma in (1e-3, 0.05, 1.0, 100.0):
        x = 3 * torch.randn(1, 3, 32, 48, generator=generator)
        found = operator.expected(y, x, sigma)
        assert (found - y).abs().max() < operator.cell / 2


def test_means_of_cut_normal_distributions() -> None:
    """Against sums over each interval, from the narrowest to the farthest."""
    random = np.random.default_rng(0)
    count = 1000
    mean, deviation = random.normal(0, 3, count), 10 ** random.uniform(-3, 3, count)
    low = random.normal(0, 1, count)
    high = low + 10 ** random.uniform(-3, 0.5, count)
    tensors = [torch.tensor(each, dtype=torch.float32) for each in (mean, deviation, low, high)]
    found = truncated_mean(*tensors).double().numpy()
    t = np.linspace(low, high, 4001)
    logarithm = -(((t - mean) / deviation) ** 2) / 2
    weight = np.exp(logarithm - logarithm.max(axis=0))
    expected = (weight * t).sum(axis=0) / weight.sum(axis=0)
    # Of the interval's width: float32 sees the narrowest, ten away, in a thousand parts.
    np.testing.assert_array_less(np.abs(found - expected) / (high - low), 5e-3)


def test_the_noise_grows_as_the_quality_falls() -> None:
    noise = [Compression.of_quality(quality).noise for quality in range(1, 101)]
    assert all(a >= b for a, b in itertools.pairwise(noise))
    assert Compression(((1,) * 64,)).noise == pytest.approx(1 / 255 / 12**0.5, rel=0.01)


@pytest.mark.parametrize(
    ("mode", "options", "colours"),
    [("CMYK", {}, "CMYK"), ("RGB", {"keep_rgb": True}, "RGB")],
)
def test_other_colours_are_refused_by_name(
    mode: str, options: dict[str, bool], colours: str
) -> None:
    file = io.BytesIO()
    Image.fromarray(photograph()).convert(mode).save(file, "JPEG", **options)
    with Image.open(file) as image:
        compression = Compression.of_image(image)
    assert compression is not None
    with pytest.raises(MeasurementError, match=f"whose colours are {colours}"):
        compression.parameters  # noqa: B018


def test_a_picture_that_was_never_compressed_is_refused() -> None:
    noisy = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    operator = JPEG((3, 64, 64), Compression.of_quality(50))
    with pytest.raises(MeasurementError, match="no JPEG of this quality"):
        operator.read(noisy)


@pytest.mark.parametrize(
    ("tables", "says"),
    [((), "64 whole numbers"), (((1,) * 63,), "64 whole"), (((0,) * 64,), "64 whole")],
)
def test_tables_that_no_file_has_are_refused(
    tables: tuple[tuple[int, ...], ...], says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        Compression(tables)


def test_a_colour_picture_has_no_grey_file() -> None:
    with pytest.raises(MeasurementError, match="3 channels is no JPEG of 1 planes"):
        JPEG((3, 16, 16), Compression(((1,) * 64,)))


def test_it_is_a_name_for_every_usual_quality() -> None:
    assert get_entry("jpeg20").parameters == {"quality": 20}
    assert {get_entry(f"jpeg{quality}").gives for quality in range(5, 96)} == {"jpeg"}
