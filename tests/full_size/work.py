"""The parts of `run` that need torch, each in a process of its own so that its memory shows.

``python -m tests.full_size.work TASK MODEL ...`` with one of the tasks below.
"""

from __future__ import annotations

import json
import math
import sys
import time
from pathlib import Path

import torch
from torch import Tensor, nn

from ddrm_cli.weights.load import build_classifier, build_network, load_classifier, load_network
from ddrm_cli.weights.model import Model
from ddrm_cli.weights.registry import load_models

EVALUATIONS = 2


def write(model: Model, path: Path, which: str) -> None:
    """Write random weights in the layout of the model's ``network`` or ``classifier``.

    Norms near one and the rest scaled by fan-in, so that what they compute stays finite.
    """
    network = build_classifier(model) if which == "classifier" else build_network(model)
    generator = torch.Generator().manual_seed(0)
    state = {name: _draw(name, tensor, generator) for name, tensor in network.state_dict().items()}
    torch.save(state, path)


def _draw(name: str, like: Tensor, generator: torch.Generator) -> Tensor:
    draw = torch.randn(like.shape, generator=generator)
    if like.ndim > 1:
        return draw / math.sqrt(like[0].numel())
    return 1 + 0.1 * draw if name.endswith("weight") else 0.1 * draw


def measure(model: Model, path: Path, precision: str, classifier: str) -> None:
    """Print, as JSON, what loading and one evaluation cost on this machine's CPU.

    ``load`` in seconds; ``peak``, the bytes that loading took at most beyond what was there
    before; ``step`` in seconds, with the classifier's gradient where there is a classifier.
    """
    dtype = getattr(torch, precision)
    build_network(model)  # what the first use of torch costs
    before = _memory("VmRSS")
    start = time.perf_counter()
    network = load_network(model, path, dtype=dtype)
    load = time.perf_counter() - start
    peak = _memory("VmHWM") - before
    guide = load_classifier(model, Path(classifier)) if classifier else None

    x = torch.randn(1, 3, model.image_size, model.image_size)
    timesteps = torch.tensor([500])
    labels = torch.tensor([0]) if model.num_classes else None
    start = time.perf_counter()
    for _ in range(EVALUATIONS):
        with torch.no_grad():
            out = network(x, timesteps, labels)
        assert bool(torch.isfinite(out).all())
        if guide is not None:
            _gradient(guide, x, timesteps)
    step = (time.perf_counter() - start) / EVALUATIONS
    print(json.dumps({"load": load, "peak": peak, "step": step}))


def _gradient(classifier: nn.Module, x: Tensor, timesteps: Tensor) -> Tensor:
    x = x.detach().requires_grad_()
    log_prob = classifier(x, timesteps).float().log_softmax(dim=-1)[:, 0].sum()
    (gradient,) = torch.autograd.grad(log_prob, x)
    return gradient


def _memory(line: str) -> int:
    """Bytes resident now (VmRSS) or at most so far (VmHWM), mapped pages included."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.split(f"{line}:")[1].split()[0])


def main() -> None:
    task, name, path, *rest = sys.argv[1:]
    model = load_models()[name]
    if task == "write":
        write(model, Path(path), *rest)
    else:
        measure(model, Path(path), *rest)


if __name__ == "__main__":
    main()
