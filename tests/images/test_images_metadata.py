"""What a file says besides its pixels is carried: patched where it stands, or a note says what not.

ExifTool and Exiv2, where there are such programs, say the same of a result as of its picture.
"""

from __future__ import annotations

import io
import json
import shutil
import struct
import subprocess
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from ddrm_cli.errors import OutputError
from ddrm_cli.images import encoding
from ddrm_cli.images.exif import HEAD, exif_for_size, exif_with_density, true_exif
from ddrm_cli.images.iptc import iptc_of_resources, iptc_resource
from ddrm_cli.images.jpeg_segments import jpeg_with_metadata
from ddrm_cli.images.metadata import RESULT_KEY, Metadata
from ddrm_cli.images.picture import Picture
from ddrm_cli.images.reading import read_picture
from ddrm_cli.images.tiff_tags import Entry, write_tree
from ddrm_cli.images.writing import write_picture
from ddrm_cli.images.xmp import true_xmp, with_records, without_records, xmp_orientation

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
IPTC = b"\x1c\x02\x05\x00\x05Title\x1c\x02\x69\x00\x03\xc3\xa9!"  # object name, headline
EVERY = [".png", ".jpg", ".webp", ".tif"]

XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Somebody's">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/" tiff:Orientation="6" tiff:ImageWidth="12">
   <tiff:ImageLength>7</tiff:ImageLength>
   <dc:title><rdf:Alt><rdf:li xml:lang="x-default">Kätzchen &amp; Co</rdf:li></rdf:Alt></dc:title>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>""".encode()


def pixels(height: int = 6, width: int = 9) -> np.ndarray:
    return np.random.default_rng(0).random((height, width, 3), np.float32)


def camera_exif(order: str = "<", orientation: int = 6) -> bytes:
    """A block as cameras write it: words that are no ASCII, a maker's note that holds places.

    The note's own directory, at `note`, points to bytes behind it, counted from the block's start.
    """

    def ascii_entry(text: bytes) -> Entry:
        return Entry(2, len(text), text)

    def short(value: int) -> Entry:
        return Entry(3, 1, struct.pack(order + "H", value))

    note_bytes = struct.pack(order + "HHHII", 1, 0x1234, 2, 8, 0xFFFFFFFF) + bytes(4) + b"secret!\0"
    details: dict[int, Any] = {
        0x9286: Entry(7, 12, b"UNICODE\0\xe4\0b\0"),  # UserComment, of type UNDEFINED
        0x927C: Entry(7, len(note_bytes), note_bytes),
        0xA002: short(12),
        0xA003: short(7),
        0xA005: {1: ascii_entry(b"R98\0"), 2: Entry(7, 4, b"0100")},  # interoperability
    }
    tree: dict[int, Any] = {
        271: ascii_entry("Kamera-Fabrik Zürich\0".encode("latin-1")),
        274: short(orientation),
        0x8769: details,
        0x8825: {1: ascii_entry(b"N\0")},
    }
    body = bytearray(b"II*\0" if order == "<" else b"MM\0*")
    body += struct.pack(order + "I", 8) + write_tree(tree, order, 8)
    note = body.index(note_bytes)
    struct.pack_into(order + "I", body, note + 10, note + 18)  # where "secret!" stands
    # A thumbnail in a directory of its own, behind all.
    (entries,) = struct.unpack_from(order + "H", body, 8)
    struct.pack_into(order + "I", body, 10 + 12 * entries, len(body))
    thumbnail = {0x201: Entry(4, 1, b""), 0x202: Entry(4, 1, struct.pack(order + "I", 5))}
    place = len(body) + len(write_tree(thumbnail, order, 0))
    thumbnail[0x201] = Entry(4, 1, struct.pack(order + "I", place))
    return HEAD + bytes(body) + write_tree(thumbnail, order, len(body)) + b"THUMB"


# EXIF.


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_cameras_block_keeps_every_byte_but_those_that_became_untrue(order: str) -> None:
    block = camera_exif(order)
    made = exif_for_size(true_exif(block), 40, 30)
    assert len(made) == len(block)
    changed = [at for at in range(len(block)) if block[at] != made[at]]
    # Orientation, width and height (a byte each, all small), the link to the thumbnail, its bytes.
    assert len(changed) <= 3 + 4 + 5
    assert b"THUMB" not in made
    assert b"secret!" in made
    with Image.open(io.BytesIO(jpeg(made))) as image:
        exif = image.getexif()
        assert exif[274] == 1
        details = exif.get_ifd(0x8769)
        assert (details[0xA002], details[0xA003]) == (40, 30)
        assert exif.get_ifd(0xA005)[1] == "R98"
        assert exif.get_ifd(1) == {}  # no thumbnail


def jpeg(exif: bytes | None = None, **said: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray((pixels() * 255).astype(np.uint8)).save(stream, "JPEG", quality=95)
    return jpeg_with_metadata(stream.getvalue(), Metadata(exif=exif, **said))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_a_result_has_the_cameras_block(tmp_path: Path, suffix: str) -> None:
    block = camera_exif()
    (tmp_path / "a.jpg").write_bytes(jpeg(block))
    picture = read_picture(tmp_path / "a.jpg")
    assert picture.pixels.shape == (9, 6, 3)  # turned
    assert picture.notes == ()
    assert write_picture(tmp_path / f"b{suffix}", picture) == ()
    assert read_picture(tmp_path / f"b{suffix}").metadata.exif == exif_for_size(
        true_exif(block), 6, 9
    )


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_tiff_has_directories_of_its_own_and_no_makers_note(tmp_path: Path, order: str) -> None:
    picture = Picture(pixels(), metadata=Metadata(exif=camera_exif(order, orientation=1)))
    (note,) = write_picture(tmp_path / "a.tif", picture)
    assert "maker's own notes" in note
    with Image.open(tmp_path / "a.tif") as image:
        exif = image.getexif()
        assert exif[271] == "Kamera-Fabrik Zürich"
        details = exif.get_ifd(0x8769)
        assert details[0x9286] == b"UNICODE\0\xe4\0b\0"
        assert (details[0xA002], details[0xA003]) == (9, 6)
        assert 0x927C not in details
        assert exif.get_ifd(0xA005)[1] == "R98"
        assert np.array_equal(np.asarray(image), np.rint(picture.pixels * 255))
    back = read_picture(tmp_path / "a.tif")
    assert back.metadata.exif is not None
    assert back.notes == ()


def test_a_size_beyond_a_short_number_becomes_a_long_one_in_its_place() -> None:
    made = exif_for_size(camera_exif(orientation=1), 70_000, 30)
    assert len(made) == len(camera_exif())
    assert Image.Exif().get_ifd(0x8769) == {}
    exif = Image.Exif()
    exif.load(made)
    assert exif.get_ifd(0x8769)[0xA002] == 70_000


def test_dots_per_inch_in_webp_move_only_the_main_directory() -> None:
    block = camera_exif()
    made = exif_with_density(block, (300, 150))
    exif = Image.Exif()
    exif.load(made)
    assert (float(exif[282]), float(exif[283]), exif[296]) == (300, 150, 2)
    assert made[len(HEAD) + 8 : len(block)] == block[len(HEAD) + 8 :]  # behind the header
    assert exif_with_density(made, (300, 150)) == made


# XMP.


def test_a_packet_says_what_is_true_of_the_result() -> None:
    assert xmp_orientation(XMP) == 6
    made = true_xmp(XMP, 40, 30).decode()
    assert 'tiff:Orientation="1"' in made
    assert 'tiff:ImageWidth="40"' in made
    assert "<tiff:ImageLength>30</tiff:ImageLength>" in made
    assert "Kätzchen &amp; Co" in made
    assert true_xmp(made.encode(), 40, 30) == made.encode()


def test_our_texts_go_into_the_users_packet_and_out_again() -> None:
    texts = {"Result": json.dumps({"a": "<é> & 'b'"})}
    merged = with_records(XMP, texts)
    assert merged is not None
    assert "Kätzchen" in merged.decode()
    rest, found = without_records(merged)
    assert found == texts
    assert rest == without_records(rest or b"")[0]
    assert "Kätzchen" in (rest or b"").decode()
    alone = with_records(None, texts)
    assert alone is not None
    assert without_records(alone) == (None, texts)
    assert without_records(XMP) == (XMP, {})  # the very same bytes


def test_an_orientation_that_only_xmp_states_is_applied_once(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(xmp=XMP))
    picture = read_picture(tmp_path / "a.jpg")
    assert picture.pixels.shape == (9, 6, 3)
    write_picture(tmp_path / "b.png", picture)
    assert read_picture(tmp_path / "b.png").pixels.shape == (9, 6, 3)


@pytest.mark.parametrize(
    "packet", [b"no XML", b"<a/>", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", XMP[:300]]
)
def test_a_damaged_packet_is_dropped_with_a_note(tmp_path: Path, packet: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(xmp=packet))
    picture = read_picture(tmp_path / "a.jpg")
    assert picture.metadata.xmp is None
    assert picture.notes == ("The XMP data was damaged and has been dropped.",)


def test_the_extended_part_of_xmp_is_left_out_and_said_so(tmp_path: Path) -> None:
    extension = b"http://ns.adobe.com/xmp/extension/\0" + bytes(40)
    segment = struct.pack(">BBH", 0xFF, 0xE1, len(extension) + 2) + extension
    data = jpeg()
    (tmp_path / "a.jpg").write_bytes(data[:2] + segment + data[2:])
    assert read_picture(tmp_path / "a.jpg").notes == (
        "The extended part of the XMP data was left out.",
    )


# XMP, IPTC, density and our record, from any format to any other.


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("second", EVERY)
@pytest.mark.parametrize("first", EVERY)
def test_xmp_iptc_and_record_survive_any_chain_of_formats(
    tmp_path: Path, first: str, second: str, bits: int
) -> None:
    record = json.dumps({"degradation": "sr4", "é": [1, 2]})
    metadata = Metadata(xmp=XMP, iptc=IPTC, dpi=(300, 150), text={RESULT_KEY: record})
    notes = write_picture(tmp_path / f"a{first}", Picture(pixels(), None, bits, metadata))
    assert any("IPTC" in note for note in notes) == (first == ".webp")
    write_picture(tmp_path / f"b{second}", read_picture(tmp_path / f"a{first}"))
    back = read_picture(tmp_path / f"b{second}").metadata
    assert back.xmp == true_xmp(XMP, 9, 6)
    assert back.iptc == (None if ".webp" in (first, second) else IPTC)
    assert back.text[RESULT_KEY] == record
    # PNG counts whole dots in a metre: half of one is 0.013 dots an inch.
    assert back.dpi == pytest.approx((300, 150), abs=0.013)


def test_iptc_is_found_among_other_resources() -> None:
    other = struct.pack(">4sHB5sI", b"8BIM", 0x03ED, 4, b"name\0", 3) + b"abc\0"
    assert iptc_of_resources(other + iptc_resource(IPTC)) == IPTC
    assert iptc_of_resources(other) is None
    assert iptc_of_resources(b"8BIM" + bytes(3)) is None


def test_profiles_in_text_chunks_of_other_programs_are_read(tmp_path: Path) -> None:
    info = PngImagePlugin.PngInfo()
    for name, data in (("exif", camera_exif()), ("iptc", iptc_resource(IPTC)), ("xmp", XMP)):
        info.add_text(f"Raw profile type {name}", f"\n{name}\n  {len(data)}\n{data.hex()}\n")
    Image.new("RGB", (9, 6)).save(tmp_path / "a.png", pnginfo=info)
    metadata = read_picture(tmp_path / "a.png").metadata
    assert metadata.exif == true_exif(camera_exif())
    assert (metadata.iptc, metadata.xmp) == (IPTC, XMP)


def test_a_user_packet_too_long_for_jpeg_is_left_out_but_the_record_is_not(tmp_path: Path) -> None:
    long = XMP.replace(b"Co<", b"Co" + b"x" * 70_000 + b"<")
    metadata = Metadata(xmp=long, text={RESULT_KEY: "{}"})
    (note,) = write_picture(tmp_path / "a.jpg", Picture(pixels(), metadata=metadata))
    assert "XMP data is too long" in note
    back = read_picture(tmp_path / "a.jpg").metadata
    assert back.xmp is None
    assert back.text == {RESULT_KEY: "{}"}


# What PNG says of its colours.


def chunk(kind: bytes, body: bytes) -> bytes:
    checksum = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


GAMMA_1 = {"gAMA": struct.pack(">I", 100_000)}
WIDE = {"cICP": bytes((9, 16, 0, 1))}
SRGB_CHUNKS = {"sRGB": b"\0", "gAMA": struct.pack(">I", 45455)}


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize(
    ("chunks", "differs"), [(GAMMA_1, True), (WIDE, True), (SRGB_CHUNKS, False), ({}, False)]
)
def test_what_png_says_of_its_colours_survives_or_is_told(
    tmp_path: Path, chunks: dict[str, bytes], differs: bool, bits: int
) -> None:
    plain, _ = encoding.encode_picture(Picture(pixels(), bit_depth=bits), "a.png")
    said = b"".join(chunk(name.encode(), body) for name, body in chunks.items())
    (tmp_path / "a.png").write_bytes(plain[:33] + said + plain[33:])
    picture = read_picture(tmp_path / "a.png")
    assert write_picture(tmp_path / "b.png", picture) == ()
    assert read_picture(tmp_path / "b.png").metadata.colour == chunks
    notes = write_picture(tmp_path / "b.tif", picture)
    assert any("may look different" in note for note in notes) == differs


def test_a_profile_longer_than_pillow_reads_from_png_is_left_out(tmp_path: Path) -> None:
    profile = SRGB + bytes(1_100_000)
    (tmp_path / "a.jpg").write_bytes(jpeg(icc_profile=profile))
    picture = read_picture(tmp_path / "a.jpg")
    assert picture.metadata.icc_profile == profile
    (note,) = write_picture(tmp_path / "b.png", picture)
    assert "profile is too long for PNG" in note
    with Image.open(tmp_path / "b.png") as image:
        image.load()
    assert write_picture(tmp_path / "b.jpg", picture) == ()
    assert read_picture(tmp_path / "b.jpg").metadata.icc_profile == profile


def test_a_png_with_a_long_profile_is_read(tmp_path: Path) -> None:
    plain, _ = encoding.encode_picture(Picture(pixels()), "a.png")
    profile = SRGB + bytes(1_100_000)
    said = chunk(b"iCCP", b"long\0\0" + zlib.compress(profile))
    (tmp_path / "a.png").write_bytes(plain[:33] + said + plain[33:])
    assert read_picture(tmp_path / "a.png").metadata.icc_profile == profile


@pytest.mark.parametrize("suffix", EVERY)
def test_what_cannot_be_read_again_does_not_take_the_place_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"old")
    for name in ("_by_pillow", "encode_tiff"):
        garbage = b"garbage" * 10
        made: Any = (garbage, ()) if name == "encode_tiff" else garbage
        monkeypatch.setattr(encoding, name, lambda *_, made=made, **__: made)
    with pytest.raises(OutputError, match="cannot be read again"):
        write_picture(path, Picture(pixels()), overwrite=True)
    assert path.read_bytes() == b"old"


# Other programs.

# Where things stand in a file, what a file is, and what must change.
_OF_FILES = ("SourceFile", "ExifTool", "File:", "System:", "Composite:", "IFD1:", "JFIF:", "ICC")


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="no ExifTool here")
def test_exiftool_says_the_same_of_a_result(tmp_path: Path) -> None:
    paths = [tmp_path / "<.jpg", tmp_path / ">.jpg"]
    for path in tuple(paths):
        path.write_bytes(jpeg(camera_exif(path.stem), xmp=XMP, iptc=IPTC))
        for suffix in (".jpg", ".png", ".webp"):
            paths.append(tmp_path / f"{path.stem}result{suffix}")
            write_picture(paths[-1], read_picture(path))
    command = ["exiftool", "-j", "-G1", "-a", "-n", "-struct", *map(str, paths)]
    told = dict[str, dict[str, Any]]()
    for found in json.loads(subprocess.run(command, capture_output=True, check=True).stdout):
        name = Path(found["SourceFile"]).name
        told[name] = {key: v for key, v in found.items() if not key.startswith(_OF_FILES)}
    true = {
        "IFD0:Orientation": 1,
        "ExifIFD:ExifImageWidth": 6,
        "ExifIFD:ExifImageHeight": 9,
        "XMP-tiff:Orientation": 1,
        "XMP-tiff:ImageWidth": 6,
        "XMP-tiff:ImageHeight": 9,
    }
    for path in paths[2:]:
        before, after = told[f"{path.name[0]}.jpg"], told[path.name]
        assert true.items() <= after.items()
        lost = {key for key in before if key not in true and after.get(key) != before[key]}
        iptc = {key for key in before if key.startswith("IPTC")}
        assert len(iptc) == 2
        assert lost == (iptc if path.suffix == ".webp" else set())


@pytest.mark.skipif(shutil.which("exiv2") is None, reason="no Exiv2 here")
@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_exiv2_says_the_same_of_a_result(tmp_path: Path, suffix: str) -> None:
    changed = ("Orientation", "PixelXDim", "PixelYDim", "ImageWidth", "ImageLength", "Thumb")

    def told(path: Path) -> set[str]:
        command = ["exiv2", "-q", "-PEIXkv", str(path)]
        printed = subprocess.run(command, capture_output=True, check=True).stdout
        lines = printed.decode("utf-8", "replace").splitlines()
        return {" ".join(line.split()) for line in lines if not any(w in line for w in changed)}

    (tmp_path / "a.jpg").write_bytes(jpeg(camera_exif(), xmp=XMP, iptc=IPTC))
    write_picture(tmp_path / f"b{suffix}", read_picture(tmp_path / "a.jpg"))
    before = told(tmp_path / "a.jpg")
    assert len(before) > 8
    assert before <= told(tmp_path / f"b{suffix}")
