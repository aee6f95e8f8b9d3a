"""Every way a download can go wrong, against a server that does go wrong that way."""

from __future__ import annotations

import hashlib
import io
import os
import random
import resource
import signal
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from ddrm_cli.errors import (
    ChecksumError,
    DownloadError,
    ModelNotCachedError,
    OutputError,
    UsageError,
    WeightsError,
)
from ddrm_cli.weights.by_hand import adopt_file, remove_file
from ddrm_cli.weights.download import Patience, download_file
from ddrm_cli.weights.model import WeightsFile
from ddrm_cli.weights.verify import pin_path, verify_file
from tests.hearing import HEARING

from .server import Behaviour, Server, file, html, running, status


def _archive() -> bytes:
    """About 200 kB of a zip archive, the format of weights: three chunks and a bit."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        # With a date of its own the archive would be another each time it is made.
        archive.writestr(zipfile.ZipInfo("weights/data"), random.Random(0).randbytes(200_000))
    return buffer.getvalue()


CONTENT = _archive()
WRONG = CONTENT[:1000] + b"!" + CONTENT[1001:]
KNOWN = WeightsFile("known.pt", bytes=len(CONTENT), sha256=hashlib.sha256(CONTENT).hexdigest())
UNKNOWN = WeightsFile("unknown.pt")  # neither size nor hash was published


class Naps:
    """Instead of sleeping: the seconds that were to be slept."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def patience(self) -> Patience:
        return Patience(attempts=3, sleep=self.seconds.append)


def fetch(known: WeightsFile, *urls: str, naps: Naps | None = None) -> Path:
    return download_file(
        replace(known, urls=urls), patience=(naps or Naps()).patience(), notice=lambda _: None
    )


def ranges(server: Server) -> list[str | None]:
    return [headers.get("Range") for _, headers in server.requests]


def names_in(cache: Path) -> set[str]:
    """What is in the cache beside the empty files of locks."""
    return {path.name for path in cache.iterdir() if path.suffix != ".lock" or path.read_bytes()}


def part_of(cache: Path, name: str = "known.pt") -> Path:
    return cache / f"{name}.part"


def leave_part(cache: Path, server: Server, size: int, known: WeightsFile = KNOWN) -> None:
    """What a download leaves that broke after ``size`` bytes and was given up."""
    url = server.serve("/f", file(CONTENT, cut=size, ranges=False), status(404))
    with pytest.raises(DownloadError):
        fetch(known, url)
    server.requests.clear()


def test_download_is_moved_into_place_and_leaves_nothing_beside_it(
    server: Server, cache: Path
) -> None:
    seen: list[tuple[str, int, int | None]] = []
    path = download_file(
        replace(KNOWN, urls=(server.serve("/f", file(CONTENT)),)),
        progress=lambda *now: seen.append(now),
    )
    assert path.read_bytes() == CONTENT
    assert names_in(cache) == {"known.pt"}
    assert seen[-1] == ("known.pt", len(CONTENT), len(CONTENT))
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)


def test_what_is_cached_is_not_asked_for_again(server: Server) -> None:
    url = server.serve("/f", file(CONTENT))
    assert fetch(KNOWN, url) == fetch(KNOWN, url)
    assert len(server.requests) == 1


@pytest.mark.parametrize("at", [1, 3, 4, 65_535, 65_536, 100_000, len(CONTENT) - 1])
def test_broken_connection_is_resumed_from_the_part(server: Server, at: int) -> None:
    naps = Naps()
    path = fetch(KNOWN, server.serve("/f", file(CONTENT, cut=at), file(CONTENT)), naps=naps)
    assert path.read_bytes() == CONTENT
    assert naps.seconds == [1.0]
    # What was in the last, unfinished chunk is asked for again.
    _, second = ranges(server)
    kept = at // 65_536 * 65_536
    assert second in ((f"bytes={at}-", f"bytes={kept}-") if kept else (f"bytes={at}-", None))


def test_part_of_an_earlier_run_is_resumed_under_its_etag(server: Server, cache: Path) -> None:
    leave_part(cache, server, 131_072)
    size = part_of(cache).stat().st_size
    assert size > 0
    path = fetch(KNOWN, server.serve("/f", file(CONTENT)))
    assert path.read_bytes() == CONTENT
    ((_, headers),) = server.requests
    assert (headers["Range"], headers["If-Range"]) == (f"bytes={size}-", '"v1"')


@pytest.mark.parametrize("size", [1, 70_000, len(CONTENT)])
def test_part_of_any_length_is_resumed(server: Server, cache: Path, size: int) -> None:
    """Also one whose note is gone, and one that only lacked the move into place."""
    cache.mkdir()
    part_of(cache).write_bytes(CONTENT[:size])
    assert fetch(KNOWN, server.serve("/f", file(CONTENT))).read_bytes() == CONTENT
    assert ranges(server) == ([f"bytes={size}-"] if size < len(CONTENT) else [])


@pytest.mark.parametrize("part", [WRONG[:70_000], WRONG, CONTENT + b"more", b"\0" * 70_000])
def test_part_with_wrong_bytes_is_replaced(server: Server, cache: Path, part: bytes) -> None:
    cache.mkdir()
    part_of(cache).write_bytes(part)
    assert fetch(KNOWN, server.serve("/f", file(CONTENT))).read_bytes() == CONTENT
    assert ranges(server)[-1] is None


def test_part_is_not_trusted_where_no_hash_would_tell(server: Server, cache: Path) -> None:
    cache.mkdir()
    part_of(cache, "unknown.pt").write_bytes(WRONG[:70_000])
    assert fetch(UNKNOWN, server.serve("/f", file(CONTENT))).read_bytes() == CONTENT
    assert ranges(server) == [None]


@pytest.mark.parametrize("if_range", [True, False])
@pytest.mark.parametrize("known", [KNOWN, UNKNOWN], ids=["hash", "no-hash"])
def test_file_that_changed_between_parts_is_taken_anew(
    server: Server, known: WeightsFile, if_range: bool
) -> None:
    """By If-Range where the server honours it, by the ETag of the answer where it does not."""
    url = server.serve(
        "/f",
        file(WRONG, etag='"old"', cut=131_072),
        file(CONTENT, etag='"new"', if_range=if_range),
    )
    assert fetch(known, url).read_bytes() == CONTENT


def test_changed_file_without_any_mark_is_noticed_by_its_hash(server: Server) -> None:
    url = server.serve("/f", file(WRONG, etag="", cut=131_072), file(CONTENT, etag=""))
    assert fetch(KNOWN, url).read_bytes() == CONTENT
    first, second, third = ranges(server)
    assert second is not None
    assert first is third is None


def test_server_that_ignores_ranges_is_read_from_the_start(server: Server, cache: Path) -> None:
    leave_part(cache, server, 131_072)
    path = fetch(KNOWN, server.serve("/f", file(CONTENT, ranges=False)))
    assert path.read_bytes() == CONTENT
    assert ranges(server)[0] is not None


@pytest.mark.parametrize("known", [KNOWN, UNKNOWN], ids=["size", "no-size"])
def test_answer_without_a_length(server: Server, known: WeightsFile) -> None:
    assert fetch(known, server.serve("/f", file(CONTENT, length=False))).read_bytes() == CONTENT


def test_cut_answer_without_a_length_is_resumed_where_the_size_is_known(server: Server) -> None:
    url = server.serve("/f", file(CONTENT, length=False, cut=100_000), file(CONTENT))
    assert fetch(KNOWN, url).read_bytes() == CONTENT
    assert ranges(server) == [None, "bytes=100000-"]


def test_cut_answer_of_which_nothing_is_known_is_not_taken(server: Server, cache: Path) -> None:
    with pytest.raises(ChecksumError, match="cut short"):
        fetch(UNKNOWN, server.serve("/f", file(CONTENT, length=False, cut=100_000)))
    assert not (cache / "unknown.pt").exists()
    assert not pin_path(UNKNOWN).exists()


def test_wrong_bytes_of_the_right_size_are_refused_and_deleted(server: Server, cache: Path) -> None:
    with pytest.raises(ChecksumError, match="sha256"):
        fetch(KNOWN, server.serve("/f", file(WRONG)))
    assert names_in(cache) == set()
    assert len(server.requests) == 1


def test_md5_decides_where_it_is_all_that_was_published(server: Server) -> None:
    known = WeightsFile("old.pt", md5=hashlib.md5(CONTENT).hexdigest())
    with pytest.raises(ChecksumError, match="md5"):
        fetch(known, server.serve("/f", file(WRONG)))
    assert fetch(known, server.serve("/f", file(CONTENT))).read_bytes() == CONTENT
    assert verify_file(known).algorithm == "md5"


def test_mirrors_are_tried_in_order(server: Server) -> None:
    urls = [
        server.serve("/gone", status(404)),
        server.serve("/wrong", file(WRONG)),
        server.serve("/page", html()),
        server.serve("/good", file(CONTENT)),
        server.serve("/never", file(CONTENT)),
    ]
    assert fetch(KNOWN, *urls).read_bytes() == CONTENT
    assert [path for path, _ in server.requests] == ["/gone", "/wrong", "/page", "/good"]


def test_part_of_one_mirror_is_finished_from_another(server: Server) -> None:
    broken = server.serve("/a", file(CONTENT, cut=131_072), status(404))
    good = server.serve("/b", file(CONTENT, etag='"another"'))
    assert fetch(KNOWN, broken, good).read_bytes() == CONTENT
    path, headers = server.requests[-1]
    assert path == "/b"
    assert headers["Range"] == "bytes=131072-"
    assert "If-Range" not in headers


@pytest.mark.parametrize("code", [401, 403, 404, 410])
def test_refusal_is_final_and_named(server: Server, code: int, cache: Path) -> None:
    naps = Naps()
    with pytest.raises(DownloadError, match=f"answered {code}"):
        fetch(KNOWN, server.serve("/f", status(code)), naps=naps)
    assert len(server.requests) == 1
    assert naps.seconds == []
    assert not part_of(cache).exists()


def test_server_error_is_tried_again_after_longer_and_longer_waits(server: Server) -> None:
    naps = Naps()
    url = server.serve("/f", status(500), status(503), file(CONTENT))
    assert fetch(KNOWN, url, naps=naps).read_bytes() == CONTENT
    assert naps.seconds == [1.0, 2.0]


def test_server_that_asks_for_a_pause_gets_it(server: Server) -> None:
    naps = Naps()
    url = server.serve("/f", status(429, Retry_After="7"), file(CONTENT))
    assert fetch(KNOWN, url, naps=naps).read_bytes() == CONTENT
    assert naps.seconds == [7.0]


def test_server_error_is_not_tried_for_ever(server: Server) -> None:
    with pytest.raises(DownloadError, match="answered 500, 3 times"):
        fetch(KNOWN, server.serve("/f", status(500)))
    assert len(server.requests) == 3


def test_redirect_is_followed(server: Server) -> None:
    url = server.serve("/f", status(302, Location=server.serve("/there", file(CONTENT))))
    assert fetch(KNOWN, url).read_bytes() == CONTENT


def test_redirect_without_end_is_an_error(server: Server) -> None:
    url = server.serve("/f", status(302, Location="/f"))
    with pytest.raises(DownloadError, match="redirects"):
        fetch(KNOWN, url)


@pytest.mark.parametrize(
    "page",
    [
        html(),
        html(content_type="application/octet-stream"),
        html(b'{"error": "quota"}', "application/json"),
        html(b"version https://git-lfs.github.com/spec/v1", "application/octet-stream"),
        html(b"", "application/octet-stream"),
    ],
    ids=["html", "html-as-bytes", "json", "lfs-pointer", "empty"],
)
def test_page_with_status_200_is_not_a_file_of_weights(
    server: Server, cache: Path, page: Behaviour
) -> None:
    with pytest.raises(DownloadError, match=r"web page|no file of weights"):
        fetch(UNKNOWN, server.serve("/f", page))
    assert names_in(cache) == set()


def test_login_page_does_not_cost_the_part(server: Server, cache: Path) -> None:
    leave_part(cache, server, 131_072)
    before = part_of(cache).read_bytes()
    with pytest.raises(DownloadError, match="web page"):
        fetch(KNOWN, server.serve("/f", html()))
    assert part_of(cache).read_bytes() == before


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT + b"!"], ids=["short", "long"])
def test_file_of_another_size_is_refused_before_it_is_read(
    server: Server, cache: Path, content: bytes
) -> None:
    with pytest.raises(DownloadError, match=f"{len(content)} bytes where {len(CONTENT)}"):
        fetch(KNOWN, server.serve("/f", file(content)))
    assert not part_of(cache).exists()


def test_server_that_does_not_stop_is_stopped(server: Server) -> None:
    with pytest.raises(DownloadError, match="more bytes"):
        fetch(KNOWN, server.serve("/f", file(CONTENT + b"!" * 300_000, length=False)))


def test_silent_server_is_left_and_asked_again(server: Server) -> None:
    """However slow this machine is: a timeout that comes too early only makes one more request."""
    url = server.serve("/f", server.stall(CONTENT, 131_072), file(CONTENT, etag=""))
    patience = Patience(attempts=10_000, read_seconds=0.1, sleep=lambda _: None)
    path = download_file(replace(KNOWN, urls=(url,)), patience=patience)
    assert path.read_bytes() == CONTENT
    assert len(server.requests) > 1


def test_nobody_there(server: Server) -> None:
    """A port that was just closed refuses the connection."""
    with running() as gone:
        address = gone.address
    naps = Naps()
    with pytest.raises(DownloadError, match="cannot be reached"):
        fetch(KNOWN, f"{address}/f", naps=naps)
    assert naps.seconds == [1.0, 2.0]


def test_encrypted_address_without_encryption_behind_it(server: Server) -> None:
    url = server.serve("/f", file(CONTENT)).replace("http:", "https:")
    naps = Naps()
    with pytest.raises(DownloadError, match="no encrypted connection"):
        fetch(KNOWN, url, naps=naps)
    assert naps.seconds == []


def test_file_without_an_address_is_to_be_fetched_by_hand() -> None:
    with pytest.raises(DownloadError) as caught:
        download_file(KNOWN)
    assert "--from-file" in caught.value.hint


def test_own_file_that_is_missing_is_not_looked_for_on_the_network(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="is not at"):
        download_file(WeightsFile("own.pt", urls=("http://x/f",), path=tmp_path / "own.pt"))


def test_disk_that_is_too_small_is_told_before_anything_is_asked_for(server: Server) -> None:
    huge = replace(KNOWN, bytes=10**18)
    with pytest.raises(OutputError, match="GB free"):
        fetch(huge, server.serve("/f", file(CONTENT)))
    assert server.requests == []


def test_disk_that_fills_up_keeps_the_part(server: Server, cache: Path) -> None:
    """A limit on the size of files makes a write fail in the middle, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    url = server.serve("/f", file(CONTENT))
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(OutputError, match="File too large") as caught:
            fetch(KNOWN, url)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "DDRM_CACHE_DIR" in caught.value.hint
    kept = part_of(cache).stat().st_size
    assert 0 < kept <= 100_000
    assert fetch(KNOWN, url).read_bytes() == CONTENT
    assert ranges(server)[-1] == f"bytes={kept}-"


def test_cache_that_cannot_be_written(server: Server, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(OutputError, match="cannot be written") as caught:
        fetch(KNOWN, server.serve("/f", file(CONTENT)))
    assert "DDRM_CACHE_DIR" in caught.value.hint


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
def test_read_only_cache_can_be_used_but_not_added_to(server: Server, cache: Path) -> None:
    path = fetch(KNOWN, server.serve("/f", file(CONTENT)))
    cache.chmod(0o500)
    try:
        assert fetch(KNOWN) == path
        with pytest.raises(OutputError, match="Permission denied"):
            fetch(UNKNOWN, server.serve("/f", file(CONTENT)))
    finally:
        cache.chmod(0o700)


def test_link_in_place_of_the_part_is_not_written_through(
    server: Server, cache: Path, tmp_path: Path
) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"PK\x03\x04 mine")
    cache.mkdir()
    part_of(cache).symlink_to(precious)
    assert fetch(KNOWN, server.serve("/f", file(CONTENT))).read_bytes() == CONTENT
    assert precious.read_bytes() == b"PK\x03\x04 mine"


def test_cached_file_may_be_a_link_to_another_disk(
    server: Server, cache: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere.pt"
    elsewhere.write_bytes(CONTENT)
    cache.mkdir()
    (cache / "known.pt").symlink_to(elsewhere)
    assert fetch(KNOWN) == cache / "known.pt"
    verify_file(KNOWN)


def test_cached_file_that_was_cut_is_downloaded_again(server: Server, cache: Path) -> None:
    cache.mkdir()
    (cache / "known.pt").write_bytes(CONTENT[:-5])
    assert fetch(KNOWN, server.serve("/f", file(CONTENT))).read_bytes() == CONTENT


def test_offline_says_how_to_go_on(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DDRM_OFFLINE", "1")
    with pytest.raises(DownloadError) as caught:
        fetch(KNOWN, server.serve("/f", file(CONTENT)))
    assert "--from-file" in caught.value.hint
    assert server.requests == []


# ------------------------------------------------------------------ trust on first use


def test_first_hash_is_noted_and_every_later_one_must_equal_it(server: Server) -> None:
    said: list[str] = []
    url = server.serve("/f", file(CONTENT))
    path = download_file(replace(UNKNOWN, urls=(url,)), notice=said.append)
    digest = hashlib.sha256(CONTENT).hexdigest()
    assert pin_path(UNKNOWN).read_text() == f"{digest}  unknown.pt\n"
    assert any("published" in sentence and digest in sentence for sentence in said)
    remove_file(UNKNOWN)
    assert not path.exists()
    with pytest.raises(ChecksumError, match="pinned") as caught:
        fetch(UNKNOWN, server.serve("/f", file(WRONG)))
    assert str(pin_path(UNKNOWN)) in caught.value.hint
    assert fetch(UNKNOWN, server.serve("/f", file(CONTENT))).read_bytes() == CONTENT


def test_damaged_note_of_a_hash_is_not_taken_for_none(server: Server, cache: Path) -> None:
    cache.mkdir()
    pin_path(UNKNOWN).write_text("")
    with pytest.raises(ChecksumError, match="noted hash"):
        fetch(UNKNOWN, server.serve("/f", file(CONTENT)))


# ------------------------------------------------------------------ other processes, and ends

_DOWNLOAD = f"""{HEARING}
import sys
from ddrm_cli.weights.download import download_file
from ddrm_cli.weights.model import WeightsFile
name, size, sha256, url = sys.argv[1:]
file = WeightsFile(name, urls=(url,), bytes=int(size), sha256=sha256)
def progress(name, done, total):
    print("bytes arrived", flush=True)
download_file(file, progress=progress, notice=lambda said: print(said, flush=True))
"""


def start_process(url: str) -> subprocess.Popen[str]:
    arguments = [KNOWN.name, str(KNOWN.bytes), str(KNOWN.sha256), url]
    return subprocess.Popen(
        [sys.executable, "-c", _DOWNLOAD, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(said: str, process: subprocess.Popen[str]) -> None:
    """Read what a process says up to a line; it has failed if it ends before."""
    assert process.stdout is not None
    assert any(said in line for line in process.stdout), process.communicate()


def test_two_processes_download_once(server: Server, cache: Path) -> None:
    """The server keeps the second half until the second process has said that it waits."""
    first = start_process(server.serve("/f", server.stall(CONTENT, 131_072)))
    wait_for("bytes arrived", first)
    second = start_process(server.address + "/f")
    wait_for("Another process", second)
    server.go_on.set()
    said = [process.communicate() for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), said
    assert said[1][0] == ""  # it waited in silence, and downloaded nothing
    assert len(server.requests) == 1
    assert (cache / "known.pt").read_bytes() == CONTENT


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_download_that_was_ended_in_the_middle_is_resumed(
    server: Server, cache: Path, end: signal.Signals
) -> None:
    process = start_process(server.serve("/f", server.stall(CONTENT, 131_072)))
    wait_for("bytes arrived", process)
    process.send_signal(end)
    process.communicate()
    assert process.returncode != 0
    assert not (cache / "known.pt").exists()
    kept = part_of(cache).stat().st_size
    assert kept > 0
    assert fetch(KNOWN, server.serve("/f", file(CONTENT, etag=""))).read_bytes() == CONTENT
    assert ranges(server)[-1] == f"bytes={kept}-"


# ------------------------------------------------------------------ adopt, verify, remove


def test_file_fetched_by_hand_is_copied_after_the_same_checks(tmp_path: Path, cache: Path) -> None:
    source = tmp_path / "by-hand.pt"
    source.write_bytes(CONTENT)
    assert adopt_file(KNOWN, source).read_bytes() == CONTENT
    assert source.read_bytes() == CONTENT
    assert verify_file(KNOWN).origin == "published"


@pytest.mark.parametrize("content", [WRONG, CONTENT[:-1], b""])
def test_another_file_is_not_adopted_and_the_cache_stays_as_it_was(
    tmp_path: Path, cache: Path, content: bytes, server: Server
) -> None:
    leave_part(cache, server, 131_072)
    before = {path.name: path.read_bytes() for path in cache.iterdir()}
    source = tmp_path / "by-hand.pt"
    source.write_bytes(content)
    with pytest.raises(ChecksumError):
        adopt_file(KNOWN, source)
    assert {path.name: path.read_bytes() for path in cache.iterdir()} == before


def test_adopting_needs_a_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no file"):
        adopt_file(KNOWN, tmp_path / "nothing.pt")


def test_adopting_the_cached_file_itself_verifies_it(cache: Path) -> None:
    cache.mkdir()
    (cache / "known.pt").write_bytes(WRONG)
    with pytest.raises(ChecksumError):
        adopt_file(KNOWN, cache / "known.pt")
    assert (cache / "known.pt").exists()


def test_adopted_file_without_published_hash_is_pinned(tmp_path: Path) -> None:
    source = tmp_path / "by-hand.pt"
    source.write_bytes(CONTENT)
    adopt_file(UNKNOWN, source)
    assert verify_file(UNKNOWN).origin == "pinned"


def test_verify_notices_a_single_changed_byte(cache: Path) -> None:
    cache.mkdir()
    (cache / "known.pt").write_bytes(CONTENT)
    assert verify_file(KNOWN).digest == KNOWN.sha256
    (cache / "known.pt").write_bytes(WRONG)
    with pytest.raises(ChecksumError):
        verify_file(KNOWN)


def test_there_is_nothing_to_verify_of_what_is_not_there() -> None:
    with pytest.raises(ModelNotCachedError):
        verify_file(KNOWN)


def test_remove_takes_the_file_and_its_part_but_follows_no_link(
    cache: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere.pt"
    elsewhere.write_bytes(CONTENT)
    cache.mkdir()
    (cache / "known.pt").symlink_to(elsewhere)
    part_of(cache).write_bytes(b"PK")
    assert remove_file(KNOWN) == [cache / "known.pt", part_of(cache)]
    assert list(cache.iterdir()) == []
    assert elsewhere.exists()
    assert remove_file(KNOWN) == []


def test_what_came_with_the_program_is_neither_adopted_nor_removed(tmp_path: Path) -> None:
    own = WeightsFile("own.pt", path=tmp_path / "own.pt")
    (tmp_path / "own.pt").write_bytes(CONTENT)
    with pytest.raises(UsageError):
        remove_file(own)
    with pytest.raises(UsageError):
        adopt_file(own, tmp_path / "own.pt")
    assert download_file(own) == tmp_path / "own.pt"
