"""From photographs to tiles, once: they are kept in the cache, one file a photograph.

A photograph is reduced 1, 2, 3, 4, 6 and 9 times by averaging blocks of pixels, as far as it is
large enough, and from each reduction tiles of 256 x 256 pixels are cut from a grid without
overlap, at most 16 of them, drawn at random.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ddrm_cli.errors import OutputError, UsageError
from ddrm_cli.images.files import system_errors
from ddrm_cli.images.picture import Picture, image_of
from ddrm_cli.images.reading import read_picture
from ddrm_cli.images.writing import write_bytes
from ddrm_cli.weights.cache import cache_dir

__all__ = ["TILE_SIDE", "Tiles", "cut_tiles", "prepare"]

TILE_SIDE = 256
REDUCTIONS = (1, 2, 3, 4, 6, 9)
MOST = 16  # tiles of one reduction: a photograph of many megapixels must not outweigh the others
VERSION = 1  # of how tiles are cut; part of their files' names

_TILE = np.dtype([("activity", "f4"), ("pixels", "u1", (TILE_SIDE, TILE_SIDE, 3))])


def cut_tiles(picture: Picture) -> NDArray[np.void]:
    """Tiles of a photograph: records of ``activity`` and ``pixels``, shape (N,).

    The activity is the mean absolute difference of neighbouring pixels, down and across, in grey
    levels of 256. Transparency is ignored.
    """
    image = image_of(picture.pixels).convert("RGB")
    tiles: list[tuple[float, NDArray[np.uint8]]] = []
    for reduction in REDUCTIONS:
        if min(image.size) < TILE_SIDE * reduction:
            break
        pixels = np.asarray(image.reduce(reduction))
        corners = [(y, x) for y in _starts(pixels.shape[0]) for x in _starts(pixels.shape[1])]
        # Drawn by their number: the same photograph always gives the same tiles.
        drawn = np.random.default_rng(len(corners)).permutation(len(corners))[:MOST]
        for y, x in (corners[index] for index in sorted(drawn)):
            tile = pixels[y : y + TILE_SIDE, x : x + TILE_SIDE]
            tiles.append((_activity(tile), tile))
    return np.array(tiles, dtype=_TILE)


def _starts(size: int) -> list[int]:
    """Where tiles begin: as many as fit without overlap, spread evenly."""
    count = size // TILE_SIDE
    return [round(i * (size - TILE_SIDE) / max(1, count - 1)) for i in range(count)]


def _activity(tile: NDArray[np.uint8]) -> float:
    values = tile.astype(np.float32)
    return float(np.mean([np.abs(np.diff(values, axis=axis)).mean() for axis in (0, 1)]))


def prepare(path: Path, digest: str, max_pixels: int) -> Path:
    """The file of a photograph's tiles, made if it is not in the cache.

    Args:
        path: The photograph.
        digest: SHA-256 of its content, which names the file: a photograph that is moved or renamed
            is known again.
        max_pixels: Largest photograph that is read.

    Raises:
        ImageReadError: It is missing, damaged, or no picture.
        ImageTooLargeError: It has more pixels than that.
        UsageError: It is smaller than a tile.
        OutputError: The cache cannot be written, or the disk is full.
    """
    file = cache_dir() / "tiles" / f"{digest}-{VERSION}.npy"
    if file.is_file():
        return file
    picture = read_picture(path, max_pixels=max_pixels)
    if min(picture.height, picture.width) < TILE_SIDE:
        raise UsageError(
            f"'{path}' has {picture.width} x {picture.height} pixels, less than a tile of "
            f"{TILE_SIDE} x {TILE_SIDE}.",
            "Take a larger photograph.",
        )
    stream = io.BytesIO()
    np.save(stream, cut_tiles(picture), allow_pickle=False)
    try:
        write_bytes(file, stream.getvalue(), overwrite=True)
    except OutputError as error:
        hint = "Free some space, or set DDRM_CACHE_DIR to another folder."
        raise OutputError(error.message, hint) from error
    return file


class Tiles:
    """The tiles of many photographs. A tile is read when it is asked for: they may be gigabytes.

    Args:
        files: What `prepare` made.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self._where: list[tuple[Path, int]] = []
        activity: list[float] = []
        for file in files:
            records = _records(file)
            self._where += [(file, index) for index in range(len(records))]
            activity += records["activity"].tolist()
        self.activity = torch.tensor(activity)

    def __len__(self) -> int:
        return len(self._where)

    def __getitem__(self, index: int) -> Tensor:
        """A tile on [-1, 1], shape (3, 256, 256)."""
        file, place = self._where[index]
        pixels = torch.from_numpy(np.array(_records(file)[place]["pixels"]))
        return pixels.permute(2, 0, 1).float() / 127.5 - 1


def _records(file: Path) -> NDArray[np.void]:
    with system_errors(file):
        records: NDArray[np.void] = np.load(file, mmap_mode="r", allow_pickle=False)
    return records
