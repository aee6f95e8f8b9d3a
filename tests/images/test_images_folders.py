"""Arguments become inputs, each once; nothing is left out silently, nothing stops a folder."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from ddrm_cli.errors import ImageReadError, UsageError
from ddrm_cli.files.record import with_record
from ddrm_cli.images.files import file_digest
from ddrm_cli.images.folders import Source, Survey, survey
from ddrm_cli.images.measurement import MeasurementInfo, write_measurement
from ddrm_cli.images.picture import Picture
from ddrm_cli.images.reading import read_picture
from ddrm_cli.images.writing import write_picture


def make(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def names(root: Path, found: Survey) -> list[str]:
    return [source.path.relative_to(root).as_posix() for source in found.inputs]


def picture(path: Path, level: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_picture(path, Picture(np.full((4, 4, 3), level, np.float32)))
    return path


def result(path: Path, origin: Path, level: float = 0.5) -> Path:
    """A picture whose record says what it was made of."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = Picture(np.full((4, 4, 3), level, np.float32))
    write_picture(path, with_record(pixels, {"asked": {"input": file_digest(origin)}}))
    return path


def test_a_file_stands_for_itself_whatever_its_suffix(tmp_path: Path) -> None:
    make(tmp_path, "b.dat", "a.png", "[1].png")
    arguments = [str(tmp_path / name) for name in ("b.dat", "a.png", "[1].png")]
    assert survey(arguments).inputs == [Source(Path(argument)) for argument in arguments]


def test_a_folder_stands_for_the_pictures_below_it_in_order(tmp_path: Path) -> None:
    make(tmp_path, "b.JPG", "a.png", "sub/c.tiff", "sub/deep/d.npz", "z.webp")
    make(tmp_path, "notes.txt", ".hidden.png", ".cache/e.png", "sub/.f.png")
    found = survey([str(tmp_path)])
    assert names(tmp_path, found) == ["a.png", "b.JPG", "z.webp", "sub/c.tiff", "sub/deep/d.npz"]
    assert {source.root for source in found.inputs} == {tmp_path}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.png", ["a.png"]),
        ("*", ["a.png", "b.jpg"]),
        ("?.jpg", ["b.jpg"]),
        ("[ab].*", ["a.png", "b.jpg"]),
        ("**/*.png", ["a.png", "sub/c.png", "sub/deep/d.png"]),
        ("sub/**", ["sub/c.png", "sub/deep/d.png"]),
    ],
)
def test_patterns_that_no_shell_expanded(tmp_path: Path, pattern: str, expected: list[str]) -> None:
    make(tmp_path, "a.png", "b.jpg", "sub/c.png", "sub/deep/d.png", "notes.txt", ".hidden.png")
    found = survey([str(tmp_path / pattern)])
    assert names(tmp_path, found) == expected
    assert {source.root for source in found.inputs} == {None}


def test_each_file_is_taken_once_in_the_order_of_the_arguments(tmp_path: Path) -> None:
    make(tmp_path, "a.png", "b.png")
    (tmp_path / "c.png").symlink_to("a.png")
    found = survey([str(tmp_path / "b.png"), str(tmp_path), str(tmp_path / "*.png")])
    assert names(tmp_path, found) == ["b.png", "a.png"]
    assert [source.root for source in found.inputs] == [None, tmp_path]


def test_results_of_earlier_runs_are_not_inputs_of_a_folder(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "a_sr4.png", "a_deno.png", "b_sr4.png", "c_other.png", "out/a.png")
    found = survey([str(tmp_path)], besides=[tmp_path / "out"], endings=["_sr4", "_deno"])
    # b_sr4 stays: there is no b that it could be the result of.
    assert names(tmp_path, found) == ["a.jpg", "b_sr4.png", "c_other.png"]
    named = [str(tmp_path / "a_sr4.png"), str(tmp_path / "*_deno.png")]
    assert names(tmp_path, survey(named, endings=["_sr4", "_deno"])) == [
        "a_sr4.png",
        "a_deno.png",
    ]


def test_results_are_no_inputs_where_a_pattern_matches_what_they_came_from(
    tmp_path: Path,
) -> None:
    make(tmp_path, "a.png", "a_sr4.png", "b_sr4.png", "sub/a_sr4.png")
    found = survey([str(tmp_path / "**" / "*.png")], endings=["_sr4"])
    assert names(tmp_path, found) == ["a.png", "b_sr4.png", "sub/a_sr4.png"]
    both = [str(tmp_path / name) for name in ("a.png", "a_sr4.png")]
    assert names(tmp_path, survey(both, endings=["_sr4"])) == ["a.png", "a_sr4.png"]


def test_running_a_folder_twice_takes_the_same_inputs(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "sub/b.png")
    first = survey([str(tmp_path)], endings=["_sr4"])
    for source in first.inputs:
        source.path.with_name(f"{source.path.stem}_sr4.png").touch()
    assert survey([str(tmp_path)], endings=["_sr4"]) == first


def test_nothing_found_is_an_error(tmp_path: Path) -> None:
    make(tmp_path, "empty/notes.txt")
    with pytest.raises(UsageError, match="No picture was given"):
        survey([])
    with pytest.raises(ImageReadError, match=r"no file or folder .*missing\.png"):
        survey([str(tmp_path / "missing.png")])
    with pytest.raises(UsageError, match=r"no picture in the folder '.*' \(left out: 1 \.txt\)"):
        survey([str(tmp_path / "empty")])
    with pytest.raises(UsageError, match="No picture matches"):
        survey([str(tmp_path / "empty" / "*")])


def test_a_folder_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "a.png")

    def refuse(path: object) -> None:  # root may read anything, so ask no real folder
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(ImageReadError, match="cannot be read"):
        survey([str(tmp_path)])


def test_a_subfolder_that_may_not_be_read_is_named_and_the_rest_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "a.png", "lost+found/b.png", "sub/c.png")
    scandir = os.scandir

    def refuse(path: Path) -> object:  # root may read anything
        if path.name == "lost+found":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = survey([str(tmp_path)])
    assert names(tmp_path, found) == ["a.png", "sub/c.png"]
    (error,) = found.unreadable.values()
    assert list(found.unreadable) == [tmp_path / "lost+found"]
    assert "Permission denied" in str(error)


def test_files_that_are_left_out_are_counted_by_suffix(tmp_path: Path) -> None:
    make(tmp_path, "a.png", "b.dng", "sub/c.DNG", "sub/d.txt", "README", ".hidden.txt")
    found = survey([str(tmp_path)])
    assert found.left_out == {".dng": 2, ".txt": 1, "": 1}
    assert found.left_out_words == "left out: 2 .dng, 1 without a suffix, 1 .txt"
    assert survey([str(tmp_path / "a.png")]).left_out_words == ""


def test_linked_folders_are_followed_once(tmp_path: Path) -> None:
    make(tmp_path, "in/a.png", "elsewhere/b.png")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "in" / "same").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "in" / "circle").symlink_to(tmp_path / "in")
    assert names(tmp_path, survey([str(tmp_path / "in")])) == ["in/a.png", "in/link/b.png"]


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
def test_the_result_of_another_picture_is_no_input_whatever_its_name(
    tmp_path: Path, suffix: str
) -> None:
    photo = picture(tmp_path / "photo.png", 0.2)
    result(tmp_path / f"anything{suffix}", photo)
    assert names(tmp_path, survey([str(tmp_path)])) == ["photo.png"]
    assert names(tmp_path, survey([str(tmp_path / "*")])) == ["photo.png"]


def test_what_is_given_as_it_is_is_an_input(tmp_path: Path) -> None:
    """A folder of results, a named file, and what was measured of a result."""
    photo = picture(tmp_path / "in" / "photo.png", 0.2)
    first = result(tmp_path / "out" / "photo.png", photo)
    assert names(tmp_path, survey([str(tmp_path / "out")])) == ["out/photo.png"]
    both = [str(tmp_path / "in"), str(tmp_path / "out")]
    assert names(tmp_path, survey(both)) == ["in/photo.png", "out/photo.png"]
    assert len(survey([str(photo), str(first)]).inputs) == 2
    # A second treatment beside the first: of what was restored once, not of what that gave.
    result(tmp_path / "out" / "again.png", first)
    assert names(tmp_path, survey([str(tmp_path / "out")])) == ["out/photo.png"]
    measured = tmp_path / "in" / "y.png"
    info = MeasurementInfo("deno", {}, 0.1, 0, (4, 4), 3, "1")
    known = read_picture(result(tmp_path / "in" / "photo2.png", photo)).metadata
    write_measurement(measured, np.zeros((4, 4, 3), np.float32), info, metadata=known)
    assert names(tmp_path, survey([str(tmp_path / "in")])) == ["in/photo.png", "in/y.png"]
