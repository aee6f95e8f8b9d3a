"""Degrade, restore and score pictures, over a grid of settings; take up again what was left."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ddrm_cli.degradations.base import LinearOperator
from ddrm_cli.errors import ImageError, OutOfMemoryError, UsageError
from ddrm_cli.images.files import file_digest
from ddrm_cli.images.reading import DEFAULT_MAX_PIXELS, read_picture
from ddrm_cli.measuring import measure, operator_of
from ddrm_cli.prior import LoadedModel, TilingSettings
from ddrm_cli.problem import pose
from ddrm_cli.restoration import Restorer
from ddrm_cli.sampler.settings import LARGEST_SEED
from ddrm_cli.sharing import Crew, Memory, pause, turns
from ddrm_cli.weights.digests import weights_digest
from ddrm_cli.weights.model import Model

from .baselines import baselines
from .grid import Cell
from .metrics import METRICS, check_metrics, select_metrics
from .photographs import Photograph
from .preprocess import preprocess
from .progress import Failure, PictureDone, Told
from .sets import score_sets
from .store import ORIGINAL, Protocol, Record, Store
from .text import encodable

__all__ = ["DDRM", "Evaluation", "evaluate", "picture_seed"]

DEFAULT_PROTOCOL = Protocol()
DDRM = "ddrm"
"""The method's name in scores, beside those of the baselines."""

SetScores = Mapping[tuple[Cell, str], Mapping[str, float]]
"""(Cell, method) to the metrics that need many pictures."""


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    Args:
        store: Its folder.
        records: Scores of each picture in each cell.
        failures: Pictures without scores.
        set_scores: Scores of whole sets of pictures.
    """

    store: Store
    records: Sequence[Record]
    failures: Sequence[Failure]
    set_scores: SetScores


def evaluate(
    photographs: Sequence[Photograph],
    cells: Sequence[Cell],
    out: Path,
    models: Mapping[str, Model],
    load: Callable[[Model], LoadedModel],
    *,
    protocol: Protocol = DEFAULT_PROTOCOL,
    batch_size: int = 1,
    max_pixels: int = DEFAULT_MAX_PIXELS,
    crew: Crew | None = None,
    progress: Callable[[PictureDone], None] | None = None,
) -> Evaluation:
    """Degrade, restore and score each picture in each cell.

    Measurements are floats: they are not rounded to 8 bits, as the published ones. A picture's
    measurement and noise depend on its name and the run's seed only, so they are the same in
    every cell, and with or without a limit. What the folder has finished is not done again. A
    picture that fails is named in the result, and the rest go on. Processes that write into one
    folder share the work, and each returns all of it; of a crew only the first does.

    Args:
        photographs: The pictures.
        cells: The grid.
        out: Folder of the results.
        models: Those of the grid, by the names that it calls them.
        load: Called once for each of them that is needed.
        protocol: What the numbers depend on besides.
        batch_size: Tiles that the network sees at once.
        max_pixels: Largest picture that is read.
        crew: The processes that share the work; None is this one.
        progress: Called after each picture, in the first of them.

    Raises:
        UnknownNameError: No preprocessing or metric of that name.
        UsageError: No picture or no cell, or the folder has another run's results.
        OutputError: The folder cannot be written.
        WeightsError: A model cannot be loaded.
    """
    if not cells or not photographs:
        raise UsageError(
            f"There is nothing to evaluate: {len(photographs)} pictures in {len(cells)} cells.",
            "Give at least one of each.",
        )
    check_metrics(protocol.metrics, len(photographs))
    crew = crew or Crew(Memory())
    tiling = TilingSettings(protocol.tile, batch_size)
    store = Store(out, protocol)
    for name in dict.fromkeys(cell.model for cell in cells):
        store.check_model(name, _weights(models[name]))
    loader = _Loader(models, load, store)
    pieces = [(cell, photograph) for cell in cells for photograph in photographs]
    work = {str(store.record(cell, each.name)): (cell, each) for cell, each in pieces}
    told = Told(crew, work, progress)
    records: dict[str, Record] = {}

    def idle() -> None:
        told.hear()
        pause()

    with turns({name: out / name for name in work}, crew, idle) as mine:
        for name in mine:
            cell, photograph = work[name]
            reused, reason = False, None
            try:
                data_hash = file_digest(photograph.path)
                record = store.find(cell, photograph, data_hash)
                reused = record is not None
                if record is None:
                    record = _evaluate_one(
                        cell, photograph, data_hash, store, loader(cell.model), tiling, max_pixels
                    )
                    store.add(record)
                records[name] = record
            # Any other error would meet the next picture too, and ends the run.
            except (ImageError, OutOfMemoryError) as error:
                reason = str(error)
            told.end(name, reused, reason)
    told.hear()
    if not crew.is_first:
        return Evaluation(store, [], [], {})
    for name, (cell, photograph) in work.items():
        if name not in records and name not in told.failures:  # another process has done it
            record = store.find(cell, photograph, file_digest(photograph.path))
            if record is not None:
                records[name] = record
    found = [records[name] for name in work if name in records]
    failures = [told.failures[name] for name in work if name in told.failures]
    return Evaluation(store, found, failures, _score_cells(store, found, max_pixels))


def picture_seed(seed: int, name: str) -> int:
    """The seed of a picture: of its name, so that it does not depend on its neighbours."""
    return (seed + zlib.crc32(encodable(name).encode())) % (LARGEST_SEED + 1)


class _Loader:
    """Loads one model at a time, and notes in the store which one it was."""

    def __init__(
        self, models: Mapping[str, Model], load: Callable[[Model], LoadedModel], store: Store
    ) -> None:
        self._models = models
        self._load = load
        self._store = store
        self._name = ""
        self._model: LoadedModel | None = None

    def __call__(self, name: str) -> LoadedModel:
        if self._model is None or self._name != name:
            self._model = None  # gives its memory back before the next takes it
            self._model = self._load(self._models[name])
            self._name = name
            self._store.add_model(name, _model_facts(self._model))
        return self._model


def _weights(model: Model) -> dict[str, Any]:
    return {
        "weights": {file.name: weights_digest(file) for file in model.files},
        "version": model.version,
    }


def _model_facts(model: LoadedModel) -> dict[str, Any]:
    return {
        **_weights(model.model),
        "precision": str(model.precision).removeprefix("torch."),
        "device": model.device.type,  # one of several GPUs is like another
    }


def _evaluate_one(
    cell: Cell,
    photograph: Photograph,
    sha256: str,
    store: Store,
    model: LoadedModel,
    tiling: TilingSettings,
    max_pixels: int,
) -> Record:
    protocol = store.protocol
    picture = read_picture(photograph.path, max_pixels=max_pixels)
    pixels = cell.entry.crop(preprocess(picture, protocol.preprocess, protocol.size))
    height, width, channels = pixels.shape
    seed = picture_seed(protocol.seed, photograph.name)
    operator = operator_of(cell.degradation, (channels, height, width), seed=seed)
    # What takes the colour from a grey picture sees it in colour.
    pixels = np.broadcast_to(pixels, (height, width, operator.image_shape[0]))
    x = torch.from_numpy(np.moveaxis(pixels, -1, 0).copy())[None]
    y = measure(x, operator, cell.sigma, [seed])

    # A list has labels for whichever of the models needs one.
    label = None if model.model.num_classes is None else photograph.label
    restorer = Restorer(model, cell.settings, tiling, label)
    notices: list[str] = []
    start = time.perf_counter()
    problem = pose(y, operator, sigma=cell.sigma)
    restoration = restorer(problem, [seed], notice=notices.append)
    seconds = time.perf_counter() - start

    methods = {DDRM: restoration.x, **baselines(cell.entry, operator, y)}
    store.add_picture(cell, ORIGINAL, photograph.name, pixels)
    scores: dict[str, dict[str, float]] = {}
    for method, restored in methods.items():
        estimate = np.moveaxis(restored[0].numpy(), 0, -1)
        store.add_picture(cell, method, photograph.name, estimate)
        scores[method] = _score(protocol.metrics, estimate, pixels, problem.y, operator)
    return Record(
        cell=cell,
        name=photograph.name,
        sha256=sha256,
        parameters=cell.entry.parameters,
        label=photograph.label,
        seed=seed,
        width=width,
        height=height,
        seconds=seconds,
        scores=scores,
        sampler=restoration.plan.facts,
        notices=tuple(notices),
    )


def _score(
    names: Sequence[str],
    x_hat: NDArray[np.float32],
    x: NDArray[np.float32],
    y: Tensor,
    operator: LinearOperator,
) -> dict[str, float]:
    clipped = x_hat.clip(0, 1)  # what a file of the restoration would hold
    scores: dict[str, float] = {}
    for metric in (METRICS[name] for name in names):
        if metric.needs == "original":
            scores[metric.name] = metric.function(clipped, x)
        elif metric.needs == "measurement":
            scores[metric.name] = metric.function(x_hat, y[0], operator)
    return scores


def _score_cells(store: Store, records: Sequence[Record], max_pixels: int) -> SetScores:
    metrics = store.protocol.metrics
    if not select_metrics(metrics, "set"):
        return {}
    groups: dict[tuple[Cell, str], list[Record]] = {}
    for record in records:
        for method in record.scores:
            groups.setdefault((record.cell, method), []).append(record)
    # By their files: cells share the baselines of the pictures that they have in common.
    scored: dict[tuple[Path, ...], dict[str, float]] = {}
    scores: dict[tuple[Cell, str], dict[str, float]] = {}
    for (cell, method), group in groups.items():
        restored = tuple(store.out / store.picture(cell, method, each.name) for each in group)
        originals = [store.out / store.picture(cell, ORIGINAL, each.name) for each in group]
        if restored not in scored and len(group) > 1:
            scored[restored] = score_sets(metrics, restored, originals, max_pixels=max_pixels)
        scores[cell, method] = scored.get(restored, {})
    return scores
