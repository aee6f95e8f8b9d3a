"""A restoration away from the CPU, on a machine that has no other device.

A fake device computes with the CPU, but its tensors meet those of the CPU only with an error: what
forgets to move a tensor is found without a GPU, and what is moved has to give the same picture.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils import backend_registration
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

import ddrm_cli
from ddrm_cli.degradations.table import DEGRADATIONS
from ddrm_cli.devices import choose_device, on_device
from ddrm_cli.prior import LoadedModel, TilingSettings
from ddrm_cli.problem import InverseProblem, pose
from ddrm_cli.restoration import Restorer
from ddrm_cli.training.batches import Batch
from ddrm_cli.training.held_out import HeldOut
from ddrm_cli.training.team import Team
from tests.degradations.examples import example
from tests.training.conftest import toy_learner

from .test_restoration import tiny_model

HAS_FAKE = not torch.cuda.is_available() and hasattr(
    backend_registration, "_setup_privateuseone_for_python_backend"
)
if HAS_FAKE:
    # Now: the first gradient of a process settles on which devices there can be others.
    backend_registration._setup_privateuseone_for_python_backend("fake")

CPU = torch.device("cpu")
FAST = ddrm_cli.SamplerSettings(steps=2)
aten = torch.ops.aten

KERNELS: dict[Any, Callable[..., Any]] = {
    aten._fused_sdp_choice.default: lambda *_, **__: 0,  # attention has no kernel, but a formula
    # These would set a flag, which numbers inside of another tensor do not see.
    aten._conj.default: aten._conj_physical.default,
    aten._neg_view.default: aten.neg.default,
}


class FakeTensor(Tensor):
    """A tensor on the fake device; its numbers are on the CPU."""

    numbers: Tensor

    @staticmethod
    def __new__(cls, numbers: Tensor) -> FakeTensor:
        layout = numbers.shape, numbers.stride(), numbers.storage_offset()
        fake = torch.device("fake:0")
        with torch.inference_mode(False):  # such a tensor cannot be made in it
            self = Tensor._make_wrapper_subclass(cls, *layout, dtype=numbers.dtype, device=fake)
        self.numbers = numbers
        return self

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return _compute(func, args, kwargs or {})


class FakeDevice(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Lets tensors be made on the fake device."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _compute(func, args, kwargs or {})


def _compute(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    inputs = [each for each in tree_leaves((args, kwargs)) if isinstance(each, Tensor)]
    is_fake = any(isinstance(each, FakeTensor) for each in inputs)
    # Single numbers may be on the CPU, as for a GPU, which would take indices from there as well.
    elsewhere = [each for each in inputs if not isinstance(each, FakeTensor) and each.ndim > 0]
    if is_fake and elsewhere and func is not aten.copy_.default:
        raise RuntimeError(f"{func} expects all tensors to be on the same device.")
    if kwargs.get("device") is not None:
        is_fake = kwargs["device"].type == "fake"
        kwargs = {**kwargs, "device": CPU}
    args, kwargs = tree_map_only(FakeTensor, lambda x: x.numbers, (args, kwargs))
    out = KERNELS.get(func, func)(*args, **kwargs)
    if not is_fake:
        return out
    # What is computed in place stays the tensor that it was.
    known = {id(getattr(each, "numbers", each)): each for each in inputs}
    return tree_map_only(Tensor, lambda x: known[id(x)] if id(x) in known else FakeTensor(x), out)


@pytest.fixture(params=["fake", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request: pytest.FixtureRequest) -> Iterator[torch.device]:
    """One that is not the CPU."""
    if request.param == "fake":
        if not HAS_FAKE:
            pytest.skip("needs a torch without CUDA that lets devices be written in Python")
        with FakeDevice():  # type: ignore[no-untyped-call]
            yield torch.device("fake:0")
    else:
        if not torch.cuda.is_available():
            pytest.skip("there is no CUDA device")
        # Or convolutions round to ten bits.
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            yield torch.device("cuda:0")


def moved(model: LoadedModel, device: torch.device) -> LoadedModel:
    network = on_device(model.network, device)
    classifier = model.classifier and on_device(model.classifier, device)
    return dataclasses.replace(model, network=network, classifier=classifier, device=device)


def problems() -> dict[str, InverseProblem]:
    """Every entry of the table, posed on the CPU; in grey where it takes one channel."""
    posed: dict[str, InverseProblem] = {}
    for name, entry in DEGRADATIONS.items():
        shape = (3 if entry.gives == "grey" else 1, 16, 32)
        operator = ddrm_cli.build_operator(example(name), shape)
        known = operator if entry.gives == "vector" else example(name)
        x = torch.rand(1, *shape, generator=torch.Generator().manual_seed(0))
        sigma = 0.0 if entry.gives == "jpeg" else 0.02
        posed[name] = pose(operator.observe(x), known, sigma=sigma)
    return posed


PROBLEMS = problems()


@pytest.mark.slow
@pytest.mark.parametrize("name", PROBLEMS)
def test_any_device_gives_the_picture_of_the_cpu(name: str, device: torch.device) -> None:
    """Operator, sampler, noise, grey and tiles; pictures come back on the CPU."""
    model, tiling, seen = tiny_model(), TilingSettings(tile=16, batch_size=2), []
    ours = Restorer(model, FAST, tiling)(PROBLEMS[name]).x
    restorer = Restorer(moved(model, device), FAST, tiling)
    theirs = restorer(PROBLEMS[name], callback=lambda step: seen.append(step.denoised)).x
    assert {each.device for each in (theirs, *seen)} == {CPU}
    # The same noise; attention and convolutions sum in another order, in float32 and twice.
    torch.testing.assert_close(theirs, ours, atol=1e-3, rtol=1e-3)


def test_any_device_guesses_and_guides_as_the_cpu(device: torch.device) -> None:
    """A small picture, which is mirrored to the size that the network takes."""
    model, problem = tiny_model(num_classes=10), PROBLEMS["color"]
    ours, theirs = (Restorer(each, FAST)(problem) for each in (model, moved(model, device)))
    assert theirs.label == ours.label
    torch.testing.assert_close(theirs.x, ours.x, atol=1e-3, rtol=1e-3)


def test_a_tensor_comes_back_to_its_device(device: torch.device) -> None:
    model = moved(tiny_model(), device)
    y = ddrm_cli.degrade(torch.rand(3, 32, 32, device=device), "sr4")
    x = ddrm_cli.restore(y, "sr4", sigma=0.0, model=model, settings=FAST)
    assert (y.device, x.device) == (device, device)


def test_devices_are_mixed_with_an_error_only(device: torch.device) -> None:
    """Or the tests above could not fail."""
    with pytest.raises(RuntimeError, match="same device"):
        torch.ones(2, device=device) + torch.ones(2)


def test_a_module_is_copied_to_a_device_only_where_it_is_not(device: torch.device) -> None:
    """The device "cuda" is "cuda:0"."""
    built = ddrm_cli.build_operator("sr4", (3, 32, 48))
    operator = on_device(built, device)
    assert operator.singular_values.device == device
    assert built.singular_values.device == CPU
    assert on_device(operator, torch.device(device.type)) is operator


def test_a_network_is_trained_on_any_device_as_on_the_cpu(device: torch.device) -> None:
    """Gradient, optimizer, average, and what the held-out photograph is made of."""
    photo = Path(__file__).parent / "data" / "photos" / "coffee.png"
    generator = torch.Generator().manual_seed(0)
    x, noise = torch.randn(2, 2, 3, 16, 16, generator=generator)
    batch = Batch(x.clamp(-1, 1), torch.tensor([3, 700]), noise)
    figures = []
    for where in (CPU, device):
        learner = toy_learner(team=Team(0, 1, where))
        for _ in range(2):
            learner.find_gradient(batch.to(where))
            learner.step(1e-3, 0.9)
        held_out = HeldOut([photo], 10**7, where)
        figures.append(held_out.denoised(learner.average, learner.schedule, "v"))
    # Convolutions sum in another order; hundredths of a decibel are more than that changes.
    assert figures[0] == pytest.approx(figures[1], abs=0.01)


def test_each_process_that_torchrun_started_takes_its_own_gpu(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert choose_device("auto") == choose_device("cuda") == torch.device("cuda")
    for rank, own in (("0", 0), ("1", 1), ("2", 0)):  # more processes than GPUs share them
        monkeypatch.setenv("LOCAL_RANK", rank)
        assert choose_device("auto") == choose_device("cuda") == torch.device("cuda", own)
        assert choose_device("cuda:1") == torch.device("cuda:1")
        assert choose_device("cpu") == torch.device("cpu")
