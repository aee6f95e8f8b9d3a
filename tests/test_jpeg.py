"""JPEG from end to end: the file, the command and the library say the same."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import ddrm_cli
from ddrm_cli.conversion import read_batch
from ddrm_cli.degradations.compression import Compression
from ddrm_cli.degradations.table import Degradation
from ddrm_cli.errors import MeasurementError, UsageError
from ddrm_cli.evaluation.grid import make_grid
from ddrm_cli.files.degrading import DegradeRequest, degrade_file, measurement_difference
from ddrm_cli.files.restoring import RestoreRequest
from ddrm_cli.images.measurement import read_measurement_info
from ddrm_cli.images.reading import read_picture
from ddrm_cli.images.xmp import with_records
from ddrm_cli.prior import LoadedModel
from ddrm_cli.problem import COMPRESSION, pose
from ddrm_cli.sampler.settings import SamplerSettings

from .test_restoration import tiny_model, write_photo

FAST = ddrm_cli.SamplerSettings(steps=1)
ORIENTATION = 0x0112


@pytest.fixture(scope="module")
def tiny() -> LoadedModel:
    return tiny_model()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """48 x 36 pixels, which no unit of 16 divides."""
    return write_photo(tmp_path / "photo.png", 36)


def saved(path: Path, orientation: int = 1, mode: str = "RGB", **options: object) -> Path:
    """The photograph as a JPEG that some other program wrote."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    with Image.open(path) as image:
        image.convert(mode).save(path.with_suffix(".jpg"), exif=exif, **options)
    return path.with_suffix(".jpg")


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:0"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_what_degrade_writes_is_what_the_library_degrades(
    subsampling: str, mode: str, photo: Path, tmp_path: Path
) -> None:
    """A real JPEG, with its record, and to the last bit the same pixels."""
    with Image.open(photo) as image:
        image.convert(mode).save(photo)
    degradation = Degradation("jpeg", {"quality": 30, "subsampling": subsampling})
    request, output = DegradeRequest(degradation), tmp_path / "y.jpg"
    degrade_file(photo, output, request, overwrite=False)
    with Image.open(photo) as image, Image.open(output) as written:
        assert written.format == "JPEG"
        assert np.array_equal(written, ddrm_cli.degrade(image, degradation))
    info = read_measurement_info(read_picture(output))
    assert info is not None
    assert info.degradation == "jpeg"
    assert info.parameters.items() >= degradation.parameters.items()
    assert measurement_difference(photo, output, request) is None
    other = measurement_difference(photo, output, DegradeRequest("jpeg20"))
    assert other is not None
    assert "quality 30 instead of 20" in other
    exact = tmp_path / "y.npz"
    degrade_file(photo, exact, request, overwrite=False)
    both = [read_batch(file).values for file in (output, exact)]
    assert torch.equal(*both)


def test_a_jpeg_file_says_all_that_is_needed(photo: Path, tiny: LoadedModel) -> None:
    """As a file, as Pillow opens it, and as pixels with its quality; `degrade` wrote it or not."""
    file = saved(photo, quality=30)
    options: dict[str, Any] = {"model": tiny, "settings": FAST}
    from_file = np.asarray(ddrm_cli.restore(file, "jpeg", **options))
    with Image.open(file) as image:
        pixels = np.asarray(image)
        assert np.array_equal(from_file, ddrm_cli.restore(image, "jpeg", **options))
    assert np.array_equal(from_file, ddrm_cli.restore(pixels, "jpeg30", **options))
    written = photo.with_name("y.jpg")
    degrade_file(photo, written, DegradeRequest("jpeg30"), overwrite=False)
    assert np.array_equal(from_file, np.asarray(ddrm_cli.restore(written, **options)))


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_photograph_that_was_turned_is_restored_as_it_lies(
    orientation: int, photo: Path, tiny: LoadedModel
) -> None:
    """The same coefficients, and a result that is the turned result of the picture as it lies."""
    lying = saved(photo, quality=30)
    plain = RestoreRequest("jpeg").read(lying).problem
    turned = RestoreRequest("jpeg").read(saved(photo, orientation, quality=30)).problem
    assert torch.equal(turned.y, plain.y)
    assert (turned.image_shape == plain.image_shape) == (orientation < 5)
    restorer = ddrm_cli.Restorer(tiny, FAST)
    image = Image.fromarray(np.uint8(restorer(plain).x[0, 0].clamp(0, 1) * 255))
    image.getexif()[ORIENTATION] = orientation
    expected = Image.open(io.BytesIO(_png(image)))
    from PIL import ImageOps

    upright = np.asarray(ImageOps.exif_transpose(expected))
    assert np.array_equal(np.uint8(restorer(turned).x[0, 0].clamp(0, 1) * 255), upright)


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", exif=image.getexif())
    return file.getvalue()


def test_the_quality_that_the_user_says_counts(photo: Path) -> None:
    """A file that was compressed at 30 and saved again at 95 has the cells of 30 still."""
    again = saved(photo, quality=30)
    with Image.open(again) as image:
        image.load()
        image.save(again, quality=98, subsampling=0)
    problem = pose(again, "jpeg30")
    assert problem.degradation is not None
    assert "tables" not in problem.degradation.parameters
    assert problem.sigma == Compression.of_quality(30).noise


def test_a_png_needs_a_quality(photo: Path) -> None:
    with pytest.raises(UsageError, match=r"needs a quality. Give one with --jpeg-quality"):
        pose(photo, "jpeg")


@pytest.mark.parametrize(
    ("mode", "options", "says"),
    [("CMYK", {}, "colours are CMYK"), ("RGB", {"keep_rgb": True}, "colours are RGB")],
)
def test_other_colours_are_refused_by_name(
    mode: str, options: dict[str, bool], says: str, photo: Path
) -> None:
    with pytest.raises(MeasurementError, match=says):
        pose(saved(photo, mode=mode, **options), "jpeg")


def test_its_noise_is_not_told(photo: Path) -> None:
    for refused in (
        lambda: RestoreRequest("jpeg", sigma=0.1),
        lambda: RestoreRequest("jpeg20", sigma="auto"),
        lambda: DegradeRequest("jpeg20", 0.1),
        lambda: ddrm_cli.degrade(torch.rand(3, 16, 16), "jpeg20", sigma=0.1),
        lambda: pose(saved(photo, quality=30), "jpeg", sigma=0.1),
        lambda: make_grid(["jpeg20"], [0.0, 0.1], ["photo-small"], [SamplerSettings()]),
    ):
        with pytest.raises(UsageError, match="takes no sigma"):
            refused()
    assert pose(saved(photo, quality=30), "jpeg", sigma=0.0).sigma_origin == COMPRESSION


def test_a_jpeg_hides_noise_that_no_estimate_finds(photo: Path) -> None:
    """Where it would be divided by less than one, no less is assumed than its tables say."""
    hidden = Compression.of_quality(30).hidden_noise
    file = saved(photo, quality=30)
    for sigma in (None, "auto"):
        problem = pose(file, "deblur_gauss", sigma=sigma)
        assert (problem.sigma, problem.sigma_origin) == (hidden, COMPRESSION)
    assert pose(file, "deblur_gauss", sigma=0.001).sigma == 0.001
    assert "which JPEG" in RestoreRequest("sr_bicubic2").read(file).noise_notes[0]
    assert pose(file, "deno").sigma < hidden
    noisy = np.random.default_rng(0).normal(0.5, 0.2, (64, 64, 3)).clip(0, 1)
    Image.fromarray(np.uint8(noisy * 255)).save(file, quality=90, subsampling=0)
    assert pose(file, "deblur_gauss").sigma_origin == "estimated"


def test_a_record_is_not_trusted(photo: Path) -> None:
    output = photo.with_name("y.jpg")
    degrade_file(photo, output, DegradeRequest("jpeg20"), overwrite=False)
    info = read_measurement_info(read_picture(output))
    assert info is not None
    record = json.loads(info.to_json()) | {"parameters": {"subsampling": "none"}}
    with Image.open(output) as image:
        image.load()
        image.save(output, quality=20, xmp=with_records(None, {"Measurement": json.dumps(record)}))
    with pytest.raises(MeasurementError, match="is damaged: subsampling"):
        pose(output)
