"""The library itself, and its weights, are not here: its place is taken by a stand-in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor

from ddrm_cli.errors import UsageError, WeightsError
from ddrm_cli.evaluation import learned


class StandIn:
    """Remembers what it was given; its value is the difference of the two means."""

    made: ClassVar[list[dict[str, Any]]] = []

    def __init__(self, **arguments: Any) -> None:
        StandIn.made.append(arguments)
        self.subset_size = self.subsets = 0
        self.reset()

    def reset(self) -> None:
        self.seen: dict[bool, list[Tensor]] = {True: [], False: []}

    def __call__(self, x_hat: Tensor, x: Tensor) -> Tensor:
        assert x_hat.shape == x.shape
        assert x.shape[:2] == (1, 3)
        return (x_hat - x).abs().mean()

    def update(self, batch: Tensor, *, real: bool) -> None:
        assert batch.shape[:2] == (1, 3)
        assert batch.dtype == torch.uint8
        self.seen[real].append(batch.float().mean())

    def compute(self) -> Any:
        value = torch.stack(self.seen[False]).mean() - torch.stack(self.seen[True]).mean()
        return (value, torch.tensor(0.0)) if self.subset_size else value


@pytest.fixture(autouse=True)
def no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.delenv("DDRM_OFFLINE", raising=False)
    learned.load.cache_clear()
    StandIn.made.clear()
    yield
    learned.load.cache_clear()


def install(monkeypatch: pytest.MonkeyPatch, stand_in: Any) -> None:
    for network in learned.NETWORKS.values():
        module = ModuleType(network.module)
        setattr(module, network.attribute, stand_in)
        monkeypatch.setitem(sys.modules, network.module, module)


def test_lpips_is_the_librarys(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, StandIn)
    value = learned.lpips(np.full((8, 6, 1), 0.75), np.full((8, 6, 1), 0.5))
    assert value == pytest.approx(0.25)
    learned.lpips(np.zeros((8, 6, 3)), np.zeros((8, 6, 3)))
    # Built once, and told that pictures are on [0, 1].
    assert StandIn.made == [{"net_type": "alex", "normalize": True}]


@pytest.mark.parametrize("name", ["kid", "fid"])
def test_distances_of_sets_keep_the_sides_apart(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, StandIn)
    # Levels are rounded: 152.9 is 153. Sizes may differ, and grey goes with colour.
    restored = [np.full((8, 6, 3), 152.9 / 255), np.full((5, 7, 1), 152.9 / 255)]
    originals = [np.full((8, 6, 3), 0.2)] * 2
    function = getattr(learned, name)
    assert function(restored, originals) == 153 - 51
    # A second call starts anew.
    assert function(originals, originals) == pytest.approx(0)


def test_kid_takes_subsets_that_the_sets_can_fill(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, StandIn)
    pictures = [np.zeros((4, 4, 3))] * 3
    learned.kid(pictures, pictures)
    metric = learned.load("kid")
    assert (metric.subset_size, metric.subsets) == (3, 1)


def test_without_the_extra_one_sentence_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for network in learned.NETWORKS.values():
        monkeypatch.setitem(sys.modules, network.module, None)  # what a missing module looks like
    with pytest.raises(UsageError, match="lpips needs the optional extra 'metrics'") as caught:
        learned.load("lpips")
    assert 'pip install "ddrm-cli[metrics]"' in caught.value.hint


def test_a_torchvision_of_another_torch_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: Any) -> None:
        raise RuntimeError("operator torchvision::nms does not exist")

    install(monkeypatch, broken)
    with pytest.raises(UsageError, match="torchvision::nms does not exist"):
        learned.load("fid")


def test_without_its_weights_a_metric_says_where_they_go(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def unreachable(**_: Any) -> None:
        raise OSError("no route to host")

    install(monkeypatch, unreachable)
    with pytest.raises(WeightsError, match="cannot download weights-inception") as caught:
        learned.load("kid")
    assert str(tmp_path / "checkpoints") in caught.value.hint


def test_offline_nothing_is_downloaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install(monkeypatch, StandIn)
    monkeypatch.setenv("DDRM_OFFLINE", "1")
    with pytest.raises(WeightsError, match="has not been downloaded yet"):
        learned.load("lpips")
    assert StandIn.made == []
    weights = tmp_path / "checkpoints" / learned.NETWORKS["lpips"].weights
    weights.parent.mkdir()
    weights.touch()
    learned.load("lpips")
