"""The page in a real browser; needs Debian's chromium and chromium-driver, and selenium."""

from __future__ import annotations

import io
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ddrm_cli.inspection.inspect import inspect
from ddrm_cli.inspection.suggestions import suggestions
from tests.chromium import IN_CHROMIUM, webdriver
from tests.inspection.pictures import blurred, enlarged, noisy, once_jpeg
from tests.inspection.pictures import photo as picture

from .conftest import PHOTOS, Page

pytestmark = IN_CHROMIUM

WIDE, PHONE = (1200, 900), (390, 844)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--window-size=1200,900"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(
        options=options, service=webdriver.ChromeService(shutil.which("chromedriver"))
    )
    yield driver
    driver.quit()


class User:
    """Somebody before the page."""

    def __init__(self, browser: Any) -> None:
        self.browser = browser

    def sees(self, selector: str) -> bool:
        return bool(self.find(selector).is_displayed())

    def find(self, selector: str) -> Any:
        return self.browser.find_element("css selector", selector)

    def clicks(self, selector: str) -> None:
        element = self.find(selector)
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def waits(self, until: Callable[[], bool]) -> None:
        from selenium.webdriver.support.ui import WebDriverWait

        WebDriverWait(self.browser, 60, poll_frequency=0.1).until(lambda _: until())

    def gives(self, photo: Path) -> None:
        self.find("#file").send_keys(str(photo))
        self.waits(lambda: self.sees("#work"))

    def drops(self, photo: Path) -> None:
        for kind in ("dragEnter", "dragOver", "drop"):
            data = {"items": [], "files": [str(photo)], "dragOperationsMask": 1}
            event = {"type": kind, "x": 300, "y": 300, "data": data}
            self.browser.execute_cdp_cmd("Input.dispatchDragEvent", event)
        self.waits(lambda: self.sees("#work"))

    def paints(self, *points: tuple[float, float]) -> None:
        """Press at the first point, draw to the others; in shares of the photo."""
        self.browser.execute_script(
            "arguments[0].scrollIntoView({block: 'center'})", self.find("#painter")
        )
        self.waits(lambda: self.seen("#painter img")[2] > 0)  # it is loaded
        left, top, width, height = self.seen("#painter img")
        actions = webdriver.ActionChains(self.browser, duration=20).w3c_actions
        pointer = actions.pointer_action
        for index, (x, y) in enumerate(points):
            pointer.move_to_location(round(left + x * width), round(top + y * height))
            if not index:
                pointer.pointer_down()
        pointer.pointer_up()
        actions.perform()

    def seen(self, selector: str) -> list[float]:
        """Left, top, width and height of what is seen of an element, in the window."""
        found: list[float] = self.browser.execute_script(
            "const box = arguments[0].getBoundingClientRect();"
            "return [box.x, box.y, box.width, box.height]",
            self.find(selector),
        )
        return found

    def asked_for(self) -> set[str]:
        """Every address that the browser went to since this was last asked."""
        events = [json.loads(each["message"])["message"] for each in
                  self.browser.get_log("performance")]  # fmt: skip
        return {
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        }

    def turns_to(self, size: tuple[int, int], scheme: str = "light") -> None:
        width, height = size
        self.browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500},
        )
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})


@pytest.fixture
def user(browser: Any, page: Page) -> Iterator[User]:
    """Before the page as it opens; at the end it must not have complained."""
    user = User(browser)
    user.turns_to(WIDE)
    browser.get("about:blank")
    user.asked_for()
    browser.get_log("browser")
    browser.get(page.address)
    user.waits(lambda: user.find("#version").text != "")
    yield user
    complaints = [each for each in browser.get_log("browser") if each["level"] != "INFO"]
    assert complaints == []
    page.idle()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photograph that is larger than the screen."""
    path = tmp_path_factory.mktemp("large") / "large.jpg"
    with Image.open(PHOTOS / "coffee.png") as image:
        image.convert("RGB").resize((1600, 1200)).save(path, quality=95)
    return path


def test_from_photo_to_result(user: User, page: Page, photo: Path, tmp_path: Path) -> None:
    """Dropped, painted over, restored, compared and downloaded, and all of it at home."""
    jpeg = photo.with_suffix(".jpg")
    Image.open(photo).save(jpeg, quality=20)
    user.drops(jpeg)
    assert user.find("#name").text == "photo.jpg"
    user.waits(lambda: user.seen("#photo")[3] > 100)
    assert user.find("[name=what]:checked").get_attribute("value") == "jpeg"
    assert "of quality 20" in user.find("#choice-jpeg .why").text  # as ddrm inspect suggests
    user.clicks("[name=what][value=inp]")
    assert user.find("[name=noise]:checked").get_attribute("value") == "none"
    assert not user.find("#restore").is_enabled()  # nothing is painted yet
    user.paints((0.3, 0.4), (0.5, 0.5), (0.6, 0.4))
    user.waits(lambda: bool(user.find("#restore").is_enabled()))
    user.clicks("#restore")
    user.waits(lambda: user.sees("#compared"))
    user.waits(lambda: user.browser.execute_script("return arguments[0].complete && "
                                                   "arguments[0].naturalWidth > 0",
                                                   user.find("#after")))  # fmt: skip
    slider = user.find("#slider")
    quarter = slider.size["width"] // 4
    pointer = webdriver.ActionChains(user.browser)
    pointer.move_to_element(slider).click_and_hold().move_by_offset(quarter, 0).release().perform()
    at = user.browser.execute_script("return Number(arguments[0].value)", slider)
    assert at == pytest.approx(75, abs=3)  # the handle is taken somewhere, and has a width

    behaviour = {"behavior": "allow", "downloadPath": str(tmp_path / "downloads")}
    user.browser.execute_cdp_cmd("Browser.setDownloadBehavior", behaviour)
    user.clicks("#download")
    file = tmp_path / "downloads" / "photo_restored_inp.png"
    user.waits(file.is_file)
    *_, lying = page.desk._photos.values()
    assert file.read_bytes() == lying.job.result.read_bytes()
    before, after = (np.asarray(Image.open(path)) for path in (jpeg, file))
    painted = np.asarray(Image.open(lying.mask))[..., 0] > 25  # half covered ones too
    assert np.array_equal(before[~painted], after[~painted])  # for there is no noise, as it says
    assert not np.array_equal(before[painted], after[painted])

    inner = ("data:", "blob:", page.address)
    assert [url for url in user.asked_for() if not url.startswith(inner)] == []
    user.clicks("#another")
    assert user.sees("#drop")
    page.idle()
    assert not lying.folder.exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("past", "what", "field", "value"),
    [
        (lambda image: noisy(image, 0.06), "deno", "noise", "estimated"),
        (lambda image: once_jpeg(image, 20), "jpeg", "quality", "20"),
        (lambda image: blurred(image, 2.5), "blur", "deviation", None),
        (lambda image: enlarged(image, 3), "enlarged", "times", "3"),
        (lambda image: image, "upscale", "factor", "2"),
    ],
    ids=["noisy", "once a JPEG", "blurred", "enlarged", "sharp"],
)
def test_what_inspect_suggests_is_chosen(
    user: User,
    tmp_path: Path,
    past: Callable[[Image.Image], Image.Image],
    what: str,
    field: str,
    value: str | None,
) -> None:
    path = tmp_path / "photo.png"
    past(picture("coffee")).save(path)
    first = suggestions(inspect(path))[0]
    user.gives(path)
    assert user.find("[name=what]:checked").get_attribute("value") == what
    assert user.find(f"#choice-{what} .why").text == first.why
    kind = ":checked" if field == "noise" else ""
    expected = f"{first.parameters['blur']:g}" if value is None else value
    assert user.find(f"[name={field}]{kind}").get_attribute("value") == expected


@pytest.mark.slow
def test_the_mask_has_the_pixels_of_the_photo_and_undo_takes_them_back(
    user: User, page: Page, large: Path
) -> None:
    user.gives(large)
    user.clicks("[name=what][value=inp]")
    user.paints((0.1, 0.1), (0.9, 0.1))  # a line, and a rectangle
    user.clicks("[name=tool][value=rectangle]")
    user.paints((0.25, 0.5), (0.4, 0.6), (0.5, 0.75))
    (width, _) = user.find("#size-said").text.split()
    *_, lying = page.desk._photos.values()

    def sent() -> Any:
        """The mask, sent while another photo has its turn, and then cancelled."""
        turn = threading.Event()
        page.desk._worker.submit(turn.wait)
        user.clicks("#restore")
        user.waits(lambda: user.find("#left").text == "waiting for another photo")
        mask = Image.open(io.BytesIO(lying.mask.read_bytes()))
        assert mask.size == (1600, 1200)
        user.clicks("#cancel")
        page.asked("DELETE", f"photos/{lying.folder.name}/restoration")
        turn.set()
        user.waits(lambda: user.sees("#restore"))
        assert lying.job.state == "cancelled"
        return np.asarray(mask)[..., 0] >= 128

    mask = sent()
    shown = 1600 / user.seen("#painter img")[2]  # pixels of the photo to one of the screen
    rows, columns = (np.flatnonzero(mask[300:].any(axis=axis)) for axis in (1, 0))
    corners = np.array([rows[0] + 300, rows[-1] + 301, columns[0], columns[-1] + 1])
    assert corners == pytest.approx([600, 900, 400, 800], abs=shown)  # a pixel that was aimed at
    assert mask[300:].sum() == (rows[-1] - rows[0] + 1) * (columns[-1] - columns[0] + 1)
    assert mask[:300, 800].sum() == pytest.approx(int(width), abs=1)  # its edges are rounded
    assert not mask[:300, :100].any()

    user.clicks("#undo")
    mask = sent()
    assert not mask[300:].any()
    assert mask[:300].any()
    user.clicks("#undo")
    user.waits(lambda: not user.find("#restore").is_enabled())
    user.clicks("#redo")
    user.waits(lambda: bool(user.find("#restore").is_enabled()))


@pytest.mark.slow
def test_a_restoration_says_how_far_it_is_and_can_be_cancelled(user: User, photo: Path) -> None:
    Image.open(photo).resize((256, 192)).save(photo)
    user.gives(photo)
    user.clicks("[name=what][value=color]")
    user.clicks("#restore")
    user.waits(lambda: "left" in user.find("#left").text)
    assert 0 < float(user.find("#progress").get_attribute("value")) <= 1
    user.clicks("#cancel")
    user.waits(lambda: user.sees("#restore"))
    assert not user.sees("#compared")
    assert not user.sees("#error")


@pytest.mark.slow
def test_what_is_no_photo_is_said_to_be_none(user: User, tmp_path: Path) -> None:
    path = tmp_path / "notes.jpg"
    path.write_text("no photo")
    user.find("#file").send_keys(str(path))
    user.waits(lambda: user.sees("#error"))
    assert user.find("#error").text.startswith("'notes.jpg' is not a picture")
    assert user.sees("#drop")
    user.browser.get_log("browser")  # says that an answer had a status of 400


@pytest.mark.slow
@pytest.mark.parametrize("size", [PHONE, WIDE], ids=["phone", "desk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_is_inside_the_window_and_readable(
    user: User, photo: Path, size: tuple[int, int], scheme: str
) -> None:
    user.turns_to(size, scheme)

    def look() -> None:
        inside, colours = json.loads(
            user.browser.execute_script(
                "const style = getComputedStyle(document.body);"
                "const page = document.documentElement;"
                "return JSON.stringify([page.scrollWidth <= page.clientWidth,"
                " [style.color, style.backgroundColor]"
                " .map((text) => text.match(/\\d+/g).slice(0, 3).map(Number))])"
            )
        )
        assert inside
        ink, paper = (sum(colour) / 3 for colour in colours)
        assert abs(ink - paper) > 150
        assert (paper > ink) == (scheme == "light")

    look()
    user.gives(photo)
    look()
    user.clicks("[name=what][value=inp]")
    user.paints((0.3, 0.4), (0.5, 0.5))
    look()
    user.clicks("#restore")
    user.waits(lambda: user.sees("#compared"))
    look()
    user.clicks("[name=zoom][value=full]")
    look()
