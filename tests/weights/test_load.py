"""From a file of weights to a network: exactly, safely, and in little memory."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import zipfile
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ddrm_cli.errors import UnknownNameError, UsageError, WeightsError, WeightsMismatchError
from ddrm_cli.networks.configurations import UNetConfig
from ddrm_cli.weights.infer import model_from_file
from ddrm_cli.weights.load import (
    build_classifier,
    build_network,
    load_classifier,
    load_network,
    read_shapes,
    recognise,
)
from ddrm_cli.weights.registry import DEFAULT_MODEL, load_models

from ..networks.goldens import published_keys
from .models import random_state, tiny, with_classifier, write

PUBLISHED = {
    "imagenet-256": "256x256_diffusion_uncond.pt",
    "imagenet-256-cc": "256x256_diffusion.pt",
    "imagenet-512-cc": "512x512_diffusion.pt",
    "celeba-hq": "ddpm_256",
    "lsun-bedroom": "ddpm_256",
    "lsun-cat": "ddpm_256",
    "lsun-church": "ddpm_256",
    "cifar10": "ddpm_32",
}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "keys"), PUBLISHED.items())
def test_table_describes_the_published_checkpoint(name: str, keys: str) -> None:
    """Names and shapes at full size, without memory for the weights."""
    network = build_network(load_models()[name])
    state = {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}
    assert state == published_keys(keys)


@pytest.mark.parametrize("size", [256, 512])
def test_table_describes_the_published_classifier(size: int) -> None:
    network = build_classifier(load_models()[f"imagenet-{size}-cc"])
    state = {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}
    assert state == published_keys(f"{size}x{size}_classifier.pt")


def test_ffhq_has_as_many_weights_as_its_file_has_bytes() -> None:
    """No list of its keys was published: its size is the evidence.

    Beside four bytes a weight the file holds names and alignment, less than 1 kB a tensor.
    """
    model = load_models()["ffhq"]
    state = build_network(model).state_dict()
    assert model.weights.bytes is not None
    beside = model.weights.bytes - sum(4 * tensor.numel() for tensor in state.values())
    assert 0 < beside < 1000 * len(state)


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "before-1.6"])
@pytest.mark.parametrize("architecture", ["guided-diffusion", "ddpm", "plain-unet"])
def test_weights_arrive_exactly(tmp_path: Path, architecture: str, zipped: bool) -> None:
    model = tiny(architecture)
    state = random_state(model)
    network = load_network(model, write(tmp_path / "w.pt", state, zipped=zipped))
    loaded = network.state_dict()
    assert loaded.keys() == state.keys()
    assert all(torch.equal(loaded[name], state[name]) for name in state)
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_network_does_not_depend_on_the_file_any_more(tmp_path: Path) -> None:
    """A parameter that were a map of the file would change, or crash, with it."""
    model = tiny()
    path = write(tmp_path / "w.pt", random_state(model))
    network = load_network(model, path)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with path.open("r+b") as file:
        file.write(b"\xff" * path.stat().st_size)
    assert all(torch.equal(before[name], now) for name, now in network.state_dict().items())


def test_classifier_is_loaded_alike(tmp_path: Path) -> None:
    model = with_classifier()
    state = random_state(model, classifier=True)
    classifier = load_classifier(model, write(tmp_path / "c.pt", state))
    assert all(torch.equal(now, state[name]) for name, now in classifier.state_dict().items())
    with torch.no_grad():
        assert classifier(torch.zeros(1, 3, 32, 32), torch.tensor([3])).shape == (1, 10)
    with pytest.raises(ValueError, match="no classifier"):
        load_classifier(tiny(), tmp_path / "c.pt")


def test_parameters_in_a_checkpoint_are_as_good_as_tensors(tmp_path: Path) -> None:
    """The published FFHQ file pickles them: torch._utils._rebuild_parameter."""
    model = tiny()
    state = random_state(model)
    parameters = OrderedDict((key, torch.nn.Parameter(value)) for key, value in state.items())
    path = write(tmp_path / "w.pt", parameters)
    assert b"_rebuild_parameter" in path.read_bytes()
    loaded = load_network(model, path).state_dict()
    assert all(torch.equal(loaded[name], state[name]) for name in state)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("architecture", ["guided-diffusion", "ddpm", "plain-unet"])
def test_the_whole_network_runs_in_the_precision_asked_for(
    tmp_path: Path, architecture: str, dtype: torch.dtype
) -> None:
    model = tiny(architecture)
    path = write(tmp_path / "w.pt", random_state(model))
    network = load_network(model, path, dtype=dtype)
    assert {parameter.dtype for parameter in network.parameters()} == {dtype}
    x, t = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(1)), torch.tensor([7])
    with torch.no_grad():
        exact = load_network(model, path)(x, t)
        out = network(x, t).float()
    # bfloat16 keeps 8 bits (4e-3); some twenty layers add up to a few times that.
    assert float((out - exact).norm() / exact.norm()) < 5e-2


def test_bundled_prior_loads() -> None:
    """Its file is float16; every value of it is kept in float32."""
    model = load_models()[DEFAULT_MODEL]
    assert model.weights.path is not None
    network = load_network(model, model.weights.path)
    assert {tensor.dtype for tensor in network.state_dict().values()} == {torch.float32}
    assert sum(parameter.numel() for parameter in network.parameters()) == 15_347_852


def test_weight_too_large_for_half_precision_is_named(tmp_path: Path) -> None:
    model = tiny()
    state = random_state(model)
    state["out.2.weight"][0, 0, 0, 0] = 1e5  # float16 ends at 65504
    path = write(tmp_path / "w.pt", state)
    with pytest.raises(WeightsError, match=r"'out\.2\.weight'.*too large for float16"):
        load_network(model, path, dtype=torch.float16)
    load_network(model, path, dtype=torch.bfloat16)


def test_weight_that_is_not_finite_is_named(tmp_path: Path) -> None:
    model = tiny()
    state = random_state(model)
    state["out.2.bias"][1] = float("nan")
    with pytest.raises(WeightsError, match=r"'out\.2\.bias'.*not finite"):
        load_network(model, write(tmp_path / "w.pt", state))


# ------------------------------------------------------------------ the wrong file


@pytest.mark.slow
def test_another_models_file_is_recognised(tmp_path: Path) -> None:
    """The bundled prior stands for any published file: the comparison is by shapes alone."""
    models = load_models()
    path = models[DEFAULT_MODEL].weights.path
    assert path is not None
    with pytest.raises(WeightsMismatchError, match=f"looks like {DEFAULT_MODEL}"):
        load_network(models["cifar10"], path)


@pytest.mark.slow
def test_every_published_layout_is_told_from_the_others() -> None:
    models = load_models()
    assert recognise(published_keys("256x256_diffusion.pt"), models) == ["imagenet-256-cc"]
    assert recognise(published_keys("ddpm_256"), models) == [
        "celeba-hq",
        "lsun-bedroom",
        "lsun-cat",
        "lsun-church",
    ]
    assert recognise(published_keys("512x512_classifier.pt"), models) == [
        "the classifier of imagenet-512-cc"
    ]
    assert recognise({"a": (1,)}, models) == []


def test_nothing_is_read_of_a_file_with_a_wrong_shape(tmp_path: Path) -> None:
    model = tiny()
    state = random_state(model)
    state["out.2.weight"] = torch.zeros(3, 32, 3, 3)
    state["extra"] = torch.zeros(2)
    del state["out.0.bias"]
    with pytest.raises(WeightsMismatchError, match=r"'out\.0\.bias' is missing, and 2 more"):
        load_network(model, write(tmp_path / "w.pt", state))


@pytest.mark.slow
def test_wrong_shape_is_told(tmp_path: Path) -> None:
    model = tiny()
    state = random_state(model)
    state["out.2.weight"] = torch.zeros(3, 32, 3, 3)
    with pytest.raises(WeightsMismatchError, match="is 3 x 32 x 3 x 3 where 6 x 32 x 3 x 3"):
        load_network(model, write(tmp_path / "w.pt", state))


class Malicious:
    """Unpickled without care, this runs a command."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.mark}",)


@pytest.mark.parametrize("form", ["zip", "before-1.6", "bare"])
def test_pickle_that_would_run_code_is_refused_and_does_not_run(tmp_path: Path, form: str) -> None:
    mark, path = tmp_path / "ran", tmp_path / "w.pt"
    if form == "bare":
        path.write_bytes(pickle.dumps(Malicious(mark)))
    else:
        write(path, {"out.2.weight": Malicious(mark)}, zipped=form == "zip")
    with pytest.raises(WeightsError, match="possibly code"):
        load_network(tiny(), path)
    assert not mark.exists()


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "before-1.6"])
@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_what_torch_would_warn_of_is_refused_in_words(
    tmp_path: Path, protocol: int, zipped: bool
) -> None:
    """So no warning needs to be silenced, which could not be done for one thread alone."""
    path = tmp_path / "w.pt"
    torch.save(
        random_state(tiny()),
        path,
        pickle_protocol=protocol,
        _use_new_zipfile_serialization=zipped,
    )
    with pytest.raises(WeightsError, match=f"a pickle of protocol {protocol}"):
        load_network(tiny(), path)


def test_program_of_torchscript_is_refused_in_words(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "w.pt", "w") as archive:
        for part in ("data.pkl", "constants.pkl"):
            archive.writestr(f"w/{part}", b"\x80\x02}.")
    with pytest.raises(WeightsError, match="TorchScript"):
        load_network(tiny(), tmp_path / "w.pt")


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "before-1.6"])
@pytest.mark.parametrize("kept", [0, 1, 3, 4, 30, 0.1, 0.5, 0.9, -100, -1])
def test_file_that_was_cut_short_is_an_error(tmp_path: Path, zipped: bool, kept: float) -> None:
    model = tiny()
    path = write(tmp_path / "w.pt", random_state(model), zipped=zipped)
    size = path.stat().st_size
    os.truncate(path, int(kept * size) if 0 < kept < 1 else int(kept) % size)
    with pytest.raises(WeightsError):
        load_network(model, path)


@pytest.mark.parametrize(
    "content",
    [b"<html>404</html>", b"version https://git-lfs", b"\x80\x04]\x94.", bytes(range(256))],
)
def test_file_that_is_something_else_is_an_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "w.pt"
    path.write_bytes(content)
    with pytest.raises(WeightsError):
        load_network(tiny(), path)


def test_want_of_memory_is_not_told_as_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(*_: object, **__: object) -> None:
        raise RuntimeError("[enforce fail] posix_memalign: can't allocate memory")

    path = write(tmp_path / "w.pt", random_state(tiny()))
    monkeypatch.setattr(torch, "load", no_memory)
    with pytest.raises(RuntimeError, match="allocate memory"):
        load_network(tiny(), path)


def test_zip_archive_that_is_no_checkpoint(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "w.pt", "w") as archive:
        archive.writestr("photo.txt", "hello")
    with pytest.raises(WeightsError, match="no file of weights"):
        load_network(tiny(), tmp_path / "w.pt")


@pytest.mark.parametrize("state", [[1, 2], {"state_dict": {"a": torch.zeros(1)}}, torch.zeros(2)])
def test_file_that_is_no_state_dict(tmp_path: Path, state: object) -> None:
    with pytest.raises(WeightsError, match="no state dict"):
        load_network(tiny(), write(tmp_path / "w.pt", state))


def test_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="There is no file"):
        load_network(tiny(), tmp_path / "w.pt")


# ------------------------------------------------------------------ memory

_PEAK = """
import sys, torch
from pathlib import Path
from tests.weights.models import tiny
from ddrm_cli.weights.load import build_network, load_network

def memory(line):  # VmRSS: resident now; VmHWM: its highest so far. Mapped pages included.
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.split(line + ":")[1].split()[0])

model = tiny(model_channels=128, num_res_blocks=2)
build_network(model), torch.ones(1).to(torch.bfloat16)  # what the first use of torch costs
before = memory("VmRSS")
network = load_network(model, Path(sys.argv[1]), dtype=getattr(torch, sys.argv[2]))
print(memory("VmHWM") - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_loading_takes_little_more_memory_than_the_file(tmp_path: Path, dtype: str) -> None:
    """A map of the whole file beside the weights would make it twice the file."""
    path = write(tmp_path / "w.pt", random_state(tiny(model_channels=128, num_res_blocks=2)))
    size = path.stat().st_size
    assert size > 50e6  # so that the allocator's own reserves do not decide
    run = subprocess.run(
        [sys.executable, "-c", _PEAK, str(path), dtype],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(run.stdout) < 1.3 * size


# ------------------------------------------------------------------ a checkpoint of one's own


@pytest.mark.slow
@pytest.mark.parametrize("name", ["imagenet-256", "imagenet-512-cc", "ffhq"])
@pytest.mark.parametrize("like", ["imagenet-256", "ffhq"])
def test_configuration_of_a_published_adm_is_read_off_its_shapes(
    name: str, like: str, tmp_path: Path
) -> None:
    """From tensors that take no memory on the disk either: each is one number, repeated."""
    models = load_models()
    path = tmp_path / "mine.pt"
    state = build_network(models[name]).state_dict()
    torch.save({key: torch.zeros(()).expand(value.shape) for key, value in state.items()}, path)
    mine = model_from_file(path, like, models)
    assert (mine.name, mine.prediction) == ("mine", models[like].prediction)
    expected, network = models[name].network, mine.network
    assert isinstance(expected, UNetConfig)
    assert isinstance(network, UNetConfig)
    levels = range(len(expected.channel_mult))
    assert [network.attends(n) for n in levels] == [expected.attends(n) for n in levels]
    # All but the side and what hangs on it is read, or the same in both.
    network = replace(network, image_size=256, attention_resolutions=())
    assert network == replace(expected, image_size=256, attention_resolutions=())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["photo-small", "celeba-hq", "cifar10"])
def test_configuration_of_another_model_is_read_off_its_shapes(name: str, tmp_path: Path) -> None:
    models = load_models()
    path = tmp_path / "mine.pt"
    state = build_network(models[name]).state_dict()
    torch.save({key: torch.zeros(()).expand(value.shape) for key, value in state.items()}, path)
    assert model_from_file(path, name, models).network == models[name].network


def test_model_from_a_file_loads_it(tmp_path: Path) -> None:
    model = tiny(channel_mult=(1, 1, 2), num_res_blocks=2, attention_resolutions=(16, 8))
    models = {**load_models(), "tiny": tiny()}
    path = write(tmp_path / "own.pt", random_state(model))
    mine = model_from_file(path, "tiny", models)
    assert mine.network == model.network
    load_network(mine, path)


@pytest.mark.slow
def test_architecture_alone_is_answered_with_the_models_to_choose_from(tmp_path: Path) -> None:
    models = load_models()
    path = models[DEFAULT_MODEL].weights.path
    assert path is not None
    with pytest.raises(UsageError) as caught:
        model_from_file(path, models[DEFAULT_MODEL].architecture, models)
    assert DEFAULT_MODEL in caught.value.hint
    own = write(tmp_path / "own.pt", random_state(tiny("ddpm")))
    with pytest.raises(UsageError) as caught:
        model_from_file(own, "ddpm", models)
    assert "celeba-hq" in caught.value.hint
    with pytest.raises(UnknownNameError):
        model_from_file(own, "nonsense", models)


def test_file_of_another_architecture_is_a_mismatch(tmp_path: Path) -> None:
    own = write(tmp_path / "own.pt", random_state(tiny("ddpm")))
    with pytest.raises(WeightsMismatchError, match="no guided-diffusion network"):
        model_from_file(own, "imagenet-256", load_models())
    state = random_state(tiny())
    del state["middle_block.1.norm.bias"]
    with pytest.raises(WeightsMismatchError):
        model_from_file(write(tmp_path / "half.pt", state), "imagenet-256", load_models())


def test_shapes_are_read_without_a_model(tmp_path: Path) -> None:
    path = write(tmp_path / "w.pt", {"a": torch.zeros(2, 3), "b": torch.zeros(())})
    assert read_shapes(path) == {"a": (2, 3), "b": ()}


def test_own_model_that_is_deeper_gets_windows_that_it_can_take(tmp_path: Path) -> None:
    deep = tiny(channel_mult=(1, 1, 1, 2, 2, 2), attention_resolutions=())
    models = {"tiny": replace(tiny(), tile=2)}
    assert (
        model_from_file(write(tmp_path / "own.pt", random_state(deep)), "tiny", models).tile == 32
    )


def test_reason_why_a_network_cannot_be_used_is_told(tmp_path: Path) -> None:
    """One that enlarges sees the picture twice; nothing here could feed it."""
    state = random_state(tiny())
    state["input_blocks.0.0.weight"] = torch.zeros(32, 6, 3, 3)
    with pytest.raises(WeightsMismatchError, match="'in_channels' must be 3"):
        model_from_file(write(tmp_path / "own.pt", state), "tiny", {"tiny": tiny()})


def test_own_model_keeps_a_classifier_of_as_many_classes(tmp_path: Path) -> None:
    model = with_classifier()
    path = write(tmp_path / "own.pt", random_state(model))
    assert model_from_file(path, model.name, {model.name: model}).classifier == model.classifier
    eleven = tiny(num_classes=11)
    path = write(tmp_path / "eleven.pt", random_state(eleven))
    assert model_from_file(path, model.name, {model.name: model}).classifier is None
