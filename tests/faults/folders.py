"""Nothing is overwritten without ``--overwrite``."""

from __future__ import annotations

import subprocess
from pathlib import Path

from PIL import Image

from .bench import Bench, SkipError, case


def _restored(bench: Bench, *more: str) -> Path:
    bench.picture("in/a.png")
    bench.restore("in", "-o", "out", *more).in_order(0)
    return bench.work / "out"


def _edit(path: Path) -> bytes:
    """Change pixels as an editor would that keeps the texts of a file."""
    from PIL.PngImagePlugin import PngInfo

    with Image.open(path) as image:
        image.load()
        texts = PngInfo()
        for key, value in image.info.items():
            if isinstance(value, str):
                texts.add_text(key, value)
        edited = image.copy()
    edited.putpixel((0, 0), (255, 0, 255))
    edited.save(path, pnginfo=texts)
    return path.read_bytes()


@case(("--compare",), ("--save-progress",), ("--samples", "2"), ("--samples", "2", "--average"))
def edited_result_is_kept(bench: Bench, *asked: str) -> None:
    """A result that the user edited is not replaced when more is asked for later."""
    result = _restored(bench) / "a.png"
    edited = _edit(result)
    bench.restore("in", "-o", "out", *asked)
    assert result.read_bytes() == edited, "the edited result was replaced"


@case()
def edited_sample_is_kept(bench: Bench) -> None:
    """``a_seed0.png`` is not replaced when more samples are asked for."""
    sample = _restored(bench, "--samples", "2") / "a_seed0.png"
    edited = _edit(sample)
    bench.restore("in", "-o", "out", "--samples", "3")
    assert sample.read_bytes() == edited, "the edited sample was replaced"


@case("--compare", "--save-progress")
def rerun_keeps_figures(bench: Bench, asked: str) -> None:
    """The same command leaves every file as it is."""
    out = _restored(bench, asked)
    before = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    bench.restore("in", "-o", "out", asked).in_order(0)
    assert before == {path: path.stat().st_mtime_ns for path in out.iterdir()}


@case()
def foreign_figure_in_the_way(bench: Bench) -> None:
    """A figure in the way of a new result stays, and the sentence about it is true."""
    bench.picture("in/a.png")
    names = _restored(bench, "--compare").iterdir()
    figure = next(path for path in names if path.name != "a.png")
    (bench.work / "out/a.png").unlink()
    figure.write_bytes(bench.picture("other.png", seed=5).read_bytes())
    kept = figure.read_bytes()
    end = bench.restore("in", "-o", "out", "--compare")
    assert figure.read_bytes() == kept, "the figure was replaced"
    assert "'out/a.png' was made" not in end.stderr, "a file is blamed that is not there"


@case("restore", "degrade")
def existing_file_is_refused(bench: Bench, command: str) -> None:
    """Without ``--overwrite`` a file that exists is not touched."""
    bench.picture()
    there = bench.text("b.png", "mine")
    bench.run(command, "a.png", "-d", "deno", "--sigma", "0.1", "-o", "b.png").refused("exists")
    assert there.read_text() == "mine"


@case()
def link_that_leads_nowhere(bench: Bench) -> None:
    """A link in the place of a result is neither followed nor replaced."""
    bench.picture()
    bench.path("b.png").symlink_to("nowhere/c.png")
    bench.restore("a.png", "-o", "b.png").refused()
    assert bench.path("b.png").readlink() == Path("nowhere/c.png")


def _input_survives(bench: Bench, *arguments: str) -> None:
    picture = bench.work / "in/a.png"
    before = picture.read_bytes()
    bench.restore(*arguments, "--overwrite")
    assert picture.read_bytes() == before, "the input was destroyed"


@case("soft", "hard", "dots")
def input_by_another_name(bench: Bench, kind: str) -> None:
    """``--out`` that is the input by another name does not destroy it."""
    picture = bench.picture("in/a.png")
    if kind == "soft":
        bench.path("other").symlink_to("in")
        _input_survives(bench, "in", "-o", "other")
    elif kind == "hard":
        bench.path("b.png").hardlink_to(picture)
        _input_survives(bench, "in/a.png", "-o", "b.png")
    else:
        _input_survives(bench, "in", "-o", "in/../in/.")


@case()
def input_by_a_bind_mount(bench: Bench) -> None:
    """``--out`` that is the input folder under another mount does not destroy the input."""
    bench.picture("in/a.png")
    other = bench.path("other")
    other.mkdir()
    mounted = subprocess.run(
        ["mount", "--bind", bench.work / "in", other], capture_output=True, check=False
    )
    if mounted.returncode:
        raise SkipError("no right to mount")
    try:
        _input_survives(bench, "in", "-o", "other")
    finally:
        subprocess.run(["umount", other], check=True)


@case("--mask", "--kernel", "--original")
def further_inputs_are_kept(bench: Bench, option: str) -> None:
    """No output takes the place of a mask, a kernel or an original, with ``--overwrite`` either."""
    bench.picture()
    other = bench.picture("b.png")
    with Image.open(other) as image:
        grey = image.convert("L")
    grey.save(other)
    before = other.read_bytes()
    needs = {"--mask": ("-d", "inp"), "--kernel": ("-d", "deblur"), "--original": ("--compare",)}
    quick = ("-d", "deno") if option == "--original" else ()
    bench.run(
        "restore", "a.png", *quick, *needs[option], option, "b.png", "-o", "b.png", "--overwrite"
    ).refused()
    assert other.read_bytes() == before


@case()
def private_file_stays_private(bench: Bench) -> None:
    """A file that only its owner may read stays so when it is replaced."""
    bench.picture()
    result = bench.text("b.png", "x")
    result.chmod(0o600)
    bench.restore("a.png", "-o", "b.png", "--overwrite").in_order(0)
    assert result.stat().st_mode & 0o777 == 0o600, oct(result.stat().st_mode)


@case()
def equal_names_do_not_meet(bench: Bench) -> None:
    """Two inputs whose results would have one name lose none."""
    bench.picture("in/a.png", seed=1)
    with Image.open(bench.work / "in/a.png") as image:
        image.rotate(90).save(bench.work / "in/a.bmp")
    end = bench.restore("in", "-o", "out")
    made = len(list((bench.work / "out").rglob("*"))) if end.code == 0 else 2
    assert made == 2, f"{made} results of two inputs, exit {end.code}"
