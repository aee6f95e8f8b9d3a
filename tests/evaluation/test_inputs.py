"""Which pictures are evaluated, what becomes of them, and what they are compared with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ddrm_cli.degradations.build import build_operator
from ddrm_cli.degradations.table import DEGRADATIONS, get_entry
from ddrm_cli.errors import UnknownNameError, UsageError
from ddrm_cli.evaluation.baselines import baselines, enlarge
from ddrm_cli.evaluation.grid import Cell, make_grid, make_settings, settings_name
from ddrm_cli.evaluation.photographs import find_photographs
from ddrm_cli.evaluation.preprocess import preprocess
from ddrm_cli.images.picture import Picture
from ddrm_cli.sampler.settings import PRESETS, PaperSettings, SamplerSettings


def random_picture(height: int, width: int, channels: int = 3) -> Picture:
    rng = np.random.default_rng(0)
    levels = rng.integers(0, 256, (height, width, channels))
    return Picture((levels / 255).astype(np.float32))


def test_imagenet_is_the_published_crop() -> None:
    picture = random_picture(150, 203)
    image = Image.fromarray(np.rint(picture.pixels * 255).astype(np.uint8))
    # Written out for this size: 203 x 150 is halved twice, to 50 x 37, and not a third time.
    image = image.resize((101, 75), Image.Resampling.BOX)
    image = image.resize((50, 37), Image.Resampling.BOX)
    image = image.resize((round(50 * 32 / 37), 32), Image.Resampling.BICUBIC)
    expected = np.asarray(image)[:, (image.width - 32) // 2 :][:, :32]
    result = preprocess(picture, "imagenet", 32)
    assert np.array_equal(np.rint(result * 255), expected)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("shape", [(9, 300), (64, 64), (1, 1)])
def test_imagenet_always_gives_the_size_in_colour(shape: tuple[int, int], channels: int) -> None:
    assert preprocess(random_picture(*shape, channels), "imagenet", 32).shape == (32, 32, 3)


def test_resize_keeps_the_whole_picture_and_none_the_pixels() -> None:
    picture = random_picture(60, 90, 1)
    assert preprocess(picture, "resize", 32).shape == (32, 48, 1)
    assert preprocess(picture, "none", 32) is picture.pixels
    with pytest.raises(UnknownNameError, match="preprocessing"):
        preprocess(picture, "imagnet", 32)


@pytest.mark.parametrize(
    "name", [*(name for name, entry in DEGRADATIONS.items() if not entry.needs), "jpeg20"]
)
def test_every_degradation_has_a_baseline_of_the_pictures_shape(name: str) -> None:
    shape = (3, 32, 48)
    operator = build_operator(name, shape)
    y = operator.observe(torch.rand(2, *shape, generator=torch.Generator().manual_seed(0)))
    found = baselines(get_entry(name), operator, y)
    assert found
    assert all(x_hat.shape == (2, *shape) for x_hat in found.values())


@pytest.mark.parametrize("name", ["deno", "inp", "color"])
def test_the_pseudo_inverse_is_left_out_where_it_is_the_measurement(name: str) -> None:
    operator = build_operator(name, (3, 8, 8))
    y = operator(torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0)))
    found = baselines(get_entry(name), operator, y)
    assert list(found) == ["measurement"]
    # Grey weights of 0.3333 and 0.3334 are equal to a thousandth only.
    torch.testing.assert_close(found["measurement"], operator.pinv(y), atol=1e-3, rtol=0)


def test_enlarging_keeps_what_is_linear() -> None:
    ramp = torch.arange(8.0).expand(1, 2, 8, 8)
    larger = enlarge(ramp, 4)
    # Output pixel i lies at (i + 0.5) / 4 - 0.5 of the input; at the borders there is no slope.
    expected = (torch.arange(32) + 0.5) / 4 - 0.5
    torch.testing.assert_close(larger[0, 0, 5, 8:24], expected[8:24])


def test_a_picture_is_known_by_its_path_below_its_folder(photos: Path) -> None:
    (photos / "deeper").mkdir()
    (photos / "a.png").rename(photos / "deeper" / "a.png")
    assert [each.name for each in find_photographs([str(photos)])] == ["b", "c", "deeper/a"]
    assert [each.name for each in find_photographs([str(photos)], limit=2)] == ["b", "c"]


def test_measurements_that_are_no_pictures_are_passed_over(photos: Path) -> None:
    np.savez(photos / "z.npz", y=np.zeros(3))
    assert [each.name for each in find_photographs([str(photos)])] == ["a", "b", "c"]
    for name in "abc":
        (photos / f"{name}.png").unlink()
    with pytest.raises(UsageError, match="None of the files is a picture"):
        find_photographs([str(photos)])


def test_a_list_that_is_missing_is_named(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no file .*gone\.txt"):
        find_photographs([str(photos)], list_file=tmp_path / "gone.txt")


def test_two_pictures_of_one_stem_keep_their_suffix(photos: Path) -> None:
    Image.new("RGB", (8, 8)).save(photos / "a.bmp")
    names = [each.name for each in find_photographs([str(photos)])]
    assert names == ["a.bmp", "a.png", "b", "c"]


def test_two_pictures_of_one_name_are_refused(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "more" / "a.png")
    with pytest.raises(UsageError, match="have the same name"):
        find_photographs([str(photos), str(tmp_path / "more")])


def test_a_list_chooses_orders_and_labels(photos: Path, tmp_path: Path) -> None:
    (photos / "with space 2.png").write_bytes((photos / "a.png").read_bytes())
    listing = tmp_path / "list.txt"
    listing.write_text("# chosen\nc.png 281\n\na\nwith space 2\n", encoding="utf-8")
    photographs = find_photographs([str(photos)], list_file=listing)
    assert [(each.name, each.label) for each in photographs] == [
        ("c", 281),
        ("a", None),
        ("with space 2", None),
    ]


def test_a_list_is_text_in_utf_8_with_or_without_a_mark(photos: Path, tmp_path: Path) -> None:
    listing = tmp_path / "list.txt"
    listing.write_text("a\n", encoding="utf-8-sig")
    assert [each.name for each in find_photographs([str(photos)], list_file=listing)] == ["a"]
    listing.write_bytes(b"caf\xe9\n")
    with pytest.raises(UsageError, match=r"list\.txt' is not a text file"):
        find_photographs([str(photos)], list_file=listing)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a\nmissing.png 3\n", "line 2: there is no picture 'missing.png 3'"),
        ("# nothing\n", "names no picture"),
        ("n" * 300, "line 1: there is no picture 'nnn"),
        ("a " + "1" * 5000, "line 1: there is no picture 'a 111"),  # int() takes 4300 digits
    ],
)
def test_a_list_that_does_not_fit_is_refused(
    photos: Path, tmp_path: Path, text: str, what: str
) -> None:
    listing = tmp_path / "list.txt"
    listing.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=what):
        find_photographs([str(photos)], list_file=listing)


def test_a_listed_name_may_be_the_end_of_a_path(photos: Path, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (photos / folder).mkdir()
        (photos / folder / "x.png").write_bytes((photos / "a.png").read_bytes())
    listing = tmp_path / "list.txt"
    listing.write_text("one/x.png 1", encoding="utf-8")
    (photograph,) = find_photographs([str(photos)], list_file=listing)
    assert (photograph.name, photograph.label) == ("one/x", 1)
    listing.write_text("x.png", encoding="utf-8")
    with pytest.raises(UsageError, match="may be"):
        find_photographs([str(photos)], list_file=listing)


@pytest.mark.parametrize("limit", [0, -1, 2.0, True])
def test_a_limit_is_a_positive_whole_number(photos: Path, limit: Any) -> None:
    with pytest.raises(UsageError, match="limit"):
        find_photographs([str(photos)], limit=limit)


def test_the_grid_is_every_combination_once_model_by_model() -> None:
    settings = [SamplerSettings(steps=steps) for steps in (5, 10)]
    cells = make_grid(["sr4", "inp", "sr4"], [0.0, 0.05], ["m", "n"], settings)
    assert len(cells) == len(set(cells)) == 2 * 2 * 2 * 2
    assert [cell.model for cell in cells] == ["m"] * 8 + ["n"] * 8


def test_settings_are_every_combination_and_none_is_the_presets() -> None:
    assert make_settings(PRESETS) == list(PRESETS.values())
    assert make_settings(["paper"], [5, None], etas=[0.5, None], eta_b=0.9) == [
        PaperSettings(5, "uniform", 0.5, 0.5, 0.9),
        PaperSettings(5, "uniform", 0.85, 0.85, 0.9),
        PaperSettings(20, "uniform", 0.5, 0.5, 0.9),
        PaperSettings(20, "uniform", 0.85, 0.85, 0.9),
    ]
    (quadratic,) = make_settings(["paper"], spacing="quadratic")
    assert quadratic == PaperSettings(spacing="quadratic")
    assert make_settings(["fast", "detailed"], [5, None], [0.0, None]) == [
        SamplerSettings(5, 0.0),  # effort is for the task's own number
        SamplerSettings(5, None),
        SamplerSettings(None, 0.0, 0.5),
        SamplerSettings(None, None, 0.5),
        SamplerSettings(5, 0.0),
        SamplerSettings(5, 1.0),
        SamplerSettings(None, 0.0, 2.0),
        SamplerSettings(None, 1.0, 2.0),
    ]
    with pytest.raises(UnknownNameError, match="preset"):
        make_settings(["papers"])


@pytest.mark.parametrize("changes", [{"etas": [0.5]}, {"spacing": "uniform"}, {"eta_b": 0.5}])
def test_what_belongs_to_the_published_rule_is_refused_with_another(changes: Any) -> None:
    sentence = "--spacing, --eta and --eta-b belong to the preset paper."
    for preset in ("standard", "fast", "detailed", "balanced"):
        with pytest.raises(UsageError, match=sentence):
            make_settings(["paper", preset], **changes)
    assert len(make_settings(["paper"], **changes)) == 1
    with pytest.raises(UsageError, match="The preset paper has no detail"):
        make_settings(["paper"], details=[0.5])


def test_all_is_every_degradation_that_needs_no_file() -> None:
    cells = make_grid(["all"], [0.0], ["m"], [SamplerSettings()])
    assert len(cells) == 17  # those of the paper's code
    users = {"deblur", "deblur_motion", "jpeg"}
    assert {cell.degradation for cell in cells} == set(DEGRADATIONS) - users


@pytest.mark.parametrize(
    ("degradations", "sigma", "error"),
    [
        (["sr17"], 0.0, UnknownNameError),
        (["deblur"], 0.0, UsageError),
        (["sr4"], -1.0, UsageError),
        (["sr4"], float("nan"), UsageError),
        ([], 0.0, UsageError),
    ],
)
def test_a_grid_that_cannot_be_is_refused(
    degradations: list[str], sigma: float, error: type[Exception]
) -> None:
    with pytest.raises(error):
        make_grid(degradations, [sigma], ["m"], [SamplerSettings()])


def test_cells_that_differ_have_different_names() -> None:
    variants = [
        *PRESETS.values(),
        SamplerSettings(steps=10),
        SamplerSettings(detail=0.3),
        SamplerSettings(detail=0.5),
        SamplerSettings(steps=10, detail=0.3),
        SamplerSettings(effort=2.0),
        SamplerSettings(detail=0.3, effort=0.5),
        PaperSettings(steps=10),
        PaperSettings(spacing="quadratic"),
        PaperSettings(eta_c=0.7),
        PaperSettings(eta_a=0.8),
        PaperSettings(eta_b=0.9),
        # Apart in the eighth digit.
        SamplerSettings(detail=0.30000001),
        SamplerSettings(effort=2.0000001),
        PaperSettings(eta_c=0.70000001),
        PaperSettings(eta_a=0.80000001),
        PaperSettings(eta_b=0.90000001),
    ]
    cells = make_grid(["sr4", "sr2"], [0.0, 0.1, 0.10000001], ["m", "n"], variants)
    assert len({(cell.measurement_folder, cell.restoration_folder) for cell in cells}) == len(cells)
    assert len({cell.title for cell in cells}) == len(cells)


def test_settings_are_called_by_their_preset_where_they_are_one() -> None:
    for name, preset in PRESETS.items():
        assert settings_name(preset) == name
        assert settings_name(replace(preset, steps=7)) == name
    assert settings_name(PaperSettings(spacing="quadratic", eta_c=0.5, eta_a=0.5)) == (
        "quadratic, η 0.5"
    )
    assert settings_name(SamplerSettings(detail=0.3, effort=2.0)) == "soft, effort 2, detail 0.3"
    cell = Cell("sr4", 0.05, "m", SamplerSettings(steps=1))
    assert cell.title == "sr4, σ = 0.05: m, standard, 1 step"
    # How many steps the task needs, its record says.
    assert replace(cell, settings=SamplerSettings()).title == "sr4, σ = 0.05: m, standard"


def test_folders_of_ordinary_numbers_have_short_names() -> None:
    cell = Cell("sr4", 0.05, "m", PaperSettings(spacing="quadratic", eta_c=1.0, eta_a=0.7))
    assert cell.measurement_folder == "sr4_sigma0.05"
    assert cell.restoration_folder == "m_quadratic20_eta1-0.7-1"
    for settings, folder in (
        (PRESETS["standard"], "m_softx1"),
        (PRESETS["fast"], "m_softx0.5"),
        (PRESETS["detailed"], "m_softx2_detail1"),
        (SamplerSettings(steps=5, detail=0.25), "m_soft5_detail0.25"),
    ):
        assert replace(cell, settings=settings).restoration_folder == folder
    assert replace(cell, sigma=0.0).measurement_folder == "sr4_sigma0"
