"""Names that no file can have, and files that are none, are refused by name."""

from __future__ import annotations

import os
import pkgutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ddrm_cli import images
from ddrm_cli.errors import ImageReadError, OutputError
from ddrm_cli.images.arrays import load_npy, load_npz
from ddrm_cli.images.folders import survey
from ddrm_cli.images.kernels import read_kernel
from ddrm_cli.images.masks import to_mask
from ddrm_cli.images.measurement import read_npz_measurement
from ddrm_cli.images.reading import read_picture
from ddrm_cli.images.writing import check_writable, write_bytes

READERS: dict[str, Callable[[Path], object]] = {
    "picture.png": read_picture,
    "mask.png": lambda path: to_mask(path, np.zeros((3, 4, 1), np.float32)),
    "measurement.npz": read_npz_measurement,
    "array.npy": load_npy,
    "arrays.npz": load_npz,
    "kernel.npy": read_kernel,
    "kernel.npz": read_kernel,
    "kernel.txt": read_kernel,
    "kernel.csv": read_kernel,
    "kernel.png": read_kernel,
    "argument.png": lambda path: survey([str(path)]),
}


@pytest.mark.parametrize("name", READERS)
def test_names_that_cannot_be(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    loop = tmp_path / f"loop-{name}"
    loop.symlink_to(loop)
    impossible = [f"{'x' * 300}{name}", f"zero\0{name}", loop.name, f"file/{name}", f"none/{name}"]
    for path in (tmp_path / part for part in impossible):
        with pytest.raises(ImageReadError) as caught:
            READERS[name](path)
        assert str(path) in caught.value.message
        assert caught.value.hint


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
@pytest.mark.parametrize("name", [name for name in READERS if name != "argument.png"])
def test_pipes_are_not_waited_for(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(ImageReadError, match="not a regular file"):
        READERS[name](tmp_path / name)


def test_a_drive_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # On other systems the root is always there.
    monkeypatch.setattr(os.path, "lexists", lambda path: False)
    with pytest.raises(OutputError, match="No such file"):
        check_writable(tmp_path / "a.png", overwrite=False)


def test_outputs_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name in ("x" * 300, "zero\0", "loop/a.png", "loop/new/a.png"):
        for overwrite in (False, True):
            with pytest.raises(OutputError, match="cannot be written"):
                write_bytes(tmp_path / name, b"", overwrite=overwrite)


def test_a_link_in_a_circle_among_pictures_is_left_to_the_reader(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    (tmp_path / "b.png").symlink_to(tmp_path / "b.png")
    found = survey([str(tmp_path)], besides=[tmp_path / "b.png" / "out"])
    assert [source.path.name for source in found.inputs] == ["a.png", "b.png"]


def test_the_list_of_modules_is_complete() -> None:
    described = {line.split()[0] for line in (images.__doc__ or "").splitlines() if "``" in line}
    modules = {f"``{module.name}``" for module in pkgutil.iter_modules(images.__path__)}
    assert described == modules
