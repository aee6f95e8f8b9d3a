"""Devices that are not here: the whole of a restoration with fake tensors on a fake CUDA device.

Fake tensors have shapes and devices but no numbers, and mix devices only with an error: what
forgets to move a tensor is found without a GPU.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.overrides import TorchFunctionMode

import ddrm_cli
from ddrm_cli.degradations.table import DEGRADATIONS
from ddrm_cli.devices import on_device
from ddrm_cli.prior import LoadedModel, TilingSettings
from ddrm_cli.problem import InverseProblem, pose
from ddrm_cli.restoration import Restorer
from tests.degradations.examples import example

from .test_restoration import tiny_model

CUDA = torch.device("cuda:0")
FAST = ddrm_cli.SamplerSettings(steps=2)


class FakeCuda(TorchFunctionMode):
    """A CUDA device whose tensors are fake, in a build that may have none.

    Tensors on the CPU stay real, numbers and all. What a build without CUDA cannot even begin,
    copying to the device and indexing there, is done by shape.
    """

    def __init__(self) -> None:
        super().__init__()
        self.fake = FakeTensorMode(allow_non_fake_inputs=True)

    def empty(self, shape: Sequence[int], dtype: torch.dtype | None = None) -> Tensor:
        with self.fake:
            return torch.empty(shape, dtype=dtype, device=CUDA)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is Tensor.to:
            target, dtype = _target(*args[1:], **kwargs)
            if target == "cuda" and args[0].device.type != "cuda":
                return self.empty(args[0].shape, dtype or args[0].dtype)
        elif kwargs.get("device") is not None and torch.device(kwargs["device"]).type == "cuda":
            with self.fake:
                return func(*args, **kwargs)
        elif isinstance(args[0] if args else None, FakeTensor):
            if func is Tensor.__getitem__:
                shape = torch.empty(args[0].shape, device="meta")[_on_meta(args[1])].shape
                return self.empty(shape, args[0].dtype)
            if func is Tensor.__setitem__:
                return None
            if func is Tensor.contiguous:
                return torch.empty_like(args[0])
        return func(*args, **kwargs)


def _target(*args: Any, **kwargs: Any) -> tuple[str | None, torch.dtype | None]:
    """The type of device and the dtype that `Tensor.to` was asked for."""
    if args and isinstance(args[0], Tensor):
        return args[0].device.type, args[0].dtype
    device, dtype, *_ = torch._C._nn._parse_to(*args, **kwargs)
    return None if device is None else device.type, dtype


def _on_meta(index: Any) -> Any:
    if isinstance(index, tuple):
        return tuple(_on_meta(each) for each in index)
    return index.to("meta") if isinstance(index, Tensor) else index


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCuda]:
    # What looks at numbers has to be told what it sees.
    monkeypatch.setattr("ddrm_cli.sampler.denoiser._is_finite", lambda x: True)
    monkeypatch.setattr(LoadedModel, "guess_label", _guess)
    with FakeCuda() as mode:
        yield mode


def _guess(model: LoadedModel, x: Tensor) -> int:
    log_probabilities = model.class_log_probabilities(x)
    assert log_probabilities.device == CUDA
    return 3


def on_cuda(
    model: LoadedModel, cuda: FakeCuda, precision: torch.dtype = torch.float32
) -> LoadedModel:
    """The model on the fake device, which is called "cuda" as a user does."""
    network, classifier = copy.deepcopy((model.network, model.classifier))
    for root, dtype in ((network, precision), (classifier, torch.float32)):
        for module in () if root is None else root.modules():
            for name, weight in module._parameters.items():
                if weight is not None:
                    there = nn.Parameter(cuda.empty(weight.shape, dtype), requires_grad=False)
                    module._parameters[name] = there
    return dataclasses.replace(
        model, network=network, classifier=classifier, device=torch.device("cuda")
    )


def problems() -> dict[str, InverseProblem]:
    """Every entry of the table in colour and, where it takes one channel, in grey."""
    posed: dict[str, InverseProblem] = {}
    for name, entry in DEGRADATIONS.items():
        for channels in (3,) if entry.gives == "grey" else (1, 3):
            x = torch.rand(1, channels, 32, 48)
            operator = ddrm_cli.build_operator(example(name), (channels, 32, 48))
            known = operator if entry.gives == "vector" else example(name)
            posed[f"{name}-{channels}"] = pose(operator(x), known, sigma=0.02)
    return posed


PROBLEMS = problems()


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_restoration_mixes_no_devices(name: str, cuda: FakeCuda) -> None:
    """Operator, sampler, noise, grey and tiles; problems are posed on the CPU."""
    seen: list[Tensor] = []
    model = on_cuda(tiny_model(), cuda, torch.float16)
    restorer = Restorer(model, FAST, TilingSettings(tile=16))
    restoration = restorer(PROBLEMS[name], callback=lambda step: seen.append(step.denoised))
    assert isinstance(restoration.x, FakeTensor)
    assert {each.device.type for each in (restoration.x, *seen)} == {"cpu"}
    assert tuple(restoration.x.shape[1:]) == PROBLEMS[name].image_shape


def test_guidance_and_a_guess_mix_no_devices(cuda: FakeCuda) -> None:
    said: list[str] = []
    restorer = Restorer(on_cuda(tiny_model(num_classes=10), cuda), FAST)
    restoration = restorer(PROBLEMS["sr4-3"], notice=said.append)
    assert restoration.label == 3
    assert len(said) == 1


def test_devices_are_mixed_with_an_error_only(cuda: FakeCuda) -> None:
    """Or the tests above could not fail."""
    with pytest.raises(RuntimeError, match="same device"):
        torch.ones(2, device="cuda") + torch.ones(2)


def test_a_module_is_copied_to_a_device_only_where_it_is_not(cuda: FakeCuda) -> None:
    """ "cuda" is the device that "cuda:0" is."""
    built = ddrm_cli.build_operator("sr4", (3, 32, 48))
    operator = on_device(built, CUDA)
    assert operator.singular_values.device == CUDA
    assert built.singular_values.device.type == "cpu"
    assert on_device(operator, torch.device("cuda")) is operator


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("name", PROBLEMS)
def test_a_gpu_gives_the_picture_of_the_cpu(name: str) -> None:
    model = tiny_model()
    there = dataclasses.replace(model, network=on_device(model.network, CUDA), device=CUDA)
    ours, theirs = (Restorer(each, FAST)(PROBLEMS[name]).x for each in (model, there))
    # The same noise; convolutions in float32 sum in another order, twice.
    torch.testing.assert_close(theirs, ours, atol=1e-3, rtol=1e-3)
