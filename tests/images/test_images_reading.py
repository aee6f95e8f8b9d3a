"""Files become pictures with every sample right, or an error that names the file."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageCms

from ddrm_cli.errors import ImageReadError, ImageTooLargeError
from ddrm_cli.images import png, tiff_writing
from ddrm_cli.images.metadata import Metadata
from ddrm_cli.images.png import encode_png
from ddrm_cli.images.reading import read_picture

BITS_PER_SAMPLE, PHOTOMETRIC, EXTRA_SAMPLES = 258, 262, 338  # tags of TIFF 6.0

PHOTO = Path(__file__).parents[1] / "data" / "photos" / "coffee.png"


def encode_tiff(samples: NDArray[np.uint16]) -> bytes:
    return tiff_writing.encode_tiff(samples, Metadata())[0]


def noise(channels: int, height: int = 5, width: int = 7, *, bits: int = 8) -> NDArray[np.uint16]:
    rng = np.random.default_rng(channels)
    return rng.integers(0, 2**bits, (height, width, channels), dtype=np.uint16)


def image(channels: int) -> Image.Image:
    samples = noise(channels).astype(np.uint8)
    return Image.fromarray(samples[..., 0] if channels == 1 else samples)


def save(path: Path, picture: Image.Image, **options: Any) -> Path:
    picture.save(path, **options)
    return path


def levels(values: NDArray[np.float32] | None, white: int = 255) -> NDArray[np.float32]:
    assert values is not None
    assert values.dtype == np.float32
    return np.rint(values * white)


# Modes: each against the samples the file was made from.


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_eight_bit_samples_are_read_exactly(tmp_path: Path, channels: int, suffix: str) -> None:
    picture = read_picture(save(tmp_path / f"a{suffix}", image(channels)))
    colours = 1 if channels < 3 else 3
    assert picture.bit_depth == 8
    assert np.array_equal(levels(picture.pixels), noise(channels)[..., :colours])
    if channels in (2, 4):
        assert np.array_equal(levels(picture.alpha), noise(channels)[..., -1])
    else:
        assert picture.alpha is None


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_sixteen_bit_png_keeps_all_its_bits(tmp_path: Path, channels: int) -> None:
    samples = noise(channels, bits=16)
    (tmp_path / "a.png").write_bytes(encode_png(samples))
    picture = read_picture(tmp_path / "a.png")
    colours = 1 if channels < 3 else 3
    assert picture.bit_depth == 16
    assert np.array_equal(levels(picture.pixels, 65535), samples[..., :colours])
    if channels in (2, 4):
        assert np.array_equal(levels(picture.alpha, 65535), samples[..., -1])


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sixteen_bit_tiff_keeps_all_its_bits(tmp_path: Path, channels: int) -> None:
    samples = noise(channels, bits=16)
    (tmp_path / "a.tif").write_bytes(encode_tiff(samples))
    picture = read_picture(tmp_path / "a.tif")
    assert picture.bit_depth == 16
    assert np.array_equal(levels(picture.pixels, 65535), samples[..., :3])


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_sixteen_bit_png_of_another_program_is_read_exactly(tmp_path: Path, channels: int) -> None:
    samples = noise(channels, bits=16)
    (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(samples))
    picture = read_picture(tmp_path / "a.png")
    colours = 1 if channels < 3 else 3
    assert np.array_equal(levels(picture.pixels, 65535), samples[..., :colours])
    if channels in (2, 4):
        assert np.array_equal(levels(picture.alpha, 65535), samples[..., -1])


def test_sixteen_bit_ppm_keeps_all_its_bits(tmp_path: Path) -> None:
    samples = noise(3, bits=16)
    header = b"P6 # a comment\n7 5\n65535\n"
    (tmp_path / "a.ppm").write_bytes(header + samples.astype(">u2").tobytes())
    picture = read_picture(tmp_path / "a.ppm")
    assert np.array_equal(levels(picture.pixels, 65535), samples)


def test_premultiplied_colour_is_divided_by_alpha(tmp_path: Path) -> None:
    alpha = np.full((5, 7, 1), 0x8000, np.uint16)
    colour = noise(3, bits=15)  # at most alpha
    stored = np.concatenate([colour, alpha], axis=2)
    premultiplied = 1  # 2 is ordinary alpha
    (tmp_path / "a.tif").write_bytes(patched(encode_tiff(stored), EXTRA_SAMPLES, premultiplied))
    picture = read_picture(tmp_path / "a.tif")
    # One part in 65535 is the rounding of what was stored.
    assert np.allclose(picture.pixels, colour / 0x8000, atol=1e-5)


def test_flaws_beside_the_samples_are_not_reported_on_stderr(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    samples = noise(3, bits=16)
    said = Metadata(icc_profile=b"no profile", exif=b"no EXIF")
    data = png.png_with_metadata(encode_png(samples), said)
    (tmp_path / "a.png").write_bytes(data)
    picture = read_picture(tmp_path / "a.png")
    assert np.array_equal(levels(picture.pixels, 65535), samples)
    assert capfd.readouterr() == ("", "")


def test_one_bit_is_black_and_white(tmp_path: Path) -> None:
    bits = noise(1)[..., 0] > 127
    picture = read_picture(save(tmp_path / "a.png", Image.fromarray(bits)))
    assert picture.pixels.shape == (5, 7, 1)
    assert np.array_equal(picture.pixels[..., 0], bits)


def patched(tiff: bytes, tag: int, value: int) -> bytes:
    """A TIFF of ours with another value for a tag that holds one number."""
    data = bytearray(tiff)
    (entry,) = struct.unpack_from("<I", data, 4)
    entry += 2
    while struct.unpack_from("<H", data, entry) != (tag,):
        entry += 12
    struct.pack_into("<H", data, entry + 8, value)
    return bytes(data)


def test_a_sixteen_bit_tiff_where_white_is_zero_is_turned_around(tmp_path: Path) -> None:
    samples = noise(1, bits=16)
    (tmp_path / "a.tif").write_bytes(patched(encode_tiff(samples), PHOTOMETRIC, 0))
    picture = read_picture(tmp_path / "a.tif")
    assert np.array_equal(levels(picture.pixels, 65535), 65535 - samples)


def test_a_twelve_bit_tiff_is_white_at_4095(tmp_path: Path) -> None:
    samples = np.array([[0, 4095], [1365, 2730]])
    # Two samples of 12 bits are three bytes, padded to the eight bytes of two rows of 16 bits.
    packed = b"".join(bytes([a >> 4, (a & 15) << 4 | b >> 8, b & 255]) for a, b in samples.tolist())
    words = np.frombuffer(packed.ljust(8, b"\0"), "<u2").reshape(2, 2, 1)
    (tmp_path / "a.tif").write_bytes(patched(encode_tiff(words), BITS_PER_SAMPLE, 12))
    picture = read_picture(tmp_path / "a.tif")
    assert np.array_equal(levels(picture.pixels[..., 0], 4095), samples)


def test_a_palette_becomes_rgb(tmp_path: Path) -> None:
    palette = image(3).quantize(16)
    picture = read_picture(save(tmp_path / "a.png", palette))
    assert picture.alpha is None
    assert np.array_equal(levels(picture.pixels), np.asarray(palette.convert("RGB")))


@pytest.mark.parametrize("transparency", [3, bytes(range(0, 160, 10))])
def test_a_palette_with_transparency_becomes_rgba(
    tmp_path: Path, transparency: int | bytes
) -> None:
    palette = image(3).quantize(16)
    picture = read_picture(save(tmp_path / "a.png", palette, transparency=transparency))
    index = np.asarray(palette)
    if isinstance(transparency, int):
        expected = np.where(index == transparency, 0, 255)
    else:
        expected = np.frombuffer(transparency, np.uint8)[index]
    assert np.array_equal(levels(picture.alpha), expected)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("bits", [8, 16])
def test_one_colour_marked_as_transparent_becomes_alpha(
    tmp_path: Path, channels: int, bits: int
) -> None:
    samples = noise(channels, bits=bits)
    hole = samples[2, 3]
    if bits == 8:
        value = int(hole[0]) if channels == 1 else tuple(map(int, hole))
        path = save(tmp_path / "a.png", image(channels), transparency=value)
    else:
        body = struct.pack(f">{channels}H", *hole)
        chunk = struct.pack(">I", len(body)) + b"tRNS" + body
        chunk += struct.pack(">I", zlib.crc32(b"tRNS" + body))
        data = encode_png(samples)
        path = tmp_path / "a.png"
        path.write_bytes(data[:33] + chunk + data[33:])  # behind the header
    picture = read_picture(path)
    assert np.array_equal(picture.alpha == 0, (samples == hole).all(axis=2))
    assert np.array_equal(levels(picture.pixels, 2**bits - 1), samples)


def test_cmyk_without_a_profile_is_converted_and_said_so(tmp_path: Path) -> None:
    cmyk = image(3).convert("CMYK")
    picture = read_picture(save(tmp_path / "a.tif", cmyk))
    assert np.array_equal(levels(picture.pixels), noise(3))
    assert "CMYK" in picture.notes[0]


def test_cmyk_with_a_profile_becomes_srgb_and_loses_the_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No CMYK profile is free to ship, so the conversion itself is replaced; what is tested is
    # that it is asked for with the file's own profile, and that this profile is not kept.
    asked: list[object] = []

    def convert(
        picture: Image.Image, source: object, target: object, *, outputMode: str
    ) -> Image.Image:
        asked.append(source)
        return Image.new(outputMode, picture.size, (10, 20, 30))

    monkeypatch.setattr(ImageCms, "profileToProfile", convert)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = save(tmp_path / "a.jpg", image(3).convert("CMYK"), icc_profile=profile)
    picture = read_picture(path)
    assert isinstance(asked[0], ImageCms.ImageCmsProfile)
    assert np.array_equal(levels(picture.pixels)[0, 0], [10, 20, 30])
    assert picture.metadata.icc_profile is None
    assert "profile" in picture.notes[0]


def test_a_damaged_cmyk_profile_is_dropped_with_a_note(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", image(3).convert("CMYK"), icc_profile=b"no profile at all")
    picture = read_picture(path)
    assert picture.metadata.icc_profile is None
    assert "damaged" in picture.notes[0]


def test_lab_becomes_srgb(tmp_path: Path) -> None:
    grey = Image.new("LAB", (4, 4), (128, 128, 128))  # lightness 50 %, no colour
    picture = read_picture(save(tmp_path / "a.tif", grey))
    # L* = 50.2 is sRGB 119.5; 2 levels for the rounding of tables.
    assert np.abs(levels(picture.pixels) - 119.5).max() <= 2


def test_floats_on_zero_to_one_are_taken_and_others_refused(tmp_path: Path) -> None:
    values = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)
    picture = read_picture(save(tmp_path / "a.tif", Image.fromarray(values)))
    assert np.array_equal(picture.pixels[..., 0], values)
    for number, wrong in enumerate((values * 2, values - 1, np.full_like(values, np.nan))):
        path = save(tmp_path / f"{number}.tif", Image.fromarray(wrong))
        with pytest.raises(ImageReadError, match=r"\d\.tif' holds floating-point"):
            read_picture(path)


def test_32_bit_integers_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "a.tif", Image.new("I", (4, 4), 70000))
    with pytest.raises(ImageReadError, match=r"a\.tif' holds signed whole numbers of 32 bits"):
        read_picture(path)


# Several frames.


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png", ".tif"])
def test_of_several_frames_the_first_is_read_and_said_so(tmp_path: Path, suffix: str) -> None:
    frames = [Image.new("RGB", (6, 4), colour) for colour in ("red", "lime", "blue")]
    path = tmp_path / f"a{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:], lossless=True)
    picture = read_picture(path)
    assert np.array_equal(levels(picture.pixels), np.full((4, 6, 3), [255, 0, 0]))
    assert len(picture.notes) == 1
    assert "3 pages" in picture.notes[0] or "first of 3 frames" in picture.notes[0]


# Metadata.


def test_density_that_is_no_number_is_dropped(tmp_path: Path) -> None:
    path = save(tmp_path / "a.tif", image(3), dpi=(0, 0))
    assert read_picture(path).metadata.dpi is None


def test_density_turns_with_the_picture(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6
    path = save(tmp_path / "a.jpg", image(3), dpi=(300, 72), exif=exif)
    assert read_picture(path).metadata.dpi == (72, 300)


# Bad files: one sentence that names the file, whatever is wrong.


def test_a_missing_file_a_folder_and_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    cases = {"missing.jpg": "no file", ".": "a folder", "empty.jpg": "is empty"}
    for name, reason in cases.items():
        with pytest.raises(ImageReadError, match=reason) as caught:
            read_picture(tmp_path / name)
        assert str(tmp_path / name) in caught.value.message
        assert caught.value.hint


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:  # root may read anything, so ask no real file
        raise PermissionError

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(ImageReadError, match="may not read"):
        read_picture(PHOTO)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(ImageReadError, match="not a regular file"):
        read_picture(tmp_path / "a.png")


@pytest.mark.parametrize(
    "content", [b"Dear Sir or Madam", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"\0" * 99]
)
def test_what_is_no_picture_is_called_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "letter.jpg").write_bytes(content)
    with pytest.raises(ImageReadError, match=r"letter\.jpg' is not a picture"):
        read_picture(tmp_path / "letter.jpg")


def encoded(form: str) -> bytes:
    with Image.open(PHOTO) as photo:
        stream = io.BytesIO()
        photo.crop((0, 0, 64, 48)).save(stream, form)
    return stream.getvalue()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM"])
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_file_cut_anywhere_is_refused_or_read_whole(
    tmp_path: Path, form: str, share: float
) -> None:
    # A few last bytes may be missing without loss (an end mark): then nothing may differ.
    data = encoded(form)
    (tmp_path / "whole").write_bytes(data)
    (tmp_path / "cut").write_bytes(data[: int(share * len(data))])
    try:
        picture = read_picture(tmp_path / "cut")
    except ImageReadError:
        return
    assert np.array_equal(picture.pixels, read_picture(tmp_path / "whole").pixels)


@pytest.mark.parametrize("make", [encode_png, encode_tiff])
def test_a_sixteen_bit_file_cut_short_is_refused(tmp_path: Path, make: object) -> None:
    assert callable(make)
    data = make(noise(3, 40, 50, bits=16))
    (tmp_path / "a").write_bytes(data[: len(data) // 2])
    with pytest.raises(ImageReadError, match=r"damaged|not a picture"):
        read_picture(tmp_path / "a")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(form=st.sampled_from(["PNG", "JPEG", "WEBP", "TIFF", "GIF"]), data=st.data())
def test_damaged_bytes_raise_our_errors_only(
    tmp_path: Path, form: str, data: st.DataObject
) -> None:
    content = bytearray(encoded(form))
    for _ in range(3):
        place = data.draw(st.integers(0, min(len(content), 400) - 1))
        content[place] = data.draw(st.integers(0, 255))
    (tmp_path / "a").write_bytes(content)
    try:
        picture = read_picture(tmp_path / "a", max_pixels=10_000)
    except (ImageReadError, ImageTooLargeError):
        return
    assert np.isfinite(picture.pixels).all()


def test_the_limit_on_pixels_is_checked_before_decoding(tmp_path: Path) -> None:
    # A header that promises 60000 x 60000 pixels, with nothing behind it.
    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    body = (
        struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    )
    idat = struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + body + idat)
    with pytest.raises(ImageTooLargeError, match=r"bomb\.png.*60000 x 60000.*--max-pixels"):
        read_picture(tmp_path / "bomb.png")


def test_the_limit_on_pixels_can_be_moved_both_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path / "a.png", image(3))  # 35 pixels
    with pytest.raises(ImageTooLargeError):
        read_picture(path, max_pixels=34)
    # Pillow's own limit must neither warn (warnings are errors here) nor stay changed.
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert read_picture(path, max_pixels=35).pixels.shape == (5, 7, 3)
    assert Image.MAX_IMAGE_PIXELS == 10
