"""Under full transparency nothing is seen: what stands there changes nothing of what is seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import ddrm_cli
from ddrm_cli.files.degrading import DegradeRequest, degrade_file
from ddrm_cli.images.hidden import continued
from ddrm_cli.problem import pose

PHOTO = Path(__file__).parents[1] / "data" / "photos" / "coffee.png"


@given(height=st.integers(1, 9), width=st.integers(1, 9), data=st.data())
@settings(max_examples=50, deadline=None)
def test_what_is_known_stays_and_the_rest_lies_between(
    height: int, width: int, data: st.DataObject
) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    pixels = rng.random((height, width, 3), np.float32)
    known = rng.random((height, width)) < data.draw(st.sampled_from([0.1, 0.5, 0.9]))
    known[rng.integers(height), rng.integers(width)] = True
    filled = continued(pixels, known)
    assert filled.dtype == np.float32
    assert np.array_equal(filled[known], pixels[known])
    # Means of known pixels; half a millionth for their rounding.
    assert (filled >= pixels[known].min(axis=0) - 5e-7).all()
    assert (filled <= pixels[known].max(axis=0) + 5e-7).all()
    other = np.where(known[..., None], pixels, rng.random(pixels.shape, np.float32))
    assert np.array_equal(continued(other, known), filled)


def test_where_nothing_is_known_all_stays() -> None:
    pixels = np.ones((4, 5, 1), np.float32)
    assert continued(pixels, np.zeros((4, 5), bool)) is pixels


def test_a_slope_goes_on() -> None:
    across = np.linspace(0.2, 0.8, 64, dtype=np.float32)
    pixels = np.broadcast_to(across[None, :, None], (64, 64, 1)).copy()
    known = np.ones((64, 64), bool)
    known[24:40, 24:40] = False
    # Within the sixteen unknown columns the slope climbs by 0.15; black would be off by 0.5.
    assert np.abs(continued(pixels, known) - pixels).max() < 0.08


def cut_out(hidden: int) -> Image.Image:
    """A photograph with a transparent corner; ``hidden`` is the grey that stands there."""
    with Image.open(PHOTO) as photo:
        samples = np.asarray(photo.convert("RGBA").crop((0, 0, 64, 48))).copy()
    samples[:20, :30] = hidden
    samples[:20, :30, 3] = 0
    return Image.fromarray(samples)


@pytest.mark.parametrize("name", ["deblur_gauss", "sr2", "deno", "color"])
def test_a_problem_does_not_depend_on_what_is_hidden(name: str, tmp_path: Path) -> None:
    black, white = (pose(cut_out(hidden), name) for hidden in (0, 255))
    assert black.y.equal(white.y)
    assert black.sigma == white.sigma
    cut_out(0).save(tmp_path / "a.png")
    assert pose(tmp_path / "a.png", name).y.equal(black.y)


def test_nor_does_a_measurement(tmp_path: Path) -> None:
    made = [np.asarray(ddrm_cli.degrade(cut_out(hidden), "deblur_gauss")) for hidden in (0, 255)]
    assert np.array_equal(made[0], made[1])
    cut_out(0).save(tmp_path / "a.png")
    degrade_file(
        tmp_path / "a.png", tmp_path / "y.png", DegradeRequest("deblur_gauss"), overwrite=False
    )
    with Image.open(tmp_path / "y.png") as image:
        assert np.array_equal(np.asarray(image), made[0])


def test_a_blurred_cut_out_is_deblurred_up_to_its_edge() -> None:
    with Image.open(PHOTO) as photo:
        original = photo.convert("RGB").crop((0, 0, 96, 80))
    seen = np.ones((80, 96), bool)
    seen[:30, :40] = False
    blurred = np.asarray(ddrm_cli.degrade(original, "deblur_gauss"))
    samples = np.dstack([np.where(seen[..., None], blurred, 0), seen * np.uint8(255)])

    def error(picture: Image.Image) -> float:
        problem = pose(picture, "deblur_gauss", sigma=0)
        operator, values = problem.operator, problem.operator.singular_values
        # Tikhonov's inverse, which knows no prior but that noise is about a hundredth.
        x = operator.V(operator.Ut(problem.y) * values / (values**2 + 0.01**2))
        found = operator.unframed(x)[0].movedim(0, -1).numpy()
        return float(np.square(found - np.asarray(original) / 255)[seen].mean())

    # What stands in the hole is expected from the rest: a tenth more would be 0.4 dB. Smooth
    # colours cost 1.2 dB, black 22 dB.
    assert error(Image.fromarray(samples)) < 1.1 * error(Image.fromarray(blurred))
