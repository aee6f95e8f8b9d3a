"""From a file of weights to a network.

The network is built without memory on torch's ``meta`` device, the names and shapes in the file
are compared with it, and only then is anything copied, tensor by tensor and already in the
working precision. Files are read with ``weights_only=True``: they can hold tensors, not code.
"""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from ddrm_cli.errors import WeightsError, WeightsMismatchError, is_out_of_memory
from ddrm_cli.networks.configurations import Shapes
from ddrm_cli.networks.guided_diffusion import Classifier
from ddrm_cli.networks.table import ARCHITECTURES
from ddrm_cli.untrusted import opened

from .model import Model
from .registry import load_models

__all__ = [
    "build_classifier",
    "build_network",
    "load_classifier",
    "load_network",
    "network_shapes",
    "read_shapes",
    "recognise",
]

_Network = TypeVar("_Network", bound=nn.Module)

# The part of a file that is mapped at a time. Mapped pages that were read count towards the
# process for as long as the map lives, so one map for all would make loading take twice the file.
_MAPS = 8
_PROTOCOL = 2  # of the pickles that torch.save writes
_LEAST_MAP = 10_000_000  # bytes; a small file is read once or twice, not eight times


def build_network(model: Model) -> nn.Module:
    """The network of a model, without memory for its weights (on the ``meta`` device)."""
    with torch.device("meta"):
        return ARCHITECTURES[model.architecture].build(model.network)


def build_classifier(model: Model) -> Classifier:
    """The classifier of a class-conditional model, without memory for its weights."""
    if model.classifier is None:
        raise ValueError(f"the model {model.name} has no classifier")
    with torch.device("meta"):
        return Classifier(model.classifier.network)


def load_network(
    model: Model,
    path: Path,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> nn.Module:
    """The network of a model with its weights, ready for inference.

    Takes about the memory of the weights in ``dtype`` plus an eighth of the file.

    Args:
        model: Says which network it is.
        path: A state dict written by ``torch.save``.
        device: Where the network goes.
        dtype: The working precision: float32, bfloat16 or float16.

    Returns:
        The network in evaluation mode; no parameter requires a gradient.

    Raises:
        WeightsMismatchError: The file holds another network's weights; which, if it is known.
        WeightsError: The file is damaged, holds code or is no state dict, or its weights
            are not finite in ``dtype``.
    """
    return _load(build_network(model), path, model.name, torch.device(device), dtype)


def load_classifier(
    model: Model,
    path: Path,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> Classifier:
    """The classifier of a class-conditional model with its weights; otherwise `load_network`."""
    name = _classifier_of(model.name)
    return _load(build_classifier(model), path, name, torch.device(device), dtype)


def read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the tensors in a file of weights.

    Raises:
        WeightsError: The file is damaged, holds code or is no state dict.
    """
    return {name: tuple(tensor.shape) for name, tensor in _read(path).items()}


def network_shapes(model: Model) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the tensors that the model's network has."""
    return _shapes(build_network(model))


def recognise(shapes: Shapes, models: Mapping[str, Model]) -> list[str]:
    """Names of the models, or "the classifier of" one, that have exactly these shapes.

    Models of one layout that were trained on different pictures cannot be told apart.
    """
    return [
        name
        for model in models.values()
        for name, network in _networks(model)
        if shapes == _shapes(network)
    ]


def _networks(model: Model) -> Iterator[tuple[str, nn.Module]]:
    yield model.name, build_network(model)
    if model.classifier is not None:
        yield _classifier_of(model.name), build_classifier(model)


def _classifier_of(name: str) -> str:
    return f"the classifier of {name}"


def _shapes(network: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


def _load(
    network: _Network, path: Path, name: str, device: torch.device, dtype: torch.dtype
) -> _Network:
    _check_shapes(read_shapes(path), _shapes(network), path, name)
    converted = {
        key: _laid_out(_convert(tensor, dtype, key, path).to(device))
        for key, tensor in _tensors(path)
    }
    network.load_state_dict(converted, assign=True)
    return network.requires_grad_(False).eval()


def _convert(tensor: Tensor, dtype: torch.dtype, name: str, path: Path) -> Tensor:
    # A copy even where the precision is right already: the file may change under a map.
    converted = tensor.detach().to(dtype, copy=True)
    if not _is_finite(converted):
        precision = str(dtype).removeprefix("torch.")
        if _is_finite(tensor):
            raise WeightsError(
                f"The weight '{name}' in {path} is too large for {precision}.",
                "Use --precision bfloat16 or float32.",
            )
        raise WeightsError(f"The weight '{name}' in {path} is not finite: the file is damaged.")
    return converted


def _laid_out(tensor: Tensor) -> Tensor:
    """Weights of convolutions with their channels last, as the networks hold their pictures."""
    return tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor


def _is_finite(tensor: Tensor) -> bool:
    """By its extremes, which takes no memory; NaN is both."""
    return all(bool(extreme.isfinite()) for extreme in tensor.aminmax())


def _tensors(path: Path) -> Iterator[tuple[str, Tensor]]:
    """The tensors of a file one after another, with little of the file in memory at once."""
    state = _read(path)
    if not _is_zip(path):
        while state:
            name = next(iter(state))
            yield name, state.pop(name)
        return
    sizes = {name: tensor.nbytes for name, tensor in state.items()}
    del state
    for names in _groups(sizes, max(_LEAST_MAP, sum(sizes.values()) // _MAPS)):
        state = _read(path)
        for name in names:
            yield name, state[name]
        del state


def _groups(sizes: Mapping[str, int], limit: int) -> Iterator[list[str]]:
    """Names in their order, together until their sizes exceed ``limit``."""
    group: list[str] = []
    total = 0
    for name, size in sizes.items():
        group.append(name)
        total += size
        if total > limit:
            yield group
            group, total = [], 0
    if group:
        yield group


def _is_zip(path: Path) -> bool:
    """Whether the file is in the format of torch 1.6 and later, the only one to be mapped."""
    with opened(path, WeightsError) as file:
        return file.read(4) == b"PK\x03\x04"


def _read(path: Path) -> dict[str, Tensor]:
    """A state dict; mapped rather than read, where the format allows that."""
    again = "Download it again, or check where it came from."
    try:
        _check_written_by_save(path)
        state = torch.load(path, map_location="cpu", weights_only=True, mmap=_is_zip(path))
    except WeightsError:
        raise
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror or error}.") from error
    except pickle.UnpicklingError as error:
        raise WeightsError(
            f"{path} was not loaded: it holds something else than tensors, possibly code.", again
        ) from error
    # Damaged bytes make torch's readers fail in as many ways as there are bytes.
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise WeightsError(f"{path} is damaged or no file of weights.", again) from error
    if not isinstance(state, dict) or not all(
        isinstance(name, str) and isinstance(tensor, Tensor) for name, tensor in state.items()
    ):
        raise WeightsError(
            f"{path} holds no state dict (names and tensors), but a {type(state).__name__}.",
            "Save network.state_dict() alone.",
        )
    for name, tensor in state.items():
        if not _is_plain(tensor):
            raise WeightsError(
                f"The weight '{name}' in {path} holds no plain numbers: it is sparse, quantised, "
                "complex or without values.",
                "Save it dense, in float32, float16 or bfloat16.",
            )
    return dict(state)


def _is_plain(tensor: Tensor) -> bool:
    return (
        tensor.layout == torch.strided
        and tensor.device.type == "cpu"
        and not (tensor.is_quantized or tensor.is_complex())
    )


def _check_written_by_save(path: Path) -> None:
    """Refuse what torch would warn of: torch has no other way to be quiet that suits threads.

    Raises:
        WeightsError: The file is a program of TorchScript, or a pickle of a protocol that
            ``torch.save`` uses only if told to, of which torch understands some and warns of all.
    """
    if _is_zip(path):
        with zipfile.ZipFile(path) as archive:
            parts = {name.rpartition("/")[2]: name for name in archive.namelist()}
            if "constants.pkl" in parts:
                raise WeightsError(
                    f"{path} was not loaded: it is a program of TorchScript, not only tensors.",
                    "Save network.state_dict() with torch.save.",
                )
            with archive.open(parts["data.pkl"]) as pickled:
                head = pickled.read(2)
    else:
        with path.open("rb") as file:
            head = file.read(2)
    if len(head) == 2 and head[:1] == pickle.PROTO and head[1] != _PROTOCOL:
        raise WeightsError(
            f"{path} was not loaded: it is a pickle of protocol {head[1]}, where torch.save writes "
            f"{_PROTOCOL}, and may hold something else than tensors, possibly code.",
            "Save network.state_dict() with torch.save as it is, without another protocol.",
        )


def _check_shapes(found: Shapes, expected: Shapes, path: Path, name: str) -> None:
    if found == expected:
        return
    alike = recognise(found, load_models())
    if alike:
        raise WeightsMismatchError(
            f"{path} does not hold the weights of {name}: it looks like {' or '.join(alike)}.",
            "Use it under that name.",
        )
    differences = [
        *(f"'{key}' is missing" for key in expected if key not in found),
        *(f"'{key}' is not part of the network" for key in found if key not in expected),
        *(
            f"'{key}' is {_by(found[key])} where {_by(expected[key])} is expected"
            for key in expected
            if key in found and found[key] != expected[key]
        ),
    ]
    more = f", and {len(differences) - 1} more differences" if len(differences) > 1 else ""
    raise WeightsMismatchError(
        f"{path} does not hold the weights of {name}: {differences[0]}{more}.",
        "Look for the model that the file was published for.",
    )


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "a single number"
