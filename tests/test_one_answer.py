"""One answer: however a restoration is asked for, its result is the same to the last bit."""

from __future__ import annotations

import dataclasses
import re
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import ddrm_cli
from ddrm_cli.degradations.table import DEGRADATIONS, Degradation
from ddrm_cli.errors import WeightsError
from ddrm_cli.files.degrading import DegradeRequest, degrade_file
from ddrm_cli.files.names import RestoredFiles
from ddrm_cli.files.restoring import FileRestorer, RestoreRequest
from ddrm_cli.images.reading import read_picture
from ddrm_cli.prior import LoadedModel
from ddrm_cli.problem import pose
from ddrm_cli.restoration import Restorer

from .degradations.examples import KERNEL, example
from .test_restoration import tiny_model, write_photo

FAST = ddrm_cli.SamplerSettings(steps=1)
# What is compressed has tests of its own: its noise is not told, its file is no PNG.
PICTURES = [name for name, entry in DEGRADATIONS.items() if entry.gives in ("picture", "grey")]


@pytest.fixture(scope="module")
def tiny() -> LoadedModel:
    return tiny_model()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return write_photo(tmp_path / "photo.png", 32)


def by_command(path: Path, model: LoadedModel, **asked: Any) -> np.ndarray[Any, Any]:
    """What ``ddrm restore`` writes, without its command line."""
    output = path.with_name("command.png")
    restore = FileRestorer(Restorer(model, FAST), RestoredFiles(range(1)), {})
    restore(output, RestoreRequest(**asked).read(path), overwrite=True)
    with Image.open(output) as image:
        return np.asarray(image)


@pytest.mark.parametrize("name", PICTURES)
def test_command_and_library_degrade_alike(name: str, photo: Path, tmp_path: Path) -> None:
    output = tmp_path / "y.npz"
    degrade_file(photo, output, DegradeRequest(example(name), 0.05, 1), overwrite=False)
    x = torch.from_numpy(np.moveaxis(read_picture(photo).pixels, -1, 0).copy())
    y = ddrm_cli.degrade(x, example(name), sigma=0.05, seed=1)
    assert np.array_equal(np.load(output)["y"], y.numpy())


@pytest.mark.parametrize("name", PICTURES)
def test_command_and_library_restore_a_measurement_alike(
    name: str, photo: Path, tmp_path: Path, tiny: LoadedModel
) -> None:
    """The file says all of it; the library takes the file, or its pixels and parameters."""
    y = tmp_path / "y.png"
    degrade_file(photo, y, DegradeRequest(example(name), 0.05, 1), overwrite=False)
    command = by_command(y, tiny)
    from_file = ddrm_cli.restore(y, model=tiny, settings=FAST)
    assert np.array_equal(np.asarray(from_file), command)
    pixels = read_picture(y).pixels
    from_array = ddrm_cli.restore(
        np.rint(pixels * 255).astype(np.uint8), example(name), sigma=0.05, model=tiny, settings=FAST
    )
    assert np.array_equal(from_array, command)


@pytest.mark.parametrize("name", [*PICTURES, "inp with a mask"])
def test_command_and_library_restore_a_photograph_alike(
    name: str, photo: Path, tmp_path: Path, tiny: LoadedModel
) -> None:
    """Nothing is known but the name, the noise is estimated; from a file and from Pillow."""
    asked: dict[str, Any] = {"degradation": name}
    if name.startswith("sr"):  # the result has tiles enough
        with Image.open(photo) as image:
            image.crop((0, 0, 4, 3)).save(photo, dpi=(72, 72))
    if name == "inp":
        with Image.open(photo) as image:
            holes = Image.new("L", image.size, 255)
            holes.paste(0, (10, 10, 20, 16))
            image.putalpha(holes)
            image.save(photo, dpi=(72, 72))
    if name == "inp with a mask":
        mask = Image.new("L", (48, 32))
        mask.paste(255, (10, 10, 20, 16))
        mask.save(tmp_path / "mask.png")
        asked = {"degradation": "inp", "mask": ddrm_cli.Mask(tmp_path / "mask.png")}
    if name == "deblur":
        asked["kernel"] = KERNEL
    if name == "deblur_motion":
        asked["degradation"] = example(name)
    command = by_command(photo, tiny, **asked)
    from_file = ddrm_cli.restore(photo, model=tiny, settings=FAST, **asked)
    with Image.open(photo) as image:
        from_picture = ddrm_cli.restore(image, model=tiny, settings=FAST, **asked)
    assert np.array_equal(np.asarray(from_file), command)
    assert np.array_equal(np.asarray(from_picture), command)
    assert from_file.info["dpi"] == pytest.approx((72, 72), abs=0.1)  # PNG counts in metres


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in DEGRADATIONS if not name.startswith("cs")])
def test_a_name_is_the_operator_that_is_posed_for_it(name: str, tiny: LoadedModel) -> None:
    """Also its margin, its grey and its holes, of which the estimated noise depends."""
    degradation = example(name)
    x = torch.rand(1, 3, 32, 48, generator=torch.Generator().manual_seed(2)) / 4
    x[:, 0] += 0.5  # red: of grey a JPEG keeps no colour, and a picture without any has one channel
    y = ddrm_cli.degrade(x, degradation, sigma=0.0 if name == "jpeg" else 0.05)
    problem = pose(y, degradation)
    by_name = ddrm_cli.restore(y, degradation, model=tiny, settings=FAST)
    by_operator = ddrm_cli.restore(y, problem.operator, model=tiny, settings=FAST)
    assert pose(y, problem.operator).sigma == problem.sigma
    assert torch.equal(by_name, by_operator)


def test_grey_in_three_channels_is_grey_by_name_and_by_operator(tiny: LoadedModel) -> None:
    y = torch.rand(1, 3, 16, 24)
    operator = pose(y, "color").operator
    assert torch.equal(pose(y, operator).y, pose(y, "color").y)


def test_masks_and_kernels_are_the_same_of_any_kind(photo: Path, tmp_path: Path) -> None:
    missing = np.zeros((32, 48), bool)
    missing[4:9, 5:30] = True
    drawn = Image.fromarray(np.uint8(missing * 255))
    drawn.save(tmp_path / "mask.png")
    posed = [pose(photo, "inp", mask=mask) for mask in (missing, drawn, tmp_path / "mask.png")]
    assert all(torch.equal(each.operator.measured, posed[0].operator.measured) for each in posed)
    dots = np.zeros((5, 5))
    dots[1, 3] = dots[3, 0] = 0.5
    Image.fromarray(np.uint8(dots * 510)).save(tmp_path / "kernel.png")
    with Image.open(tmp_path / "kernel.png") as image:
        operators = [
            pose(photo, "deblur", sigma=0.1, kernel=kernel).operator
            for kernel in (dots, image, tmp_path / "kernel.png")
        ]
    assert all(
        torch.equal(each.singular_values, operators[0].singular_values) for each in operators
    )


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_no_result_depends_on_an_earlier_picture(precision: torch.dtype) -> None:
    """Nor on one that overflowed: what goes on in float32 is a copy."""
    model = tiny_model()
    model.network.to(precision)
    y = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    restorer, problem = Restorer(model, FAST), pose(y, "deno", sigma=0.1)
    alone = restorer(problem)
    # A number still, of which the network makes none in any precision.
    huge = dataclasses.replace(problem, y=problem.y * 3e37)
    with pytest.raises(WeightsError):
        restorer(huge)
    again = restorer(problem)
    assert torch.equal(alone.x, again.x)
    assert alone.precision == again.precision == model.precision == precision


def test_two_threads_at_once_get_what_one_gets(tiny: LoadedModel) -> None:
    y = torch.rand(3, 24, 24, generator=torch.Generator().manual_seed(0))
    names = ("deblur_gauss", "sr2", "deno", "inp_lorem")
    expected = [ddrm_cli.restore(y, name, model=tiny, settings=FAST) for name in names]
    found: dict[int, torch.Tensor] = {}
    together = threading.Barrier(len(names))

    def restore(index: int) -> None:
        together.wait()
        found[index] = ddrm_cli.restore(y, names[index], model=tiny, settings=FAST)

    threads = [threading.Thread(target=restore, args=(index,)) for index in range(len(names))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(torch.equal(found[index], each) for index, each in enumerate(expected))


def test_a_photograph_needs_to_say_what_is_missing(photo: Path, tiny: LoadedModel) -> None:
    with pytest.raises(ddrm_cli.errors.UsageError, match="not known which pixels are missing"):
        ddrm_cli.restore(photo, "inp", model=tiny)
    with pytest.raises(ddrm_cli.errors.UsageError, match=r"not known how .*photo.png"):
        ddrm_cli.restore(photo, model=tiny)


def test_transparent_pixels_that_were_filled_are_not_transparent_any_more(
    photo: Path, tiny: LoadedModel
) -> None:
    with Image.open(photo) as image:
        holes = Image.new("L", image.size, 255)
        holes.paste(0, (10, 10, 20, 16))
        image.putalpha(holes)
        filled = ddrm_cli.restore(image, "inp", model=tiny, settings=FAST)
        kept = ddrm_cli.restore(image, "deno", sigma=0.1, model=tiny, settings=FAST)
    assert (filled.mode, kept.mode) == ("RGB", "RGBA")


def test_a_mask_that_the_file_lost_has_to_be_given_again(photo: Path, tmp_path: Path) -> None:
    """A random half is not what a measurement of the user's mask lacks."""
    Image.fromarray(np.uint8(np.eye(32, 48) * 255)).save(tmp_path / "mask.png")
    y = tmp_path / "y.png"
    degrade_file(
        photo, y, DegradeRequest("inp", mask=ddrm_cli.Mask(tmp_path / "mask.png")), overwrite=False
    )
    assert torch.equal(
        pose(y).operator.measured, pose(y, "inp", mask=tmp_path / "mask.png").operator.measured
    )
    with Image.open(y) as image:
        from PIL.PngImagePlugin import PngInfo

        info = PngInfo()
        info.add_text("ddrm", image.info["ddrm"])
        image.convert("RGB").save(y, pnginfo=info)
    with pytest.raises(ddrm_cli.errors.UsageError, match="not known which pixels are missing"):
        pose(y)


# --- what is refused in our words ---


@pytest.mark.parametrize(
    ("picture", "says"),
    [
        (np.full((8, 8, 3), np.nan), "not finite"),
        (np.full((8, 8, 3), np.inf, np.float32), "not finite"),
        (torch.full((3, 8, 8), 255.0), r"up to 255 where pixels are on \[0, 1\]"),
        (torch.full((3, 8, 8), -9.0), r"pixels are on \[0, 1\]"),
        (torch.zeros(0, 3, 8, 8), "holds no pixels"),
        (np.zeros((0, 8, 8, 3)), "holds no pixels"),
        (torch.zeros(3, 0, 8), "holds no pixels"),
        (np.zeros((8, 0, 3)), "holds no pixels"),
    ],
)
def test_what_cannot_be_pixels_is_refused(picture: Any, says: str, tiny: LoadedModel) -> None:
    with pytest.raises(ddrm_cli.errors.DDRMError, match=says):
        ddrm_cli.restore(picture, "deno", model=tiny)
    with pytest.raises(ddrm_cli.errors.DDRMError, match=says):
        ddrm_cli.degrade(picture, "deno")


untyped: Any = ddrm_cli  # what a type checker would not let pass


@pytest.mark.parametrize(
    "call",
    [
        lambda y: untyped.SamplerSettings(steps=2.5),
        lambda y: untyped.TilingSettings(tile=64.0),
        lambda y: untyped.TilingSettings(batch_size=1.5),
        lambda y: untyped.restore(y, "deno", sigma="loud"),
        lambda y: untyped.restore(y, "deno", settings="papr"),
        lambda y: untyped.restore(y, "deno", seed=1.5),
        lambda y: untyped.degrade(y, "inp", seed=-1),
        lambda y: untyped.degrade(y, Degradation("sr4", {"factor": 2})),
        lambda y: untyped.degrade(y, "deblur", kernel=np.ones((3, 3), complex)),
        lambda y: untyped.degrade(y, "inp", mask=np.zeros((8, 8, 3))),
        lambda y: untyped.degrade(y, "inp", mask=[[1, 0], [1]]),
        lambda y: untyped.degrade(y, "inp", mask=5),
        lambda y: untyped.degrade(y, Degradation("inp", {"mask": "none.png"})),
        lambda y: untyped.build_operator(Degradation("inp", {"mask": "none.png"}), (3, 8, 8)),
        lambda y: untyped.build_operator(Degradation("deblur", {"kernel": "k.txt"}), (3, 8, 8)),
        lambda y: untyped.degrade(y, "deblur", kernel=[[1, 0], [1]]),
        lambda y: untyped.degrade(y, "deblur", kernel=5),
        lambda y: untyped.degrade(y, "deno", seed="1", sigma=0.1),
        lambda y: untyped.degrade(y, "inp", seed="1"),
        lambda y: untyped.degrade(y, None),
        lambda y: untyped.degrade(y, 5),
        lambda y: untyped.degrade(y, Degradation(untyped.degrade)),
        lambda y: untyped.degrade(y, Degradation("inp", untyped.degrade)),
        lambda y: untyped.restore(y, "deno", seed="1", sigma=0.1),
        lambda y: untyped.restore(y, "deno", seed=None, sigma=0.1),
        lambda y: untyped.restore(y, "deno", label="cat", sigma=0.1),
        lambda y: untyped.restore(y, "deno", label=1.5, sigma=0.1),
        lambda y: untyped.restore(y, "deno", model=None),
        lambda y: untyped.restore(y, "deno", model=y),
        lambda y: untyped.restore(y, "deno", settings=None),
        lambda y: untyped.restore(y, "deno", tiling=256),
        lambda y: untyped.load_model(None),
        lambda y: untyped.load_model(models=5),
        lambda y: untyped.load_model(device=None),
        lambda y: untyped.load_model(device=torch.device("meta")),
        lambda y: untyped.load_model(precision=torch.int32),
        lambda y: untyped.load_model(precision=None),
        lambda y: untyped.degrade(y, "x" * 300),
        lambda y: untyped.restore("x" * 300, "deno"),
    ],
)
def test_wrong_arguments_are_our_errors(call: Any) -> None:
    with pytest.raises(ddrm_cli.errors.DDRMError):
        call(torch.zeros(3, 8, 8))


def test_restore_has_twelve_arguments_and_each_is_described() -> None:
    import inspect

    parameters = inspect.signature(ddrm_cli.restore).parameters
    assert len(parameters) <= 12
    assert ddrm_cli.restore.__doc__ is not None
    assert all(f"        {name}: " in ddrm_cli.restore.__doc__ for name in parameters)


# --- what user, file and picture say ---


def test_the_strongest_noise_is_no_wrong_unit(tiny: LoadedModel) -> None:
    """A measurement with noise of 1 reaches far beyond any pixel, and is none the less one."""
    y = ddrm_cli.degrade(torch.rand(3, 64, 64), "deno", sigma=1.0)
    assert y.abs().max() > 3
    ddrm_cli.restore(y, "deno", sigma=1.0, model=tiny, settings=FAST)


@pytest.mark.parametrize(
    ("sigma", "hint"),
    [(25, "25 of 255 is 0.098"), (1.5, "1.5 of 255 is 0.0059"), (2570, "2570 of 65535 is 0.039")],
)
def test_noise_in_another_unit_is_refused_with_that_unit(sigma: float, hint: str) -> None:
    y = torch.zeros(3, 8, 8)
    for call in (
        lambda: ddrm_cli.degrade(y, "deno", sigma=sigma),
        lambda: ddrm_cli.restore(y, "deno", sigma=sigma),
        lambda: pose(y, "deno", sigma=sigma),
        lambda: DegradeRequest("deno", sigma),
        lambda: RestoreRequest("deno", sigma),
    ):
        with pytest.raises(ddrm_cli.errors.UsageError, match=hint):
            call()


def test_none_is_not_given() -> None:
    x = torch.rand(1, 16, 16)
    by_seed = ddrm_cli.degrade(x, "inp", seed=5)
    assert torch.equal(ddrm_cli.degrade(x, Degradation("inp", {"seed": None}), seed=5), by_seed)
    assert Degradation("inp", {"mask": None}).parameters == {}


def test_a_measurement_opened_with_pillow_says_what_its_file_says(
    photo: Path, tmp_path: Path
) -> None:
    y = tmp_path / "y.png"
    degrade_file(photo, y, DegradeRequest("deblur", 0.02, kernel=KERNEL), overwrite=False)
    with Image.open(y) as image:
        opened, named = pose(image), pose(y)
    assert (opened.sigma, opened.sigma_origin) == (0.02, "from the file")
    assert torch.equal(opened.y, named.y)


def test_the_users_seed_wins_over_transparency(photo: Path, tmp_path: Path) -> None:
    y = tmp_path / "y.png"
    degrade_file(photo, y, DegradeRequest("inp", seed=3), overwrite=False)
    random_half = pose(y, Degradation("inp", {"seed": 7}), sigma=0.0).operator
    built = ddrm_cli.build_operator(Degradation("inp", {"seed": 7}), (3, 32, 48))
    assert torch.equal(random_half.measured, built.measured)
    assert not torch.equal(random_half.measured, pose(y).operator.measured)


@pytest.mark.parametrize("shape", [(3, 5), (3, 0, 5), (0, 8, 8), (3, 2.5, 8), (1, 3, 8, 8)])
def test_shapes_that_no_picture_has_are_refused(shape: Any) -> None:
    with pytest.raises(ddrm_cli.errors.UsageError, match="no picture of the shape"):
        ddrm_cli.build_operator("deno", shape)


def test_a_masked_array_would_lose_its_mask() -> None:
    with pytest.raises(ddrm_cli.errors.UsageError, match="masked array"):
        ddrm_cli.degrade(np.ma.masked_greater(np.ones((8, 8)), 2), "deno")


def test_devices_and_precisions_are_torchs_own_too() -> None:
    model = ddrm_cli.load_model(device=torch.device("cpu"), precision=torch.bfloat16)
    assert (model.device, model.precision) == (torch.device("cpu"), torch.bfloat16)


@pytest.mark.parametrize("kind", [list, torch.tensor, np.array, str])
def test_masks_and_kernels_may_be_given_among_the_parameters(
    kind: Any, photo: Path, tmp_path: Path
) -> None:
    """As lists, tensors, arrays, or the names of files."""
    missing, kernel = np.eye(32, 48), np.eye(4) / 4
    Image.fromarray(np.uint8(missing * 255)).save(tmp_path / "mask.png")
    np.save(tmp_path / "kernel.npy", kernel)
    given: dict[str, Any] = {"mask": missing.tolist(), "kernel": kernel.tolist()}
    if kind is str:
        given = {"mask": str(tmp_path / "mask.png"), "kernel": tmp_path / "kernel.npy"}
    elif kind is not list:
        given = {name: kind(values) for name, values in given.items()}
    same: Any = (("inp", "mask", missing), ("deblur", "kernel", kernel))
    for name, what, values in same:
        by_argument = pose(photo, name, sigma=0.1, **{what: values}).operator
        by_parameter = pose(photo, Degradation(name, {what: given[what]}), sigma=0.1).operator
        assert torch.equal(by_argument.singular_values, by_parameter.singular_values)
        x = torch.rand(1, 32, 48)
        degraded = ddrm_cli.degrade(x, Degradation(name, {what: given[what]}))
        by_name: Any = {what: values}
        assert torch.equal(degraded, ddrm_cli.degrade(x, name, **by_name))


@pytest.mark.parametrize(
    ("rows", "says"), [(8, "25.0 %"), (20, "62.5 % .*: more than half. --invert-mask")]
)
def test_the_share_that_is_missing_is_said(rows: int, says: str, tiny: LoadedModel) -> None:
    missing = np.zeros((32, 48), bool)
    missing[:rows] = True
    told: list[str] = []
    x = torch.rand(3, 32, 48)
    y = ddrm_cli.degrade(x, "inp", mask=missing, notice=told.append)
    asked: dict[str, Any] = {"sigma": 0.1, "model": tiny, "settings": FAST}
    ddrm_cli.restore(y, "inp", mask=missing, notice=told.append, **asked)
    ddrm_cli.restore(y, pose(y, "inp", mask=missing).operator, notice=told.append, **asked)
    for sentence, what in zip(told, ("left out", "filled in", "filled in"), strict=True):
        assert re.match(says, sentence), told
        assert what in sentence


def test_a_mask_is_inverted_and_then_grown() -> None:
    there, expected = np.zeros((8, 8), bool), torch.zeros(1, 8, 8)
    there[1:7, 1:7] = True
    expected[:, 2:6, 2:6] = 1
    y = ddrm_cli.degrade(torch.ones(1, 8, 8), "inp", mask=ddrm_cli.Mask(there, 1, invert=True))
    assert torch.equal(y, expected)
