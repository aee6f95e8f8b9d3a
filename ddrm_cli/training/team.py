"""The processes that train one network together: started by torchrun, or one alone."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

__all__ = ["Team", "teamed"]

_Value = TypeVar("_Value")

# The others wait while the first prepares tiles or measures.
_PATIENCE = timedelta(hours=6)


@dataclass(frozen=True)
class Team:
    """This process among those that train together.

    Args:
        rank: Its number; the first, 0, writes and reports.
        size: How many there are.
        device: Where this one computes.
    """

    rank: int
    size: int
    device: torch.device

    @property
    def is_first(self) -> bool:
        """Whether this is the process that writes and reports."""
        return self.rank == 0

    def joined(self, network: nn.Module) -> nn.Module:
        """The network, whose gradients will be the mean over all processes."""
        if self.size == 1:
            return network
        devices = [self.device] if self.device.type == "cuda" else None
        return DistributedDataParallel(network, device_ids=devices)

    def means(self, values: Sequence[float]) -> list[float]:
        """Means of numbers over all processes, in float64: each then decides alike."""
        if self.size == 1:
            return list(values)
        tensor = torch.tensor(values, dtype=torch.float64, device=self.device)
        dist.all_reduce(tensor)
        means: list[float] = (tensor / self.size).tolist()
        return means

    def from_first(self, make: Callable[[], _Value]) -> _Value:
        """What the first process makes, in all."""
        made: list[_Value | None] = [make() if self.is_first else None]
        if self.size > 1:
            dist.broadcast_object_list(made, device=self.device)
        (value,) = made
        return value  # type: ignore[return-value]

    @contextlib.contextmanager
    def one_after_another(self) -> Iterator[None]:
        """The first process does the body of a ``with`` before the others do."""
        if not self.is_first:
            dist.barrier()
        yield
        if self.is_first and self.size > 1:
            dist.barrier()


@contextlib.contextmanager
def teamed(device: torch.device) -> Iterator[Team]:
    """The team of this process for the body of a ``with``, as torchrun's environment says.

    Args:
        device: Where to compute; of several GPUs each process takes its own.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield Team(0, 1, device)
        return
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=_PATIENCE)
    try:
        yield Team(dist.get_rank(), size, device)
    finally:
        dist.destroy_process_group()
