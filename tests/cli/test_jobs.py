"""Every input has its own output, which is no input; what cannot be is named, job by job."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ddrm_cli.cli.jobs import Job, Naming, Target, clashes, jobs_of
from ddrm_cli.errors import UsageError
from ddrm_cli.images.folders import Source

NAMING = Naming("_sr4", "", ("_sr4",), (".png", ".jpg"))


def outputs(names: list[str], out: str | None, naming: Naming = NAMING) -> list[str]:
    root = Path("in")
    sources = [Source(root / name, root) for name in names]
    jobs = jobs_of(sources, Target.of(out), naming, several=True)
    return [job.output.as_posix() for job in jobs]


def test_names_beside_inputs_and_in_a_folder() -> None:
    assert outputs(["sub/photo.jpg"], None) == ["in/sub/photo_sr4.png"]
    assert outputs(["sub/photo.jpg"], "out") == ["out/sub/photo.png"]
    assert outputs(["sub/photo.jpg"], "new.jpg") == ["new.jpg"]
    named = Naming("_x", "_x", (), (".png",), "same")
    assert outputs(["a.jpg", "b.gif"], "out", named) == ["out/a_x.jpg", "out/b_x.png"]


def test_equal_stems_keep_their_suffix_and_remember_the_shorter_name() -> None:
    root = Path("in")
    sources = [Source(root / name, root) for name in ("a.jpg", "a.png", "b.png")]
    for out, ending in ((None, "_sr4"), ("out", "")):
        folder = out or "in"
        jobs = jobs_of(sources, Target.of(out), NAMING, several=True)
        names = [(job.output.as_posix(), job.former.as_posix()) for job in jobs]
        assert names == [
            (f"{folder}/a.jpg{ending}.png", f"{folder}/a{ending}.png"),
            (f"{folder}/a.png{ending}.png", f"{folder}/a{ending}.png"),
            (f"{folder}/b{ending}.png", f"{folder}/b.png{ending}.png"),
        ]


@pytest.mark.parametrize(
    ("out", "several", "is_folder"),
    [
        ("results", False, True),
        ("results.v2", True, True),
        ("results.v2", False, False),
        ("a.png", True, False),
        ("y.NPZ", True, False),
        ("a.png/", False, True),
        ("x" * 300, False, True),
        ("x" * 300 + ".png", False, False),
        ("there.png", False, True),
    ],
)
def test_what_out_means(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str, several: bool, is_folder: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there.png").mkdir()
    assert Target.of(out).folder(several) == (Path(out) if is_folder else None)


def test_a_file_is_for_one_picture_of_a_format_that_can_be_written() -> None:
    with pytest.raises(UsageError, match=r"2 pictures cannot all be written to 'x\.png'"):
        outputs(["a.png", "b.png"], "x.png")
    with pytest.raises(UsageError, match="does not end in a suffix"):
        outputs(["a.png"], "x.tif")
    with pytest.raises(UsageError, match=r"'x\.png' is not of the format jpg"):
        outputs(["a.png"], "x.png", Naming("", "", (), (".png", ".jpg"), "jpg"))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    files=st.sets(
        st.tuples(
            st.sampled_from(["", "s/", "s/t/"]),
            st.sampled_from(["a", "b", "a_sr4", "a.png"]),
            st.sampled_from([".png", ".jpg", ".tif"]),
        ),
        min_size=1,
    ),
    out=st.sampled_from([None, "out", "in"]),
)
def test_outputs_that_do_not_clash_are_distinct_and_no_inputs(
    tmp_path: Path, files: set[tuple[str, str, str]], out: str | None
) -> None:
    root = tmp_path / "in"
    sources = [Source(root / (folder + stem + suffix), root) for folder, stem, suffix in files]
    target = Target.of(None if out is None else str(tmp_path / out))
    target = Target(target.path, is_folder=target.path is not None)
    jobs = jobs_of(sources, target, NAMING, several=True)
    wrong = clashes(jobs, lambda output: [output], [])
    left = [job.output for job in jobs if job not in wrong]
    assert len(set(left)) == len(left)
    assert not set(left) & {source.path for source in sources}
    if out == "out":
        assert not wrong


def test_only_what_clashes_is_named() -> None:
    jobs = [
        Job(Source(Path(name)), Path(output), Path(output))
        for name, output in (("1/a.jpg", "a.png"), ("2/a.jpg", "a.png"), ("b.jpg", "b.png"))
    ]
    wrong = clashes(jobs, lambda output: [output], [])
    assert list(wrong) == jobs[:2] or set(wrong) == set(jobs[:2])
    for error in wrong.values():
        assert "'1/a.jpg' and '2/a.jpg' would both be written to 'a.png'" in str(error)


def test_no_output_replaces_what_is_read_under_whatever_name(tmp_path: Path) -> None:
    photo, mask = tmp_path / "a.png", tmp_path / "mask.png"
    for path in (photo, mask):
        path.touch()
    job = Job(Source(photo), mask, mask)
    assert not clashes([job], lambda output: [output], [])
    by_another_path = tmp_path / "sub" / ".." / "mask.png"
    assert "would replace the input" in str(clashes([job], lambda o: [o], [by_another_path])[job])
    # As a bind mount would have it: another path to the same file, which no path tells.
    other = tmp_path / "other.png"
    os.link(photo, other)
    job = Job(Source(photo), other, other)
    assert "would replace the input" in str(clashes([job], lambda o: [o], [])[job])
