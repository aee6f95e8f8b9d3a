"""The report in a real browser; needs Debian's chromium and chromium-driver, and selenium."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ddrm_cli.evaluation.report import Shot, render_report
from ddrm_cli.evaluation.tables import Mean, Summary

webdriver: Any = pytest.importorskip("selenium.webdriver")
pytestmark = [
    pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed"),
    pytest.mark.skipif(shutil.which("chromedriver") is None, reason="no chromedriver"),
    # Sockets that selenium leaves to the garbage collector are not ours.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pictures with PSNR 25, 20 and 30, each darker on its left when not restored."""
    folder = tmp_path_factory.mktemp("page")
    shots = []
    for index, score in enumerate((25.0, 20.0, 30.0)):
        layers = {}
        for role, level in (("before", 40), ("after", 220), ("original", 250)):
            path = folder / f"{role} {index}.png"
            Image.fromarray(np.full((64, 96, 3), level, np.uint8)).save(path)
            layers[role] = path
        shots.append(Shot(f"picture {index}", f"group {index % 2}", {"psnr": score}, 1.0, layers))
    rows = [
        Summary("sr4", method, 3, {"psnr": Mean(value, 0.5)}, is_baseline=method == "bicubic")
        for method, value in (("bicubic", 22.0), ("ours", 25.0))
    ]
    page = folder / "report.html"
    page.write_text(
        render_report(
            title="Test",
            notes=[],
            summaries=rows,
            metrics=["psnr"],
            shots=shots,
            failures=[],
            folder=folder,
        ),
        encoding="utf-8",
    )
    return page


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
def page(browser: Any, report: Path) -> Iterator[Any]:
    browser.get(report.as_uri())
    yield browser
    assert [entry for entry in browser.get_log("browser") if entry["level"] != "INFO"] == []


def names(page: Any) -> list[str]:
    cards = page.find_elements("css selector", ".card")
    return [card.get_attribute("data-name") for card in cards if card.is_displayed()]


def choose(page: Any, select: str, value: str) -> None:
    page.find_element("css selector", f'#{select} option[value="{value}"]').click()


def at(page: Any, compare: Any) -> float:
    position = page.execute_script("return arguments[0].style.getPropertyValue('--at')", compare)
    return float(position.removesuffix("%"))


def test_pictures_are_sorted_worst_first_on_demand(page: Any) -> None:
    assert names(page) == ["picture 0", "picture 1", "picture 2"]
    choose(page, "sort", "psnr")
    assert names(page) == ["picture 2", "picture 0", "picture 1"]
    page.find_element("id", "worst").click()
    assert names(page) == ["picture 1", "picture 0", "picture 2"]


def test_a_group_can_be_shown_alone(page: Any) -> None:
    choose(page, "group", "group 1")
    assert names(page) == ["picture 1"]


def test_the_slider_moves_by_pointer_and_by_keys(page: Any) -> None:
    compare = page.find_element("css selector", ".compare")
    assert at(page, compare) == 50
    slider = compare.find_element("tag name", "input")
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", compare)
    quarter = compare.size["width"] // 4
    webdriver.ActionChains(page).move_to_element(slider).click_and_hold().move_by_offset(
        quarter, 0
    ).release().perform()
    assert at(page, compare) == pytest.approx(75, abs=5)  # the thumb has a width
    before = at(page, compare)
    slider.send_keys(webdriver.Keys.ARROW_LEFT)
    assert at(page, compare) < before


def test_left_and_right_can_be_chosen(page: Any) -> None:
    choose(page, "right", "original")
    shown = page.find_element("css selector", ".compare img.right")
    assert shown.get_attribute("data-role") == "original"
    assert shown.is_displayed()


def test_the_enlarged_picture_is_the_full_one_and_zooms(page: Any) -> None:
    page.find_element("css selector", ".enlarge").click()
    stage = page.find_element("id", "stage")
    compare = stage.find_element("css selector", ".compare")
    image = compare.find_element("css selector", "img.right")
    assert image.get_attribute("src").endswith("/after%200.png")
    width = compare.size["width"]
    page.find_element("id", "in").click()
    assert compare.size["width"] == pytest.approx(1.5 * width, abs=2)
    dialog = page.find_element("id", "viewer")
    dialog.send_keys("n")
    assert page.find_element("id", "viewer-name").text == "picture 1"
    page.switch_to.active_element.send_keys(webdriver.Keys.ESCAPE)
    assert not dialog.is_displayed()


def test_a_report_alone_still_enlarges_its_small_pictures(
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


@pytest.mark.parametrize("width", [360, 1200])
def test_nothing_sticks_out_of_the_page(page: Any, report: Path, width: int) -> None:
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    page.get(report.as_uri())
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
