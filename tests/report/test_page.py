from __future__ import annotations

import base64
import io
import json
import os
import re
import sys
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes

import numpy as np
import pytest
from PIL import Image, ImageCms

import ddrm_cli.report
from ddrm_cli.images.measurement import MeasurementInfo
from ddrm_cli.report.card import Card, Layer
from ddrm_cli.report.page import Order, Page, render
from ddrm_cli.report.pictures import THUMBNAIL, WHOLE, Size, embedded
from tests.report.reader import Reader

NASTY = "<img src=x onerror=alert(1)>&\"'{{title}} ü"


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    """Two pictures of 60 x 40 pixels, in a folder of their own."""
    folder = tmp_path / "some pictures"
    folder.mkdir()
    paths = [folder / "before.png", folder / "after.png"]
    for level, path in zip((40, 200), paths, strict=True):
        Image.new("RGB", (60, 40), (level, level, 90)).save(path)
    return paths


def page_of(*cards: Card, **values: object) -> Page:
    return Page(maker="ddrm test", title="Test", cards=cards, **values)  # type: ignore[arg-type]


def card_of(name: str, pictures: list[Path], *labels: str) -> Card:
    labels = labels or ("input", "restored")
    return Card(name, [Layer(label, path) for label, path in zip(labels, pictures, strict=True)])


def test_one_picture_is_whole_inside_its_page(pictures: list[Path], tmp_path: Path) -> None:
    page = Reader(render(page_of(card_of("a", pictures)), tmp_path / "elsewhere"))
    assert page.files == []
    assert all(address.startswith("data:") for address in page.loaded)
    assert len(page.all("img")) == 2
    assert page.all("div", "alone")
    assert all("hidden" in values for values in page.all("label"))  # nothing to choose


def test_several_pictures_are_small_and_lead_to_their_files(
    pictures: list[Path], tmp_path: Path
) -> None:
    page = Reader(render(page_of(*(card_of(name, pictures) for name in "ab")), tmp_path))
    assert all(address.startswith("data:") for address in page.loaded)
    assert [unquote(address) for address in page.files[:2]] == [
        "some pictures/before.png",
        "some pictures/after.png",
    ]
    assert len(page.files) == 2 * 4


def test_files_are_found_from_a_folder_beside_theirs(pictures: list[Path], tmp_path: Path) -> None:
    page = Reader(render(page_of(*(card_of(name, pictures) for name in "ab")), tmp_path / "pages"))
    assert unquote(page.files[0]) == "../some pictures/before.png"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_name_that_is_no_utf_8_is_written_out_and_found(
    pictures: list[Path], tmp_path: Path
) -> None:
    strange = pictures[0].rename(pictures[0].with_name(os.fsdecode(b"caf\xe9.png")))
    cards = [card_of(strange.stem, [strange, pictures[1]]), card_of("b", pictures[1:], "only")]
    page = Reader(render(page_of(*cards), tmp_path))
    assert page.cards[0]["data-name"] == r"caf\udce9"
    assert (tmp_path / os.fsdecode(unquote_to_bytes(page.files[0]))).is_file()


def test_every_text_stays_a_text(pictures: list[Path], tmp_path: Path) -> None:
    card = Card(NASTY, [Layer(NASTY, pictures[0], NASTY)], NASTY, [NASTY])
    lists = {NASTY: [(NASTY, NASTY)]}
    whole = page_of(
        card, card, command=NASTY, notes=[NASTY], lists=lists, count=NASTY, places=[NASTY, ""],
        orders=[Order(NASTY, NASTY)],
    )  # fmt: skip
    page = Reader(render(whole, tmp_path))
    assert not any("onerror" in values for _, values in page.tags)
    assert len(page.all("img")) == 2
    assert page.cards[0]["data-name"] == NASTY
    # Command, note, heading and name of the list, group and order and twice the label among the
    # controls, and on each card name, group, label and note; the rest stands among more.
    assert page.texts.count(NASTY) == 1 + 1 + 2 + 4 + 2 * 4


def test_nothing_comes_from_a_network(pictures: list[Path], tmp_path: Path) -> None:
    text = render(page_of(card_of("a", pictures)), tmp_path)
    for word in (b"http://", b"https://", b"@import", b"url(", b'src="/', b"{{"):
        assert word not in text
    policy = next(
        str(values["content"]) for values in Reader(text).all("meta") if "http-equiv" in values
    )
    assert policy.startswith("default-src 'none'")


def test_what_cannot_be_shown_is_named(pictures: list[Path], tmp_path: Path) -> None:
    gone = tmp_path / "gone.png"
    card = card_of("a", [gone, pictures[1]])
    page = Reader(render(page_of(card, card_of("b", [gone, gone])), tmp_path))
    assert len(page.all("img")) == 1
    assert sum("cannot be shown" in text for text in page.texts) == 3


def test_keys_are_numbers_that_json_has(pictures: list[Path], tmp_path: Path) -> None:
    keys = {"a": float("inf"), "b": float("-inf"), "c": float("nan"), "d": 2.5}
    card = Card("a", [Layer("x", pictures[0], keys=keys)])
    (image,) = Reader(render(page_of(card), tmp_path)).all("img")
    found = json.loads(str(image["data-keys"]))
    assert found["d"] == 2.5
    assert found["c"] == found["b"] < -1e6 < 1e6 < found["a"]


@pytest.mark.parametrize("size", [WHOLE, THUMBNAIL])
def test_pictures_are_reduced_to_a_size_and_keep_their_form(size: Size, tmp_path: Path) -> None:
    path = tmp_path / "wide.png"
    Image.new("L", (size.side * 2, 20), 128).save(path)
    found = embedded(path, size)
    assert found is not None
    assert (found.width, found.height) == (size.side * 2, 20)
    assert decoded(found.source).size == (size.side, 10)


def test_a_reduced_picture_says_so_where_the_file_is_not_linked(tmp_path: Path) -> None:
    path = tmp_path / "wide.png"
    Image.new("L", (5000, 10)).save(path)
    page = Reader(render(page_of(Card("a", [Layer("input", path)])), tmp_path))
    assert any("reduced from 5000 x 10 pixels" in text for text in page.texts)


def test_colours_keep_their_profile_and_nothing_else_of_the_metadata(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    Image.new("RGB", (20, 20)).save(path, icc_profile=profile, exif=exif)
    found = embedded(path, WHOLE)
    assert found is not None
    image = decoded(found.source)
    assert image.info["icc_profile"] == profile
    assert not image.getexif()


@pytest.mark.parametrize("size", [WHOLE, THUMBNAIL])
def test_a_picture_of_noise_has_room(size: Size, tmp_path: Path) -> None:
    path = tmp_path / "noise.png"
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    found = embedded(path, size)
    assert found is not None
    assert decoded(found.source).width == min(400, size.side)


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    path = tmp_path / "hole.png"
    Image.new("RGBA", (16, 16), (200, 0, 0, 0)).save(path)
    found = embedded(path, THUMBNAIL)
    assert found is not None
    assert np.asarray(decoded(found.source)).min() >= 254  # JPEG may be off by one


def test_a_measurement_is_shown_where_it_is_a_picture(tmp_path: Path) -> None:
    info = MeasurementInfo("inp", {}, 0.0, 0, (8, 8), 3, "1")
    missing = np.zeros((8, 8), bool)
    missing[:, 4:] = True
    for name, y in (("vector", np.zeros(48)), ("picture", np.full((3, 8, 8), 0.5))):
        np.savez(tmp_path / f"{name}.npz", y=y, meta=np.array(info.to_json()), missing=missing)
    assert embedded(tmp_path / "vector.npz", WHOLE) is None
    found = embedded(tmp_path / "picture.npz", WHOLE)
    assert found is not None
    grey, white = np.hsplit(np.asarray(decoded(found.source).convert("L"), int), 2)
    assert abs(grey - 128).max() < 16  # as JPEG blurs the edge
    assert white.min() > 255 - 16


def test_controls_can_be_told_from_what_is_behind_them() -> None:
    """WCAG 2.1: text 4.5 to 1 (1.4.3), borders of controls 3 to 1 (1.4.11), in both schemes."""
    style = Path(ddrm_cli.report.__file__).with_name("page.css").read_text(encoding="utf-8")
    schemes = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    assert len(schemes) == 2
    for scheme in schemes:
        colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", scheme))
        for behind in ("page", "panel"):
            assert contrast(colours["edge"], colours[behind]) >= 3
            for text in ("ink", "soft", "accent"):
                assert contrast(colours[text], colours[behind]) >= 4.5
    controls = re.search(r"^select, button \{(.*?)\}", style, re.DOTALL | re.MULTILINE)
    assert controls is not None
    assert "border: 1px solid var(--edge)" in controls[1]


def contrast(*colours: str) -> float:
    """Of two colours, as WCAG 2.1 defines it from their relative luminances."""
    dark, light = sorted(luminance(colour) for colour in colours)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    values = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in values]
    return sum(w * v for w, v in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def decoded(source: str) -> Image.Image:
    kind, data = source.split(",")
    assert kind == "data:image/jpeg;base64"
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    image.load()
    return image
