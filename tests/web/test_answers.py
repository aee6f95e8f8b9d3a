"""What the page's address answers, and to whom: nothing without the token."""

from __future__ import annotations

import io
import json
import math
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
import requests
from PIL import Image
from typer.testing import CliRunner

from ddrm_cli.cli.main import app
from ddrm_cli.images.metadata import RESULT_KEY

from .conftest import MAX_PIXELS, Page

PARTS = [
    ("GET", ""),
    ("GET", "page.js"),
    ("GET", "vendor/js-draw.js"),
    ("GET", "desk"),
    ("PUT", "photos/photo.png"),
    ("DELETE", "photos/key"),
    ("GET", "photos/key/view"),
    ("PUT", "photos/key/mask"),
    ("POST", "photos/key/restoration"),
    ("GET", "photos/key/restoration"),
    ("DELETE", "photos/key/restoration"),
    ("GET", "photos/key/result"),
]


@pytest.mark.parametrize(("method", "part"), PARTS)
@pytest.mark.parametrize("token", ["", "tokem/", "toke/", "token2/", "x/token/", "t%C3%B6ken/"])
def test_without_the_token_nothing_is_answered_but_a_refusal(
    page: Page, method: str, part: str, token: str
) -> None:
    address = page.address.removesuffix("token/") + token + part
    answer = requests.request(method, address, data=b"anything", timeout=60)
    assert (answer.status_code, answer.text) == (403, "Open the address that ddrm web printed.")


def test_a_socket_is_refused_as_well(page: Page) -> None:
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    upgrade["Sec-WebSocket-Key"] = "dGhlIHNhbXBsZSBub25jZQ=="
    address = page.address.removesuffix("token/")
    assert requests.get(address, headers=upgrade, timeout=60).status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example"])
def test_a_name_that_was_made_to_lead_here_is_refused(page: Page, host: str) -> None:
    """DNS rebinding: a page from elsewhere asks by its own name, which now means us."""
    answer = page.asked("GET", "desk", headers={"Host": host})
    assert answer.status_code == 400
    assert "bundled" not in answer.text


def test_only_this_machine_is_listened_to(page: Page) -> None:
    """At one address of the loopback alone: so none of the network's is heard."""
    elsewhere = page.address.replace("127.0.0.1", "127.0.0.2")
    with pytest.raises(requests.ConnectionError):
        requests.get(elsewhere, timeout=60)


def test_every_answer_forbids_the_network_and_is_kept_nowhere(page: Page) -> None:
    refusal = requests.get(page.address.removesuffix("token/"), timeout=60)
    for answer in (page.asked("GET", ""), page.asked("GET", "desk"), refusal):
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self';")
        assert "http" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"  # it would hold the token


def test_a_photo_says_what_happened_to_it(page: Page, photo: Path) -> None:
    with Image.open(photo) as image:
        image.save(photo.with_suffix(".jpg"), quality=20)
    said = page.took(photo.with_suffix(".jpg"))
    assert (said["name"], said["width"], said["height"]) == ("photo.jpg", 32, 24)
    assert said["is_jpeg"]
    first = said["suggestions"][0]
    assert (first["degradation"], first["parameters"]) == ("jpeg", {})
    view = Image.open(io.BytesIO(page.asked("GET", f"photos/{said['key']}/view").content))
    assert view.size == (32, 24)


def test_the_view_of_a_turned_deep_tiff_is_upright(page: Page, tmp_path: Path) -> None:
    """Whatever came, a browser can show it, and what is painted over it fits."""
    path = tmp_path / "deep.tif"
    image = Image.fromarray(np.linspace(0, 65535, 32 * 24).reshape(24, 32).astype(np.uint16))
    image.save(path, tiffinfo={274: 6})  # a quarter turn
    said = page.took(path)
    assert (said["width"], said["height"]) == (24, 32)
    view = Image.open(io.BytesIO(page.asked("GET", f"photos/{said['key']}/view").content))
    assert (view.size, view.getexif().get(274, 1)) == ((24, 32), 1)


def files(page: Page) -> set[Path]:
    page.idle()
    # Unlike Path.rglob, it does not mind folders that go meanwhile.
    walk = os.walk(page.desk.folder)
    return {Path(folder, name) for folder, _, names in walk for name in names}


def test_a_picture_of_too_many_pixels_is_refused_and_nothing_of_it_kept(
    page: Page, tmp_path: Path
) -> None:
    path, before = tmp_path / "large.png", files(page)
    Image.new("RGB", (MAX_PIXELS, 2)).save(path)
    answer = page.asked("PUT", "photos/large.png", data=path.read_bytes())
    assert answer.status_code == 400
    assert "max-pixels" in answer.json()["error"]
    assert files(page) == before


@pytest.mark.parametrize("chunked", [False, True], ids=["length known", "length unknown"])
def test_a_file_that_is_too_long_is_refused_and_nothing_of_it_kept(
    page: Page, chunked: bool
) -> None:
    before, block = files(page), bytes(4 * MAX_PIXELS)

    def blocks() -> Iterator[bytes]:
        yield from (block, block, b"1")

    body = blocks() if chunked else b"".join(blocks())
    answer = page.asked("PUT", "photos/long.png", data=body)
    assert answer.status_code == 400
    assert f"longer than {8 * MAX_PIXELS} bytes" in answer.json()["error"]
    assert files(page) == before


def test_who_goes_away_in_the_middle_leaves_nothing(page: Page) -> None:
    before = files(page)

    def becomes(state: Callable[[], bool]) -> bool:
        """Whether something is so by the time that a thousand requests are answered."""
        return any(state() or not page.asked("GET", "desk").ok for _ in range(1000))

    address = urlsplit(page.address)
    head = f"PUT {address.path}photos/half.png HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    with socket.create_connection(("127.0.0.1", address.port or 0)) as connection:
        connection.sendall(f"{head}Content-Length: 1000\r\n\r\nhalf".encode())
        assert becomes(lambda: files(page) != before)
    assert becomes(lambda: files(page) == before)


def test_what_is_no_picture_is_called_by_the_name_that_it_came_with(page: Page) -> None:
    answer = page.asked("PUT", "photos/notes.txt", data=b"no picture")
    assert answer.json()["error"].startswith("'notes.txt' is not a picture")


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("..%5C..%5Cphoto.png", "photo.png"),
        ("C:%5Cphotos%5Cphoto.png", "photo.png"),
        ("a%00b%3Fc.png", "a_b_c.png"),
        ("%20..%20", "photo"),
        ("Käse (2).png", "Käse (2).png"),
        (300 * "x" + ".png", 46 * "x" + ".png"),
    ],
)
def test_a_name_is_only_a_name(page: Page, photo: Path, name: str, kept: str) -> None:
    said = page.asked("PUT", f"photos/{name}", data=photo.read_bytes()).json()
    assert said["name"] == kept
    assert page.desk.photo(said["key"]).path.parent.parent == page.desk.folder


def mask_of(size: tuple[int, int]) -> bytes:
    """A PNG that is white in a small square."""
    mask = Image.new("L", size)
    mask.paste(255, (10, 10, 14, 14))
    stream = io.BytesIO()
    mask.save(stream, "PNG")
    return stream.getvalue()


CASES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "denoised": ({"degradation": "deno"}, ["--deg", "deno"]),
    "noise said": ({"degradation": "deno", "sigma": 0.1}, ["--deg", "deno", "--sigma", "0.1"]),
    "filled": (
        {"degradation": "inp", "masked": True, "sigma": 0},
        ["--deg", "inp", "--mask", "mask.png", "--sigma", "0"],
    ),
    "sharpened": (
        {"degradation": "deblur_motion", "parameters": {"blur": 5, "angle": 30}},
        ["--deg", "deblur_motion", "--blur", "5", "--angle", "30"],
    ),
    "enlarged": ({"degradation": "sr_bicubic2"}, ["--deg", "sr_bicubic2"]),
}


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=[pytest.mark.slow] * (case in ("filled", "sharpened")))
        for case in CASES
    ],
)
def test_the_result_has_the_bytes_that_the_command_writes(
    page: Page, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    """Pixels, metadata and the record of how it was made; also the name."""
    monkeypatch.chdir(tmp_path)
    order, options = CASES[case]
    key = page.took(photo)["key"]
    Path("mask.png").write_bytes(mask_of((32, 24)))
    page.asked("PUT", f"photos/{key}/mask", data=Path("mask.png").read_bytes())
    answer = page.restored(key, **order)
    done = CliRunner().invoke(app, ["restore", "photo.png", *options])
    written = Path(done.stdout.strip())
    assert answer.content == written.read_bytes()
    assert written.name in answer.headers["content-disposition"]
    assert RESULT_KEY in Image.open(io.BytesIO(answer.content)).info


@pytest.mark.slow
def test_what_was_enlarged_is_made_small_first_as_by_two_commands(
    page: Page, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = page.restored(page.took(photo)["key"], degradation="sr_bicubic2", reduced=True)
    for command in (
        ["degrade", "photo.png", "--deg", "sr_bicubic2", "--out", "photo_small.png"],
        ["restore", "photo_small.png", "--deg", "sr_bicubic2", "--out", "result.png"],
    ):
        assert CliRunner().invoke(app, command).exit_code == 0
    assert answer.content == Path("result.png").read_bytes()


def test_how_far_it_is_ends_with_what_came_of_it(page: Page, photo: Path) -> None:
    key = page.took(photo)["key"]
    assert page.asked("GET", f"photos/{key}/restoration").json() == {}
    assert "no result yet" in page.asked("GET", f"photos/{key}/result").json()["error"]
    page.restored(key, degradation="deno")
    job = page.asked("GET", f"photos/{key}/restoration").json()
    assert (job["state"], job["share"], job["left"]) == ("done", 1, 0)
    assert job["name"] == "photo_restored_deno.png"
    assert any("noise" in note for note in job["notes"])


def test_what_the_model_cannot_do_well_is_said(page: Page, photo: Path) -> None:
    key = page.took(photo)["key"]
    page.restored(key, degradation="color")
    notes = page.asked("GET", f"photos/{key}/restoration").json()["notes"]
    assert sum(note.startswith("photo-small cannot do this well") for note in notes) == 1


def test_what_fails_says_why(page: Page, photo: Path) -> None:
    key = page.took(photo)["key"]
    page.asked("PUT", f"photos/{key}/mask", data=mask_of((20, 20)))
    answer = page.restored(key, degradation="inp", masked=True)
    assert not answer.ok
    job = page.asked("GET", f"photos/{key}/restoration").json()
    assert job["state"] == "failed"
    assert job["error"].startswith("The mask 'seen/mask.png' is 20 x 20, the photograph 32 x 24.")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"degradation": "nonsense"}, "There is no degradation named 'nonsense'."),
        ({"degradation": "deno", "sigma": -1}, "A sigma of -1 is not possible."),
        ({"degradation": "deno", "parameters": {"blur": 3}}, "takes no blur"),
        ({"degradation": "deno", "model": "imagenet-256"}, "There is no model named"),
        ({"degradation": ["deno"]}, "asks for something unknown"),
        ({"out": "/etc/passwd"}, "asks for something unknown"),
        (["deno"], "asks for something unknown"),
        ("deno", "asks for something unknown"),
        ({"degradation": "deno", "sigma": math.nan}, "A sigma of nan is not possible."),
        ({"degradation": "deno", "sigma": 10**400}, "asks for something unknown"),
    ],
)
def test_an_order_that_cannot_be_is_refused(
    page: Page, photo: Path, body: object, said: str
) -> None:
    key = page.took(photo)["key"]
    answer = page.asked(
        "POST",
        f"photos/{key}/restoration",
        data=body if isinstance(body, str) else json.dumps(body),
    )
    assert answer.status_code == 400
    assert said in answer.json()["error"]


def test_a_photo_that_was_put_away_is_gone(page: Page, photo: Path) -> None:
    before = files(page)
    key = page.took(photo)["key"]
    page.restored(key, degradation="deno")
    assert page.asked("DELETE", f"photos/{key}").ok
    assert files(page) == before
    answer = page.asked("GET", f"photos/{key}/view")
    assert answer.json()["error"] == "This photo is no longer here. Drop it once more."


def test_cancelled_before_its_turn_it_never_begins(page: Page, photo: Path) -> None:
    key, turn = page.took(photo)["key"], threading.Event()
    page.desk._worker.submit(turn.wait)
    assert page.asked("POST", f"photos/{key}/restoration", json={"degradation": "deno"}).ok
    again = page.asked("POST", f"photos/{key}/restoration", json={"degradation": "deno"})
    assert "is being restored" in again.json()["error"]
    assert page.asked("GET", f"photos/{key}/restoration").json()["state"] == "waiting"
    assert page.asked("DELETE", f"photos/{key}/restoration").ok
    turn.set()
    page.idle()
    assert page.asked("GET", f"photos/{key}/restoration").json()["state"] == "cancelled"
    assert not page.asked("GET", f"photos/{key}/result").ok


def test_only_models_that_are_here_are_offered(page: Page) -> None:
    assert page.asked("GET", "desk").json()["models"] == ["photo-small"]
