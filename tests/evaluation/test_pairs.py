from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image, ImageFilter

from ddrm_cli.errors import ImageReadError, UnknownNameError, UsageError
from ddrm_cli.evaluation.metrics import psnr
from ddrm_cli.evaluation.pairs import score_folders
from ddrm_cli.images.reading import read_picture
from tests.closed import closed_folder


@pytest.fixture
def restored(photos: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "restored"
    shutil.copytree(photos, folder)
    with Image.open(folder / "a.png") as image:
        image.filter(ImageFilter.GaussianBlur(2)).save(folder / "a.tif")
    (folder / "a.png").unlink()
    return folder


def test_pairs_have_one_name_whatever_their_suffix(restored: Path, photos: Path) -> None:
    scores = score_folders(restored, photos)
    assert [pair.name for pair in scores.pairs] == ["a", "b", "c"]
    x_hat, x = (read_picture(path).pixels for path in (restored / "a.tif", photos / "a.png"))
    assert scores.pairs[0].scores["psnr"] == psnr(x_hat, x)
    assert scores.pairs[1].scores["psnr"] == float("inf")
    assert "residual" not in scores.pairs[0].scores  # there is no measurement


def test_what_has_no_pair_and_what_does_not_fit_is_named(restored: Path, photos: Path) -> None:
    (restored / "b.png").rename(restored / "only.png")
    Image.new("RGB", (20, 20)).save(restored / "c.png")
    scores = score_folders(restored, photos)
    assert [pair.name for pair in scores.pairs] == ["a"]
    assert list(scores.unpaired_restored) == [restored / "only.png"]
    assert list(scores.unpaired_reference) == [photos / "b.png"]
    assert "20 x 20 in colour, the original 48 x 40" in scores.failures["c"]


def test_folders_that_cannot_be_compared_are_refused(
    restored: Path, photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no picture"):
        score_folders(tmp_path / "empty", photos)
    with pytest.raises(ImageReadError, match="missing"):
        score_folders(restored, tmp_path / "missing")
    with pytest.raises(UnknownNameError):
        score_folders(restored, photos, metrics=["sim"])
    (tmp_path / "other").mkdir()
    shutil.copy(photos / "a.png", tmp_path / "other" / "z.png")
    with pytest.raises(UsageError, match="has the name of one"):
        score_folders(restored, tmp_path / "other")


def test_equal_stems_are_paired_as_restore_names_them(photos: Path, tmp_path: Path) -> None:
    """Of ``a.jpg`` it is ``a.jpg.png``, or what was finished as ``a.png`` before ``a.png`` came."""
    with Image.open(photos / "a.png") as image:
        image.convert("RGB").save(photos / "a.jpg")
    for first in ("a.jpg.png", "a.png"):
        restored = tmp_path / f"of {first}"
        restored.mkdir()
        with Image.open(photos / "a.jpg") as image:
            image.save(restored / first)
        shutil.copy(photos / "a.png", restored / "a.png.png")
        scores = score_folders(restored, photos)
        pairs = {pair.reference.name: pair.restored.name for pair in scores.pairs}
        assert pairs == {"a.jpg": first, "a.png": "a.png.png"}
        assert all(pair.scores["psnr"] == float("inf") for pair in scores.pairs)
        assert not scores.unpaired_restored


def test_a_folder_that_cannot_be_looked_into_is_named(
    restored: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed_folder(photos / "closed", monkeypatch)
    scores = score_folders(restored, photos)
    assert list(scores.failures) == [str(photos / "closed")]
    assert len(scores.pairs) == 3
