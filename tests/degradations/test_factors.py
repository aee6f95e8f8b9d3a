"""Filters of one axis and the transforms that diagonalise them, against plain matrices."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.fft
import scipy.ndimage
import torch

from ddrm_cli.degradations import lines
from ddrm_cli.degradations.blur import separable_blur, uniform_blur
from ddrm_cli.degradations.boundary import filter_matrix
from ddrm_cli.degradations.build import build_operator
from ddrm_cli.degradations.compressed_sensing import WalshTransform
from ddrm_cli.degradations.cosine import CosineTransform
from ddrm_cli.degradations.factors import (
    LARGEST_DENSE,
    CosineFactor,
    DenseFactor,
    Factor,
    filter_factor,
)
from ddrm_cli.degradations.fourier import FourierBlur, fast_side
from ddrm_cli.degradations.lines import map_lines
from ddrm_cli.degradations.table import Degradation
from ddrm_cli.errors import MeasurementError

from .plain import Decomposition, Matrix, walsh_hadamard_matrix

# Sums of up to ~100 products of order one in float32.
FLOAT32 = 1e-5


def matrix_of(line_map: lines.LineMap, size: int) -> Matrix:
    """Column by column."""
    return line_map(torch.eye(size)).T.double().numpy()


def symmetric_taps(length: int) -> Matrix:
    """Random ones, some of them negative, whose sizes sum to one."""
    half = np.random.default_rng(length).standard_normal(length) + 0.5
    taps = half + half[::-1]
    return np.asarray(taps / np.abs(taps).sum())


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7, 12, 15, 64, 97])
def test_the_cosine_transform_is_that_of_scipy(size: int) -> None:
    expected = scipy.fft.dct(np.eye(size), axis=0, norm="ortho")
    transform = CosineTransform(size)
    np.testing.assert_allclose(matrix_of(transform, size), expected, atol=FLOAT32)
    np.testing.assert_allclose(matrix_of(transform.inverse, size), expected.T, atol=FLOAT32)


@pytest.mark.parametrize("size", [1, 2, 8, 64, 128, 12, 75, 80])
def test_the_fast_walsh_transform_is_its_matrix(size: int) -> None:
    """Of one digit and of two, of an odd rest and none."""
    expected = walsh_hadamard_matrix(size)
    transform = WalshTransform(size)
    np.testing.assert_allclose(matrix_of(transform, size), expected, atol=FLOAT32)
    np.testing.assert_allclose(matrix_of(transform.inverse, size), expected.T, atol=FLOAT32)


def check(factor: Factor, matrix: Matrix) -> None:
    """A factor against the decomposition of its matrix, whose V is another where values repeat."""
    n, size = matrix.shape
    plain = Decomposition.of(matrix)
    u, v = matrix_of(factor.U, n), matrix_of(factor.V, size)
    np.testing.assert_allclose(v.T @ v, np.eye(size), atol=FLOAT32)
    np.testing.assert_allclose(u.T @ u, np.eye(n), atol=FLOAT32)
    np.testing.assert_allclose(matrix_of(factor.Vt, size), v.T, atol=FLOAT32)
    np.testing.assert_allclose(matrix_of(factor.Ut, n), u.T, atol=FLOAT32)
    s, measured = factor.singular_values.numpy(), factor.measured.numpy()
    np.testing.assert_allclose(np.sort(s)[::-1], plain.s, atol=1e-12)  # in float64
    np.testing.assert_allclose(u * s @ v[:, :n].T, matrix, atol=FLOAT32)
    np.testing.assert_allclose(v[:, :n] * measured @ v[:, :n].T, plain.trusted, atol=FLOAT32)
    inverse = v[:, :n] * np.where(measured, 1 / np.where(measured, s, 1), 0) @ u.T
    condition = 1 / plain.s[plain.measured].min()
    np.testing.assert_allclose(inverse, plain.inverse, atol=FLOAT32 * condition)


@pytest.mark.parametrize("reduction", [1, 2, 3, 4, 5, 8, 16])
@pytest.mark.parametrize("n", [1, 2, 5, 16])
def test_symmetric_filters_are_diagonal_in_cosines(n: int, reduction: int) -> None:
    """From one tap to more than the line is long and its mirror images with it."""
    for length in range(1, 70, 1 if reduction < 4 else 7):
        if (length - reduction) % 2 == 0:
            taps = symmetric_taps(length)
            factor = filter_factor(taps, reduction * n, reduction)
            assert isinstance(factor, CosineFactor)
            check(factor, filter_matrix(taps, reduction * n, reduction))


@pytest.mark.parametrize(("length", "n", "reduction"), [(9, 54, 1), (54, 27, 2), (8, 8, 2)])
def test_what_a_mean_removes_is_zero_and_not_rounding(length: int, n: int, reduction: int) -> None:
    """Waves that fit into it as a whole, with all that are measured as they are."""
    taps = np.full(length, 1 / length)
    factor = filter_factor(taps, n * reduction, reduction)
    assert (factor.singular_values == 0).any()
    check(factor, filter_matrix(taps, n * reduction, reduction))


def test_one_sample_of_each_block_has_only_equal_singular_values() -> None:
    factor = filter_factor(np.ones(1), 35, 5)
    np.testing.assert_allclose(factor.singular_values, 1, atol=1e-12)
    check(factor, filter_matrix(np.ones(1), 35, 5))


@pytest.mark.parametrize(
    ("taps", "reduction", "boundary"),
    [
        (np.array([1.0, 2, 4]) / 7, 1, "reflect"),
        (np.array([1.0, 2, 2, 1]) / 6, 1, "reflect"),  # about the middle between two pixels
        (np.array([1.0, 2, 1]) / 4, 2, "reflect"),
        (np.array([1.0, 2, 1]) / 4, 1, "zero"),
    ],
)
def test_other_filters_are_matrices(taps: Matrix, reduction: int, boundary: str) -> None:
    factor = filter_factor(taps, 24, reduction, boundary)
    assert isinstance(factor, DenseFactor)
    check(factor, filter_matrix(taps, 24, reduction, boundary))


def test_matrices_that_would_take_minutes_are_refused() -> None:
    kernel = np.outer([1.0, 2, 1], [1.0, 2, 4]) / 28
    shape = (1, 4, LARGEST_DENSE + 1)
    with pytest.raises(MeasurementError, match=r"at most 2048 .* not 2049.*--boundary unknown"):
        build_operator(Degradation("deblur", {"kernel": kernel}), shape)
    unknown = Degradation("deblur", {"kernel": kernel, "boundary": "unknown"})
    assert build_operator(unknown, shape).image_shape == shape
    upright = Degradation("deblur", {"kernel": kernel.T})  # only the long side has to be symmetric
    assert build_operator(upright, shape).image_shape == shape


def test_symmetric_up_to_rounding_is_symmetric() -> None:
    """Half a unit of the last of eight digits, as text files have them."""
    taps = np.array([0.25, 0.5 + 1e-8, 0.25 - 1e-8])
    factor = filter_factor(taps, 24)
    assert isinstance(factor, CosineFactor)
    matrix = filter_matrix(taps, 24)
    s = factor.singular_values.float()
    found = matrix_of(lambda x: factor.U(s * factor.Vt(x)), 24)
    np.testing.assert_allclose(found, matrix, atol=FLOAT32)


@pytest.mark.parametrize("shape", [(3, 1, 5000), (3, 5000, 1), (1, 1, 1), (2, 3, 4099)])
def test_lines_of_any_shape_are_blurred(shape: tuple[int, int, int]) -> None:
    x = torch.rand((1, *shape), generator=torch.Generator().manual_seed(0))
    operator = uniform_blur(shape, 9)
    expected = [scipy.ndimage.uniform_filter(each, 9, mode="reflect") for each in x[0].numpy()]
    np.testing.assert_allclose(operator(x)[0], expected, atol=FLOAT32)


def test_a_narrow_picture_is_enlarged() -> None:
    operator = build_operator("sr_bicubic4", (3, 4, 20000))
    y = torch.full((1, 3, 1, 5000), 0.5)
    torch.testing.assert_close(operator(operator.pinv(y)), y, atol=FLOAT32, rtol=0)


def test_a_few_lines_at_a_time_are_as_good_as_all(monkeypatch: pytest.MonkeyPatch) -> None:
    x = torch.rand((2, 3, 40, 50), generator=torch.Generator().manual_seed(0))
    factors = [filter_factor(symmetric_taps(6), size, 2) for size in (40, 50)]
    whole = map_lines(factors[0].Vt, factors[1].Vt, x)
    monkeypatch.setattr(lines, "AT_ONCE", 1)
    monkeypatch.setattr(lines, "LEAST", 3)
    torch.testing.assert_close(map_lines(factors[0].Vt, factors[1].Vt, x), whole)


def test_the_bright_and_the_blind() -> None:
    """What is measured is divided by how bright white is, or else by what is measured best."""
    y = torch.ones(1, 1, 8, 8)
    smooth, edge = np.array([1.0, 2, 1]), np.array([-1.0, 2, -1])
    first = separable_blur((1, 8, 8), smooth, smooth).initial(y)
    torch.testing.assert_close(first, y / 16, atol=FLOAT32, rtol=0)
    operator = separable_blur((1, 8, 8), edge, edge)
    strongest = float(operator.singular_values.max())
    torch.testing.assert_close(operator.initial(y), y / strongest, atol=FLOAT32, rtol=0)
    circular = FourierBlur((1, 8, 8), np.outer(smooth, smooth))
    torch.testing.assert_close(circular.initial(y), y / 16, atol=FLOAT32, rtol=0)


SIDES = [1, 2, 3, 8, 9]


@pytest.mark.parametrize("height", SIDES)
@pytest.mark.parametrize("width", SIDES)
def test_circular_blurs_of_any_sides(height: int, width: int) -> None:
    kernel = np.random.default_rng(0).random((3, 4))
    kernel /= kernel.sum()
    n = height * width
    operator = FourierBlur((1, height, width), kernel)
    pixels = torch.eye(n).reshape(n, 1, height, width)
    expected = [scipy.ndimage.convolve(each[0].double(), kernel, mode="wrap") for each in pixels]
    np.testing.assert_allclose(operator(pixels)[:, 0], expected, atol=FLOAT32)
    matrix = np.reshape(expected, (n, n)).T
    adjoint = operator.adjoint(pixels).flatten(1).T
    np.testing.assert_allclose(adjoint, matrix.T, atol=FLOAT32)
    v, u = (each(pixels).flatten(1) for each in (operator.V, operator.U))
    torch.testing.assert_close(v @ v.T, torch.eye(n), atol=FLOAT32, rtol=0)
    torch.testing.assert_close(u @ u.T, torch.eye(n), atol=FLOAT32, rtol=0)
    torch.testing.assert_close(operator.Vt(pixels).flatten(1).T, v, atol=FLOAT32, rtol=0)
    torch.testing.assert_close(operator.Ut(pixels).flatten(1).T, u, atol=FLOAT32, rtol=0)


def test_fast_sides_are_the_next_without_large_primes() -> None:
    products = {
        2**a * 3**b * 5**c * 7**d
        for a, b, c, d in itertools.product(range(11), range(7), range(5), range(4))
    }
    for side in range(1, 1000):
        assert fast_side(side) == min(each for each in products if each >= side)
