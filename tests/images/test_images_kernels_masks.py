"""Kernels and masks of the user's own: read from any sensible file, refused when impossible."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ddrm_cli.errors import ImageReadError, MeasurementError
from ddrm_cli.images.kernels import MAX_KERNEL_SIDE, read_kernel
from ddrm_cli.images.masks import to_mask

KERNEL = np.array([[1, 2, 3, 4], [0, 5, 0, 1], [2, 2, 2, 2]])


def test_the_same_kernel_from_every_kind_of_file(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", KERNEL)
    np.savez(tmp_path / "a.npz", anything=KERNEL.astype(np.float32))
    (tmp_path / "a.txt").write_text("# my blur\n1 2 3 4\n\n0\t5 0 1  # middle\n2 2 2 2\n")
    (tmp_path / "a.csv").write_text("1,2,3,4\n0, 5, 0, 1\n2,2,2,2\n", encoding="utf-8-sig")
    Image.fromarray((KERNEL * 20).astype(np.uint8)).save(tmp_path / "a.png")
    Image.fromarray((KERNEL * 20).astype(np.uint8)).convert("RGB").save(tmp_path / "b.png")
    for path in sorted(tmp_path.iterdir()):
        kernel = read_kernel(path)
        assert kernel.dtype == np.float64
        # Pictures pass through float32.
        assert np.allclose(kernel, KERNEL / KERNEL.sum(), rtol=1e-6, atol=0)
        assert kernel.sum() == pytest.approx(1, abs=1e-12)


def test_negative_entries_are_allowed_while_the_sum_is_positive(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", [[-1, 4, -1]])
    assert read_kernel(tmp_path / "a.npy").tolist() == [[-0.5, 2, -0.5]]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.zeros((3, 3)), "zero everywhere"),
        (-np.ones((3, 3)), "zero or negative"),
        ([[0.1, 0.2, -0.3]], "zero or negative"),  # the sum is 3e-17, not 0
        ([[1, np.nan]], "not finite"),
        ([[1, np.inf]], "not finite"),
        ([1, 2, 3], "shape"),
        (np.ones((1, 1, 1)), "shape"),
        (np.ones((0, 3)), "shape"),
        (np.ones((1, MAX_KERNEL_SIDE + 1)), "longer than 511"),
        ([[1j]], "real numbers"),
        ([["1", "2"]], "real numbers"),
    ],
)
def test_what_is_no_kernel(tmp_path: Path, values: object, reason: str) -> None:
    np.save(tmp_path / "a.npy", np.asarray(values))
    with pytest.raises(MeasurementError, match=rf"a\.npy' .*{reason}"):
        read_kernel(tmp_path / "a.npy")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"\n", "shape"),
        (b"# nothing\n", "shape"),
        (b"1 2\n3\n", "different lengths"),
        (b"1 two\n", "not numbers"),
        (b"nan 1\n", "not finite"),
        (b"\xff\xfe\xff", "not a text file"),
    ],
)
def test_text_that_is_no_kernel(tmp_path: Path, text: bytes, reason: str) -> None:
    (tmp_path / "a.txt").write_bytes(text)
    with pytest.raises(MeasurementError, match=rf"a\.txt' .*{reason}"):
        read_kernel(tmp_path / "a.txt")


def test_kernel_files_that_cannot_be_trusted_or_read(tmp_path: Path) -> None:
    np.save(tmp_path / "pickle.npy", np.array([[print]], dtype=object))
    np.savez(tmp_path / "two.npz", a=KERNEL, b=KERNEL)
    (tmp_path / "text.npy").write_text("1 2 3")
    (tmp_path / "archive.npy").write_bytes((tmp_path / "two.npz").read_bytes())
    Image.fromarray(np.eye(4, dtype=np.uint8)[..., None] * np.array([255, 0, 0], np.uint8)).save(
        tmp_path / "red.png"
    )
    for path in sorted(tmp_path.iterdir()):
        with pytest.raises(MeasurementError, match=path.name):
            read_kernel(path)
    for name in ("missing.npy", "missing.npz", "missing.txt", "missing.png"):
        with pytest.raises(ImageReadError, match=rf"no file .*{name}"):
            read_kernel(tmp_path / name)


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.txt", "a.png"])
def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def refuse(*_: object, **__: object) -> None:  # root may read anything, so ask no real file
        raise PermissionError

    (tmp_path / name).write_bytes(b"1")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ImageReadError, match=rf"may not read .*{name}"):
        read_kernel(tmp_path / name)


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "P", "RGBA", "I;16"])
def test_white_is_missing(tmp_path: Path, mode: str) -> None:
    missing = np.random.default_rng(0).random((5, 7)) < 0.5
    if mode == "I;16":
        image = Image.fromarray(missing.astype(np.uint16) * 65535)
    else:
        image = Image.fromarray(missing).convert(mode)
    image.save(tmp_path / "mask.png")
    mask = to_mask(tmp_path / "mask.png", 5, 7)
    assert mask.dtype == np.bool_
    assert np.array_equal(mask, missing)


def test_grey_is_parted_at_one_half(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 127, 128, 255]], np.uint8)).save(tmp_path / "mask.png")
    assert to_mask(tmp_path / "mask.png", 1, 4).tolist() == [[False, False, True, True]]


def test_masks_that_do_not_fit(tmp_path: Path) -> None:
    Image.new("L", (7, 5), 255).save(tmp_path / "white.png")
    Image.new("L", (7, 5), 0).save(tmp_path / "black.png")
    with pytest.raises(MeasurementError, match=r"white\.png' is 7 x 5, the photograph 5 x 7"):
        to_mask(tmp_path / "white.png", 7, 5)
    with pytest.raises(MeasurementError, match=r"white\.png' is white everywhere"):
        to_mask(tmp_path / "white.png", 5, 7)
    with pytest.raises(MeasurementError, match=r"black\.png' .*nothing is missing"):
        to_mask(tmp_path / "black.png", 5, 7)
    with pytest.raises(ImageReadError):
        to_mask(tmp_path / "missing.png", 5, 7)
