"""Tiles cover the picture, blend without seams, and are fewer at once when memory runs out."""

from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from ddrm_cli.errors import Notice, OutOfMemoryError
from ddrm_cli.sampler.ddrm import Denoise
from ddrm_cli.sampler.tiling import TiledDenoiser, blend_weights, mirror_index, windows


@given(size=st.integers(1, 3000), tiles=st.integers(1, 32), data=st.data())
def test_windows_cover_everything_and_share_the_overlap(
    size: int, tiles: int, data: st.DataObject
) -> None:
    multiple = 16
    tile = tiles * multiple
    overlap = data.draw(st.integers(0, tile - 1))
    smallest = data.draw(st.integers(1, tiles)) * multiple
    length, starts = windows(size, tile=tile, overlap=overlap, multiple=multiple, smallest=smallest)
    assert length % multiple == 0
    assert smallest <= length <= tile
    assert starts[0] == 0
    assert starts[-1] + length == max(size, length)
    steps = [b - a for a, b in itertools.pairwise(starts)]
    assert all(0 <= step <= length - overlap for step in steps)
    # One window fewer would not reach, however it is placed.
    assert len(starts) == 1 or (len(starts) - 1) * (tile - overlap) + overlap < size
    # Nor would shorter ones.
    shorter = length - multiple
    if shorter >= max(smallest, overlap):
        assert len(starts) * (shorter - overlap) + overlap < size


@given(size=st.integers(64, 700), tile=st.sampled_from([64, 128]))
def test_weights_are_positive_and_fall_only_towards_neighbours(size: int, tile: int) -> None:
    overlap = tile // 8
    length, starts = windows(size, tile=tile, overlap=overlap, multiple=8, smallest=8)
    size = max(size, length)
    for start in starts:
        weights = blend_weights(start, size, length, overlap)
        assert (weights > 0).all()
        assert (weights[overlap : length - overlap] == 1).all()
        assert (weights[0] == 1) == (start == 0)
        assert (weights[-1] == 1) == (start + length == size)


def test_two_neighbours_with_the_exact_overlap_sum_to_one() -> None:
    """sin^2 + cos^2: the blend is a cross-fade even before it is normalised."""
    size, tile, overlap = 112, 64, 16
    total = torch.zeros(size)
    length, starts = windows(size, tile=tile, overlap=overlap, multiple=16, smallest=16)
    for start in starts:
        total[start : start + length] += blend_weights(start, size, length, overlap)
    torch.testing.assert_close(total, torch.ones(size))


@pytest.mark.parametrize(("size", "padded"), [(1, 5), (3, 11), (5, 5)])
def test_mirroring_repeats_the_edge_and_turns_back(size: int, padded: int) -> None:
    there_and_back = [*range(size), *reversed(range(size))] * padded
    assert mirror_index(size, padded).tolist() == there_and_back[:padded]


def tiled(
    denoiser: Denoise, tile: int = 64, batch_size: int = 3, notice: Notice | None = None
) -> TiledDenoiser[Denoise]:
    return TiledDenoiser(
        denoiser, tile=tile, overlap=tile // 8, multiple=16, smallest=32, batch_size=batch_size,
        notice=notice,
    )  # fmt: skip


SIZES = [(1, 1), (3, 500), (40, 64), (64, 64), (65, 64), (150, 200), (257, 129)]


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_a_pointwise_denoiser_is_not_changed_by_tiles(height: int, width: int) -> None:
    """What does not look at neighbours gives the same in tiles, at any size."""
    x = torch.randn(2, 3, height, width, generator=torch.Generator().manual_seed(0))
    seen: list[tuple[int, ...]] = []

    def tanh(windows: Tensor, sigma: float) -> Tensor:
        seen.append(tuple(windows.shape))
        return torch.tanh(windows) * sigma

    torch.testing.assert_close(tiled(tanh)(x, 2.0), torch.tanh(x) * 2)
    for batch, _, h, w in seen:
        assert batch <= 3
        assert h % 16 == 0 == w % 16
        assert 32 <= h <= 64
        assert 32 <= w <= 64


def test_no_seam_where_tiles_disagree() -> None:
    """Even if each tile had a brightness of its own, neighbours would meet smoothly."""
    calls = iter(range(1000))

    def own_brightness(windows: Tensor, sigma: float) -> Tensor:
        return torch.full_like(windows, float(next(calls) % 2))

    out = tiled(own_brightness, tile=128, batch_size=1)(torch.zeros(1, 1, 300, 300), 1.0)
    # A cosine ramp over n pixels rises by at most pi / (2 n) a pixel; the overlap is 16 or more.
    for axis in (2, 3):
        assert out.diff(dim=axis).abs().max() <= torch.pi / (2 * 16) * 1.05


class Memory:
    """A denoiser that fits only so many pixels at once."""

    def __init__(self, pixels: int, error: Exception) -> None:
        self.pixels = pixels
        self.error = error

    def __call__(self, windows: Tensor, sigma: float) -> Tensor:
        if windows.shape[0] * windows.shape[2] * windows.shape[3] > self.pixels:
            raise self.error
        return windows * sigma


OUT_OF_MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB"),
    RuntimeError(
        "[enforce fail at alloc_cpu.cpp:117] . DefaultCPUAllocator: can't allocate memory"
    ),
    MemoryError(),
]


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=lambda error: type(error).__name__)
def test_out_of_memory_takes_fewer_tiles_at_once_and_goes_on(error: Exception) -> None:
    """The same tiles, so that a machine with less memory gives the same picture."""
    notices: list[str] = []
    x = torch.randn(1, 3, 300, 300, generator=torch.Generator().manual_seed(0))
    denoiser = tiled(Memory(64 * 64, error), batch_size=8, notice=notices.append)
    assert torch.equal(denoiser(x, 2.0), tiled(Memory(300 * 300, error), batch_size=1)(x, 2.0))
    assert (denoiser.batch_size, denoiser.tile) == (1, 64)
    assert [notice.split(";")[0] for notice in notices] == ["Memory ran out"] * 3
    assert notices[-1].endswith("one tile at once.")


def test_when_nothing_fits_the_error_says_so() -> None:
    with pytest.raises(OutOfMemoryError, match="Not even one tile of 256 x 256") as caught:
        tiled(Memory(10, MemoryError()), tile=256)(torch.zeros(1, 3, 300, 300), 1.0)
    assert "--tile" in str(caught.value.hint)


def test_other_errors_pass_through() -> None:
    with pytest.raises(RuntimeError, match="shape"):
        tiled(Memory(10, RuntimeError("wrong shape")))(torch.zeros(1, 3, 300, 300), 1.0)
