"""What holds for every operator, whatever it measures."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from ddrm_cli.degradations.base import LinearOperator, dot_test
from ddrm_cli.degradations.build import build_operator
from ddrm_cli.degradations.dense import DenseOperator
from ddrm_cli.degradations.table import DEGRADATIONS, PATTERNS, Degradation

from .examples import example

SHAPES = [(3, 48, 80), (1, 48, 80), (3, 32, 32)]

# Orthogonal maps in float32: a few sums of ~100 terms of order one.
FLOAT32 = 2e-5


def operators() -> Iterator[tuple[str, LinearOperator]]:
    """Every entry of the table at every shape it takes, some of each pattern, and a matrix."""
    for name, entry in DEGRADATIONS.items():
        for shape in SHAPES:
            if entry.gives == "grey" and shape[0] == 1:
                continue
            yield f"{name}-{shape}", build_operator(example(name), shape)
    for pattern in PATTERNS:
        for number in pattern.numbers[:2]:
            name = f"{pattern.stem}{number}"
            yield name, build_operator(name, (3, 6 * number, 9 * number))
    kernel = Degradation("sr3", {"kernel": np.outer([1, 2, 1, 0], [1, 4, 1]) / 24})
    yield "sr3-kernel", build_operator(kernel, (3, 18, 27))
    matrix = np.random.default_rng(0).standard_normal((20, 40))
    matrix[3] = matrix[4]  # not of full rank
    yield "dense", DenseOperator((1, 5, 8), matrix)


ALL = dict(operators())
SMALL = {name: (3, 16, 16) if name == "color" else (1, 16, 32) for name in DEGRADATIONS} | {
    f"{pattern.stem}{number}": (1, 3 * number, 5 * number)
    for pattern in PATTERNS
    for number in pattern.numbers[:2]
}


@pytest.fixture(params=ALL, ids=list(ALL))
def operator(request: pytest.FixtureRequest) -> LinearOperator:
    return ALL[request.param]


def draw(shape: tuple[int, ...], seed: int) -> torch.Tensor:
    return torch.randn((2, *shape), generator=torch.Generator().manual_seed(seed))


def close(got: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(got, expected, atol=FLOAT32, rtol=FLOAT32)


def test_v_is_orthogonal(operator: LinearOperator) -> None:
    x, x_bar = draw(operator.image_shape, 1), draw(operator.spectral_shape, 2)
    close(operator.V(operator.Vt(x)), x)
    close(operator.Vt(operator.V(x_bar)), x_bar)
    close(operator.Vt(x).norm(), x.norm())


def test_u_has_orthonormal_rows(operator: LinearOperator) -> None:
    """``U U^T = I``: every measurement is kept by the spectral coordinates."""
    y = draw(operator.measurement_shape, 3)
    close(operator.U(operator.Ut(y)), y)


def test_ut_is_the_adjoint_of_u(operator: LinearOperator) -> None:
    y, y_bar = draw(operator.measurement_shape, 3), draw(operator.spectral_shape, 4)
    close((operator.U(y_bar) * y).sum() / y.norm(), (y_bar * operator.Ut(y)).sum() / y.norm())


def test_forward_and_adjoint_pass_the_dot_test(operator: LinearOperator) -> None:
    assert dot_test(operator, torch.Generator().manual_seed(5)) < FLOAT32


def test_the_pseudo_inverse_undoes_what_was_measured(operator: LinearOperator) -> None:
    """``H H^+`` keeps of y what is trusted, ``H^+ H H^+ = H^+``, and nothing is infinite."""
    y = draw(operator.measurement_shape, 7)
    close(operator(operator.pinv(y)), operator.U(operator.measured * operator.Ut(y)))
    # The norm of H^+ is one over the smallest singular value: scale the tolerance by it.
    pinv_y = operator.pinv(y)
    assert torch.isfinite(pinv_y).all()
    torch.testing.assert_close(
        operator.pinv(operator(pinv_y)), pinv_y, atol=FLOAT32 * float(pinv_y.abs().max()), rtol=0
    )


def test_what_is_not_trusted_is_measured_weakly(operator: LinearOperator) -> None:
    """``measured`` splits the singular values: zero and a weak share below, the rest above."""
    s, measured = operator.singular_values, operator.measured
    assert measured.shape == s.shape
    assert measured.dtype == torch.bool
    assert (s[measured] > 0).all()
    if not measured.all():
        # Of one axis 3 % are trusted: where both are that weak, the product of two.
        assert s[~measured].max() <= 3e-2 * s.max()


def test_singular_values_are_the_norms_of_h_along_v(operator: LinearOperator) -> None:
    """``|H v_k| = s_k``, for the first, a middle and the last coordinate."""
    n = int(np.prod(operator.spectral_shape))
    for k in (0, n // 2, n - 1):
        unit = torch.zeros(n)
        unit[k] = 1
        v = operator.V(unit.reshape(1, *operator.spectral_shape))
        s = operator.singular_values.expand(operator.spectral_shape).flatten()[k]
        torch.testing.assert_close(operator(v).norm(), s, atol=FLOAT32, rtol=FLOAT32)


@pytest.mark.parametrize("name", SMALL)
def test_singular_values_are_those_of_the_dense_matrix(name: str) -> None:
    """Column by column, from unit pictures; as many as there are pixels, of any order."""
    operator = build_operator(example(name), SMALL[name])
    n = math.prod(operator.image_shape)
    columns = operator(torch.eye(n).reshape(n, *operator.image_shape)).flatten(1)
    expected = np.zeros(n)
    s = np.linalg.svd(columns.numpy().astype(float), compute_uv=False)
    expected[: len(s)] = s[:n]
    found = operator.singular_values.expand(operator.spectral_shape).flatten().numpy()
    np.testing.assert_allclose(np.sort(found)[::-1], expected, atol=FLOAT32)


def test_shapes_are_what_they_are_said_to_be(operator: LinearOperator) -> None:
    x = draw(operator.image_shape, 8)
    assert operator(x).shape[1:] == operator.measurement_shape
    assert operator.Vt(x).shape[1:] == operator.spectral_shape
    assert operator.singular_values.expand(operator.spectral_shape).shape == operator.spectral_shape


def test_inputs_are_left_alone(operator: LinearOperator) -> None:
    x, y = draw(operator.image_shape, 9), draw(operator.measurement_shape, 10)
    before = x.clone(), y.clone()
    operator(x), operator.adjoint(y), operator.pinv(y)
    assert torch.equal(x, before[0])
    assert torch.equal(y, before[1])


@pytest.mark.parametrize(
    "name", [name for name in DEGRADATIONS if not name.startswith(("color", "cs", "jpeg"))]
)
def test_grey_in_gives_grey_out(name: str) -> None:
    """No operator mixes channels; the published blur does."""
    operator = build_operator(example(name), (3, 48, 80))
    grey = draw((1, 48, 80), 11).repeat(1, 3, 1, 1)
    for result in (operator(grey), operator.pinv(operator(grey))):
        torch.testing.assert_close(result[:, 0], result[:, 2], atol=FLOAT32, rtol=0)


@pytest.mark.parametrize(
    "name", [name for name in DEGRADATIONS if not name.startswith(("inp", "cs", "jpeg"))]
)
def test_flat_grey_stays_flat_and_as_bright(name: str) -> None:
    """A blurred, reduced or greyed wall is a wall: all means have weights that sum to one."""
    operator = build_operator(example(name), (3, 48, 80))
    flat = torch.full((1, 3, 48, 80), 0.7)
    torch.testing.assert_close(
        operator(flat), torch.full((1, *operator.measurement_shape), 0.7), atol=FLOAT32, rtol=0
    )


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_an_operator_moves_with_all_its_buffers(name: str) -> None:
    """``to`` casts everything, so it also moves everything to a device."""
    operator = build_operator(example(name), (3, 32, 32)).to(torch.float64)
    x = draw((3, 32, 32), 12).double()
    close(operator.pinv(operator(x)), operator.float().pinv(operator(x.float())).double())
    assert operator.to(torch.float64)(x).dtype == torch.float64
