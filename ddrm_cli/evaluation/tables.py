"""Means and their errors, a table for spreadsheets, and everything needed to repeat a run."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import PIL
import torch

from ddrm_cli._version import __version__

from .grid import Cell, preset_of
from .metrics import METRICS
from .pairs import FolderScores
from .run import DDRM, Evaluation
from .store import Record
from .text import encodable, finite_json

__all__ = [
    "Mean",
    "Summary",
    "evaluation_csv",
    "evaluation_json",
    "folders_csv",
    "folders_json",
    "mean_of",
    "summarise",
    "summarise_folders",
]


@dataclass(frozen=True)
class Mean:
    """A mean with its standard error, ``std / sqrt(n)``; NaN where n is one.

    Args:
        value: The mean.
        error: Its standard error.
    """

    value: float
    error: float


@dataclass(frozen=True)
class Summary:
    """One row of the summary: a method and how well it did.

    Args:
        group: What it has in common with the rows it is compared with: the measurement.
        method: DDRM with its settings, or a baseline.
        count: Pictures.
        means: Metric to the mean over pictures.
        sigma: Noise of the measurements, which ``residual`` is compared with.
        totals: Metric to the score of the whole set.
        seconds: Time a picture; None where nothing was restored.
        is_baseline: Whether it is something to beat.
    """

    group: str
    method: str
    count: int
    means: Mapping[str, Mean]
    sigma: float = 0.0
    totals: Mapping[str, float] = field(default_factory=dict)
    seconds: Mean | None = None
    is_baseline: bool = False

    def text(self, metric: str) -> str:
        """A metric's mean with its error, or its total; a dash where it was not measured.

        ``residual`` is shown in multiples of the noise, where there is any.
        """
        written = METRICS[metric].format
        if metric in self.totals:
            return written(self.totals[metric])
        if metric not in self.means:
            return "–"
        mean = self.means[metric]
        if metric == "residual":
            if self.sigma > 0:
                return f"{mean.value / self.sigma:.2f} σ"
            return written(mean.value)
        error = f" ± {written(mean.error)}" if math.isfinite(mean.error) else ""
        return written(mean.value) + error


def mean_of(values: Iterable[float]) -> Mean:
    """Mean and standard error of at least one value."""
    array = np.array(list(values))
    if len(array) == 1 or not np.isfinite(array).all():
        return Mean(float(array.mean()), math.nan)
    return Mean(float(array.mean()), float(array.std(ddof=1) / math.sqrt(len(array))))


def summarise(evaluation: Evaluation) -> list[Summary]:
    """Rows by measurement; in each the baselines first, then DDRM with each of its settings."""
    groups: dict[str, dict[str, Summary]] = {}
    by_cell: dict[Cell, list[Record]] = {}
    for record in evaluation.records:
        by_cell.setdefault(record.cell, []).append(record)
    for cell, records in by_cell.items():
        group = groups.setdefault(cell.measurement_title, {})
        for method in records[0].scores:
            is_ddrm = method == DDRM
            title = cell.restoration_title if is_ddrm else method
            # Baselines do not depend on the cell; the cell with most pictures tells them best.
            if title in group and group[title].count >= len(records):
                continue
            group[title] = Summary(
                group=cell.measurement_title,
                method=title,
                count=len(records),
                means=_means([record.scores[method] for record in records]),
                sigma=cell.sigma,
                totals=evaluation.set_scores.get((cell, method), {}),
                seconds=mean_of(record.seconds for record in records) if is_ddrm else None,
                is_baseline=not is_ddrm,
            )
    return [
        row for group in groups.values() for row in sorted(group.values(), key=_baselines_first)
    ]


def summarise_folders(scores: FolderScores) -> list[Summary]:
    """One row, or none where nothing could be scored."""
    if not scores.pairs:
        return []
    means = _means([pair.scores for pair in scores.pairs])
    return [Summary("", "restored", len(scores.pairs), means, totals=scores.set_scores)]


def evaluation_csv(evaluation: Evaluation) -> str:
    """A row for each picture in each cell; scores of the baselines stand beside DDRM's.

    A column is named after the metric, with the method before it where that is a baseline:
    ``psnr``, ``bicubic_psnr``. ``preset`` is empty where more of it than the steps was changed. A
    name's bytes that are no UTF-8 are written out: see `encodable`; the JSON has them as escapes,
    exactly.
    """
    metrics = evaluation.store.protocol.metrics
    rows: list[dict[str, Any]] = []
    for record in evaluation.records:
        settings = asdict(record.cell.settings)
        row: dict[str, Any] = {
            "picture": record.name,
            "degradation": record.cell.degradation,
            "sigma": record.cell.sigma,
            "model": record.cell.model,
            "preset": preset_of(record.cell.settings),
            **settings,
            **record.sampler,
            "label": record.label,
            "seed": record.seed,
            "width": record.width,
            "height": record.height,
            "seconds": round(record.seconds, 3),
        }
        for method, scores in record.scores.items():
            prefix = "" if method == DDRM else f"{method.replace('-', '_')}_"
            row |= {f"{prefix}{name}": scores[name] for name in metrics if name in scores}
        rows.append(row)
    return _csv(rows)


def folders_csv(scores: FolderScores) -> str:
    """A row for each pair; names are written as in `evaluation_csv`."""
    return _csv([{"picture": pair.name, **pair.scores} for pair in scores.pairs])


def evaluation_json(evaluation: Evaluation, options: Mapping[str, Any]) -> str:
    """Everything needed to repeat the run, and every number.

    Args:
        evaluation: The run.
        options: What the user asked for.
    """
    store = evaluation.store
    return _json(
        {
            **_environment(),
            "options": options,
            "protocol": asdict(store.protocol),
            "models": store.models,
            "summary": [asdict(row) for row in summarise(evaluation)],
            "records": [asdict(record) for record in evaluation.records],
            "failures": [asdict(failure) for failure in evaluation.failures],
        }
    )


def folders_json(scores: FolderScores, options: Mapping[str, Any]) -> str:
    """The same for restorations that existed already."""
    return _json(
        {
            **_environment(),
            "options": options,
            "summary": [asdict(row) for row in summarise_folders(scores)],
            "records": [{"name": pair.name, "scores": pair.scores} for pair in scores.pairs],
            "failures": scores.failures,
            "unpaired_restored": [str(path) for path in scores.unpaired_restored],
            "unpaired_reference": [str(path) for path in scores.unpaired_reference],
        }
    )


def _means(scores: Sequence[Mapping[str, float]]) -> dict[str, Mean]:
    return {name: mean_of(each[name] for each in scores) for name in scores[0]}


def _baselines_first(row: Summary) -> bool:
    return not row.is_baseline


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return encodable(stream.getvalue())


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(finite_json(values), indent=1, allow_nan=False, default=str) + "\n"


def _environment() -> dict[str, Any]:
    return {
        "versions": {
            "ddrm-cli": __version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
            "pillow": PIL.__version__,
        },
        "machine": {
            "system": platform.platform(),
            "processor": torch.backends.cpu.get_cpu_capability(),
            "cores": os.cpu_count(),
            "threads": torch.get_num_threads(),
            "gpus": [
                torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())
            ],
        },
    }
