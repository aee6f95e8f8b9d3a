"""One file in, one file out, without the command line."""

from __future__ import annotations

import dataclasses
import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ddrm_cli.degradations.build import build_operator
from ddrm_cli.degradations.table import Degradation
from ddrm_cli.errors import ImageReadError, MeasurementError, UsageError
from ddrm_cli.files.degrading import DegradeRequest, degrade_file
from ddrm_cli.files.names import RestoredFiles
from ddrm_cli.files.record import read_record, record_difference, with_record
from ddrm_cli.files.restoring import FileRestorer, RestoreRequest
from ddrm_cli.images.ending import is_cut_short
from ddrm_cli.images.files import file_digest
from ddrm_cli.images.masks import Mask
from ddrm_cli.images.metadata import RESULT_KEY, Metadata
from ddrm_cli.images.picture import Picture
from ddrm_cli.images.reading import read_picture
from ddrm_cli.images.writing import write_picture
from ddrm_cli.prior import load_model
from ddrm_cli.problem import pose
from ddrm_cli.restoration import Restorer
from ddrm_cli.sampler import denoiser
from ddrm_cli.sampler.settings import SamplerSettings

PHOTO = Path(__file__).parents[1] / "data" / "photos" / "chelsea.png"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    with Image.open(PHOTO) as image:
        image.convert("RGB").crop((100, 60, 148, 92)).save(path)  # 48 x 32
    return path


def measured(photo: Path, name: str, **request: object) -> Path:
    output = photo.with_name(name)
    degrade_file(photo, output, DegradeRequest(**request), overwrite=False)  # type: ignore[arg-type]
    return output


def test_a_photo_needs_a_degradation_and_gets_its_noise_estimated(photo: Path) -> None:
    with pytest.raises(UsageError, match=r"It is not known how .* was degraded"):
        RestoreRequest().read(photo)
    posed = RestoreRequest("sr_bicubic4").read(photo)
    assert posed.problem.image_shape == (3, 128, 192)
    assert posed.problem.sigma_origin == "estimated"
    assert posed.batch.levels == 256


def test_a_measurement_says_all_of_it(photo: Path) -> None:
    path = measured(photo, "y.png", degradation="inp", sigma=0.1, seed=4)
    problem = RestoreRequest().read(path).problem
    assert (problem.sigma, problem.sigma_origin) == (0.1, "from the file")
    random_half = build_operator(Degradation("inp", {"seed": 4}), (3, 32, 48))
    assert torch.equal(problem.operator.measured, random_half.measured)


def test_a_png_and_an_npz_say_the_same(photo: Path) -> None:
    png, npz = (
        RestoreRequest().read(measured(photo, name, degradation="sr4", sigma=0.01))
        for name in ("y.png", "y.npz")
    )
    assert png.problem.image_shape == npz.problem.image_shape
    assert png.problem.sigma == npz.problem.sigma
    assert (png.batch.levels, npz.batch.levels) == (256, None)
    # Only the rounding of 8 bits, and clipping, lie between them.
    assert (png.problem.y - npz.problem.y.clip(0, 1)).abs().max() <= 0.5 / 255 + 1e-6


def test_grey_measurements_become_coloured_pictures(photo: Path) -> None:
    path = measured(photo, "y.png", degradation="color")
    problem = RestoreRequest().read(path).problem
    assert problem.y.shape == (1, 1, 32, 48)
    assert problem.image_shape == (3, 32, 48)


def test_the_noise_of_a_colour_picture_that_is_coloured_is_that_of_its_grey(
    photo: Path, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    path = tmp_path / "noisy.png"
    noisy = 0.5 + rng.normal(0, 0.1, (128, 128, 3))
    Image.fromarray(np.uint8((noisy.clip(0, 1) * 255).round())).save(path)
    # Three independent channels of deviation 0.1 have a mean of 0.1 / sqrt(3); of the quarter of
    # 128 x 128 coefficients that the estimate takes the median is known to two per cent.
    grey, colour = (RestoreRequest(name).read(path).problem.sigma for name in ("color", "deno"))
    assert grey == pytest.approx(0.1 / 3**0.5, rel=0.1)
    assert colour == pytest.approx(0.1, rel=0.1)


def test_exact_numbers_have_no_estimate(photo: Path) -> None:
    path = measured(photo, "y.npz", degradation="cs2")
    assert RestoreRequest().read(path).batch.is_vector
    with pytest.raises(UsageError, match="cannot be estimated"):
        RestoreRequest(sigma="auto").read(path)
    for name in ("cs4", "sr4"):
        with pytest.raises(UsageError, match=f"is a measurement of cs2, not of {name}"):
            RestoreRequest(name).read(path)
    with pytest.raises(UsageError, match="A measurement of cs2 is not a picture"):
        RestoreRequest("cs2").read(photo)


@pytest.mark.parametrize("deg", ["deno", "sr_bicubic4", "cs2"])
def test_masks_and_kernels_only_where_they_belong(deg: str) -> None:
    with pytest.raises(UsageError, match=f"{deg} takes no mask"):
        RestoreRequest(deg, mask=Mask(Path("mask.png")))
    with pytest.raises(UsageError, match=f"{deg} takes no kernel"):
        DegradeRequest(deg, kernel=np.ones((3, 3)))
    with pytest.raises(UsageError, match="deblur needs a kernel"):
        DegradeRequest("deblur")


def rewritten(path: Path, **parameters: object) -> Path:
    """A measurement whose file says other parameters; None is not said."""
    with Image.open(path) as image:
        said = json.loads(image.info["ddrm"])
        changed = {**said["parameters"], **parameters}
        said["parameters"] = {key: value for key, value in changed.items() if value is not None}
        info = PngInfo()
        info.add_text("ddrm", json.dumps(said))
        image.save(path, pnginfo=info)
    return path


def boundary(picture: Path | Image.Image | torch.Tensor, known: Degradation | None) -> object:
    degradation = pose(picture, known, sigma=0.01).degradation
    assert degradation is not None
    return degradation.arguments["boundary"]


def test_who_knows_what_lay_beyond_the_frame(photo: Path) -> None:
    """The user, or else the file; a photograph was cut, what the library computes is mirrored."""
    blur = Degradation("deblur_gauss", {"blur": 1.3})
    tensor = torch.rand(3, 32, 48)
    assert boundary(photo, blur) == "unknown"
    with Image.open(photo) as image:
        assert boundary(image, blur) == "unknown"
    assert boundary(tensor, blur) == "reflect"
    assert boundary(photo, blur.given(boundary="reflect")) == "reflect"
    assert boundary(tensor, blur.given(boundary="unknown")) == "unknown"
    path = measured(photo, "y.png", degradation=blur)
    assert boundary(path, None) == "reflect"
    assert boundary(path, blur) == "reflect"
    assert boundary(path, blur.given(boundary="unknown")) == "unknown"
    assert boundary(rewritten(path, boundary="unknown"), None) == "unknown"
    # Earlier versions mirrored, and did not say it.
    assert boundary(rewritten(path, boundary=None), None) == "reflect"
    # It was noise that was measured: the blur is the photograph's own.
    assert boundary(measured(photo, "noisy.png", degradation="deno"), blur) == "unknown"


@pytest.mark.parametrize("wrong", [{"boundary": "zero"}, {"blur": -1}, {"blur": "wide"}])
def test_parameters_in_a_file_are_not_trusted(photo: Path, wrong: dict[str, object]) -> None:
    path = measured(photo, "y.png", degradation=Degradation("deblur_gauss", {"blur": 1.3}))
    with pytest.raises(MeasurementError, match="damaged"):
        RestoreRequest().read(rewritten(path, **wrong))


@pytest.mark.parametrize("kernel", [[[1, 2], [3]], "text", [1.0, 2.0], [[float("1e400")]]])
def test_a_kernel_in_a_file_is_not_trusted(photo: Path, kernel: object) -> None:
    path = measured(photo, "y.png", degradation="deblur", kernel=np.ones((3, 3)) / 9)
    with pytest.raises(MeasurementError, match="kernel"):
        RestoreRequest().read(rewritten(path, kernel=kernel))


def test_records_hold_the_parameters_not_the_name_alone(photo: Path) -> None:
    """So that a result of another kernel is not taken for this one."""
    kernels = [np.ones((3, 3)) / 9, np.ones((1, 9)) / 9]
    asked = [RestoreRequest("deblur", kernel=kernel).asked for kernel in kernels]
    assert asked[0] != asked[1]
    assert asked[0] == RestoreRequest(Degradation("deblur", {"kernel": kernels[0]})).asked
    assert RestoreRequest("upscale3").asked == RestoreRequest("sr_bicubic3").asked
    assert json.loads(json.dumps(asked)) == asked
    path = measured(photo, "y.png", degradation="deblur", kernel=kernels[0])
    posed = RestoreRequest().read(path)
    files, restorer = RestoredFiles(range(1)), Restorer(load_model(), SamplerSettings(steps=1))
    facts = posed.facts(restorer, restorer.plan(posed.problem), files)
    assert facts["degradation"] == "deblur"
    assert facts["parameters"]["kernel_sha256"] == asked[0]["parameters"]["kernel_sha256"]


def test_each_seed_gives_a_picture_and_the_record_says_how(photo: Path, tmp_path: Path) -> None:
    posed = RestoreRequest("sr2", sigma=0.1).read(photo)
    restorer = Restorer(load_model(precision="float32"), SamplerSettings(steps=1))
    files = RestoredFiles(range(3, 5))
    facts = FileRestorer(restorer, files, {"seed": 3})(tmp_path / "x.png", posed)
    first, second = (tmp_path / f"x_seed{seed}.png" for seed in (3, 4))
    assert not np.array_equal(read_picture(first).pixels, read_picture(second).pixels)
    record = read_record(second)
    assert record is not None
    assert record["asked"] == {"input": file_digest(photo), "seed": 3}
    assert record["seed"] == 4
    plan = restorer.plan(posed.problem).facts
    assert plan["steps"] == 1
    assert {key: record[key] for key in plan} == {key: facts[key] for key in plan} == plan
    assert record["precision"] == facts["precision"] == "float32"


def test_the_record_says_the_precision_that_was_used(
    photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What half precision cannot hold is restored in float32, and the next picture anew."""
    answers = itertools.cycle((False, True))  # as if all overflowed, but in float32
    monkeypatch.setattr(denoiser, "_is_finite", lambda out: next(answers))
    model = load_model(precision="bfloat16")
    restorer = Restorer(model, SamplerSettings(steps=1))
    restore = FileRestorer(restorer, RestoredFiles(range(1)), {})
    for name in ("a.png", "b.png"):
        posed, said = RestoreRequest("deno", sigma=0.1).read(photo), list[str]()
        facts = restore(tmp_path / name, posed, notice=said.append)
        assert facts["precision"] == "float32"
        assert said == ["The network overflows in bfloat16; going on in float32."]
    assert model.precision == torch.bfloat16


def test_metadata_goes_on_to_the_result_with_how_it_was_made(photo: Path, tmp_path: Path) -> None:
    with Image.open(photo) as image:
        exif = image.getexif()
        exif[0x013B] = "somebody"  # artist
        image.save(tmp_path / "signed.png", exif=exif, dpi=(300, 300))
    posed = RestoreRequest("sr2", sigma=0).read(tmp_path / "signed.png")
    pixels = np.zeros((64, 96, 3), np.float32)
    output = tmp_path / "out.png"
    write_picture(output, with_record(posed.result(pixels), {"seed": 1}))
    with Image.open(output) as image:
        assert image.getexif()[0x013B] == "somebody"
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)  # PNG counts in metres
    record = read_record(output)
    assert record is not None
    assert record["seed"] == 1


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif", ".bmp"])
def test_a_result_is_known_again_by_what_it_says_alone(
    photo: Path, tmp_path: Path, suffix: str
) -> None:
    output = tmp_path / f"x{suffix}"
    asked = {"input": file_digest(photo), "seed": 3, "sigma": None}
    result = RestoreRequest("sr2", sigma=0).read(photo).result(np.zeros((64, 96, 3), np.float32))
    write_picture(output, with_record(result, {"asked": asked}))
    told = {
        "nothing": record_difference(output, asked),
        "seed": record_difference(output, {**asked, "seed": 4}),
        "sigma": record_difference(output, {**asked, "parameters": {"factor": 2}}),
        "picture": record_difference(output, {**asked, "input": "0" * 64}),
    }
    if suffix == ".bmp":  # has no place for it: then it may be anything
        assert set(told.values()) == {
            f"'{output}' exists already, and does not say how it was made."
        }
        return
    assert told == {
        "nothing": None,
        "seed": f"'{output}' was made with other settings: seed 3 instead of 4.",
        "sigma": f"'{output}' was made with other settings: factor none instead of 2.",
        "picture": f"'{output}' was made of another picture.",
    }


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
@pytest.mark.parametrize("bits", [8, 16])
def test_a_result_that_was_cut_short_is_not_believed(
    photo: Path, tmp_path: Path, suffix: str, bits: int
) -> None:
    output = tmp_path / f"x{suffix}"
    result = RestoreRequest("sr2", sigma=0).read(photo).result(np.zeros((64, 96, 3), np.float32))
    result = dataclasses.replace(result, bit_depth=bits)
    write_picture(output, with_record(result, {"asked": {"seed": 3}}))
    whole = output.read_bytes()
    output.write_bytes(whole + b"what somebody keeps behind it")
    assert record_difference(output, {"seed": 3}) is None
    # The last mark of a PNG file ends with 4 bytes that nobody needs.
    for length in {*range(1, len(whole) - 4, 97), len(whole) - 5}:
        output.write_bytes(whole[:length])
        told = record_difference(output, {"seed": 3})
        assert told is not None, f"{length} of {len(whole)} bytes"
        assert "cut short" in told or "does not say" in told


def test_a_small_picture_in_a_jpeg_does_not_end_it(tmp_path: Path) -> None:
    path, photo = tmp_path / "a.jpg", Image.new("RGB", (64, 64), (90, 120, 30))
    photo.save(path)
    small = path.read_bytes()
    photo.save(path, comment=small)
    assert not is_cut_short(path)
    path.write_bytes(path.read_bytes()[:-2])
    assert is_cut_short(path)


def test_what_says_nothing_of_how_it_was_made(photo: Path, tmp_path: Path) -> None:
    assert read_record(photo) is None
    assert read_record(tmp_path / "missing.png") is None
    for number, text in enumerate(("no json", "[1]")):
        path = tmp_path / f"{number}.png"
        pixels = np.zeros((1, 1, 3), np.float32)
        write_picture(path, Picture(pixels, metadata=Metadata(text={RESULT_KEY: text})))
        assert read_record(path) is None


def test_a_digest_is_of_the_content_and_of_regular_files_only(tmp_path: Path) -> None:
    first, second = tmp_path / "a.png", tmp_path / "b.png"
    first.write_bytes(b"abc")
    second.write_bytes(b"abc")
    # From the standard's own example.
    assert file_digest(first).startswith("ba7816bf8f01cfea")
    assert file_digest(first) == file_digest(second)
    with pytest.raises(ImageReadError, match="There is no file"):
        file_digest(tmp_path / "missing.png")
    with pytest.raises(ImageReadError, match="is a folder"):
        file_digest(tmp_path)


def test_a_measurement_that_is_too_small(photo: Path, tmp_path: Path) -> None:
    with Image.open(photo) as image:
        image.resize((7, 40)).save(tmp_path / "tiny.png")
    with pytest.raises(MeasurementError, match="too small to be reduced 8 times"):
        degrade_file(
            tmp_path / "tiny.png", tmp_path / "y.png", DegradeRequest("sr8"), overwrite=False
        )
    with pytest.raises(ImageReadError):
        degrade_file(
            tmp_path / "none.png", tmp_path / "y.png", DegradeRequest("sr8"), overwrite=False
        )
