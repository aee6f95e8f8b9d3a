"""Devices that are not here: the whole of a restoration with fake tensors on a fake CUDA device.

Fake tensors have shapes and devices but no numbers, and mix devices only with an error: what
forgets to move a tensor is found without a GPU.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

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


@contextmanager
def fake_cuda() -> Iterator[None]:
    """A CUDA device that holds shapes: tensors can be made on it, sent there and back."""
    really_to = Tensor.to

    def to(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if args and isinstance(args[0], Tensor):
            device, dtype = args[0].device, args[0].dtype
        else:
            device, dtype = torch._C._nn._parse_to(*args, **kwargs)[:2]
        if device is None or device.type != "cuda" or self.device.type == "cuda":
            return really_to(self, *args, **kwargs)
        # A build without CUDA can make fake tensors there, but not copy to them.
        return torch.empty_like(self, device=device, dtype=dtype)

    with pytest.MonkeyPatch.context() as patch, FakeTensorMode(allow_non_fake_inputs=True):
        patch.setattr(Tensor, "to", to)
        patch.setattr(Tensor, "__deepcopy__", lambda tensor, _: torch.empty_like(tensor))
        # What looks at numbers has to be told what it sees.
        patch.setattr("ddrm_cli.sampler.denoiser._is_finite", lambda x: True)
        patch.setattr("ddrm_cli.conversion._checked", lambda x: x)
        patch.setattr(LoadedModel, "guess_label", _guess)
        yield


def _guess(model: LoadedModel, x: Tensor) -> int:
    log_probabilities = model.class_log_probabilities(x)
    assert log_probabilities.device == CUDA
    return 3


def on_cuda(model: LoadedModel, precision: torch.dtype = torch.float32) -> LoadedModel:
    """The model on the fake device, which is called "cuda" as a user does."""
    network = copy.deepcopy(model.network)
    classifier = copy.deepcopy(model.classifier)
    for root, dtype in ((network, precision), (classifier, torch.float32)):
        for module in () if root is None else root.modules():
            for name, weight in module._parameters.items():
                if weight is not None:
                    there = torch.empty(weight.shape, dtype=dtype, device="cuda")
                    module._parameters[name] = nn.Parameter(there, requires_grad=False)
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
def test_a_restoration_mixes_no_devices(name: str) -> None:
    """Operator, sampler, noise, grey and tiles; problems are posed on the CPU."""
    model, seen = tiny_model(), []
    with fake_cuda():
        restorer = Restorer(on_cuda(model, torch.float16), FAST, TilingSettings(tile=16))
        restoration = restorer(PROBLEMS[name], callback=lambda step: seen.append(step.denoised))
    assert isinstance(restoration.x, FakeTensor)
    assert {each.device.type for each in (restoration.x, *seen)} == {"cpu"}
    assert tuple(restoration.x.shape[1:]) == PROBLEMS[name].image_shape


def test_guidance_and_a_guess_mix_no_devices() -> None:
    model, said = tiny_model(num_classes=10), []
    with fake_cuda():
        restorer = Restorer(on_cuda(model), FAST)
        restoration = restorer(PROBLEMS["sr4-3"], notice=said.append)
    assert restoration.label == 3
    assert len(said) == 1


def test_an_operator_on_the_device_serves_there_and_at_home() -> None:
    """Degrading with it and posing a problem happen on the CPU, restoring where the model is."""
    built = ddrm_cli.build_operator("sr4", (3, 32, 48))
    with fake_cuda():
        operator = on_device(built, CUDA)
        assert on_device(operator, torch.device("cuda")) is operator
        y = ddrm_cli.degrade(torch.rand(3, 32, 48), operator, sigma=0.1)
        assert y.device.type == "cpu"
        assert operator.singular_values.device == CUDA


def test_devices_are_mixed_with_an_error_only() -> None:
    """Or the tests above could not fail."""
    with fake_cuda(), pytest.raises(RuntimeError, match="same device"):
        torch.ones(2, device="cuda") + torch.ones(2)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("name", PROBLEMS)
def test_a_gpu_gives_the_picture_of_the_cpu(name: str) -> None:
    model = tiny_model()
    there = dataclasses.replace(model, network=on_device(model.network, CUDA), device=CUDA)
    ours, theirs = (Restorer(each, FAST)(PROBLEMS[name]).x for each in (model, there))
    # The same noise; convolutions in float32 sum in another order, twice.
    torch.testing.assert_close(theirs, ours, atol=1e-3, rtol=1e-3)
