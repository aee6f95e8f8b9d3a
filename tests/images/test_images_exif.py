"""The orientation is applied to the pixels and then taken out of the EXIF block."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ddrm_cli.images.exif import CORRUPT, exif_for_size
from ddrm_cli.images.metadata import Metadata
from ddrm_cli.images.picture import Picture
from ddrm_cli.images.png import encode_png, png_with_metadata
from ddrm_cli.images.reading import read_picture
from ddrm_cli.images.tiff_writing import encode_tiff
from ddrm_cli.images.writing import write_picture

MAKE, ORIENTATION, DETAILS, GPS, WIDTH, HEIGHT = 271, 274, 0x8769, 0x8825, 0xA002, 0xA003

# What a reader must show for a file that stores the rows "abc" and "def".
UPRIGHT = {
    1: ["abc", "def"],
    2: ["cba", "fed"],
    3: ["fed", "cba"],
    4: ["def", "abc"],
    5: ["ad", "be", "cf"],
    6: ["da", "eb", "fc"],
    7: ["fc", "eb", "da"],
    8: ["cf", "be", "ad"],
}


def samples(rows: list[str]) -> np.ndarray:
    """Letters as three channels of 16-bit samples whose bytes differ."""
    codes = np.array([[ord(letter) for letter in row] for row in rows], np.uint16)
    return np.stack([codes * 257, codes * 500, codes * 3], axis=2)


def exif(orientation: int) -> Image.Exif:
    block = Image.Exif()
    block[MAKE] = "Maker"
    block[ORIENTATION] = orientation
    return block


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp", ".16.png", ".16.tif"])
def test_all_eight_orientations(tmp_path: Path, orientation: int, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    stored, expected = samples(["abc", "def"]), samples(UPRIGHT[orientation])
    white = 65535
    if suffix == ".16.png":
        said = Metadata(exif(orientation).tobytes())
        path.write_bytes(png_with_metadata(encode_png(stored), said))
    elif suffix == ".16.tif":
        path.write_bytes(encode_tiff(stored, Metadata(exif(orientation).tobytes()))[0])
    else:
        white = 255
        expected = expected % 256
        eight = Image.fromarray((stored % 256).astype(np.uint8))
        eight.save(path, exif=exif(orientation), lossless=True)  # of these, WebP listens to it
    picture = read_picture(path)
    assert np.array_equal(np.rint(picture.pixels * white), expected)
    kept = Image.Exif()
    assert picture.metadata.exif is not None
    kept.load(picture.metadata.exif)
    assert dict(kept) == {MAKE: "Maker", ORIENTATION: 1}


def test_alpha_turns_with_the_pixels(tmp_path: Path) -> None:
    stored = (samples(["abc", "def"]) % 256).astype(np.uint8)
    rgba = np.concatenate([stored, stored[..., :1]], axis=2)
    Image.fromarray(rgba).save(tmp_path / "a.png", exif=exif(6))
    picture = read_picture(tmp_path / "a.png")
    assert picture.alpha is not None
    assert np.array_equal(picture.alpha, picture.pixels[..., 0])


def test_reading_what_was_written_does_not_turn_it_again(tmp_path: Path) -> None:
    Image.fromarray((samples(["abc", "def"]) % 256).astype(np.uint8)).save(
        tmp_path / "a.png", exif=exif(8)
    )
    once = read_picture(tmp_path / "a.png")
    write_picture(tmp_path / "b.png", once)
    assert np.array_equal(read_picture(tmp_path / "b.png").pixels, once.pixels)


@pytest.mark.parametrize("orientation", [0, 9, 4711])
def test_an_impossible_orientation_turns_nothing(tmp_path: Path, orientation: int) -> None:
    stored = (samples(["abc", "def"]) % 256).astype(np.uint8)
    Image.fromarray(stored).save(tmp_path / "a.png", exif=exif(orientation))
    assert np.array_equal(np.rint(read_picture(tmp_path / "a.png").pixels * 255), stored)


def test_an_orientation_alone_is_applied_and_made_1(tmp_path: Path) -> None:
    block = Image.Exif()
    block[ORIENTATION] = 6
    Image.new("RGB", (3, 2)).save(tmp_path / "a.jpg", exif=block)
    picture = read_picture(tmp_path / "a.jpg")
    assert picture.pixels.shape == (3, 2, 3)
    assert picture.metadata.exif is not None
    kept = Image.Exif()
    kept.load(picture.metadata.exif)
    assert dict(kept) == {ORIENTATION: 1}


@pytest.mark.parametrize(
    "block",
    [
        b"Exif\0\0garbage, no header",
        b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x0f\x01",  # 65535 entries promised, none there
        b"Exif\0\0II*\0\xff\xff\xff\x7f",  # the directory lies outside
    ],
)
def test_a_corrupt_block_is_dropped_with_a_note(tmp_path: Path, block: bytes) -> None:
    Image.new("RGB", (3, 2)).save(tmp_path / "a.jpg", exif=block)
    picture = read_picture(tmp_path / "a.jpg")
    assert picture.metadata.exif is None
    assert picture.notes == (CORRUPT,)


def test_the_stated_size_follows_the_pixels(tmp_path: Path) -> None:
    block = exif(1)
    block[DETAILS] = {WIDTH: 10, HEIGHT: 20}
    block[GPS] = {1: "N"}
    sized = Image.Exif()
    sized.load(exif_for_size(block.tobytes(), 40, 80))
    assert sized.get_ifd(DETAILS) == {WIDTH: 40, HEIGHT: 80}
    assert sized.get_ifd(GPS) == {1: "N"}
    # ... and a block without a stated size gets none.
    assert exif_for_size(exif(1).tobytes(), 40, 80) == exif(1).tobytes()
    picture = Picture(np.zeros((8, 4, 3), np.float32), metadata=Metadata(exif=block.tobytes()))
    write_picture(tmp_path / "a.jpg", picture)
    with Image.open(tmp_path / "a.jpg") as written:
        assert written.getexif().get_ifd(DETAILS) == {WIDTH: 4, HEIGHT: 8}
