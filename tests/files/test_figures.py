from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from skimage.color import rgb2lab

from ddrm_cli.errors import UsageError
from ddrm_cli.files.figures import (
    GAP,
    compare_figure,
    contact_sheet,
    progress_gif,
    uncertainty_figure,
)


def grey(
    level: float, height: int = 128, width: int = 160
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.full((height, width, 1), level, np.float32)


def test_panels_stand_side_by_side_and_the_small_one_is_enlarged() -> None:
    figure = compare_figure([("input", grey(0.2, 32, 40)), ("restoration", grey(0.6))])
    height, width, channels = figure.shape
    assert (width, channels) == (2 * 160 + GAP, 3)
    band = height - 128
    assert band > 0  # where the labels are
    assert np.allclose(figure[band:, :160], 0.2, atol=1 / 255)
    assert np.allclose(figure[band:, 160 + GAP :], 0.6, atol=1 / 255)
    assert (figure[:band] < 0.5).any()


def test_a_long_label_stays_inside_its_panel() -> None:
    figure = compare_figure(
        [("a label that is far too long for its panel", grey(1.0)), ("", grey(1.0))]
    )
    assert (figure[:, 160:] > 0.99).all()


def test_a_contact_sheet_has_every_frame_in_order() -> None:
    levels = [0.1, 0.2, 0.3, 0.4, 0.5]
    sheet = contact_sheet([grey(level) for level in levels], [""] * 5)
    found = [np.flatnonzero(np.isclose(sheet, level, atol=1 / 255).all(axis=2)) for level in levels]
    assert all(len(pixels) == 128 * 160 for pixels in found)
    assert sorted(range(5), key=lambda i: int(found[i][0])) == list(range(5))


def test_a_gif_has_every_frame_and_rests_on_the_last() -> None:
    frames = [np.random.default_rng(i).random((40, 60, 3), np.float32) for i in range(4)]
    with Image.open(io.BytesIO(progress_gif(frames, milliseconds=100))) as gif:
        assert getattr(gif, "n_frames", 1) == 4
        assert gif.size == (60, 40)
        gif.seek(3)
        assert gif.info["duration"] > 1000


def test_uncertainty_is_lighter_where_samples_differ_more() -> None:
    std = np.zeros((128, 160, 3))
    std[:, 80:] = 0.04
    figure = uncertainty_figure(std)
    lightness = rgb2lab(figure)[..., 0]
    assert lightness[:, :80].max() < 10
    assert lightness[:, 80:160].min() > 80  # the bar ends where the values do, at 0.04
    assert figure.shape[1] > 160 + GAP  # the bar


def test_colours_grow_evenly_lighter() -> None:
    std = np.linspace(0, 0.08, 200)[None, :, None].repeat(128, axis=0)
    lightness = rgb2lab(uncertainty_figure(std)[64, :200])[:, 0]
    steps = np.diff(lightness[::20])
    assert (steps > 0).all()
    assert steps.max() < 2 * steps.min()


def test_no_uncertainty_is_a_dark_figure() -> None:
    figure = uncertainty_figure(np.zeros((128, 160, 3)))
    assert rgb2lab(figure[:, :160])[..., 0].max() < 10


def test_figures_of_nothing_are_refused() -> None:
    with pytest.raises(UsageError):
        compare_figure([])
    with pytest.raises(UsageError):
        progress_gif([])
    with pytest.raises(UsageError, match="as many labels"):
        contact_sheet([grey(0.1)], [])
