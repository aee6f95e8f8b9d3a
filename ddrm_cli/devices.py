"""Where a network runs, and in which precision."""

from __future__ import annotations

import copy
import os
from typing import TypeVar

import torch
from torch import nn

from ddrm_cli.errors import DeviceError, UnknownNameError

__all__ = ["PRECISIONS", "choose_device", "choose_precision", "on_device", "use_threads"]

_Module = TypeVar("_Module", bound=nn.Module)

DEVICES = ("auto", "cpu", "cuda", "cuda:0", "mps")
PRECISIONS = ("auto", "float32", "bfloat16", "float16")


def choose_device(device: str | torch.device = "auto") -> torch.device:
    """The device of a name: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``, or torch's own.

    ``auto`` is CUDA where there is one, the CPU otherwise. Of several GPUs, each process that
    torchrun started takes its own, unless one is named.

    Raises:
        UnknownNameError: No such kind of device.
        DeviceError: The device is not to be had here.
    """
    name = str(device)
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    kind, _, index = name.partition(":")
    if kind not in ("cpu", "cuda", "mps") or (index and not (kind == "cuda" and index.isdecimal())):
        meant = name.lower().replace("gpu", "cuda")  # what people call it
        raise UnknownNameError("device", name, DEVICES, meant=meant)
    if kind == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if int(index or 0) >= count:
            what = f"only {count} of them" if count else "no CUDA device, or torch is built without"
            raise DeviceError(
                f"The device {name} is not to be had: this machine has {what}.",
                "Use --device auto, or install a build of torch for CUDA.",
            )
        if not index and "LOCAL_RANK" in os.environ:
            return torch.device(kind, int(os.environ["LOCAL_RANK"]) % count)
    if kind == "mps" and not torch.backends.mps.is_available():
        raise DeviceError(
            "The device mps is not to be had on this machine.", "Use --device auto or cpu."
        )
    return torch.device(name)


def choose_precision(precision: str | torch.dtype, device: torch.device) -> torch.dtype:
    """The precision of a name, or torch's own.

    ``auto`` is the fastest that the device computes by itself: bfloat16 on a CPU with instructions
    for it, float16 on CUDA, float32 otherwise.

    Raises:
        UnknownNameError: No such precision.
    """
    name = str(precision).removeprefix("torch.")
    if name not in PRECISIONS:
        raise UnknownNameError("precision", name, PRECISIONS)
    if name != "auto":
        dtype: torch.dtype = getattr(torch, name)
        return dtype
    if device.type == "cuda":
        return torch.float16
    if device.type == "cpu" and _cpu_has_bfloat16():
        return torch.bfloat16
    return torch.float32


def use_threads(count: int | None = None) -> None:
    """Compute with so many threads of the CPU in this process.

    None leaves it at ``OMP_NUM_THREADS`` where that is set, and otherwise divides the cores by the
    processes that torchrun started on this machine (``LOCAL_WORLD_SIZE``).
    """
    if count is None and "OMP_NUM_THREADS" not in os.environ:
        count = max(1, torch.get_num_threads() // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))
    if count is not None:
        torch.set_num_threads(count)


def on_device(module: _Module, device: torch.device) -> _Module:
    """The module on a device: itself where it is there already, else a copy of it."""
    # "cuda" is "cuda:0" or another, only a tensor that is there knows: ask one.
    there = torch.empty(0, device=device).device
    tensors = (*module.parameters(), *module.buffers())
    if all(tensor.device == there for tensor in tensors):
        return module
    return copy.deepcopy(module).to(there)


def _cpu_has_bfloat16() -> bool:
    # torch has no public question for this; without the instructions bfloat16 is emulated, slowly.
    probes = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(bool(getattr(torch.cpu, probe, bool)()) for probe in probes)
