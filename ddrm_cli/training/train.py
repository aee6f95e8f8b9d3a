"""``train``: from photographs to a prior."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from ddrm_cli.devices import choose_device, choose_precision
from ddrm_cli.errors import (
    Notice,
    OutOfMemoryError,
    UnknownNameError,
    UsageError,
    is_out_of_memory,
)
from ddrm_cli.images.files import file_digest
from ddrm_cli.images.reading import DEFAULT_MAX_PIXELS
from ddrm_cli.networks.configurations import PlainUNetConfig
from ddrm_cli.networks.table import ARCHITECTURES
from ddrm_cli.prior import LoadedModel, load_model
from ddrm_cli.weights.cache import weights_path
from ddrm_cli.weights.model import Model
from ddrm_cli.weights.own_file import find_model
from ddrm_cli.weights.registry import DEFAULT_MODEL, load_models

from .batches import Batches
from .budget import Budget
from .held_out import HeldOut
from .learner import Learner
from .loop import Loop, Step
from .monitor import Monitor
from .output import Existing, Output
from .photographs import sort_photographs
from .recipe import FINE_TUNING, SCRATCH, Recipe
from .record import Record
from .team import teamed
from .tiles import Tiles

__all__ = ["PRECISIONS", "Trained", "train"]

PRECISIONS = ("auto", "float32", "bfloat16")
ARCHITECTURE = "plain-unet"  # the one that is trained


@dataclass(frozen=True)
class Trained:
    """What came of a training.

    Args:
        model: The prior, which `load_model` takes.
        record: How good it is, and was on the way.
    """

    model: Model
    record: Record


def train(
    pictures: str | Sequence[str],
    out: str | os.PathLike[str],
    *,
    start: str | PlainUNetConfig | None = None,
    recipe: Recipe | None = None,
    budget: Budget | None = None,
    seed: int = 0,
    device: str = "auto",
    precision: str = "auto",
    existing: Existing = "refuse",
    max_pixels: int = DEFAULT_MAX_PIXELS,
    save_every: float = 60.0,
    preparing: Callable[[int, int], None] = lambda done, total: None,
    progress: Callable[[Step], None] = lambda step: None,
    report: Callable[[Record], None] = lambda record: None,
    notice: Notice = lambda sentence: None,
) -> Trained:
    """Train a prior on photographs, and write it to a file that ``--model`` takes.

    Beside the file ``NAME.pt`` are its curves, ``NAME.svg``, and, until it is finished,
    ``NAME.pt.unfinished``. In processes that torchrun started, all train one network; the first
    writes and reports. The recipe is in ``docs/train.md``.

    Args:
        pictures: Files, folders and patterns. One photograph in ten is held out.
        out: The file of the prior.
        start: The prior whose weights to begin with: a name of the table of models or a file of
            `train`'s. Or the shape of a network to begin with random weights; None takes that of
            the bundled prior.
        recipe: Numbers of the training; None takes `FINE_TUNING` with weights to begin with, and
            `SCRATCH` without.
        budget: How long; None takes the recipe's.
        seed: Of all that is random. With equal everything else, and a budget in pixels, the weights
            are equal bit by bit on the same machine, also where the training was interrupted.
        device: As `load_model` takes it.
        precision: ``"auto"``, ``"float32"`` or ``"bfloat16"``. Weights are float32 in any case.
        existing: What becomes of files that are there: ``"refuse"``, ``"overwrite"``, or
            ``"resume"``, which goes on with an unfinished training.
        max_pixels: Largest photograph that is read.
        save_every: Seconds between two checkpoints.
        preparing: Told how many photographs are prepared, and of how many.
        progress: Called after each step.
        report: Called eleven times, when there are new figures of the held-out photographs.
        notice: Told of each photograph that is left out, and each step that is skipped.

    Raises:
        UsageError: Not two photographs can be used, an option cannot be right, or the unfinished
            training is another.
        ImageReadError: An argument does not exist.
        OutputExistsError: A file is there that was neither to be replaced nor gone on with.
        OutputError: A file cannot be written, or the disk is full.
        WeightsError: The weights to begin with, or the unfinished training, cannot be read.
        DeviceError: The device is not to be had.
        OutOfMemoryError: Memory ran out.
    """
    output = Output(Path(out))
    output.check(existing)
    recipe = recipe or (FINE_TUNING if isinstance(start, str) else SCRATCH)
    budget = budget or Budget(recipe.megapixels, "megapixels")
    where = choose_device(device)
    dtype = _precision(precision, where)
    with _told_of_memory(), teamed(where) as team:
        notice = notice if team.is_first else _nobody
        with team.one_after_another():
            photographs = sort_photographs(
                [pictures] if isinstance(pictures, str) else pictures,
                max_pixels=max_pixels,
                notice=notice,
                progress=preparing,
            )
        begun = _begin(start, seed)
        prediction, network = begun.model.prediction, begun.network.to(team.device)
        learner = Learner(network, begun.schedule, prediction, recipe, dtype, team)
        batches = Batches(Tiles(photographs.tiles), recipe, seed, begun.model.timesteps)
        loop = Loop(learner, batches, recipe, budget, team, notice)
        identity = {
            "photographs": photographs.digest,
            "weights to begin with": file_digest(weights_path(begun.model))
            if isinstance(start, str)
            else "random",
            "network": repr(begun.model.network),
            "recipe": repr(recipe),
            "seed": str(seed),
        }
        state = team.from_first(lambda: output.load(identity) if existing == "resume" else None)
        if state is not None:
            loop.load_state(state["loop"])
        elif existing == "resume":
            notice(f"There is no unfinished training '{output.checkpoint}': beginning anew.")
        monitor = None
        if team.is_first:
            held_out = HeldOut(photographs.held_out, max_pixels, team.device)
            record = Record.from_state(state["record"]) if state else _reference(held_out, learner)
            monitor = Monitor(
                loop, held_out, record, output, identity, save_every, progress, report
            )
            monitor.measure_if_due()
        for step in loop.steps():
            if monitor is not None:
                monitor.after(step)
        trained_on = f"your own, trained on {len(photographs.tiles)} photographs"
        model = begun.model.in_file(output.prior, trained_on)
        if monitor is not None:
            output.finish(learner.average.state_dict(), model, overwrite=existing == "overwrite")
        return Trained(model, team.from_first(lambda: record))


def _nobody(sentence: str) -> None:
    """Is told by all processes but the first."""


def _precision(name: str, device: torch.device) -> torch.dtype:
    if name not in PRECISIONS:
        # The gradient would need to be scaled for float16.
        raise UnknownNameError("precision to train in", name, PRECISIONS)
    fastest = choose_precision(name, device)
    return torch.bfloat16 if fastest == torch.float16 else fastest


def _begin(start: str | PlainUNetConfig | None, seed: int) -> LoadedModel:
    """The network to begin with, in float32 on the CPU."""
    models = load_models()
    if isinstance(start, str):
        model = find_model(start, models)
        if model.architecture != ARCHITECTURE:
            raise UsageError(
                f"{start} is a network of the kind {model.architecture}; only those of the kind "
                f"{ARCHITECTURE} are trained.",
                f"Begin with {DEFAULT_MODEL}, or with a prior of your own.",
            )
        return load_model(model, device="cpu", precision="float32")
    bundled = find_model(DEFAULT_MODEL, models)
    model = bundled if start is None else replace(bundled, network=start)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = ARCHITECTURES[ARCHITECTURE].build(model.network)
    return LoadedModel(model, network, torch.device("cpu"))


def _reference(held_out: HeldOut, learner: Learner) -> Record:
    """A record with what the prior will be compared with."""
    bundled = load_model(DEFAULT_MODEL, device=str(learner.team.device), precision="float32")
    with learner.lower_precision():
        psnr = held_out.denoised(bundled.network, bundled.schedule, bundled.model.prediction)
    return Record(held_out.noisy(), psnr)


@contextlib.contextmanager
def _told_of_memory() -> Iterator[None]:
    """That memory ran out, in a sentence."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise OutOfMemoryError(
            "Memory ran out during the training; its last checkpoint is kept.",
            "Close other programs, or take more processes: they share each batch.",
        ) from error
