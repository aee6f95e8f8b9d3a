"""Kinds of files as people have them: read with the right values, or refused with the reason."""

from __future__ import annotations

import importlib.util
import io
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image, features

from ddrm_cli.errors import ImageReadError, OutputError
from ddrm_cli.images import encoding
from ddrm_cli.images.picture import Picture
from ddrm_cli.images.reading import read_picture
from ddrm_cli.images.tiff_tags import integer_entry, write_tree

SRGB_RED = [1.0, 0.0, 0.0]


def noise(*shape: int, bits: int = 16) -> NDArray[Any]:
    kind = np.uint8 if bits <= 8 else np.uint16
    return np.random.default_rng(0).integers(0, 2**bits, shape).astype(kind)


def tiff(path: Path, samples: NDArray[Any], **options: Any) -> Path:
    tifffile.imwrite(path, samples, **options)
    return path


def plain_tiff(path: Path, data: bytes, tags: Mapping[int, tuple[int, ...]]) -> Path:
    """An uncompressed little-endian TIFF of one strip, of any tags."""
    data += bytes(len(data) % 2)
    tree = {tag: integer_entry("<", *values) for tag, values in tags.items()}
    tree |= {273: integer_entry("<", 8), 279: integer_entry("<", len(data))}
    head = b"II*\0" + struct.pack("<I", 8 + len(data)) + data
    path.write_bytes(head + write_tree(tree, "<", len(head)))
    return path


# Depths and layouts.


@pytest.mark.parametrize("compression", [None, "lzw", "zlib"])
def test_planes_apart(tmp_path: Path, compression: str | None) -> None:
    rgb = noise(64, 48, 3)
    path = tiff(
        tmp_path / "a.tif",
        rgb.transpose(2, 0, 1),
        photometric="rgb",
        planarconfig="separate",
        compression=compression,
    )
    assert np.array_equal(np.rint(read_picture(path).pixels * 65535), rgb)


def test_planes_of_grey_and_alpha_apart(tmp_path: Path) -> None:
    grey, alpha = noise(5, 7, bits=8), noise(5, 7, bits=8) | 1
    path = tiff(
        tmp_path / "a.tif",
        np.stack([grey, alpha]),
        photometric="minisblack",
        planarconfig="separate",
        extrasamples=["unassalpha"],
    )
    picture = read_picture(path)
    assert picture.alpha is not None
    assert np.array_equal(np.rint(picture.pixels[..., 0] * 255), grey)
    assert np.array_equal(np.rint(picture.alpha * 255), alpha)


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_packed_samples_are_white_at_their_largest_value(tmp_path: Path, bits: int) -> None:
    values = noise(4, 8, bits=bits).astype(np.uint16)
    digits = "".join(f"{value:0{bits}b}" for value in values.ravel())
    data = bytes(int(digits[at : at + 8], 2) for at in range(0, len(digits), 8))
    tags = {256: (8,), 257: (4,), 258: (bits,), 259: (1,), 262: (1,), 277: (1,), 278: (4,)}
    picture = read_picture(plain_tiff(tmp_path / "a.tif", data, tags))
    assert picture.bit_depth == 16
    assert np.array_equal(np.rint(picture.pixels[..., 0] * (2**bits - 1)), values)


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "lzw", "predictor": True},
        {"compression": "zstd"},
        {"compression": "lzma"},
        {"compression": "jpeg2000"},
        {"tile": (32, 32)},
        {"bigtiff": True},
        {"byteorder": ">"},
    ],
)
def test_sixteen_bits_are_read_however_they_are_packed(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    rgb = noise(40, 50, 3)
    path = tiff(tmp_path / "a.tif", rgb, photometric="rgb", **options)
    assert np.array_equal(np.rint(read_picture(path).pixels * 65535), rgb)


@pytest.mark.parametrize("compression", ["group3", "group4", "packbits", "tiff_lzw"])
def test_black_and_white_is_read_however_it_is_packed(tmp_path: Path, compression: str) -> None:
    bits = noise(20, 30, bits=1) > 0
    Image.fromarray(bits).save(tmp_path / "a.tif", compression=compression)
    assert np.array_equal(read_picture(tmp_path / "a.tif").pixels[..., 0], bits)


@pytest.mark.parametrize("kind", [np.int8, np.int16])
def test_signed_samples_are_white_at_their_largest_value(tmp_path: Path, kind: type) -> None:
    white = np.iinfo(kind).max
    values: NDArray[Any] = np.array([[0, 1, white // 2, white]], kind)
    picture = read_picture(tiff(tmp_path / "a.tif", values))
    assert np.array_equal(np.rint(picture.pixels[..., 0] * white), values)
    with pytest.raises(ImageReadError, match=r"holds negative numbers.*black"):
        read_picture(tiff(tmp_path / "b.tif", -values))


def test_chroma_at_half_the_size_without_jpeg(tmp_path: Path) -> None:
    # A block of 2 x 2: four of luma, one of each chroma (TIFF 6.0, section 21).
    luma = noise(8, 8, bits=8) // 2 + 64
    blocks = [
        bytes([*luma[y : y + 2, x : x + 2].ravel(), 100, 160])
        for y in range(0, 8, 2)
        for x in range(0, 8, 2)
    ]
    tags = {256: (8,), 257: (8,), 258: (8, 8, 8), 259: (1,), 262: (6,), 277: (3,), 278: (8,)}
    path = plain_tiff(tmp_path / "a.tif", b"".join(blocks), {**tags, 530: (2, 2)})
    y, cb, cr = luma.astype(float), 100 - 128, 160 - 128
    rgb = np.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], axis=2)
    # One level for the rounding of tables.
    assert np.abs(read_picture(path).pixels * 255 - rgb.clip(0, 255)).max() <= 1


@pytest.mark.parametrize("form", ["P6", "P3"])
@pytest.mark.parametrize("white", [1023, 4095, 65535])
def test_ppm_is_white_at_the_value_that_it_states(tmp_path: Path, form: str, white: int) -> None:
    values = np.minimum(noise(48, 64, 3), white)
    head = f"{form} # a comment\n64 48\n# another\n{white}\n".encode()
    text = " ".join(map(str, values.ravel())).encode()
    data = text if form == "P3" else values.astype(">u2").tobytes()
    (tmp_path / "a.ppm").write_bytes(head + data)
    picture = read_picture(tmp_path / "a.ppm")
    assert picture.bit_depth == 16
    assert np.array_equal(np.rint(picture.pixels * white), values)
    (tmp_path / "b.ppm").write_bytes(head + data[: len(data) // 2])
    with pytest.raises(ImageReadError, match="cut short"):
        read_picture(tmp_path / "b.ppm")


def png(
    width: int,
    height: int,
    bits: int,
    rows: bytes,
    *extra: tuple[bytes, bytes],
    colour_type: int = 0,
    interlaced: int = 0,
) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        checksum = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)

    head = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, interlaced)
    chunks = [(b"IHDR", head), *extra]
    chunks += [(b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, body) for kind, body in chunks)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_a_grey_png_of_few_bits_keeps_its_transparent_value(tmp_path: Path, bits: int) -> None:
    values = np.arange(8) % 2**bits
    digits = "".join(f"{value:0{bits}b}" for value in values)
    row = b"\0" + bytes(int(digits[at : at + 8], 2) for at in range(0, len(digits), 8))
    (tmp_path / "a.png").write_bytes(png(8, 1, bits, row, (b"tRNS", struct.pack(">H", 1))))
    picture = read_picture(tmp_path / "a.png")
    assert picture.alpha is not None
    assert np.array_equal(np.rint(picture.pixels[0, :, 0] * (2**bits - 1)), values)
    assert np.array_equal(picture.alpha[0] == 0, values == 1)


def test_an_interlaced_png_of_sixteen_bits(tmp_path: Path) -> None:
    # Adam7 (PNG specification, section 8.2): first column and row, and steps, of each pass.
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4)]
    passes += [(1, 0, 2, 2), (0, 1, 1, 2)]
    rgb = noise(9, 11, 3)
    rows = b"".join(
        b"\0" + row.astype(">u2").tobytes() for x, y, dx, dy in passes for row in rgb[y::dy, x::dx]
    )
    (tmp_path / "a.png").write_bytes(png(11, 9, 16, rows, colour_type=2, interlaced=1))
    assert np.array_equal(np.rint(read_picture(tmp_path / "a.png").pixels * 65535), rgb)


def test_cmyk_of_sixteen_bits_is_rounded_and_said_so(tmp_path: Path) -> None:
    cmyk = np.zeros((4, 5, 4), np.uint16)
    cmyk[..., 1:3] = 65535  # magenta and yellow are red
    picture = read_picture(tiff(tmp_path / "a.tif", cmyk, photometric="separated"))
    assert np.allclose(picture.pixels, SRGB_RED, atol=0.05)
    assert picture.notes[0] == "CMYK of 16 bits a sample was rounded to 8."


# Which page.


def test_a_thumbnail_before_the_picture_is_not_taken_for_it(tmp_path: Path) -> None:
    full = noise(40, 60, 3, bits=8)
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(full[::10, ::10], photometric="rgb", subfiletype=1)
        writer.write(full, photometric="rgb")
        writer.write(full[:8, :8], photometric="rgb")
    picture = read_picture(tmp_path / "a.tif")
    assert np.array_equal(np.rint(picture.pixels * 255), full)
    assert picture.notes == (
        "It has 3 pages: page 2 (60 x 40) is used, "
        "not page 1 (6 x 4, a reduced picture), page 3 (8 x 8).",
    )


def test_a_picture_below_its_thumbnail(tmp_path: Path) -> None:
    full = noise(40, 60, 3, bits=8)
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(full[::10, ::10], photometric="rgb", subfiletype=1, subifds=1)
        writer.write(full, photometric="rgb")
    assert np.array_equal(np.rint(read_picture(tmp_path / "a.tif").pixels * 255), full)


@pytest.mark.parametrize("sensor", ["cfa", 34892])
def test_a_cameras_raw_file_is_no_picture(tmp_path: Path, sensor: Any) -> None:
    mosaic = noise(40, 60) if sensor == "cfa" else noise(40, 60, 3)
    with tifffile.TiffWriter(tmp_path / "a.dng") as writer:
        thumbnail = noise(4, 6, 3, bits=8)
        writer.write(thumbnail, photometric="rgb", subfiletype=1, subifds=1)
        writer.write(mosaic, photometric=sensor)
    with pytest.raises(ImageReadError, match=r"a\.dng' is a camera's raw file.*Develop it first"):
        read_picture(tmp_path / "a.dng")


@pytest.mark.parametrize(
    "head",
    [
        b"II*\0\x10\0\0\0CR\x02\0",
        b"FUJIFILMCCD-RAW ",
        b"IIRO\x08\0\0\0",
        b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom",
    ],
)
def test_raw_files_that_are_no_tiff_are_known_by_their_first_bytes(
    tmp_path: Path, head: bytes
) -> None:
    one_pixel = write_tree({256: integer_entry("<", 1), 257: integer_entry("<", 1)}, "<", 16)
    (tmp_path / "a").write_bytes(head.ljust(16, b"\0") + one_pixel.ljust(64, b"\0"))
    with pytest.raises(ImageReadError, match=r"raw file.*Develop"):
        read_picture(tmp_path / "a")


# True sentences.


@pytest.mark.parametrize(
    ("samples", "options", "reason"),
    [
        (np.ones((4, 5), np.uint32), {}, "whole numbers of 32 bits"),
        (np.ones((4, 5), np.complex64), {}, "complex numbers of 64 bits"),
        (np.ones((4, 5), np.float64) * 2, {}, "floating-point values beyond 0 to 1"),
        (
            noise(4, 5, 12, bits=8),
            {"photometric": "minisblack", "planarconfig": "contig"},
            "12 channels",
        ),
        (noise(4, 5, 3), {"photometric": "cielab"}, "CIELAB of 16 bits"),
    ],
)
def test_an_intact_tiff_is_not_called_damaged(
    tmp_path: Path, samples: NDArray[Any], options: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ImageReadError, match=reason) as caught:
        read_picture(tiff(tmp_path / "a.tif", samples, **options))
    assert "damaged" not in str(caught.value)
    assert "not a picture" not in str(caught.value)


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"\xff\x0a", "a JPEG XL picture"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL picture"),
        (b"8BPS\0\x01", "a Photoshop document"),
    ],
)
def test_formats_that_are_not_supported_are_named(tmp_path: Path, head: bytes, what: str) -> None:
    (tmp_path / "a.jpg").write_bytes(head.ljust(100, b"\0"))
    with pytest.raises(ImageReadError, match=rf"a\.jpg' is {what}, which is not supported"):
        read_picture(tmp_path / "a.jpg")


def test_what_decoders_say_of_damage_is_in_our_sentence_and_not_on_the_terminal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rgb = noise(64, 80, 3, bits=8) // 4
    for name, compression in (("a", "lzw"), ("b", "zlib"), ("c", "packbits")):
        path = tiff(
            tmp_path / f"{name}.tif", rgb, photometric="rgb", compression=compression,
            rowsperstrip=16,
        )  # fmt: skip
        data = bytearray(path.read_bytes())
        data[len(data) // 2 :: 3] = bytes([255]) * len(data[len(data) // 2 :: 3])
        path.write_bytes(data)
        with pytest.raises(ImageReadError, match=r"is damaged or cut short \(.+\)\."):
            read_picture(path)
    assert capfd.readouterr() == ("", "")


# AVIF and HEIC.


@pytest.mark.skipif(not features.check("avif"), reason="Pillow was built without AVIF")
def test_avif_is_read(tmp_path: Path) -> None:
    Image.new("RGB", (16, 12), (200, 100, 50)).save(tmp_path / "a.avif", quality=100)
    picture = read_picture(tmp_path / "a.avif")
    assert picture.pixels.shape == (12, 16, 3)
    # Three levels for the codec's colours.
    assert np.abs(picture.pixels * 255 - [200, 100, 50]).max() <= 3


@pytest.mark.skipif(
    not (features.check("avif") and imagecodecs.AVIF.available), reason="AVIF with 10 bits"
)
@pytest.mark.parametrize("bits", [8, 10])
def test_avif_of_ten_bits_is_rounded_and_said_so(tmp_path: Path, bits: int) -> None:
    data = imagecodecs.avif_encode(noise(16, 16, 3, bits=bits), bitspersample=bits, level=100)
    (tmp_path / "a.avif").write_bytes(data)
    notes = read_picture(tmp_path / "a.avif").notes
    assert notes == (("It has more than 8 bits a sample: they were rounded to 8.",) * (bits == 10))


def test_where_pillow_cannot_read_avif_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.avif").write_bytes(b"\0\0\0\x18ftypavif\0\0\0\0mif1miaf".ljust(99, b"\0"))
    monkeypatch.setattr(features, "check", lambda _: False)
    with pytest.raises(ImageReadError, match="AVIF picture, which this build of Pillow"):
        read_picture(tmp_path / "a.avif")


@pytest.mark.skipif(importlib.util.find_spec("pillow_heif") is None, reason="no pillow-heif")
@pytest.mark.parametrize("bits", [8, 10])
def test_heic_is_read_with_all_its_bits(tmp_path: Path, bits: int) -> None:
    import pillow_heif

    # Steps of 16 bits that 10 bits can tell apart, and 8 can not.
    values = np.repeat(np.arange(64, dtype=np.uint16)[None, :, None] * 64 + 32768, 64, axis=0)
    rgb = np.repeat(values, 3, axis=2)
    mode, data = ("RGB;16", rgb) if bits == 10 else ("RGB", (rgb >> 8).astype(np.uint8))
    heif = pillow_heif.from_bytes(mode, (64, 64), data.tobytes())
    heif.save(tmp_path / "a.heic", quality=-1, chroma=444)
    picture = read_picture(tmp_path / "a.heic")
    assert picture.bit_depth == (16 if bits == 10 else 8)
    # Two levels of what is stored for the codec's colours.
    assert np.abs(picture.pixels - rgb / 65535).max() < 2.5 / (2**bits - 1)


def test_where_there_is_no_heic_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".ljust(99, b"\0"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ImageReadError, match=r"pip install 'ddrm-cli\[heic\]'"):
        read_picture(tmp_path / "a.heic")


# What is written.


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_strips_of_sixteen_bits_join_without_a_seam(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, channels: int
) -> None:
    from ddrm_cli.images import picture, png, tiff_writing

    for module in (picture, png, tiff_writing):
        monkeypatch.setattr(module, "_STRIP", 100)  # several strips of a small picture
    samples = noise(40, 9, channels)
    values = (samples / np.float32(65535)).astype(np.float32)
    colours = 1 if channels < 3 else 3
    alpha = values[..., -1] if channels in (2, 4) else None
    for suffix in (".png", ".tif"):
        data, _ = encoding.encode_picture(Picture(values[..., :colours], alpha, 16), f"a{suffix}")
        decode = imagecodecs.png_decode if suffix == ".png" else imagecodecs.tiff_decode
        assert np.array_equal(decode(data).reshape(samples.shape), samples)


def test_a_picture_too_large_for_tiff_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "LARGEST_TIFF", 2**24 + 100)
    with pytest.raises(OutputError, match=r"TIFF ends at 4 GB.*\.png"):
        encoding.encode_picture(Picture(np.zeros((6, 9, 3), np.float32)), "a.tif")


def test_grey_jpeg_is_a_jpeg_of_one_channel() -> None:
    data, _ = encoding.encode_picture(Picture(np.zeros((6, 9, 1), np.float32)), "a.jpg")
    with Image.open(io.BytesIO(data)) as image:
        assert image.mode == "L"
