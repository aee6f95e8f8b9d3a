"""What is damaged can be repaired by doing what the program says; nothing is left lying about."""

from __future__ import annotations

import hashlib
import io
import random
import zipfile
from pathlib import Path

from tests.weights import server

from .bench import Bench, case


def content() -> bytes:
    """A file that begins like weights."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(zipfile.ZipInfo("w/data"), random.Random(0).randbytes(300_000))
    return stream.getvalue()


def table(bench: Bench, url: str, *, sure: bool = True) -> Path:
    """A table of models with one that has this address."""
    known = f'sha256 = "{hashlib.sha256(content()).hexdigest()}"\nbytes = {len(content())}\n'
    return bench.text(
        "models.toml",
        f"""[two]
description = "for tests"
licence = "none"
architecture = "plain-unet"
[two.network]
image_size = 32
channels = [8, 16]
down_blocks = [1, 2]
up_blocks = [1]
[two.weights]
file = "two.pt"
urls = ["{url}"]
{known if sure else ""}""",
    )


ONLINE = {"DDRM_OFFLINE": ""}
MODEL = ("two", "--models", "models.toml")


def cached(bench: Bench) -> Path:
    """Where the file is in the cache."""
    return Path(bench.environment["DDRM_CACHE_DIR"], "two.pt")


def _damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[1000] ^= 255
    path.write_bytes(data)


@case(True, False)
def damaged_file_is_downloaded_again(bench: Bench, sure: bool) -> None:
    """``--verify`` finds the damage, and what it says to do repairs it."""
    with server.running() as web:
        table(bench, web.serve("/two.pt", server.file(content())), sure=sure)
        bench.run("download", *MODEL, environment=ONLINE).in_order(0)
        _damage(cached(bench))
        bench.run("download", *MODEL, "--verify").refused("download")
        bench.run("download", *MODEL, environment=ONLINE).in_order(0)
        bench.run("download", *MODEL, "--verify").in_order(0)
        assert cached(bench).read_bytes() == content()


@case(0, 1, 1000)
def shortened_file_is_downloaded_again(bench: Bench, length: int) -> None:
    """A file that was cut is replaced by a download."""
    with server.running() as web:
        table(bench, web.serve("/two.pt", server.file(content())))
        bench.run("download", *MODEL, environment=ONLINE).in_order(0)
        cached(bench).write_bytes(content()[:length])
        bench.run("download", *MODEL, "--verify").refused()
        bench.run("download", *MODEL, environment=ONLINE).in_order(0)
        assert cached(bench).read_bytes() == content()


@case()
def damaged_file_without_network(bench: Bench) -> None:
    """Without the network a damaged file is refused, kept, and not called right."""
    table(bench, "http://127.0.0.1:9/two.pt")
    cached(bench).parent.mkdir()
    cached(bench).write_bytes(content())
    _damage(cached(bench))
    bench.run("download", *MODEL).refused("offline")
    assert cached(bench).exists()


@case()
def file_by_hand_repairs(bench: Bench) -> None:
    """``--from-file`` replaces a damaged file by the right one."""
    table(bench, "http://127.0.0.1:9/two.pt")
    cached(bench).parent.mkdir()
    cached(bench).write_bytes(content())
    _damage(cached(bench))
    bench.path("right.pt").write_bytes(content())
    bench.run("download", *MODEL, "--from-file", "right.pt").in_order(0)
    assert cached(bench).read_bytes() == content()


@case()
def wrong_file_by_hand(bench: Bench) -> None:
    """``--from-file`` takes no other file, and leaves the cache as it was."""
    table(bench, "http://127.0.0.1:9/two.pt")
    bench.path("wrong.pt").write_bytes(content()[:-1] + b"!")
    bench.run("download", *MODEL, "--from-file", "wrong.pt").refused("expected")
    left = [path.name for path in cached(bench).parent.iterdir() if path.suffix != ".lock"]
    assert left == [], left


@case()
def file_by_hand_that_is_there(bench: Bench) -> None:
    """``--from-file`` of the damaged file itself is refused with a way on."""
    table(bench, "http://127.0.0.1:9/two.pt")
    cached(bench).parent.mkdir()
    cached(bench).write_bytes(content())
    _damage(cached(bench))
    bench.run("download", *MODEL, "--from-file", cached(bench)).refused("download")


@case("two.pt.adopted", "two.pt.part", "two.pt.part.json")
def litter_of_a_kill_goes(bench: Bench, name: str) -> None:
    """What a killed run left in the cache is gone after the next."""
    with server.running() as web:
        table(bench, web.serve("/two.pt", server.file(content())))
        cached(bench).parent.mkdir()
        cached(bench).with_name(name).write_bytes(b"{}")
        bench.run("download", *MODEL, environment=ONLINE).in_order(0)
        assert not cached(bench).with_name(name).exists()


@case()
def removed_is_removed(bench: Bench) -> None:
    """``--remove`` deletes every file of the model but the noted hash."""
    table(bench, "http://127.0.0.1:9/two.pt")
    cached(bench).parent.mkdir()
    for name in ("two.pt", "two.pt.part", "two.pt.part.json", "two.pt.adopted"):
        cached(bench).with_name(name).write_bytes(b"x")
    bench.run("download", "--remove", *MODEL).in_order(0)
    assert not [p.name for p in cached(bench).parent.iterdir() if p.suffix != ".lock"]


@case("", "no hash", "²" * 64, "\x00")
def pin_that_is_none(bench: Bench, text: str) -> None:
    """A noted hash that cannot be read is refused by its file's name."""
    table(bench, "http://127.0.0.1:9/two.pt", sure=False)
    cached(bench).parent.mkdir()
    cached(bench).write_bytes(content())
    cached(bench).with_name("two.pt.sha256").write_text(text)
    bench.run("download", *MODEL, "--verify").refused("two.pt")
