"""Photographs become tiles once, and what cannot is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ddrm_cli.errors import ImageReadError, OutputError, UsageError
from ddrm_cli.images.picture import Picture
from ddrm_cli.training import tiles as module
from ddrm_cli.training.photographs import Photographs, sort_photographs
from ddrm_cli.training.tiles import Tiles, cut_tiles

from .conftest import draw_photograph


def sort(folder: Path, told: list[str] | None = None) -> Photographs:
    notices: list[str] = [] if told is None else told
    return sort_photographs([str(folder)], max_pixels=10**7, notice=notices.append)


def picture(height: int, width: int) -> Picture:
    rng = np.random.default_rng(0)
    return Picture(rng.random((height, width, 3)).astype(np.float32))


def test_a_photograph_of_the_size_of_a_tile_is_its_tile(photos: Path) -> None:
    tiles = Tiles(sort(photos).tiles)
    with Image.open(photos / "a.png") as image:
        pixels = np.asarray(image).astype(np.float32) / 127.5 - 1
    ours = [tiles[index].permute(1, 2, 0).numpy() for index in range(len(tiles))]
    held_out = not any(np.array_equal(tile, pixels) for tile in ours)
    assert held_out == (sort(photos).held_out == (photos / "a.png",))
    assert len(tiles) == 3


@pytest.mark.parametrize(
    ("height", "width", "count"),
    [
        (256, 256, 1),
        (511, 800, 3),  # 1 x 3, too small to be reduced
        (512, 768, 6 + 1),  # 2 x 3, and 1 x 1 of 256 x 384
        (1300, 1300, 16 + 4 + 1 + 1),  # 5 x 5 of which 16 are taken, 2 x 2, 1 x 1, 1 x 1
    ],
)
def test_tiles_fill_a_photograph_and_its_reductions(height: int, width: int, count: int) -> None:
    assert len(cut_tiles(picture(height, width))) == count


def test_tiles_of_one_reduction_do_not_overlap() -> None:
    """The three channels say where each pixel of a tile came from."""
    places = np.arange(520 * 780).reshape(520, 780)
    pixels = np.stack([places // 2048, places // 8 % 256, places % 8], axis=-1) / 255
    tiles = cut_tiles(Picture(pixels.astype(np.float32)))["pixels"][:6].astype(int)
    seen = tiles[..., 0] * 2048 + tiles[..., 1] * 8 + tiles[..., 2]
    assert len(np.unique(seen)) == 6 * 256**2


def test_activity_is_the_mean_absolute_gradient_in_grey_levels() -> None:
    flat = Picture(np.full((256, 256, 3), 0.5, np.float32))
    columns = np.zeros((256, 256, 3), np.float32)
    columns[:, ::2] = 10 / 255
    assert cut_tiles(flat)["activity"] == 0
    # 10 across and 0 down
    assert cut_tiles(Picture(columns))["activity"] == pytest.approx(5)


def test_a_photograph_is_cut_once_whatever_it_is_called(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sort(photos)
    (photos / "a.png").rename(photos / "z.png")

    def read_again(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(module, "read_picture", read_again)
    after = sort(photos)
    assert (after.tiles, after.digest) == (before.tiles, before.digest)


def test_one_in_ten_is_held_out_by_its_content(photos: Path) -> None:
    for seed in range(4, 25):
        draw_photograph(photos / f"{seed}.bmp", seed)
    sorted_out = sort(photos)
    assert len(sorted_out.held_out) == 2
    assert len(sorted_out.tiles) == 23
    contents = {path.read_bytes() for path in sorted_out.held_out}
    for path in sorted(photos.iterdir()):
        path.rename(photos / f"renamed-{path.stem[::-1]}{path.suffix}")
    assert {path.read_bytes() for path in sort(photos).held_out} == contents


def test_a_copy_is_not_both_learnt_from_and_held_out(photos: Path) -> None:
    for path in list(photos.iterdir()):
        (photos / f"copy-of-{path.name}").write_bytes(path.read_bytes())
    assert len(sort(photos).tiles) + len(sort(photos).held_out) == 4


def test_what_cannot_be_used_is_named_and_left_out(photos: Path) -> None:
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    draw_photograph(photos / "tiny.png", 9, size=(300, 100))
    told: list[str] = []
    assert len(sort(photos, told).tiles) == 3
    broken, tiny = sorted(told)
    assert broken.startswith(f"'{photos / 'broken.jpg'}' is damaged or cut short")
    assert broken.endswith(": it is left out.")
    assert tiny == (
        f"'{photos / 'tiny.png'}' has 300 x 100 pixels, less than a tile of 256 x 256: "
        "it is left out."
    )


def test_an_empty_folder_and_one_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="There is no picture in the folder"):
        sort(tmp_path / "empty")
    with pytest.raises(ImageReadError, match="There is no file or folder"):
        sort(tmp_path / "nowhere")


def test_one_tiny_photograph(tmp_path: Path) -> None:
    draw_photograph(tmp_path / "tiny.png", 0, size=(40, 30))
    with pytest.raises(UsageError, match=r"0 of 1 photographs can be used.* 40 x 30 pixels"):
        sort(tmp_path)


def test_one_photograph_is_not_enough(tmp_path: Path) -> None:
    draw_photograph(tmp_path / "one.png", 0)
    with pytest.raises(UsageError, match="1 of 1 photographs can be used, and at least 2"):
        sort(tmp_path)


def test_a_cache_that_cannot_be_written(photos: Path, cache: Path) -> None:
    cache.write_text("a file where the folder should be")
    with pytest.raises(OutputError, match=r"part of its path is a file.*DDRM_CACHE_DIR"):
        sort(photos)
