"""``-``: a picture from stdin, bytes of a result to stdout, and nothing else there."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from ddrm_cli.cli.main import app

from .program import files_below, opened

ONE = ("-d", "deno", "--steps", "1", "--sigma", "0.05")


def ddrm(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)


def shown(result: Result) -> Image.Image:
    assert result.exit_code == 0, result.stderr
    return Image.open(io.BytesIO(result.stdout_bytes))


@pytest.fixture
def expected(photo: Path) -> bytes:
    ddrm("restore", photo, *ONE, "-o", "expected.png")
    pixels = opened("expected.png").tobytes()
    Path("expected.png").unlink()
    return pixels


def test_stdin_to_stdout(photo: Path, folder: Path, expected: bytes) -> None:
    done = ddrm("restore", "-", *ONE, stdin=photo.read_bytes())
    image = shown(done)
    assert (image.format, image.tobytes()) == ("PNG", expected)
    assert done.stderr == ""
    assert files_below(folder) == {"photo.png"}


def test_a_file_to_stdout_and_stdin_to_a_file(photo: Path, folder: Path, expected: bytes) -> None:
    assert shown(ddrm("restore", photo, *ONE, "-o", "-")).tobytes() == expected
    done = ddrm("restore", "-", *ONE, "-o", "x.png", stdin=photo.read_bytes())
    assert (done.exit_code, done.stdout) == (0, "x.png\n")
    assert opened("x.png").tobytes() == expected
    assert files_below(folder) == {"photo.png", "x.png"}


def test_the_format_of_stdout(photo: Path) -> None:
    data = photo.read_bytes()
    assert shown(ddrm("restore", "-", *ONE, "--format", "webp", stdin=data)).format == "WEBP"


@pytest.mark.parametrize("deg", ["sr2", "jpeg30", "cs2"])
def test_what_was_degraded_goes_on_through_a_pipe(photo: Path, deg: str) -> None:
    measured = ddrm("degrade", "-", "-d", deg, stdin=photo.read_bytes())
    assert measured.exit_code == 0, measured.stderr
    image = shown(ddrm("restore", "-", "--steps", "1", stdin=measured.stdout_bytes))
    assert image.size == (64, 64)


def test_a_picture_that_stays_as_it_is_goes_through(photo: Path) -> None:
    flat = io.BytesIO()
    Image.fromarray(np.full((64, 64, 3), 128, np.uint8)).save(flat, "PNG")
    done = ddrm("restore", "-", "-d", "auto", stdin=flat.getvalue())
    assert done.exit_code == 0, done.stderr
    assert done.stdout_bytes == flat.getvalue()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("-", "--json"), "Stdout holds one picture and nothing else."),
        (("-", "--samples", "2"), "Stdout holds one picture and nothing else."),
        (("-", "--compare"), "Stdout holds one picture and nothing else."),
        (("photo.png", "-o", "-", "--save-progress"), "Stdout holds one picture"),
        ((".", "-o", "-"), "Stdout holds one picture"),
        (("-", "photo.png"), "'-' stands for one picture."),
    ],
)
def test_what_stdout_has_no_place_for_is_refused(
    photo: Path, folder: Path, arguments: tuple[str, ...], says: str
) -> None:
    done = ddrm("restore", *arguments, *ONE, stdin=photo.read_bytes())
    assert (done.exit_code, done.stdout) == (2, "")
    assert says in done.stderr
    assert files_below(folder) == {"photo.png"}


def test_what_is_no_picture_leaves_stdout_empty() -> None:
    for data in (b"", b"no picture"):
        done = ddrm("restore", "-", *ONE, stdin=data)
        assert (done.exit_code, done.stdout) == (1, "")
        assert "stdin' is" in done.stderr
