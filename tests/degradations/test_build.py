"""From names to operators: what is right is built, what is wrong is explained."""

from __future__ import annotations

import numpy as np
import pytest

from ddrm_cli.degradations.build import build_operator
from ddrm_cli.degradations.table import DEGRADATIONS
from ddrm_cli.errors import MeasurementError, UnknownNameError, UsageError

PUBLISHED = {
    *("deno", "inp", "inp_lolcat", "inp_lorem", "color", "cs2", "cs4"),
    *("sr2", "sr4", "sr8", "sr16", "sr_bicubic4", "sr_bicubic8", "sr_bicubic16"),
    *("deblur_uni", "deblur_gauss", "deblur_aniso"),
}


def test_every_published_name_is_there_and_the_users_own_kernel() -> None:
    assert PUBLISHED | {"deblur"} == set(DEGRADATIONS)


def test_the_table_knows_the_size_of_the_measurement() -> None:
    for name, entry in DEGRADATIONS.items():
        if entry.measurement == "vector":
            assert "of its numbers" in entry.measurement_size
            continue
        kernel = np.ones((3, 3)) / 9 if name == "deblur" else None
        operator = build_operator(name, (3, 64, 96), kernel=kernel)
        channels = 1 if entry.measurement == "grey" else 3
        assert operator.measurement_shape == (channels, 64 // entry.scale, 96 // entry.scale)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("sr_bicubic5", "sr_bicubic4"), ("deblur_unif", "deblur_uni"), ("cs", "cs2")],
)
def test_a_wrong_name_is_answered_with_the_nearest(wrong: str, right: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        build_operator(wrong, (3, 16, 16))
    assert right in caught.value.nearest
    assert right in caught.value.hint


def test_a_name_like_no_other_is_answered_with_all() -> None:
    with pytest.raises(UnknownNameError, match="sr_bicubic16"):
        build_operator("xyzzy", (3, 16, 16))


def test_what_a_degradation_does_not_take_is_refused() -> None:
    with pytest.raises(UsageError, match="takes no kernel"):
        build_operator("sr4", (3, 16, 16), kernel=np.ones((3, 3)))
    with pytest.raises(UsageError, match="takes no mask"):
        build_operator("deno", (3, 16, 16), mask=np.zeros((16, 16), dtype=bool))


def test_deblur_needs_a_kernel() -> None:
    with pytest.raises(UsageError, match="--kernel"):
        build_operator("deblur", (3, 16, 16))


@pytest.mark.parametrize("name", ["sr4", "sr_bicubic4"])
def test_sides_that_the_factor_does_not_divide_are_refused(name: str) -> None:
    with pytest.raises(MeasurementError, match="20 x 16"):
        build_operator(name, (3, 18, 22))


def test_a_mask_has_the_pictures_size_and_leaves_something() -> None:
    with pytest.raises(MeasurementError, match="mask has 8 x 4"):
        build_operator("inp", (3, 16, 16), mask=np.zeros((4, 8), dtype=bool))
    with pytest.raises(MeasurementError, match="every pixel"):
        build_operator("inp", (3, 16, 16), mask=np.ones((16, 16), dtype=bool))
