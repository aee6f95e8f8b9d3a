"""Runs over folders: nothing stops them, nothing is made twice, nothing is replaced."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ddrm_cli.errors import WeightsError
from ddrm_cli.restoration import Restoration, Restorer
from ddrm_cli.weights import registry
from tests.closed import closed_folder

from .program import Program, files_below, opened

ONE = ("-d", "deno", "--steps", "1", "--sigma", "0.05")


@pytest.fixture
def photos(photo: Path) -> Path:
    """A folder of two pictures of 16 x 16 pixels."""
    folder = Path("in")
    folder.mkdir()
    small = opened(photo).resize((16, 16))
    small.save(folder / "a.png")
    small.rotate(90).save(folder / "b.jpg")
    return folder


def test_an_entry_that_cannot_be_read_is_named_and_the_rest_is_done(
    ddrm: Program, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed_folder(photos / "lost+found", monkeypatch)
    (photos / "c.dng").touch()
    outcome = ddrm("restore", photos, *ONE, "-o", "out")
    assert outcome.exit_code == 1
    assert outcome.stdout == "out/a.png\nout/b.png\n"
    assert outcome.stderr.splitlines() == [
        "Left out: 1 .dng.",
        "The folder 'in/lost+found' cannot be read: Permission denied. Change its permissions.",
        "3 pictures: 2 done, 1 failed.",
    ]
    again = ddrm("restore", photos, *ONE, "-o", "out", "--json")
    (failed,) = (each for each in again.objects if each["status"] == "failed")
    assert (failed["input"], failed["output"]) == ("in/lost+found", None)
    assert again.summary["left_out"] == {".dng": 1}
    assert (again.summary["skipped"], again.summary["failed"]) == (2, 1)


@pytest.mark.parametrize("out", [(), ("--out", "out")])
def test_a_second_file_of_one_stem_does_not_make_the_first_again(
    ddrm: Program, photos: Path, out: tuple[str, ...]
) -> None:
    """Its result was finished under the shorter name, and is known by its record."""
    command = ("restore", str(photos), *ONE, *out)
    first = ddrm(*command).stdout.splitlines()
    before = {name: Path(name).stat().st_mtime_ns for name in first}
    opened(photos / "a.png").rotate(180).save(photos / "a.jpg")
    second = ddrm(*command)
    ending = "" if out else "_restored_deno"
    folder = "out" if out else "in"
    assert second.exit_code == 0, second.stderr
    assert second.stdout == f"{folder}/a.jpg{ending}.png\n"
    assert f"{folder}/a{ending}.png: exists already, skipped." in second.stderr
    assert {name: Path(name).stat().st_mtime_ns for name in first} == before
    assert ddrm(*command).stdout == ""
    # And the other way round, when the first file goes.
    (photos / "a.png").unlink()
    Path(f"{folder}/a{ending}.png").unlink()
    last = ddrm(*command)
    assert last.stdout == ""
    assert f"{folder}/a.jpg{ending}.png: exists already, skipped." in last.stderr


def test_a_result_that_another_run_was_first_to_write_counts(
    ddrm: Program, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it happens on file systems without locks, or with those of one machine only."""
    ddrm("restore", photos, *ONE, "-o", "other")
    restore = Restorer.__call__

    def meanwhile(*arguments: Any, **options: Any) -> Restoration:
        shutil.copy("other/a.png", "out/a.png")
        shutil.copy("other/a.png", "out/b.png")
        return restore(*arguments, **options)

    monkeypatch.setattr(Restorer, "__call__", meanwhile)
    outcome = ddrm("restore", photos, *ONE, "-o", "out")
    assert outcome.exit_code == 1
    assert outcome.stderr.splitlines() == [
        "out/a.png: exists already, skipped.",
        "in/b.jpg: 'out/b.png' was made of another picture. Choose another --out, or --overwrite.",
        "2 pictures: 1 skipped, 1 failed.",
    ]


def test_a_result_that_was_renamed_is_no_input(ddrm: Program, photos: Path) -> None:
    ddrm("restore", photos, *ONE)
    (photos / "a_restored_deno.png").rename(photos / "my favourite.png")
    again = ddrm("restore", photos, *ONE)
    assert again.stdout == "in/a_restored_deno.png\n"  # made again: it is not where it was
    assert "my favourite" not in again.stderr


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (("--format", "jpg"), ["a_restored_deno.jpg", "b_restored_deno.jpg"]),
        (("--format", "tiff", "-o", "in/out"), ["out/a.tiff", "out/b.tiff"]),
        (("--format", "same"), ["a_restored_deno.png", "b_restored_deno.jpg"]),
        (("--suffix", "-new"), ["a-new.png", "b-new.png"]),
        (("--suffix", "_x", "-o", "in/out"), ["out/a_x.png", "out/b_x.png"]),
        (("-o", "in/out.png/"), ["out.png/a.png", "out.png/b.png"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_names_and_formats_of_results(
    ddrm: Program, photos: Path, options: tuple[str, ...], names: list[str]
) -> None:
    command = ("restore", str(photos), *ONE, *options)
    outcome = ddrm(*command)
    assert outcome.exit_code == 0, outcome.stderr
    assert outcome.stdout.splitlines() == [f"in/{name}" for name in names]
    again = ddrm(*command)
    assert (again.exit_code, again.stdout) == (0, "")
    assert again.stderr.count("exists already, skipped") == 2


def test_what_cannot_be_written_as_it_came_is_a_png_with_a_note(
    ddrm: Program, photos: Path
) -> None:
    opened(photos / "a.png").save("a.gif")
    outcome = ddrm("restore", "a.gif", *ONE, "--format", "same")
    assert outcome.stdout == "a_restored_deno.png\n"
    assert outcome.stderr == "a.gif: .gif cannot be written: the result is a PNG.\n"


def test_bmp_cannot_remember_and_is_never_taken_for_done(ddrm: Program, photos: Path) -> None:
    opened(photos / "a.png").save(photos / "c.bmp")
    command = ("restore", str(photos), *ONE, "--format", "same", "-o", "out")
    assert ddrm(*command).exit_code == 0
    again = ddrm(*command)
    assert again.exit_code == 1
    assert "'out/c.bmp' exists already, and does not say how it was made." in again.stderr
    assert again.stderr.endswith("3 pictures: 2 skipped, 1 failed.\n")


@pytest.mark.parametrize("suffix", ["jpg", "webp"])
def test_quality_makes_smaller_files_and_is_remembered(
    ddrm: Program, photo: Path, suffix: str
) -> None:
    sizes = []
    for quality in ("20", "90"):
        out = f"{quality}.{suffix}"
        assert ddrm("restore", photo, *ONE, "-o", out, "--quality", quality).exit_code == 0
        sizes.append(Path(out).stat().st_size)
    assert sizes[0] < sizes[1]
    command = ("restore", "p?*.png", *ONE, "--format", suffix)
    ddrm(*command)
    other = ddrm(*command, "--quality", "50")
    assert "was made with other settings: quality none instead of 50" in other.stderr


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--quality", "50"), "--quality belongs to JPEG and WebP. Add --format jpg or webp."),
        (("--format", "gif"), "There is no format named 'gif'."),
        (("--format", "jpg", "-o", "x.png"), "'x.png' is not of the format jpg."),
        (("--suffix", "a/b"), "'--suffix a/b' is no end of a name."),
        (("--progress", "dots"), "There is no kind of progress named 'dots'."),
    ],
)
def test_options_that_do_not_fit(
    ddrm: Program, photo: Path, folder: Path, options: tuple[str, ...], says: str
) -> None:
    outcome = ddrm("restore", photo, *ONE, *options)
    assert outcome.exit_code == 2
    assert says in outcome.stderr
    assert files_below(folder) == {"photo.png"}


def test_a_folder_of_masks_is_paired_by_name(ddrm: Program, photos: Path) -> None:
    (photos / "masks").mkdir()
    mask = Image.new("L", (16, 16))
    mask.paste(255, (4, 4, 8, 8))
    mask.save(photos / "masks" / "a.png")
    command = ("restore", str(photos), "-d", "inp", "--sigma", "0", "--steps", "1", "-o", "out")
    outcome = ddrm(*command, "--mask", photos / "masks")
    assert (outcome.exit_code, outcome.stdout) == (1, "out/a.png\n")
    assert "There is no mask for 'in/b.jpg'." in outcome.stderr
    differs = np.any(np.asarray(opened("out/a.png")) != np.asarray(opened("in/a.png")), axis=2)
    assert not differs[np.asarray(mask) == 0].any()
    degraded = ddrm("degrade", photos / "a.png", "-d", "inp", "--mask", photos / "masks")
    assert degraded.exit_code == 0, degraded.stderr
    mask.paste(255, (0, 0, 4, 4))
    mask.save(photos / "masks" / "a.png")
    other = ddrm(*command, "--mask", photos / "masks")
    assert "was made with other settings: another mask." in other.stderr


def test_an_edited_result_is_not_replaced_when_more_is_asked_for(
    ddrm: Program, photos: Path
) -> None:
    (photos / "b.jpg").unlink()
    command = ("restore", str(photos), *ONE, "-o", "out")
    ddrm(*command, "--samples", "2")
    for name in ("out/a_seed0.png", "out/a_seed1.png"):
        with Image.open(name) as image:
            edited = Image.eval(image, lambda level: 255 - level)
            text = image.info["ddrm-result"]
        info = PngInfo()
        info.add_text("ddrm-result", text)
        edited.save(name, pnginfo=info)
    before = {name: Path("out", name).read_bytes() for name in files_below(Path("out"))}
    more = ddrm(*command, "--samples", "3", "--compare")
    assert more.exit_code == 0, more.stderr
    assert more.stdout.splitlines() == ["out/a_seed2.png", "out/a_compare.png"]
    assert {name: Path("out", name).read_bytes() for name in before} == before


def test_a_figure_in_the_way_of_a_result_is_named(ddrm: Program, photos: Path) -> None:
    Path("out").mkdir()
    Path("out/a_compare.png").write_text("mine")
    outcome = ddrm("restore", photos, *ONE, "--compare", "-o", "out")
    assert "'out/a_compare.png' exists already." in outcome.stderr
    assert "made with other settings" not in outcome.stderr
    assert Path("out/a_compare.png").read_text() == "mine"
    assert outcome.stdout.splitlines() == ["out/b.png", "out/b_compare.png"]


def test_an_input_under_another_name_is_not_replaced(ddrm: Program, photos: Path) -> None:
    """As where a folder is mounted twice: no path tells that both are one file."""
    Path("out").mkdir()
    os.link(photos / "a.png", "out/a.png")
    before = Path("in/a.png").read_bytes()
    outcome = ddrm("restore", photos, *ONE, "-o", "out", "--overwrite")
    assert (outcome.exit_code, outcome.stdout) == (1, "out/b.png\n")
    assert "would replace the input 'out/a.png'" in outcome.stderr
    assert Path("in/a.png").read_bytes() == before


@pytest.mark.skipif(os.name == "nt", reason="has no such modes")
def test_a_private_file_stays_private(ddrm: Program, photo: Path) -> None:
    Path("out.png").touch(mode=0o600)
    assert ddrm("restore", photo, *ONE, "-o", "out.png", "--overwrite").exit_code == 0
    assert Path("out.png").stat().st_mode & 0o777 == 0o600


def test_a_picture_that_is_replaced_meanwhile_is_not_taken_for_done(
    ddrm: Program, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (photos / "b.jpg").unlink()
    restore = Restorer.__call__

    def replaced(self: Restorer, *args: object, **kwargs: object) -> object:
        opened("in/a.png").rotate(90).save("in/a.png")
        return restore(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Restorer, "__call__", replaced)
    command = ("restore", str(photos), *ONE, "-o", "out")
    assert ddrm(*command).exit_code == 0
    again = ddrm(*command)
    assert again.exit_code == 1
    assert "'out/a.png' was made of another picture." in again.stderr


@pytest.mark.parametrize("wrong", ["picture", "mask", "space"])
def test_what_can_be_known_is_known_before_a_model_is_downloaded(
    ddrm: Program, photo: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    def never(*args: object, **kwargs: object) -> None:
        raise WeightsError("A download began.")

    monkeypatch.setattr("ddrm_cli.cli.restore_task.ensure_cached", never)
    Image.new("L", (3, 3), 255).save("mask.png")
    if wrong == "picture":
        photo.write_bytes(photo.read_bytes()[:100])
    if wrong == "space":
        monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=1))
    mask = ("-d", "inp", "--mask", "mask.png") if wrong == "mask" else ("-d", "deno")
    outcome = ddrm("restore", photo, *mask, "--sigma", "0.1", "--model", "imagenet-256")
    assert outcome.exit_code == 1
    says = {"picture": "is damaged", "mask": "The mask 'mask.png'", "space": "There is no room"}
    assert says[wrong] in outcome.stderr
    assert "A download began." not in outcome.stderr


def test_figures_are_no_inputs_whatever_the_results_were_called(
    ddrm: Program, photos: Path
) -> None:
    figures = ("--samples", "2", "--average", "--compare", "--save-progress")
    first = ddrm("restore", photos, *ONE, *figures, "--suffix", "-x")
    assert first.exit_code == 0, first.stderr
    assert len(first.stdout.splitlines()) == 10
    plain = ddrm("restore", photos, "-d", "sr2", *ONE[2:])
    assert plain.stdout == "in/a_restored_sr2.png\nin/b_restored_sr2.png\n"


def test_a_figure_with_another_original_is_not_taken_for_this_one(
    ddrm: Program, photos: Path
) -> None:
    (photos / "b.jpg").unlink()
    command = ("restore", str(photos), *ONE, "-o", "out", "--compare", "--original")
    original = Path("original.png")
    opened(photos / "a.png").save(original)
    assert ddrm(*command, original).exit_code == 0
    assert "exists already, skipped" in ddrm(*command, original).stderr
    opened(original).rotate(90).save(original)
    other = ddrm(*command, original)
    assert "'out/a_compare.png' was made with other settings: another original." in other.stderr


def test_other_weights_are_noticed(ddrm: Program, photos: Path) -> None:
    weights = Path(registry.__file__).with_name("photo-small.pt")
    shutil.copy(weights, "mine.pt")
    command = ("restore", str(photos), *ONE, "-o", "out", "-m", "mine.pt", "--arch", "photo-small")
    assert ddrm(*command).exit_code == 0
    assert ddrm(*command).stderr.count("exists already, skipped") == 2
    Path("mine.pt").write_bytes(weights.read_bytes() + b"\0")
    other = ddrm(*command)
    assert other.stderr.count("was made with other settings: another weights.") == 2
