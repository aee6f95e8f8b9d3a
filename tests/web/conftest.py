"""The page, answering in this process, and photographs to give it."""

from __future__ import annotations

import importlib.util
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

from ddrm_cli.cli.failures import explain
from ddrm_cli.weights.registry import load_models

PHOTOS = Path(__file__).parents[1] / "data" / "photos"
MAX_PIXELS = 2_000_000  # of the page under test

if any(importlib.util.find_spec(name) is None for name in ("starlette", "uvicorn")):
    collect_ignore_glob = ["test_*.py"]  # the extra `web` is not there


@dataclass(frozen=True)
class Page:
    """The page at its address.

    Args:
        address: With the token, and a slash at its end.
        desk: What it stands on.
    """

    address: str
    desk: Any

    def asked(self, method: str, part: str, **options: Any) -> requests.Response:
        """An answer."""
        return requests.request(method, self.address + part, timeout=60, **options)

    def took(self, path: Path) -> dict[str, Any]:
        """What it says of a photograph that it was given."""
        answer = self.asked("PUT", f"photos/{path.name}", data=path.read_bytes())
        assert answer.ok, answer.text
        said: dict[str, Any] = answer.json()
        return said

    def restored(self, key: str, **order: Any) -> requests.Response:
        """What came of an order, once its turn was over."""
        begun = self.asked("POST", f"photos/{key}/restoration", json=order)
        assert begun.ok, begun.text
        self.idle()
        return self.asked("GET", f"photos/{key}/result")

    def idle(self) -> None:
        """Wait until the one who restores has nothing left to do."""
        self.desk._worker.submit(lambda: None).result()


@pytest.fixture(scope="package")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    from ddrm_cli.web.desk import Desk
    from ddrm_cli.web.serving import make_server

    folder = tmp_path_factory.mktemp("desk")
    models = {"photo-small": load_models()["photo-small"]}
    with Desk(folder, models, MAX_PIXELS, explain) as desk:
        server = make_server(desk, "token")
        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
            thread.start()
            try:
                yield Page(f"http://127.0.0.1:{listener.getsockname()[1]}/token/", desk)
            finally:
                server.should_exit = True
                thread.join()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A photograph of 32 x 24 pixels."""
    path = tmp_path / "photo.png"
    with Image.open(PHOTOS / "astronaut.png") as image:
        image.convert("RGB").crop((120, 40, 152, 64)).save(path)
    return path
