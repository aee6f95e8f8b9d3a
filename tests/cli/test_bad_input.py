"""Bad input: one clear sentence and the next thing to do, an exit code, nothing lost.

0 is done, 1 is "some pictures failed", 2 is wrong usage.
"""

from __future__ import annotations

import errno
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ddrm_cli.restoration import Restoration, Restorer
from ddrm_cli.sampler.denoiser import NetworkDenoiser

from .program import Outcome, Program, files_below, opened
from .test_restore import own_table

QUICK = ("--steps", "1", "--sigma", "0.05")


def assert_refused(outcome: Outcome, exit_code: int, *says: str) -> None:
    """The outcome is one line on stderr that says so, and nothing else."""
    assert outcome.exit_code == exit_code, outcome.stderr
    assert outcome.stdout == ""
    assert "Traceback" not in outcome.stderr
    (line,) = outcome.stderr.splitlines()
    assert line.startswith("Error: ")
    for part in says:
        assert part in line


@pytest.fixture
def bad(folder: Path, photo: Path) -> Path:
    """A folder of files that are no whole pictures, and one that is."""
    bad = folder / "bad"
    bad.mkdir()
    (bad / "empty.png").touch()
    (bad / "text.jpg").write_text("Dear diary,\n" * 100)
    opened(photo).save(bad / "cut.jpg")
    data = (bad / "cut.jpg").read_bytes()
    (bad / "cut.jpg").write_bytes(data[: len(data) // 2])
    photo.rename(bad / "good.png")
    return bad


@pytest.mark.parametrize("command", ["restore", "degrade"])
@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("empty.png", "is empty. Copy or download it again."),
        ("cut.jpg", "is damaged or cut short (image file is truncated"),
        ("text.jpg", "is not a picture, or of a format that is not supported. Use a PNG"),
        ("missing.png", "There is no file or folder 'bad/missing.png'. Check its name."),
    ],
)
def test_a_file_that_is_no_picture(
    ddrm: Program, bad: Path, command: str, name: str, says: str
) -> None:
    before = files_below(bad)
    assert_refused(ddrm(command, f"bad/{name}", "-d", "deno"), 1, says)
    assert files_below(bad) == before


@pytest.mark.slow
@pytest.mark.parametrize("command", ["restore", "degrade"])
def test_in_a_folder_the_rest_goes_on(ddrm: Program, bad: Path, command: str) -> None:
    outcome = ddrm(command, "bad", "-d", "deno", "--sigma", "0.05", "--out", "out")
    assert outcome.exit_code == 1
    assert outcome.stdout == "out/good.png\n"
    for name in ("empty.png", "cut.jpg", "text.jpg"):
        assert outcome.stderr.count(f"bad/{name}") == 1
    assert outcome.stderr.endswith("4 pictures: 1 done, 3 failed.\n")
    assert files_below(Path("out")) == {"good.png"}


@pytest.mark.parametrize("shape", [(1, 1), (3, 1500)])
def test_pictures_of_extreme_shapes_are_restored(
    ddrm: Program, photo: Path, shape: tuple[int, int]
) -> None:
    opened(photo).resize(shape).save("extreme.png")
    outcome = ddrm("restore", "extreme.png", "-d", "deno", *QUICK, "-o", "out.png")
    assert outcome.exit_code == 0, outcome.stderr
    assert opened("out.png").size == shape


def test_too_small_to_be_reduced(ddrm: Program, photo: Path) -> None:
    opened(photo).resize((3, 3)).save("tiny.png")
    assert_refused(ddrm("degrade", "tiny.png", "-d", "sr4"), 1, "too small to be reduced 4 times")


def test_of_an_animation_the_first_frame_is_used_and_said(ddrm: Program, photo: Path) -> None:
    first = opened(photo)
    first.save("anim.gif", save_all=True, append_images=[first.rotate(90)])
    outcome = ddrm("restore", "anim.gif", "-d", "deno", *QUICK)
    assert outcome.exit_code == 0
    assert "only the first of 2 frames is used" in outcome.stderr


def test_a_folder_that_cannot_be_read(
    ddrm: Program, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("closed").mkdir()

    def forbidden(path: str) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", forbidden)  # root may read everything
    assert_refused(ddrm("restore", "closed", "-d", "deno"), 1, "The folder 'closed' cannot be read")


def test_an_output_folder_that_cannot_be_written(
    ddrm: Program, photo: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write anywhere
    assert_refused(ddrm("restore", photo, "-d", "deno", *QUICK), 1, "cannot be written", "--out")
    assert files_below(folder) == {"photo.png"}


def test_an_output_below_a_file(ddrm: Program, photo: Path) -> None:
    outcome = ddrm("restore", photo, "-d", "deno", *QUICK, "--out", "photo.png/x.png")
    assert_refused(outcome, 1, "part of its path is a file")


@pytest.mark.parametrize("command", ["restore", "degrade"])
def test_a_disk_that_is_full(
    ddrm: Program, photo: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    before = photo.read_bytes()
    Path("out.png").write_bytes(before)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    more = ("--steps", "1") if command == "restore" else ()
    outcome = ddrm(command, photo, "-d", "deno", "--sigma", "0.05", *more, "-o", "out.png",
                   "--overwrite")  # fmt: skip
    assert_refused(outcome, 1, "the disk is full. Free some space")
    assert files_below(folder) == {"photo.png", "out.png"}
    assert Path("out.png").read_bytes() == before  # what was there is still there


@pytest.mark.parametrize("command", ["restore", "degrade"])
def test_masks_that_do_not_fit(ddrm: Program, photo: Path, command: str) -> None:
    Image.new("L", (30, 64)).save("small.png")
    Image.new("L", (64, 64), 255).save("white.png")
    Image.new("L", (64, 64), 0).save("black.png")
    for name, says in (
        ("small", "is 30 x 64, the photograph 64 x 64. Draw the mask at the size"),
        ("white", "says that every pixel is missing. Paint only what"),
        ("black", "says that nothing is missing. Paint what"),
        ("none", "There is no file 'none.png'"),
    ):
        outcome = ddrm(command, photo, "-d", "inp", "--mask", f"{name}.png", "--sigma", "0")
        assert_refused(outcome, 1, says)


@pytest.mark.parametrize("command", ["restore", "degrade"])
def test_kernels_that_are_none(ddrm: Program, photo: Path, folder: Path, command: str) -> None:
    np.save("zeros.npy", np.zeros((3, 3)))
    np.save("nan.npy", np.full((3, 3), np.nan))
    Path("words.txt").write_text("one two\n")
    for name, says in (
        ("zeros.npy", "is zero everywhere"),
        ("nan.npy", "not finite"),
        ("words.txt", "not numbers"),
        ("photo.png", "is a picture in colour"),
        ("none.npy", "There is no file 'none.npy'"),
    ):
        # All of a folder would fail in the same way: it is said once.
        outcome = ddrm(command, folder, "-d", "deblur", "--kernel", name)
        assert_refused(outcome, 1, says)


@pytest.mark.parametrize("command", ["restore", "degrade", "evaluate"])
@pytest.mark.parametrize(
    ("sigma", "hint"),
    [
        ("-1", "Give the standard deviation"),
        ("nan", "such as 0.05"),
        ("inf", "such as 0.05"),
        ("25", "25 of 255 is 0.098"),
        ("1.01", "1.01 of 255 is 0.004"),
        ("2570", "2570 of 65535 is 0.039"),
    ],
)
def test_impossible_noise(ddrm: Program, photo: Path, command: str, sigma: str, hint: str) -> None:
    outcome = ddrm(command, ".", "-d", "deno", "--sigma", sigma)
    assert_refused(outcome, 2, f"A sigma of {sigma} is not possible.", hint)
    Path("config.toml").write_text(f"[{command}]\nsigma = {sigma}\n")
    outcome = ddrm(command, ".", "-d", "deno", "--config", "config.toml")
    assert_refused(outcome, 2, f"config.toml: the key '{command}.sigma' is wrong.", hint)


PAPER = ("--preset", "paper")
OF_PAPER = (
    "--spacing, --eta and --eta-b belong to the preset paper. Add --preset paper, or turn --detail."
)
NOT_POSSIBLE = [
    (("--sigma", "abc"), "A sigma of abc is not possible. Give"),
    (("--steps", "0"), "0 steps are not possible. Choose a whole number from 1 to 1000"),
    (("--steps", "5000"), "5000 steps are not possible. Choose a whole number from 1 to 1000"),
    (("--detail", "1.5"), "detail = 1.5 is not possible. Choose a number from 0 to 1."),
    (("--detail", "-0.1"), "detail = -0.1 is not possible. Choose a number from 0 to 1."),
    (("--detail", "nan"), "detail = nan is not possible. Choose a number from 0 to 1."),
    ((*PAPER, "--detail", "0.5"), "The preset paper has no detail. Leave it out, or turn --eta."),
    ((*PAPER, "--eta", "2"), "eta_c = 2.0 is not possible. Choose a number from 0 to 1."),
    ((*PAPER, "--eta", "nan"), "eta_c = nan is not possible. Choose a number from 0 to 1."),
    ((*PAPER, "--eta-b", "-0.1"), "eta_b = -0.1 is not possible. Choose a number from 0 to 1."),
    (("--eta", "0.5"), OF_PAPER),
    (("--preset", "standard", "--eta", "0.5"), OF_PAPER),
    (("--preset", "fast", "--eta-b", "0.5"), OF_PAPER),
    (("--preset", "detailed", "--spacing", "uniform"), OF_PAPER),
    (("--preset", "balanced", "--eta", "0.5"), OF_PAPER),
    (
        ("--model", "imagenet256"),
        "There is no model named 'imagenet256'. Did you mean imagenet-256",
    ),
    (("--deg", "sr17"), "There is no degradation named 'sr17'. Did you mean"),
    (("--preset", "papr"), "There is no preset named 'papr'. Did you mean paper?"),
    ((*PAPER, "--spacing", "cubic"), "There is no spacing named 'cubic'. Choose one of"),
    (("--precision", "float8"), "There is no precision named 'float8'. Did you mean"),
    (("--device", "gpu"), "There is no device named 'gpu'. Did you mean cuda"),
    (("--device", "gpu:0"), "There is no device named 'gpu:0'. Did you mean cuda:0"),
    (("--grow-mask", "2"), "--grow-mask belongs to --mask. Give a mask, or leave it out."),
    (("--invert-mask",), "--invert-mask belongs to --mask. Give a mask, or leave it out."),
    (("--tile", "100"), "multiples of 16, not 100. Try 96."),
    (("--tile", "0"), "A tile of 0 pixels is not possible."),
    (("--batch-size", "0"), "A batch of 0 tiles is not possible. Choose 1 to 65536."),
    (("--deg", "deblur"), "The degradation deblur needs a kernel. Give one with --kernel, or use"),
    (("--mask", "photo.png"), "The degradation deno takes no mask. Leave it out, or use inp."),
    (
        ("--kernel", "kernel.npy"),
        "The degradation deno takes no kernel. Leave it out, or use",
    ),
    (("--out", "x.xyz"), "'x.xyz' does not end in a suffix that can be written. Use one of: .png"),
    (("--out", "x.npz"), "'x.npz' does not end in a suffix that can be written."),
    (("--out", "photo.png"), "would replace the input 'photo.png'. Choose another place"),
    (("--out", "photo.png", "--overwrite"), "would replace the input 'photo.png'."),
    (("--arch", "photo-small", "--model", "x.pt"), "There is no file 'x.pt' of weights"),
    (
        ("--deg", "deblur", "--kernel", "k.png", "--out", "k.png", "--overwrite"),
        "would replace the input 'k.png'.",
    ),
    (
        ("--deg", "inp", "--mask", "k.png", "--out", "k.png", "--overwrite"),
        "would replace the input 'k.png'.",
    ),
    (
        ("--compare", "--original", "k.png", "--out", "k.png", "--overwrite"),
        "would replace the input 'k.png'.",
    ),
]


@pytest.mark.parametrize(("options", "says"), NOT_POSSIBLE, ids=lambda value: " ".join(value))
def test_impossible_options_of_restore(
    ddrm: Program, photo: Path, folder: Path, options: tuple[str, ...], says: str
) -> None:
    np.save("kernel.npy", np.ones((3, 3)))
    Image.new("L", (3, 3), 255).save("k.png")
    outcome = ddrm("restore", "photo.png", "--deg", "deno", "--sigma", "0.05", *options)
    assert_refused(outcome, 2, says)
    assert files_below(folder) == {"photo.png", "kernel.npy", "k.png"}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--deg", "sr17"), "There is no degradation named 'sr17'. Did you mean"),
        (("--deg", "deblur"), "needs a kernel"),
        (("--deg", "deno", "--mask", "photo.png"), "takes no mask"),
        (("--deg", "deno", "--out", "y.jpg"), "Use one of: .png .npz"),
        (("--deg", "cs2", "--out", "y.png"), "Use one of: .npz"),
        ((), "No degradation was given. Choose one with --deg"),
        (
            ("--deg", "deno", "--out", "photo.png", "--overwrite"),
            "would replace the input 'photo.png'",
        ),
    ],
)
def test_impossible_options_of_degrade(
    ddrm: Program, photo: Path, folder: Path, options: tuple[str, ...], says: str
) -> None:
    assert_refused(ddrm("degrade", "photo.png", *options), 2, says)
    assert files_below(folder) == {"photo.png"}


def test_what_the_parser_refuses_is_wrong_usage_too(ddrm: Program, photo: Path) -> None:
    for arguments, says in (
        (("restore",), "Missing argument"),
        (("restore", "photo.png", "--nonsense"), "No such option"),
        (("restore", "photo.png", "--steps", "many"), "--steps"),
        (("restore", "photo.png", "--max-pixels", "0"), "--max-pixels"),
        (("restore", "photo.png", "--seed", "-1"), "--seed"),
        (("restore", "photo.png", "--seed", str(2**30)), "--seed"),
        (("degrade", "photo.png", "--seed", str(2**30)), "--seed"),
        (("undo", "photo.png"), "No such command"),
    ):
        outcome = ddrm(*arguments)
        assert (outcome.exit_code, outcome.stdout) == (2, "")
        assert says in outcome.stderr
        assert "Traceback" not in outcome.stderr


def test_a_photo_without_a_degradation(ddrm: Program, photo: Path) -> None:
    assert_refused(
        ddrm("restore", "photo.png"), 2, "It is not known how 'photo.png' was degraded", "--deg"
    )


def test_holes_that_nobody_showed(ddrm: Program, photo: Path) -> None:
    outcome = ddrm("restore", photo, "-d", "inp", *QUICK)
    assert_refused(outcome, 2, "It is not known which pixels are missing", "--mask")


def test_larger_than_the_limit_until_it_is_raised(ddrm: Program, photo: Path) -> None:
    common = ("restore", photo, "-d", "deno", *QUICK, "--max-pixels")
    assert_refused(ddrm(*common, "4095"), 1, "4096 pixels, more than 4095", "--max-pixels")
    assert ddrm(*common, "4096").exit_code == 0


def test_a_result_that_exists_is_kept_unless_asked(ddrm: Program, photo: Path) -> None:
    common = ("restore", photo, "-d", "deno", *QUICK, "-o", "out.png")
    Path("out.png").write_text("mine")
    assert_refused(ddrm(*common), 1, "'out.png' exists already. Use --overwrite")
    assert Path("out.png").read_text() == "mine"
    assert ddrm(*common, "--overwrite").exit_code == 0
    assert opened("out.png").size == (64, 64)


def test_a_size_that_the_format_cannot_hold_is_found_before_the_work(
    ddrm: Program, photo: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*args: object, **kwargs: object) -> None:
        raise AssertionError("the sampler ran")

    monkeypatch.setattr(Restorer, "__call__", never)
    opened(photo).resize((8192, 1)).save("long.png")
    command = ("restore", "long.png", "-d", "sr2", *QUICK, "-o", "out.webp")
    for more in ((), ("--dry-run",)):
        outcome = ddrm(*command, *more)
        assert_refused(outcome, 1, "'out.webp' cannot hold 16384 x 2 pixels: WebP ends at 16383")


@pytest.mark.slow
@pytest.mark.parametrize("command", ["restore", "degrade"])
def test_a_name_that_grows_too_long_does_not_end_a_folder(
    ddrm: Program, photo: Path, command: str
) -> None:
    Path("in").mkdir()
    opened(photo).save("in/a.png")
    # File systems end at 255 bytes a name.
    photo.rename(Path("in", "x" * 250 + ".png"))
    outcome = ddrm(command, "in", "-d", "deno", "--sigma", "0.05")
    assert outcome.exit_code == 1
    assert outcome.stdout.startswith("in/a_")
    assert "cannot be written: File name too long" in outcome.stderr
    assert outcome.stderr.endswith("2 pictures: 1 done, 1 failed.\n")


def test_several_pictures_and_one_file(ddrm: Program, photo: Path) -> None:
    opened(photo).save("b.png")
    outcome = ddrm("restore", "photo.png", "b.png", "-d", "deno", "-o", "out.png")
    assert_refused(outcome, 2, "2 pictures cannot all be written to 'out.png'. Give a folder")


def test_two_inputs_with_one_name(ddrm: Program, photo: Path) -> None:
    opened(photo).save("photo.jpg")
    Path("more").mkdir()
    opened(photo).save("more/photo.png")
    opened(photo).save("other.png")
    outcome = ddrm("degrade", "photo.png", "more", "other.png", "-d", "deno", "-o", "out")
    assert (outcome.exit_code, outcome.stdout) == (1, "out/other.png\n")
    clash = "'photo.png' and 'more/photo.png' would both be written to 'out/photo.png'. Rename one"
    assert outcome.stderr.count(clash) == 2
    assert outcome.stderr.endswith("3 pictures: 1 done, 2 failed.\n")


def test_a_folder_without_pictures(ddrm: Program, folder: Path) -> None:
    assert_refused(ddrm("restore", folder, "-d", "deno"), 2, "There is no picture in the folder")


def test_cuda_where_there_is_none(
    ddrm: Program, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    outcome = ddrm("restore", ".", "-d", "deno", "--device", "cuda")
    assert_refused(outcome, 1, "The device cuda is not to be had", "Use --device auto")


def test_a_model_that_was_not_downloaded(
    ddrm: Program, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("restore", ".", "-d", "deno", "--sigma", "0.05", "--model", "imagenet-256")
    assert_refused(ddrm(*command), 1, "DDRM_OFFLINE forbids the network", "--from-file")
    monkeypatch.delenv("DDRM_OFFLINE")
    assert_refused(ddrm(*command), 1, "Run: ddrm download imagenet-256, or add --yes.")


class _Trap:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("sprung",)


@pytest.mark.slow
def test_weights_cut_short_or_malicious_are_refused(
    ddrm: Program, photo: Path, folder: Path
) -> None:
    from ddrm_cli.weights import registry

    whole = Path(registry.__file__).with_name("photo-small.pt").read_bytes()
    cut, trap, other = folder / "cut.pt", folder / "trap.pt", folder / "other.pt"
    cut.write_bytes(whole[: len(whole) // 2])
    trap.write_bytes(pickle.dumps(_Trap()))
    torch.save({"weight": torch.zeros(3)}, other)
    for weights, says in (
        (cut, "is damaged or no file of weights. Download it again"),
        (trap, "something else than tensors, possibly code"),
        (other, "does not hold the weights of mine"),
    ):
        Path("models.toml").write_text(own_table(weights))
        # Every picture of a folder would fail alike: it is said once.
        mine = ("--model", "mine", "--models", "models.toml", "--quiet")
        outcome = ddrm("restore", ".", "-d", "deno", *QUICK, *mine)
        assert_refused(outcome, 1, says)
    assert not Path("sprung").exists()
    assert not list(folder.glob("*restored*"))


def test_a_table_of_models_with_a_mistake(ddrm: Program, photo: Path) -> None:
    Path("models.toml").write_text(own_table(Path("x.pt")) + "colour = 'red'\n")
    outcome = ddrm("restore", photo, "-d", "deno", "--models", "models.toml")
    assert_refused(outcome, 2, "models.toml", "colour")


@pytest.mark.parametrize("text", ["{}", "no json", '{"format": 99}'])
def test_a_measurement_whose_description_is_damaged(ddrm: Program, photo: Path, text: str) -> None:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("ddrm", text)
    opened(photo).save("y.png", pnginfo=info)
    assert_refused(ddrm("restore", "y.png", *QUICK), 1, "The measurement's description")


def test_a_measurement_that_was_resized(ddrm: Program, photo: Path) -> None:
    from PIL.PngImagePlugin import PngInfo

    ddrm("degrade", photo, "-d", "sr2", "-o", "y.png")
    info = PngInfo()
    info.add_text("ddrm", opened("y.png").info["ddrm"])
    opened("y.png").resize((20, 20)).save("z.png", pnginfo=info)
    assert_refused(ddrm("restore", "z.png", *QUICK), 1, "was resized after it was measured")


def test_memory_that_runs_out_for_the_smallest_tile(
    ddrm: Program, photo: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(self: object, x: torch.Tensor, sigma: float) -> torch.Tensor:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(NetworkDenoiser, "__call__", exhausted)
    outcome = ddrm("restore", photo, "-d", "deno", *QUICK, "--quiet")
    assert_refused(outcome, 1, "Not even one tile", "Close other programs")
    assert files_below(folder) == {"photo.png"}


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ZeroDivisionError("boom"), "ZeroDivisionError: boom. Run the same command with --debug"),
        (MemoryError(), "Memory ran out. Close other programs"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "Memory ran out."),
        (torch.OutOfMemoryError("CUDA out of memory."), "Memory ran out."),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "Memory ran out."),
    ],
)
def test_what_nobody_expected_is_one_sentence_too(
    ddrm: Program,
    photo: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    says: str,
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise error

    monkeypatch.setattr(Restorer, "__call__", broken)
    command = ("restore", photo, "-d", "deno", *QUICK)
    assert_refused(ddrm(*command), 1, says)
    debugged = ddrm(*command, "--debug")
    assert debugged.exit_code == 1
    assert "Traceback" in debugged.stderr
    assert says in debugged.stderr


def test_what_nobody_expected_does_not_end_a_folder(
    ddrm: Program, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("in").mkdir()
    opened(photo).save("in/a.png")
    opened(photo).save("in/b.png")
    restore = Restorer.__call__
    calls: list[int] = []

    def broken_once(restorer: Restorer, *args: Any, **kwargs: Any) -> Restoration:
        calls.append(1)
        if len(calls) == 1:
            raise ZeroDivisionError("boom")
        return restore(restorer, *args, **kwargs)

    monkeypatch.setattr(Restorer, "__call__", broken_once)
    outcome = ddrm("restore", "in", "-d", "deno", *QUICK, "-o", "out")
    assert (outcome.exit_code, outcome.stdout) == (1, "out/b.png\n")
    assert "in/a.png: This should not have happened: ZeroDivisionError: boom" in outcome.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("restore", "missing.png", "-d", "deno"),
        ("restore", "photo.png", "-d", "deno", "--steps", "0"),
        ("restore", "photo.png", "-d", "deno", "--config", "missing.toml"),
        ("degrade", "missing.png", "-d", "deno"),
    ],
)
def test_debug_shows_a_traceback_and_the_sentence(
    ddrm: Program, photo: Path, arguments: tuple[str, ...]
) -> None:
    plain, debugged = ddrm(*arguments), ddrm(*arguments, "--debug")
    assert debugged.exit_code == plain.exit_code
    assert "Traceback" not in plain.stderr
    assert debugged.stderr.startswith("Traceback")
    assert debugged.stderr.endswith(plain.stderr)
