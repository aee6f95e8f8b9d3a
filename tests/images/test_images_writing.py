"""What is written holds what the picture held, and a file is written whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from ddrm_cli.errors import OutputError, OutputExistsError, UsageError
from ddrm_cli.images.encoding import OUTPUT_FORMATS
from ddrm_cli.images.metadata import MEASUREMENT_KEY, Metadata
from ddrm_cli.images.picture import Picture
from ddrm_cli.images.reading import read_picture
from ddrm_cli.images.writing import check_writable, write_bytes, write_picture

SUFFIXES = sorted(OUTPUT_FORMATS)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
MAKE, ORIENTATION = 271, 274


def exif() -> bytes:
    block = Image.Exif()
    block[MAKE] = "Maker"
    block[ORIENTATION] = 1
    return block.tobytes()


def picture(channels: int = 3, *, bits: int = 8, alpha: bool = False) -> Picture:
    rng = np.random.default_rng(channels)
    white = 2**bits - 1

    def plane(*shape: int) -> NDArray[np.float32]:
        return np.asarray(rng.integers(0, white + 1, shape) / white, dtype=np.float32)

    return Picture(plane(6, 9, channels), plane(6, 9) if alpha else None, bits)


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def same(a: NDArray[np.float32] | None, b: NDArray[np.float32] | None) -> bool:
    if a is None or b is None:
        return a is b
    return np.array_equal(a, b)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
def test_png_gives_back_every_sample(tmp_path: Path, channels: int, alpha: bool, bits: int) -> None:
    original = picture(channels, bits=bits, alpha=alpha)
    assert write_picture(tmp_path / "a.png", original) == ()
    back = read_picture(tmp_path / "a.png")
    assert back.bit_depth == bits
    assert same(back.pixels, original.pixels)
    assert same(back.alpha, original.alpha)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
def test_tiff_gives_back_every_sample(
    tmp_path: Path, channels: int, alpha: bool, bits: int
) -> None:
    original = picture(channels, bits=bits, alpha=alpha)
    assert write_picture(tmp_path / "a.tif", original) == ()
    back = read_picture(tmp_path / "a.tif")
    assert back.bit_depth == bits
    # Grey with alpha in 16 bits comes back as three equal channels: no reader knows it otherwise.
    assert np.array_equal(np.broadcast_to(original.pixels, back.pixels.shape), back.pixels)
    assert same(back.alpha, original.alpha)


def test_webp_and_bmp_lose_nothing_that_they_can_hold(tmp_path: Path) -> None:
    for name, original in (("a.webp", picture(3, alpha=True)), ("a.bmp", picture(3))):
        write_picture(tmp_path / name, original)
        back = read_picture(tmp_path / name)
        assert same(back.pixels, original.pixels)
        assert same(back.alpha, original.alpha)


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".JPG"])
def test_jpeg_keeps_colour_at_full_resolution(tmp_path: Path, suffix: str) -> None:
    # Red and blue columns in turn: halved chroma would mix them to purple.
    pixels = np.zeros((16, 16, 3), np.float32)
    pixels[:, ::2, 0] = pixels[:, 1::2, 2] = 1
    path = tmp_path / f"a{suffix}"
    write_picture(path, Picture(pixels))
    # At quality 95 this errs by 0.004 with full chroma and by 0.6 with halved chroma.
    assert np.abs(read_picture(path).pixels - pixels).max() < 0.1


@pytest.mark.parametrize("suffix", [".jpg", ".bmp"])
def test_without_alpha_the_picture_is_laid_on_white_and_said_so(
    tmp_path: Path, suffix: str
) -> None:
    pixels = np.full((8, 8, 3), 0.2, np.float32)
    alpha = np.full((8, 8), 0.25, np.float32)
    notes = write_picture(tmp_path / f"a{suffix}", Picture(pixels, alpha))
    assert len(notes) == 1
    assert "white" in notes[0]
    back = read_picture(tmp_path / f"a{suffix}")
    # 0.25 * 0.2 + 0.75, to within two of JPEG's levels.
    assert np.allclose(back.pixels, 0.8, atol=2 / 255)


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".bmp"])
def test_16_bits_are_rounded_with_a_note_where_there_are_only_8(
    tmp_path: Path, suffix: str
) -> None:
    notes = write_picture(tmp_path / f"a{suffix}", picture(bits=16))
    assert len(notes) == 1
    assert "16 bits" in notes[0]
    assert read_picture(tmp_path / f"a{suffix}").bit_depth == 8


@pytest.mark.parametrize("bits", [8, 16])
def test_values_are_clipped_and_rounded(tmp_path: Path, bits: int) -> None:
    white = 2**bits - 1
    values = np.array([-3, 0.4 / white, 0.6 / white, 1, 7], np.float32).reshape(1, 5, 1)
    write_picture(tmp_path / "a.png", Picture(values, bit_depth=bits))
    back = read_picture(tmp_path / "a.png").pixels * white
    assert np.rint(back).ravel().tolist() == [0, 0, 1, white, white]


# Metadata.


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("second", [".png", ".jpg", ".tif", ".webp"])
@pytest.mark.parametrize("first", [".png", ".jpg", ".tif", ".webp"])
def test_exif_and_profile_survive_any_chain_of_formats(
    tmp_path: Path, first: str, second: str, bits: int
) -> None:
    original = Picture(picture().pixels, None, bits, Metadata(exif(), SRGB))
    write_picture(tmp_path / f"a{first}", original)
    write_picture(tmp_path / f"b{second}", read_picture(tmp_path / f"a{first}"))
    back = read_picture(tmp_path / f"b{second}").metadata
    assert back.icc_profile == SRGB
    assert back.exif is not None
    block = Image.Exif()
    block.load(back.exif)
    assert dict(block) == {MAKE: "Maker", ORIENTATION: 1}


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".bmp"])
def test_density_survives(tmp_path: Path, suffix: str, bits: int) -> None:
    original = Picture(picture().pixels, None, bits, Metadata(dpi=(300, 150)))
    write_picture(tmp_path / f"a{suffix}", original)
    dpi = read_picture(tmp_path / f"a{suffix}").metadata.dpi
    # PNG and BMP count whole dots in a metre: half of one is 0.013 dots an inch.
    assert dpi == pytest.approx((300, 150), abs=0.013)


@pytest.mark.parametrize("bits", [8, 16])
def test_text_survives_but_a_result_is_no_measurement(tmp_path: Path, bits: int) -> None:
    text = {"Title": "plain", "Comment": "two\nlines, é and ☃", MEASUREMENT_KEY: "{}"}
    original = Picture(picture().pixels, None, bits, Metadata(text=text))
    write_picture(tmp_path / "a.png", original)
    back = read_picture(tmp_path / "a.png").metadata.text
    assert back == {key: value for key, value in text.items() if key != MEASUREMENT_KEY}


def test_what_bmp_cannot_hold_is_said(tmp_path: Path) -> None:
    original = Picture(picture().pixels, metadata=Metadata(exif(), SRGB))
    notes = write_picture(tmp_path / "a.bmp", original)
    assert notes == (
        "The EXIF data has no place in BMP: it was left out.",
        "The colour profile has no place in BMP: it was left out.",
    )


def test_a_profile_of_another_kind_of_picture_is_left_out(tmp_path: Path) -> None:
    grey = Picture(picture(1).pixels, metadata=Metadata(icc_profile=SRGB))
    notes = write_picture(tmp_path / "a.png", grey)
    assert "profile" in notes[0]
    assert read_picture(tmp_path / "a.png").metadata.icc_profile is None


def test_exif_too_long_for_jpeg_is_left_out(tmp_path: Path) -> None:
    block = Image.Exif()
    block[MAKE] = "x" * 70_000
    notes = write_picture(
        tmp_path / "a.jpg", Picture(picture().pixels, metadata=Metadata(block.tobytes()))
    )
    assert "too long" in notes[0]
    assert read_picture(tmp_path / "a.jpg").metadata.exif is None


# What cannot be written.


@pytest.mark.parametrize("name", ["a", "a.gif", "a.jpg.bak"])
def test_a_suffix_that_names_no_format_lists_those_that_do(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"\.png .*\.tiff"):
        write_picture(tmp_path / name, picture())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("suffix", "side"), [(".webp", 16384), (".jpg", 65501)])
def test_a_side_that_the_format_cannot_hold(tmp_path: Path, suffix: str, side: int) -> None:
    long = Picture(np.zeros((1, side, 1), np.float32))
    with pytest.raises(OutputError, match=rf"{side} x 1 .*\.png"):
        write_picture(tmp_path / f"a{suffix}", long)
    write_picture(tmp_path / "a.png", long)


def test_folders_are_made_and_an_existing_file_is_kept_unless_asked(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "a.bin"
    write_bytes(path, b"first", overwrite=False)
    with pytest.raises(OutputExistsError, match="--overwrite"):
        write_bytes(path, b"second", overwrite=False)
    assert path.read_bytes() == b"first"
    write_bytes(path, b"second", overwrite=True)
    assert path.read_bytes() == b"second"
    assert listing(path.parent) == ["a.bin"]


@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_appears_during_the_write_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    path = tmp_path / "a.bin"

    def another_process_is_faster(_: int) -> None:
        path.write_bytes(b"theirs")

    monkeypatch.setattr(os, "fsync", another_process_is_faster)
    if not links:
        monkeypatch.setattr(os, "link", no_links)
    with pytest.raises(OutputExistsError):
        write_bytes(path, b"ours", overwrite=False)
    assert path.read_bytes() == b"theirs"
    assert listing(tmp_path) == ["a.bin"]


def no_links(*_: object) -> None:
    raise OSError(errno.EPERM, "no hard links here")


def test_without_hard_links_files_are_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", no_links)
    write_bytes(tmp_path / "a.bin", b"content", overwrite=False)
    assert (tmp_path / "a.bin").read_bytes() == b"content"
    assert listing(tmp_path) == ["a.bin"]


@pytest.mark.parametrize(
    ("step", "before"),
    [
        ("fsync", None),
        ("fsync", b"old"),
        ("link", None),
        ("replace", b"old"),
        ("rename", None),  # where there are no hard links
    ],
)
@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), OutputError),
        (OSError(errno.EIO, "Input/output error"), OutputError),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
)
def test_a_failure_at_any_step_leaves_the_folder_as_it_was(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    failure: BaseException,
    expected: type[BaseException],
    step: str,
    before: bytes | None,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise failure

    path = tmp_path / "a.bin"
    if before is not None:
        path.write_bytes(before)
    if step in ("replace", "rename"):
        monkeypatch.setattr(os, "link", no_links)
        monkeypatch.setattr(Path, step, fail)
    else:
        monkeypatch.setattr(os, step, fail)
    with pytest.raises(expected) as caught:
        write_bytes(path, b"new", overwrite=before is not None)
    if isinstance(failure, OSError):
        assert str(path) in str(caught.value)
    assert listing(tmp_path) == ([] if before is None else ["a.bin"])
    assert before is None or path.read_bytes() == before


def test_a_full_disk_is_called_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"a\.png' was not written: the disk is full.*Free some"):
        write_picture(tmp_path / "a.png", picture())


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may write anywhere, so the system's answer is given for it.
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(OutputError, match=r"folder of .*cannot be written.*--out"):
        check_writable(tmp_path / "new" / "a.png", overwrite=False)
    with pytest.raises(OutputError, match="cannot be written"):
        write_bytes(tmp_path / "a.png", b"", overwrite=False)


def test_the_check_up_front_says_what_the_write_would_say(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    cases = [
        ("file", OutputExistsError, "exists already"),
        ("link", OutputExistsError, "exists already"),
        (".", OutputError, "is a folder"),
        ("file/a.png", OutputError, "is a file, not a folder"),
        ("x" * 300, OutputError, "cannot be written"),
    ]
    for name, error, reason in cases:
        with pytest.raises(error, match=reason):
            check_writable(tmp_path / name, overwrite=False)
        with pytest.raises(error, match=reason):
            write_bytes(tmp_path / name, b"", overwrite=False)
    check_writable(tmp_path / "file", overwrite=True)
    check_writable(tmp_path / "new" / "folder" / "a.png", overwrite=False)
    assert listing(tmp_path) == ["file", "link"]  # nothing was made


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_the_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    write_bytes(tmp_path / "ours", b"", overwrite=False)
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "usual").stat().st_mode
