"""Arguments become inputs, each once; every input has its own output, which is no input."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ddrm_cli.errors import ImageReadError, UsageError
from ddrm_cli.images.folders import (
    Source,
    check_collisions,
    find_pictures,
    is_folder,
    output_path,
)


def make(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def names(root: Path, sources: list[Source]) -> list[str]:
    return [source.path.relative_to(root).as_posix() for source in sources]


def test_a_file_stands_for_itself_whatever_its_suffix(tmp_path: Path) -> None:
    make(tmp_path, "b.dat", "a.png", "[1].png")
    arguments = [str(tmp_path / name) for name in ("b.dat", "a.png", "[1].png")]
    assert find_pictures(arguments) == [Source(Path(argument)) for argument in arguments]


def test_a_folder_stands_for_the_pictures_below_it_in_order(tmp_path: Path) -> None:
    make(tmp_path, "b.JPG", "a.png", "sub/c.tiff", "sub/deep/d.npz", "z.webp")
    make(tmp_path, "notes.txt", ".hidden.png", ".cache/e.png", "sub/.f.png")
    found = find_pictures([str(tmp_path)])
    assert names(tmp_path, found) == ["a.png", "b.JPG", "z.webp", "sub/c.tiff", "sub/deep/d.npz"]
    assert {source.root for source in found} == {tmp_path}


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
    found = find_pictures([str(tmp_path / pattern)])
    assert names(tmp_path, found) == expected
    assert {source.root for source in found} == {None}


def test_each_file_is_taken_once_in_the_order_of_the_arguments(tmp_path: Path) -> None:
    make(tmp_path, "a.png", "b.png")
    (tmp_path / "c.png").symlink_to("a.png")
    found = find_pictures([str(tmp_path / "b.png"), str(tmp_path), str(tmp_path / "*.png")])
    assert names(tmp_path, found) == ["b.png", "a.png"]
    assert [source.root for source in found] == [None, tmp_path]


def test_results_of_earlier_runs_are_not_inputs_of_a_folder(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "a_sr4.png", "a_deno.png", "b_sr4.png", "c_other.png", "out/a.png")
    found = find_pictures([str(tmp_path)], out=tmp_path / "out", labels=["sr4", "deno"])
    # b_sr4 stays: there is no b that it could be the result of.
    assert names(tmp_path, found) == ["a.jpg", "b_sr4.png", "c_other.png"]
    named = [str(tmp_path / "a_sr4.png"), str(tmp_path / "*_deno.png")]
    assert names(tmp_path, find_pictures(named, labels=["sr4", "deno"])) == [
        "a_sr4.png",
        "a_deno.png",
    ]


def test_results_are_no_inputs_where_a_pattern_matches_what_they_came_from(
    tmp_path: Path,
) -> None:
    make(tmp_path, "a.png", "a_sr4.png", "b_sr4.png", "sub/a_sr4.png")
    found = find_pictures([str(tmp_path / "**" / "*.png")], labels=["sr4"])
    assert names(tmp_path, found) == ["a.png", "b_sr4.png", "sub/a_sr4.png"]
    both = [str(tmp_path / name) for name in ("a.png", "a_sr4.png")]
    assert names(tmp_path, find_pictures(both, labels=["sr4"])) == ["a.png", "a_sr4.png"]


def test_running_a_folder_twice_takes_the_same_inputs(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "sub/b.png")
    first = find_pictures([str(tmp_path)], labels=["sr4"])
    for source in first:
        output_path(source, out=None, label="sr4", suffix=".png").touch()
    assert find_pictures([str(tmp_path)], labels=["sr4"]) == first


def test_nothing_found_is_an_error(tmp_path: Path) -> None:
    make(tmp_path, "empty/notes.txt")
    with pytest.raises(UsageError, match="No picture was given"):
        find_pictures([])
    with pytest.raises(ImageReadError, match=r"no file or folder .*missing\.png"):
        find_pictures([str(tmp_path / "missing.png")])
    with pytest.raises(UsageError, match="no picture in the folder"):
        find_pictures([str(tmp_path / "empty")])
    with pytest.raises(UsageError, match="No picture matches"):
        find_pictures([str(tmp_path / "empty" / "*")])


def test_a_folder_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "a.png")

    def refuse(path: object) -> None:  # root may read anything, so ask no real folder
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(ImageReadError, match="cannot be read"):
        find_pictures([str(tmp_path)])


# Outputs.


def test_names_of_outputs() -> None:
    source = Source(Path("in/sub/photo.jpg"), Path("in"))
    alone = Source(Path("in/sub/photo.jpg"))

    def at(source: Source, out: str | None) -> str:
        path = output_path(
            source, out=Path(out) if out else None, label="sr_bicubic4", suffix=".png"
        )
        return path.as_posix()

    assert at(source, None) == at(alone, None) == "in/sub/photo_sr_bicubic4.png"
    assert at(source, "out") == "out/sub/photo.png"
    assert at(alone, "out") == "out/photo.png"
    assert at(alone, "out/new.webp") == "out/new.webp"


def test_an_out_with_a_known_suffix_is_a_file_unless_it_is_a_folder(tmp_path: Path) -> None:
    assert is_folder(tmp_path / "results")
    assert is_folder(tmp_path / "results.v2")
    assert not is_folder(tmp_path / "a.png")
    assert not is_folder(tmp_path / "y.NPZ")
    (tmp_path / "b.png").mkdir()
    assert is_folder(tmp_path / "b.png")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    files=st.sets(
        st.tuples(
            st.sampled_from(["", "s/", "s/t/"]),
            st.sampled_from(["a", "b", "a_sr4"]),
            st.sampled_from([".png", ".jpg", ".tif"]),
        ),
        min_size=1,
    ),
    out=st.sampled_from([None, "out", "in"]),
)
def test_outputs_are_distinct_and_no_inputs_or_the_user_is_told(
    tmp_path: Path, files: set[tuple[str, str, str]], out: str | None
) -> None:
    root = tmp_path / "in"
    sources = [Source(root / (folder + stem + suffix), root) for folder, stem, suffix in files]
    target = tmp_path / out if out else None
    outputs = [
        (source, output_path(source, out=target, label="sr4", suffix=".png")) for source in sources
    ]
    paths = [path for _, path in outputs]
    clash = len(set(paths)) < len(paths) or set(paths) & {source.path for source in sources}
    if clash:
        with pytest.raises(UsageError, match="would"):
            check_collisions(outputs)
    else:
        check_collisions(outputs)


def test_a_collision_names_both_inputs() -> None:
    outputs = [
        (Source(Path("a.jpg")), Path("a_sr4.png")),
        (Source(Path("a.tif")), Path("a_sr4.png")),
    ]
    with pytest.raises(UsageError, match=r"'a\.jpg' and 'a\.tif' would both .*'a_sr4\.png'"):
        check_collisions(outputs)


def test_no_output_replaces_what_else_is_read(tmp_path: Path) -> None:
    source, output = Source(tmp_path / "a.png"), tmp_path / "mask.png"
    check_collisions([(source, output)])
    with pytest.raises(UsageError, match=r"would replace the input .*mask\.png"):
        check_collisions([(source, output)], reads=[tmp_path / "sub" / ".." / "mask.png"])
