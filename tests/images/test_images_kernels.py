"""Kernels of the user's own: read from any sensible file, refused when impossible."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ddrm_cli.errors import ImageReadError, MeasurementError
from ddrm_cli.images.kernels import MAX_KERNEL_SIDE, read_kernel, to_kernel

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
    monkeypatch.setattr("ddrm_cli.untrusted.os.open", refuse)
    with pytest.raises(ImageReadError, match=rf"may not read .*{name}"):
        read_kernel(tmp_path / name)


# --- pictures of kernels ---

BLUR = np.array([[0, 0, 0, 0, 0], [0, 1, 2, 0, 0], [0, 0, 4, 2, 0], [0, 0, 0, 0, 0]]) / 9


def levels(values: object) -> NDArray[np.uint8]:
    rounded: NDArray[np.uint8] = np.rint(np.asarray(values, float)).astype(np.uint8)
    return rounded


@pytest.mark.parametrize("brush", [(0, 0, 0), (255, 255, 255), (200, 30, 30)])
def test_a_kernel_painted_on_transparency_is_its_alpha(brush: tuple[int, int, int]) -> None:
    """Whatever stands in what is fully transparent."""
    samples = np.zeros((4, 5, 4), np.uint8)
    samples[..., :3] = np.random.default_rng(0).integers(0, 256, (4, 5, 3))
    samples[BLUR > 0, :3] = brush
    samples[..., 3] = levels(BLUR * 9 * 60)
    np.testing.assert_allclose(to_kernel(Image.fromarray(samples)), BLUR, rtol=1e-6)


def test_shades_that_are_partly_transparent_are_what_is_seen_on_black() -> None:
    samples = np.zeros((4, 5, 2), np.uint8)
    samples[..., 0] = np.where(BLUR > 0, levels(BLUR * 9 * 60), 255)  # hidden white
    samples[..., 1] = np.where(BLUR > 0, 255, 0)
    np.testing.assert_allclose(to_kernel(Image.fromarray(samples)), BLUR, rtol=1e-6)


@pytest.mark.parametrize("background", [0, 10, 100])
def test_an_even_background_is_subtracted(background: int) -> None:
    drawn = Image.fromarray(levels(background + BLUR * 9 * 30))
    np.testing.assert_allclose(to_kernel(drawn), BLUR, rtol=1e-5)


def test_a_photographed_kernel_keeps_its_weight_and_not_the_background() -> None:
    """A motion on a background of 60 with noise: all but a hundredth of it is where it was."""
    kernel = np.zeros((48, 48))
    kernel[24, 14:34] = 150
    noise = np.random.default_rng(0).normal(0, 2, kernel.shape)
    found = to_kernel(Image.fromarray(levels(60 + kernel + noise)))
    assert found[kernel > 0].sum() > 0.99
    # What noise does to each of 20 pixels of weight 0.05, and the brightest of the border to all.
    np.testing.assert_allclose(found[24, 14:34], 0.05, rtol=0.1)


def test_a_kernel_without_a_background_stays_as_it_is() -> None:
    """Also where it reaches the border: a mean, a diagonal, a Gaussian that was cut."""
    x = np.arange(-2, 3)
    gaussian = np.exp(-(x**2 + x[:, None] ** 2) / (2 * 1.1**2))
    for kernel in (np.ones((9, 9)), np.eye(15), gaussian):
        found = to_kernel(Image.fromarray(levels(kernel * 255)))
        np.testing.assert_allclose(found, kernel / kernel.sum(), atol=0.5 / 255 / kernel.sum())


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        (np.linspace(80, 160, 32) + 90 * np.pad(np.ones((2, 2)), 15), "neither black nor even"),
        (255 - 200 * np.pad(np.ones((2, 2)), 15), "neither black nor even"),  # dark on white
        (200 * np.pad(np.ones((2, 2)), 31) + np.arange(64) % 9, "dim background"),
    ],
)
def test_backgrounds_that_would_blur_are_refused(picture: object, reason: str) -> None:
    with pytest.raises(MeasurementError, match=reason):
        to_kernel(Image.fromarray(levels(picture)))
