"""Pages in a real browser; needs Debian's chromium and chromium-driver, and selenium."""

from __future__ import annotations

import base64
import io
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ddrm_cli.evaluation.report import scored_page
from ddrm_cli.evaluation.tables import Mean, Summary
from ddrm_cli.report.card import Card, Layer
from ddrm_cli.report.page import Page, render
from tests.chromium import IN_CHROMIUM, webdriver

pytestmark = IN_CHROMIUM

SCORES = (25.0, 20.0, 30.0)
GAINS = (1.0, 3.0, 2.0)


def picture(path: Path, level: int, width: int = 96) -> Path:
    """Of one grey, half as high as it is wide."""
    Image.fromarray(np.full((width // 2, width, 3), level, np.uint8)).save(path)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="module")
def report(folder: Path) -> Path:
    """Three pictures, each by two methods, with PSNR 25, 20 and 30 by the first of them."""
    cards = []
    for index, (score, gain) in enumerate(zip(SCORES, GAINS, strict=True)):
        layers = [
            Layer(
                label,
                picture(folder / f"{label} {index}.png", level),
                f"PSNR {value}",
                {"psnr": value},
            )
            for label, level, value in (
                ("measured", 40, score - gain),
                ("standard", 220, score),
                ("paper", 160, 50 - score),
            )
        ]
        original = Layer("original", picture(folder / f"original {index}.png", 250))
        cards.append(Card(f"picture {index}", [*layers, original], f"group {index % 2}"))
    rows = [
        Summary("sr4", method, 3, {"psnr": Mean(value, 0.5)}, is_baseline=method == "bicubic")
        for method, value in (("bicubic", 22.0), ("ours", 25.0))
    ]
    page = scored_page(
        title="Test",
        command="ddrm evaluate " + 30 * "photographs/ ",
        notes=[],
        summaries=rows,
        metrics=["psnr"],
        cards=cards,
        failures=[],
    )
    path = folder / "report.html"
    path.write_bytes(render(page, folder))
    return path


@pytest.fixture(scope="module")
def single(folder: Path) -> Path:
    """One picture, wider than any window."""
    layers = [
        Layer(label, picture(folder / f"{label}.png", level, 3000), f"{label}.png")
        for label, level in (("input", 40), ("restored", 220))
    ]
    path = folder / "single.html"
    page = Page(maker="ddrm test", title="photo.png", cards=[Card("photo.png", layers)])
    path.write_bytes(render(page, folder))
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--window-size=1200,900"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    yield driver
    driver.quit()


@pytest.fixture
def opened(browser: Any) -> Iterator[Callable[[Path], Any]]:
    """Opens a page, and sees that the browser had nothing to complain about."""

    def open_page(path: Path) -> Any:
        browser.get(path.as_uri())
        return browser

    yield open_page
    assert [entry for entry in browser.get_log("browser") if entry["level"] != "INFO"] == []


@pytest.fixture
def page(opened: Callable[[Path], Any], report: Path) -> Any:
    return opened(report)


def names(page: Any) -> list[str]:
    cards = page.find_elements("css selector", ".card")
    return [card.get_attribute("data-name") for card in cards if card.is_displayed()]


def choose(page: Any, select: str, text: str) -> None:
    options = page.find_elements("css selector", f"#{select} option")
    next(option for option in options if option.text == text).click()


def at(page: Any, compare: Any) -> float:
    position = page.execute_script("return arguments[0].style.getPropertyValue('--at')", compare)
    return float(position.removesuffix("%"))


def shown(page: Any, card: Any, x: float) -> int:
    """The grey that is seen at a share of a picture's width."""
    box = page.execute_script(
        "arguments[0].scrollIntoView({block: 'center'});"
        "const b = arguments[0].getBoundingClientRect(); return [b.left, b.top, b.width, b.height]",
        card,
    )
    clip = {"x": box[0] + x * box[2], "y": box[1] + box[3] * 0.45, "width": 1, "height": 1}
    clip = {**clip, "scale": 1}
    scroll = page.execute_script("return [scrollX, scrollY]")
    clip["x"], clip["y"] = clip["x"] + scroll[0], clip["y"] + scroll[1]
    shot = page.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", "clip": clip})
    with Image.open(io.BytesIO(base64.b64decode(shot["data"]))) as image:
        return int(np.asarray(image.convert("L"))[0, 0])


def test_pictures_are_sorted_as_is_asked(page: Any) -> None:
    assert names(page) == ["picture 0", "picture 1", "picture 2"]
    choose(page, "order", "PSNR, best first")
    assert names(page) == ["picture 2", "picture 0", "picture 1"]
    choose(page, "order", "PSNR, worst first")
    assert names(page) == ["picture 1", "picture 0", "picture 2"]
    choose(page, "order", "PSNR gained from left to right, least first")
    assert names(page) == ["picture 0", "picture 2", "picture 1"]
    choose(page, "order", "name")
    assert names(page) == ["picture 0", "picture 1", "picture 2"]


def test_the_order_is_that_of_what_is_seen_on_the_right(page: Any) -> None:
    choose(page, "order", "PSNR, worst first")
    choose(page, "right", "paper")
    assert names(page) == ["picture 2", "picture 0", "picture 1"]


def test_a_group_can_be_shown_alone(page: Any) -> None:
    choose(page, "group", "group 1")
    assert names(page) == ["picture 1"]


def test_the_slider_moves_by_pointer_and_by_keys(page: Any) -> None:
    compare = page.find_element("css selector", ".compare")
    assert at(page, compare) == 50
    slider = compare.find_element("tag name", "input")
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", compare)
    quarter = compare.size["width"] // 4
    webdriver.ActionChains(page).move_to_element(compare).click_and_hold().move_by_offset(
        quarter, 0
    ).release().perform()
    assert at(page, compare) == pytest.approx(75, abs=1)
    assert page.switch_to.active_element == slider
    for key, place in (("HOME", 0), ("ARROW_RIGHT", 0.5), ("END", 100), ("ARROW_LEFT", 99.5)):
        slider.send_keys(getattr(webdriver.Keys, key))
        assert at(page, compare) == place


def test_a_finger_moves_the_slider_along_and_the_page_across(page: Any, report: Path) -> None:
    def swipe(dx: int, dy: int) -> None:
        x, y = page.execute_script(
            "arguments[0].scrollIntoView({block: 'center'});"
            "const b = arguments[0].getBoundingClientRect();"
            "return [b.x + b.width / 2, b.y + b.height / 2]",
            page.find_element("css selector", ".compare"),
        )
        touch = "Input.dispatchTouchEvent"
        places = [{"x": x + dx * i / 10, "y": y + dy * i / 10} for i in range(11)]
        for kind, place in zip(["touchStart", *10 * ["touchMove"]], places, strict=True):
            page.execute_cdp_cmd(touch, {"type": kind, "touchPoints": [place]})
        page.execute_cdp_cmd(touch, {"type": "touchEnd", "touchPoints": []})

    metrics = {"width": 390, "height": 600, "deviceScaleFactor": 1, "mobile": True}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    page.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
    try:
        page.get(report.as_uri())
        compare = page.find_element("css selector", ".compare")
        quarter = compare.size["width"] // 4
        swipe(quarter, 0)
        assert at(page, compare) == pytest.approx(75, abs=1)
        swipe(0, -quarter)
        assert at(page, compare) == pytest.approx(75, abs=1)
    finally:
        page.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_left_and_right_of_the_slider_are_the_two_pictures(page: Any) -> None:
    compare = page.find_element("css selector", ".compare")
    assert shown(page, compare, 0.4) == pytest.approx(40, abs=2)  # of JPEG
    assert shown(page, compare, 0.6) == pytest.approx(220, abs=2)


def test_two_methods_can_be_slid_against_each_other(page: Any) -> None:
    choose(page, "left", "paper")
    choose(page, "right", "standard")
    card = page.find_element("css selector", ".card")
    compare = card.find_element("css selector", ".compare")
    assert shown(page, compare, 0.4) == pytest.approx(160, abs=2)
    assert shown(page, compare, 0.6) == pytest.approx(220, abs=2)
    assert [tag.text for tag in card.find_elements("css selector", ".tag")] == ["paper", "standard"]
    items = [item.text for item in card.find_elements("css selector", "li") if item.is_displayed()]
    assert items == ["paper PSNR 25.0", "standard PSNR 25.0"]
    spoken = compare.find_element("tag name", "input").get_attribute("aria-label")
    assert spoken == "paper of picture 0, group 0 | standard"


def test_what_cannot_be_shown_is_said_beside_what_can(
    opened: Callable[[Path], Any], folder: Path
) -> None:
    layers = [
        Layer("input", folder / "gone.npz"),
        Layer("restored", picture(folder / "restored alone.png", 220)),
    ]
    path = folder / "gone.html"
    page = Page(maker="ddrm test", title="gone", cards=[Card("gone", layers)])
    path.write_bytes(render(page, folder))
    shown_page = opened(path)
    items = [item.text for item in shown_page.find_elements("css selector", ".card li")]
    assert items == ["restored", "input cannot be shown"]
    assert not shown_page.find_element("css selector", ".compare .edge").is_displayed()


def test_the_same_on_both_sides_has_no_edge(page: Any) -> None:
    choose(page, "left", "standard")
    edge = page.find_element("css selector", ".compare .edge")
    assert not edge.is_displayed()


def test_the_enlarged_picture_is_the_full_one_and_zooms(page: Any) -> None:
    page.find_element("css selector", ".enlarge").click()
    stage = page.find_element("id", "stage")
    compare = stage.find_element("css selector", ".compare")
    image = compare.find_element("css selector", "img.right")
    assert image.get_attribute("src").endswith("/standard%200.png")
    width = compare.size["width"]
    page.find_element("id", "in").click()
    assert compare.size["width"] == pytest.approx(1.5 * width, abs=2)
    dialog = page.find_element("id", "viewer")
    dialog.send_keys("n")
    assert page.find_element("id", "viewer-name").text == "picture 1, group 1"
    page.switch_to.active_element.send_keys(webdriver.Keys.ESCAPE)
    assert not dialog.is_displayed()


def test_a_page_alone_still_enlarges_its_small_pictures(
    browser: Any, report: Path, tmp_path: Path
) -> None:
    alone = tmp_path / "alone.html"
    alone.write_bytes(report.read_bytes())
    browser.get(alone.as_uri())
    browser.find_element("css selector", ".enlarge").click()
    image = browser.find_element("css selector", "#stage img.right")
    found = browser.execute_async_script(
        "const [image, done] = arguments;"
        "const look = () => image.src.startsWith('data:') && image.naturalWidth"
        " ? done(image.naturalWidth) : setTimeout(look, 20); look();",
        image,
    )
    assert found == 96
    browser.get_log("browser")  # says that the full pictures were not found


def test_one_picture_is_seen_at_every_scale(
    opened: Callable[[Path], Any], single: Path, tmp_path: Path
) -> None:
    alone = tmp_path / "alone.html"  # nothing lies beside it
    alone.write_bytes(single.read_bytes())
    page = opened(alone)
    card = page.find_element("css selector", ".compare")
    assert card.size["width"] > 0.8 * page.execute_script("return innerWidth")
    page.find_element("css selector", ".enlarge").click()
    assert not page.find_element("id", "next").is_displayed()
    stage = page.find_element("id", "stage")
    compare = stage.find_element("css selector", ".compare")
    assert compare.size["width"] <= stage.size["width"]
    slider = page.switch_to.active_element
    edge = compare.find_element("css selector", ".edge")
    slider.send_keys(40 * webdriver.Keys.ARROW_LEFT)
    before = page.execute_script("return arguments[0].getBoundingClientRect().x", edge)
    slider.send_keys("1")
    # What is enlarged is what the slider is at.
    after = page.execute_script("return arguments[0].getBoundingClientRect().x", edge)
    assert after == pytest.approx(before, abs=2)
    assert compare.size["width"] == 3000
    assert page.find_element("id", "level").text == "100 %"
    slider.send_keys("0")
    assert compare.size["width"] <= stage.size["width"]


def test_what_is_larger_than_its_window_is_moved_by_pointer_and_by_keys(
    opened: Callable[[Path], Any], single: Path
) -> None:
    page = opened(single)
    page.find_element("css selector", ".enlarge").click()
    stage = page.find_element("id", "stage")
    compare = stage.find_element("css selector", ".compare")
    slider = page.switch_to.active_element
    slider.send_keys("1")

    def left() -> float:
        return float(page.execute_script("return arguments[0].scrollLeft", stage))

    start, half = left(), at(page, compare)
    slider.send_keys(webdriver.Keys.SHIFT, webdriver.Keys.ARROW_RIGHT)
    assert left() == start + 80
    assert at(page, compare) == half
    # Away from the edge a drag moves the picture, near it the edge.
    drag = webdriver.ActionChains(page).move_to_element_with_offset(stage, -200, 0)
    drag.click_and_hold().move_by_offset(60, 0).release().perform()
    assert left() == start + 20
    assert at(page, compare) == half
    edge = compare.find_element("css selector", ".edge")
    box = [page.execute_script("return arguments[0].getBoundingClientRect().x", each)
           for each in (edge, stage)]  # fmt: skip
    offset = round(box[0] - box[1] - stage.size["width"] / 2) + 1
    drag = webdriver.ActionChains(page).move_to_element_with_offset(stage, offset, 0)
    drag.click_and_hold().move_by_offset(60, 0).release().perform()
    assert left() == start + 20
    assert at(page, compare) == pytest.approx(half + 100 * 60 / 3000, abs=0.5)


@pytest.mark.parametrize("width", [360, 1200])
@pytest.mark.parametrize("which", ["report", "single"])
def test_nothing_sticks_out_of_the_page(
    page: Any, request: pytest.FixtureRequest, which: str, width: int
) -> None:
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    page.get(request.getfixturevalue(which).as_uri())
    try:
        inside = page.execute_script(
            "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )
        assert inside
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_in_both_schemes(page: Any, scheme: str) -> None:
    feature = {"name": "prefers-color-scheme", "value": scheme}
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    colours = json.loads(
        page.execute_script(
            "const style = getComputedStyle(document.body);"
            "return JSON.stringify([style.color, style.backgroundColor]"
            ".map((text) => text.match(/\\d+/g).slice(0, 3).map(Number)))"
        )
    )
    ink, paper = (sum(colour) / 3 for colour in colours)
    assert abs(ink - paper) > 150
    assert (paper > ink) == (scheme == "light")
