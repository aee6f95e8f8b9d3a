"""From names to operators: what is right is built, what is wrong is explained."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ddrm_cli.degradations.build import build_operator
from ddrm_cli.degradations.entry import Pattern
from ddrm_cli.degradations.table import DEGRADATIONS, PATTERNS, Degradation, get_entry, numbered
from ddrm_cli.errors import MeasurementError, UnknownNameError, UsageError

from .examples import example

PUBLISHED = {
    *("deno", "inp", "inp_lolcat", "inp_lorem", "color", "cs2", "cs4"),
    *("sr2", "sr4", "sr8", "sr16", "sr_bicubic4", "sr_bicubic8", "sr_bicubic16"),
    *("deblur_uni", "deblur_gauss", "deblur_aniso"),
}


def test_every_published_name_is_there_and_what_photographs_have_besides() -> None:
    assert PUBLISHED | {"deblur", "deblur_motion", "jpeg"} == set(DEGRADATIONS)


def test_the_table_knows_the_size_of_the_measurement() -> None:
    for name, entry in DEGRADATIONS.items():
        if entry.gives == "vector":
            assert "of its numbers" in entry.measurement_size
            continue
        operator = build_operator(example(name), (3, 64, 96))
        shape = operator.picture_shape if entry.gives == "jpeg" else operator.measurement_shape
        channels, height, width = shape
        assert entry.picture_shape((channels, height, width)) == (3, 64, 96)


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.stem)
def test_a_pattern_knows_its_names_and_no_others(pattern: Pattern) -> None:
    for name, number in zip(pattern.names, pattern.numbers, strict=True):
        entry = pattern.find(name)
        assert entry == get_entry(name) == pattern.make(number)
        assert get_entry(entry.name) == entry  # an alias leads to a name of its own
    last = pattern.numbers[-1]
    others = ("", 0, f"0{last}", f" {last}", f"{last} ", last + 1, -last, f"{last}.0", "³", "٣")
    assert all(pattern.find(f"{pattern.stem}{other}") is None for other in others)


def test_what_is_listed_by_name_is_what_the_pattern_makes() -> None:
    found = {name: pattern.find(name) for pattern in PATTERNS for name in pattern.names}
    both = DEGRADATIONS.keys() & found
    assert "sr4" in both
    assert all(DEGRADATIONS[name] == found[name] for name in both)


def test_an_alias_is_the_degradation_that_it_stands_for() -> None:
    assert Degradation("upscale3").name == "sr_bicubic3"


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("sr_bicubik5", "sr_bicubic5"),
        ("sr17", "sr16"),
        ("upscale20", "upscale2"),
        ("deblur_unif", "deblur_uni"),
        ("cs", "cs2"),
    ],
)
def test_a_wrong_name_is_answered_with_the_nearest(wrong: str, right: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        build_operator(wrong, (3, 16, 16))
    assert right in caught.value.nearest
    assert right in caught.value.hint


def test_a_name_like_no_other_is_answered_with_all() -> None:
    with pytest.raises(UnknownNameError, match=r"deno, .*sr_bicubic2 \.\. sr_bicubic16"):
        build_operator("xyzzy", (3, 16, 16))


def test_what_a_degradation_does_not_take_is_refused() -> None:
    with pytest.raises(UsageError, match="takes no kernel"):
        Degradation("sr_bicubic4", {"kernel": np.ones((3, 3))})
    with pytest.raises(UsageError, match="takes no mask"):
        Degradation("deno", {"mask": np.zeros((16, 16), dtype=bool)})
    with pytest.raises(UsageError, match=r"takes no factor. Leave it out\."):
        Degradation("deno", {"factor": 3})


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("deblur_gauss", {"blur": 0}),
        ("deblur_gauss", {"blur": "wide"}),
        ("deblur_motion", {"blur": 256}),
        ("deblur_motion", {"blur": 9, "angle": float("nan")}),
        ("deblur_uni", {"boundary": "zero"}),
    ],
)
def test_a_value_that_no_blur_has_is_refused(name: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="is not possible"):
        Degradation(name, parameters)


def test_a_number_completes_a_stem() -> None:
    assert numbered("sr_bicubic", "scale", 3) == "sr_bicubic3"
    assert numbered("deno", "scale", None) == "deno"
    with pytest.raises(UsageError, match=r"takes no scale.*sr or sr_bicubic or upscale"):
        numbered("sr4", "scale", 4)
    with pytest.raises(UsageError, match="from 2 to 16"):
        numbered("sr", "scale", 17)
    with pytest.raises(UsageError, match=r"needs a scale.*--scale N"):
        get_entry("sr")


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "one"])
def test_a_seed_that_no_generator_takes_is_refused(seed: object) -> None:
    with pytest.raises(UsageError, match="whole number from 0"):
        Degradation("inp", {"seed": seed})


def test_pictures_are_cropped_to_what_the_scale_divides() -> None:
    pixels = np.zeros((19, 34, 3), np.float32)
    assert get_entry("sr8").crop(pixels).shape == (16, 32, 3)
    assert get_entry("deno").crop(pixels).shape == (19, 34, 3)
    with pytest.raises(MeasurementError, match="34 x 7 pixels is too small to be reduced 8 times"):
        get_entry("sr8").crop(pixels[:7])


def test_deblur_needs_a_kernel() -> None:
    with pytest.raises(UsageError, match="--kernel"):
        build_operator("deblur", (3, 16, 16))


@pytest.mark.parametrize("name", ["sr4", "sr_bicubic4"])
def test_sides_that_the_factor_does_not_divide_are_refused(name: str) -> None:
    with pytest.raises(MeasurementError, match="20 x 16"):
        build_operator(name, (3, 18, 22))


def test_a_mask_has_the_pictures_size_and_leaves_something() -> None:
    with pytest.raises(MeasurementError, match="mask has 8 x 4"):
        build_operator(Degradation("inp", {"mask": np.zeros((4, 8), bool)}), (3, 16, 16))
    with pytest.raises(MeasurementError, match="every pixel"):
        build_operator(Degradation("inp", {"mask": np.ones((16, 16), bool)}), (3, 16, 16))
