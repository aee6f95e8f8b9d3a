"""What is suggested follows from what was found, and from nothing else."""

from __future__ import annotations

import dataclasses
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddrm_cli.degradations.table import get_entry
from ddrm_cli.images.noise_level import NoiseLevel
from ddrm_cli.inspection.findings import Bars, Findings, Jpeg, Softness
from ddrm_cli.inspection.suggestions import automatic, described, suggestions

NOTHING = Findings(
    width=4000,
    height=3000,
    channels=3,
    grey=False,
    bars=Bars(),
    degradation=None,
    jpeg=None,
    noise=NoiseLevel(0.0),
    softness=Softness((1,), (0.5, 0.75)),
)
BLOCKS = Jpeg(30, "4:2:0", 0.04)
ONCE = dataclasses.replace(BLOCKS, subsampling=None)
NOISE = NoiseLevel(0.03)

FINDINGS = st.builds(
    Findings,
    width=st.integers(1, 5000),
    height=st.integers(1, 5000),
    channels=st.sampled_from([1, 3]),
    grey=st.booleans(),
    bars=st.builds(Bars, top=st.integers(0, 9)),
    degradation=st.sampled_from([None, "sr4"]),
    jpeg=st.none()
    | st.builds(
        Jpeg,
        st.integers(1, 100),
        st.sampled_from([None, "4:2:0"]),
        st.floats(0, 0.1),
        st.booleans(),
    ),
    noise=st.builds(NoiseLevel, st.floats(0, 0.3), st.booleans()),
    softness=st.none()
    | st.builds(
        Softness,
        st.lists(st.sampled_from([1, 2, 3, 4]), min_size=1, unique=True).map(tuple),
        st.sampled_from([(0.0, 0.5), (0.5, 1.0), (1.0, 1.25), (2.0, 3.0)]),
    ),
)


def names(findings: Findings) -> list[str | None]:
    return [each.degradation for each in suggestions(findings)]


def test_where_nothing_was_found_nothing_is_suggested() -> None:
    assert suggestions(NOTHING) == ()
    assert automatic(NOTHING) is None


def test_what_was_added_last_is_taken_away_first() -> None:
    found = dataclasses.replace(NOTHING, jpeg=BLOCKS, noise=NOISE)
    assert names(found) == ["jpeg", "deno"]
    chosen = automatic(found)
    assert chosen is not None
    assert chosen.degradation == "jpeg"


def test_commands_are_ready_to_paste() -> None:
    found = dataclasses.replace(NOTHING, jpeg=BLOCKS)
    (suggestion,) = suggestions(found)
    assert suggestion.commands("photo.jpg") == ["ddrm restore photo.jpg --deg jpeg"]
    (suggestion,) = suggestions(dataclasses.replace(NOTHING, jpeg=ONCE))
    assert suggestion.commands("a b.png") == ["ddrm restore 'a b.png' --deg jpeg --jpeg-quality 30"]
    (suggestion,) = suggestions(dataclasses.replace(NOTHING, softness=Softness((1,), (1.25, 1.75))))
    assert suggestion.commands("photo.png") == [
        "ddrm restore photo.png --deg deblur_gauss --blur 1.5"
    ]
    (suggestion,) = suggestions(dataclasses.replace(NOTHING, softness=Softness((2,), (0.5, 0.5))))
    assert suggestion.commands("in/photo.jpg") == [
        "ddrm degrade in/photo.jpg --deg sr_bicubic2 --out in/photo_small.png",
        "ddrm restore in/photo_small.png --deg sr_bicubic2",
    ]


def test_what_cannot_be_known_is_said() -> None:
    soft = dataclasses.replace(NOTHING, jpeg=BLOCKS, softness=Softness((2,), (0.5, 0.5)))
    assert any("cannot be known" in line for line in described(soft))
    assert names(soft) == ["jpeg"]
    either = dataclasses.replace(NOTHING, softness=Softness((2, 1), (1.5, 1.5)))
    assert any("or enlarged 2 times" in line for line in described(either))
    assert any("may have hidden" in line for line in described(soft))


@given(FINDINGS)
def test_auto_only_takes_away(findings: Findings) -> None:
    chosen = automatic(findings)
    assert chosen is None or chosen.degradation in (None, "jpeg", "deno")
    assert chosen is None or chosen.reduced == 1


@given(FINDINGS)
def test_what_ddrm_degraded_is_inverted_by_its_record(findings: Findings) -> None:
    if findings.degradation is not None:
        (suggestion,) = suggestions(findings)
        assert suggestion.automatic
        assert suggestion.commands("y.png") == ["ddrm restore y.png"]


@given(FINDINGS)
def test_every_suggestion_is_one_that_the_program_takes(findings: Findings) -> None:
    for each in suggestions(findings):
        if each.degradation is not None:
            entry = get_entry(each.degradation)
            assert set(each.parameters) <= set(entry.takes)
            assert not entry.makes_holes  # which are missing, only the user can say
        *_, last = each.commands("photo.jpg")
        assert shlex.split(last)[:2] == ["ddrm", "restore"]


@pytest.mark.parametrize("quality", [90, 95, 100])
def test_a_jpeg_that_one_does_not_see_is_left_alone(quality: int) -> None:
    jpeg = dataclasses.replace(BLOCKS, quality=quality)
    assert suggestions(dataclasses.replace(NOTHING, jpeg=jpeg)) == ()
