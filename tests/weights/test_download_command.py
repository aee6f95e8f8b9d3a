"""``ddrm download``, as a user types it."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from ddrm_cli.cli.download import download, ensure_cached
from ddrm_cli.cli.voice import Voice
from ddrm_cli.errors import (
    ChecksumError,
    DDRMError,
    DownloadError,
    ModelNotCachedError,
    UnknownNameError,
    UsageError,
)
from ddrm_cli.weights.registry import load_models

from .server import Server, file, html


def _archive(text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("weights/data", text)
    return buffer.getvalue()


NETWORK, CLASSIFIER = _archive("network"), _archive("classifier")

ADM = """
image_size = 32
model_channels = 64
channel_mult = [1]
num_res_blocks = 1
attention_resolutions = []
num_classes = 10
"""

TABLE = f"""
[faces]
description = "portraits"
licence = "CC0"
terms = "be nice"
architecture = "ddpm"
[faces.network]
resolution = 16
ch = 32
ch_mult = [1, 2]
num_res_blocks = 1
attn_resolutions = []
[faces.weights]
file = "faces.pt"
urls = ["SERVER/faces"]
bytes = {len(NETWORK)}
sha256 = "{hashlib.sha256(NETWORK).hexdigest()}"

[things]
description = "a thing of a class"
licence = "CC0"
architecture = "guided-diffusion"
weights = {{ file = "things.pt", urls = ["SERVER/things"] }}
[things.network]
{ADM}
[things.classifier]
weights = {{ file = "things_classifier.pt", urls = ["SERVER/classifier"] }}
[things.classifier.network]
{ADM}
"""

app = typer.Typer()
app.command()(download)


@pytest.fixture
def table(server: Server, tmp_path: Path) -> Path:
    """A user's table of two models, one with a published hash and one with a classifier."""
    path = tmp_path / "models.toml"
    path.write_text(TABLE.replace("SERVER", server.address))
    for name, content in (("faces", NETWORK), ("things", NETWORK), ("classifier", CLASSIFIER)):
        server.serve(f"/{name}", file(content))
    return path


class Outcome:
    """What a command printed, and the error that it left to the program's one handler."""

    def __init__(self, table: Path, *arguments: str) -> None:
        result = CliRunner().invoke(app, ["--models", str(table), *arguments])
        if isinstance(result.exception, DDRMError):
            raise result.exception
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        self.code = result.exit_code
        self.lines = result.stdout.splitlines()
        self.said = " ".join(result.stderr.split())


def test_download_prints_the_path_and_shows_licence_and_terms_beside(
    table: Path, cache: Path
) -> None:
    outcome = Outcome(table, "faces")
    assert outcome.lines == [str(cache / "faces.pt")]
    assert (cache / "faces.pt").read_bytes() == NETWORK
    assert "Licence: CC0" in outcome.said
    assert "be nice" in outcome.said
    again = Outcome(table, "faces")
    assert again.lines == outcome.lines
    assert again.said == ""  # before the first download is enough


def test_model_with_a_classifier_brings_both_and_says_which_hash_it_noted(
    table: Path, cache: Path
) -> None:
    outcome = Outcome(table, "things")
    assert (cache / "things.pt").read_bytes() == NETWORK
    assert (cache / "things_classifier.pt").read_bytes() == CLASSIFIER
    assert hashlib.sha256(CLASSIFIER).hexdigest() in outcome.said.replace(" ", "")


def test_several_models_and_one_that_fails(table: Path, cache: Path, server: Server) -> None:
    server.serve("/faces", html())
    outcome = Outcome(table, "faces", "things")
    assert outcome.code == 1
    assert outcome.lines == [str(cache / "things.pt")]
    assert "1 of 2 failed: faces" in outcome.said


def test_traceback_of_each_that_fails_is_shown_only_where_it_was_asked_for(
    table: Path, server: Server
) -> None:
    server.serve("/faces", html())
    assert "Traceback" not in Outcome(table, "faces", "things").said
    said = Outcome(table, "faces", "things", "--debug").said
    assert "Traceback" in said
    assert "DownloadError" in said


def test_one_model_that_fails_is_an_error(table: Path, server: Server) -> None:
    server.serve("/faces", html())
    with pytest.raises(DownloadError, match="web page"):
        Outcome(table, "faces")


def test_without_a_name_the_models_are_listed(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    Outcome(table, "faces")
    lines = Outcome(table).lines
    row = {line.split()[0]: line for line in lines if line}
    assert "in the cache" in row["faces"]
    assert "not downloaded" in row["things"]
    assert "with the program" in row["photo-small"]
    assert "2.21 GB" in row["imagenet-256"]


def test_list_as_json(table: Path, cache: Path) -> None:
    Outcome(table, "faces")
    rows = {row["name"]: row for row in json.loads("".join(Outcome(table, "--json").lines))}
    assert rows["faces"]["path"] == str(cache / "faces.pt")
    assert rows["things"]["cached"] is False
    assert set(rows) == set(load_models(table))


def test_verify_tells_what_was_compared(table: Path, cache: Path) -> None:
    Outcome(table, "faces", "things")
    lines = Outcome(table, "--verify").lines
    assert any("faces.pt" in line and "sha256 agree, as published" in line for line in lines)
    assert any("things.pt" in line and "as pinned" in line for line in lines)
    assert any("photo-small.pt" in line for line in lines)
    (cache / "faces.pt").write_bytes(CLASSIFIER)
    outcome = Outcome(table, "--verify")
    assert outcome.code == 1
    assert "failed: faces" in outcome.said
    with pytest.raises(ChecksumError):
        Outcome(table, "faces", "--verify")


def test_remove(table: Path, cache: Path) -> None:
    Outcome(table, "faces")
    assert Outcome(table, "--remove", "faces").lines == [f"removed {cache / 'faces.pt'}"]
    assert not (cache / "faces.pt").exists()
    assert "nothing to remove" in Outcome(table, "--remove", "faces").said
    with pytest.raises(UsageError, match="not in the cache"):
        Outcome(table, "--remove", "photo-small")


def test_file_fetched_by_hand(table: Path, cache: Path, tmp_path: Path, server: Server) -> None:
    """Its name tells the classifier's file from the network's."""
    for name, content in (("by-hand.pt", NETWORK), ("things_classifier.pt", CLASSIFIER)):
        (tmp_path / name).write_bytes(content)
        Outcome(table, "things", "--from-file", str(tmp_path / name))
    assert (cache / "things.pt").read_bytes() == NETWORK
    assert (cache / "things_classifier.pt").read_bytes() == CLASSIFIER
    assert server.requests == []


def test_print_path_downloads_nothing(table: Path, cache: Path, server: Server) -> None:
    with pytest.raises(ModelNotCachedError, match="ddrm download faces"):
        Outcome(table, "faces", "--print-path")
    assert server.requests == []
    Outcome(table, "faces")
    assert Outcome(table, "faces", "--print-path").lines == [str(cache / "faces.pt")]


def test_info_says_what_is_known_and_downloads_nothing(
    table: Path, cache: Path, server: Server
) -> None:
    lines = Outcome(table, "faces", "--info").lines
    said = {line.split(maxsplit=1)[0]: line for line in lines[1:]}
    assert lines[0] == "faces"
    assert said["licence"].endswith("CC0")
    assert said["terms"].endswith("be nice")
    assert hashlib.sha256(NETWORK).hexdigest() in said["file"]
    assert str(cache / "faces.pt") in said
    assert server.requests == []


def test_the_bundled_model_carries_its_card(table: Path) -> None:
    lines = Outcome(table, "photo-small", "--info").lines
    card = load_models()["photo-small"].card
    assert card is not None
    text = card.read_text(encoding="utf-8")
    assert "\n".join(lines).endswith(text.rstrip())
    assert "Licence: MIT" in text
    assert "## Sources and credits" in text
    (limits,) = (line for line in lines if line.startswith("  not for "))
    assert limits.split(maxsplit=2)[2].startswith("colour, holes of more than 32 x 32 pixels, ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["faces", "--all"],
        ["faces", "--remove", "things"],
        ["--verify", "--print-path"],
        ["--print-path"],
        ["--info"],
        ["faces", "--info", "--verify"],
        ["--from-file", "x.pt"],
        ["faces", "things", "--from-file", "x.pt"],
        ["faces", "--json"],
        ["--all", "--remove", "faces"],
    ],
)
def test_options_that_do_not_go_together(table: Path, arguments: list[str]) -> None:
    with pytest.raises(UsageError):
        Outcome(table, *arguments)


def test_unknown_model(table: Path) -> None:
    with pytest.raises(UnknownNameError, match="faces"):
        Outcome(table, "face")


def test_restoring_with_a_model_that_is_not_there_asks_nobody_without_a_terminal(
    table: Path, cache: Path, server: Server
) -> None:
    model = load_models(table)["faces"]
    with pytest.raises(ModelNotCachedError) as caught:
        ensure_cached(model, Voice(), yes=False)
    assert "ddrm download faces" in caught.value.hint
    assert "--yes" in caught.value.hint
    assert server.requests == []


def test_yes_downloads_and_keeps_the_results_to_the_caller(
    table: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ensure_cached(load_models(table)["faces"], Voice(), yes=True)
    assert (cache / "faces.pt").read_bytes() == NETWORK
    assert capsys.readouterr().out == ""


def test_offline_there_is_nothing_to_ask(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DDRM_OFFLINE", "1")
    with pytest.raises(DownloadError, match="DDRM_OFFLINE"):
        ensure_cached(load_models(table)["faces"], Voice(), yes=False)


@pytest.mark.parametrize("answer", [True, False])
def test_on_a_terminal_the_user_is_asked(
    table: Path, cache: Path, answer: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def confirm(question: str, err: bool) -> bool:
        asked.append(question)
        return answer

    monkeypatch.setattr("ddrm_cli.cli.download._on_a_terminal", lambda: True)
    monkeypatch.setattr("typer.confirm", confirm)
    model = load_models(table)["faces"]
    if answer:
        ensure_cached(model, Voice(), yes=False)
    else:
        with pytest.raises(ModelNotCachedError):
            ensure_cached(model, Voice(), yes=False)
    assert (cache / "faces.pt").exists() is answer
    assert "faces" in asked[0]
