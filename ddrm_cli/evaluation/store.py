"""The output folder of an evaluation: what was run, and one file for each finished picture.

::

    run.json                                        the protocol and the models
    cells/MEASUREMENT/RESTORATION/NAME.json         scores of one picture, once it is finished
    pictures/MEASUREMENT/METHOD/NAME.png            original, baselines and restorations

Everything is written whole or not at all, the scores after the pictures: what has scores is
finished.
"""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ddrm_cli._version import __version__
from ddrm_cli.errors import ImageError, OutputError, UnknownNameError, UsageError
from ddrm_cli.images.encoding import encode_picture
from ddrm_cli.images.picture import Picture
from ddrm_cli.images.unfinished import remove_unfinished
from ddrm_cli.images.writing import write_bytes
from ddrm_cli.sampler.settings import LARGEST_SEED
from ddrm_cli.sharing import claimed, remove_abandoned
from ddrm_cli.untrusted import parse_json, read_text

from .grid import Cell
from .metrics import DEFAULT_METRICS, get_metric
from .photographs import Photograph
from .preprocess import get_preprocessing
from .text import finite_json

__all__ = ["ORIGINAL", "Protocol", "Record", "Store"]

FORMAT = 2  # of the folder; another number is another layout, or other names in it
ORIGINAL = "original"
_ANOTHER = "Choose another folder with --out, or delete this one."
_NO_RECORD = (ValueError, KeyError, TypeError, AttributeError)  # what reading another thing raises


@dataclass(frozen=True)
class Protocol:
    """What every number of a run depends on, besides its cell.

    Args:
        seed: Each picture gets a seed of its own from this one and its name.
        preprocess: A name of `PREPROCESSINGS`.
        size: Side in pixels after preprocessing.
        metrics: Names of the metrics.
        tile: Side in pixels of what the network sees at once; None takes the model's.

    Raises:
        UnknownNameError: No preprocessing or metric of that name.
        UsageError: A seed, size or tile that is not possible.
    """

    seed: int = 0
    preprocess: str = "imagenet"
    size: int = 256
    metrics: tuple[str, ...] = DEFAULT_METRICS
    tile: int | None = None

    def __post_init__(self) -> None:
        get_preprocessing(self.preprocess)
        for metric in self.metrics:
            get_metric(metric)
        _check_whole("seed", self.seed, range(LARGEST_SEED + 1), f"0 to {LARGEST_SEED}")
        _check_whole("size", self.size, range(1, 8193), "1 to 8192 pixels; 256 is usual")
        if self.tile is not None:
            _check_whole("tile", self.tile, range(1, sys.maxsize), "such as 256 or 512 pixels")


@dataclass(frozen=True)
class Record:
    """Scores of one picture in one cell.

    Args:
        cell: What was done.
        name: The picture's.
        sha256: Hash of the picture's file.
        parameters: Those of the degradation, of which the cell has the name.
        label: Its class, where a list gave one.
        seed: Of measurement and sampler.
        width: Of the original after preprocessing, in pixels.
        height: Of the same.
        seconds: Time the restoration took.
        scores: Method (``"ddrm"`` or a baseline) to metric to value.
        sampler: What the sampler did: steps, levels, rule.
        notices: What was done differently from what was asked.
    """

    cell: Cell
    name: str
    sha256: str
    parameters: Mapping[str, Any]
    label: int | None
    seed: int
    width: int
    height: int
    seconds: float
    scores: Mapping[str, Mapping[str, float]]
    sampler: Mapping[str, Any] = field(default_factory=dict)
    notices: tuple[str, ...] = ()


class Store:
    """An output folder, made or taken up again.

    Args:
        out: The folder; it may not exist yet.
        protocol: Of the run.

    Raises:
        UsageError: The folder has another run's results, or holds something else.
        OutputError: It cannot be looked into, or written.
    """

    def __init__(self, out: Path, protocol: Protocol) -> None:
        self.out = out
        self.protocol = protocol
        self.models: dict[str, dict[str, Any]] = {}
        self._file = out / "run.json"
        with claimed(self._file, wait=True):  # another process may be making it
            self._open()

    def _open(self) -> None:
        out = self.out
        try:
            known = self._file.exists()
            foreign = not known and out.exists() and (not out.is_dir() or any(_foreign(out)))
        except OSError as error:
            raise OutputError(
                f"'{out}' cannot be looked into: {error.strerror or error}.",
                "Choose another folder with --out.",
            ) from error
        for folder in (out, *(each for each in out.rglob("*") if each.is_dir())):
            remove_unfinished(folder)
            remove_abandoned(folder)
        if foreign:
            raise UsageError(f"'{out}' exists and holds no evaluation.", _ANOTHER)
        if known:
            self._check_same()
        else:
            self._write()

    def _check_same(self) -> None:
        try:
            found = parse_json(read_text(self._file, UsageError))
            self.models = {name: dict(facts) for name, facts in found["models"].items()}
            theirs = {**found["protocol"], "version": found["version"], "format": found["format"]}
        except (UsageError, *_NO_RECORD) as error:
            raise UsageError(f"'{self._file}' cannot be read.", _ANOTHER) from error
        if theirs["format"] != FORMAT:
            raise UsageError(
                f"'{self.out}' has the results of another version of ddrm, in format "
                f"{theirs['format']}; this one goes on with format {FORMAT}.",
                _ANOTHER,
            )
        self._check_facts(theirs, {**_as_json(self.protocol), "version": __version__})

    def _check_facts(self, was: Mapping[str, Any], now: Mapping[str, Any], of: str = "") -> None:
        for key, value in now.items():
            if was.get(key) != value:
                raise UsageError(
                    f"'{self.out}' has the results of another run: "
                    f"{key}{of} was {was.get(key)}, now it is {value}.",
                    _ANOTHER,
                )

    def _write(self) -> None:
        described = {
            "format": FORMAT,
            "version": __version__,
            "protocol": _as_json(self.protocol),
            "models": self.models,
        }
        self.write(self._file.name, json.dumps(described, indent=2).encode())

    def check_model(self, name: str, facts: Mapping[str, Any]) -> None:
        """Make sure that no results are here of a model of this name of which this is not true.

        Raises:
            UsageError: There are.
        """
        self._check_facts(self.models.get(name, facts), facts, f" of {name}")

    def add_model(self, name: str, facts: dict[str, Any]) -> None:
        """Note which weights a model has, and where they run.

        Raises:
            UsageError: Results of other weights, or of another precision, are here already.
        """
        with claimed(self._file, wait=True):
            self._check_same()
            self.check_model(name, facts)
            self.models[name] = facts
            self._write()

    def find(self, cell: Cell, photograph: Photograph, sha256: str) -> Record | None:
        """The record of a finished picture; None if there is none, or a picture of it is gone.

        Raises:
            UsageError: It belongs to another picture of that name, or cannot be read.
            ImageError: The picture's name is too long to keep a record under.
        """
        path = self.out / self.record(cell, photograph.name)
        try:
            values = parse_json(path.read_text(encoding="utf-8"))
            scores = {
                method: {get_metric(name).name: float(value) for name, value in of_method.items()}
                for method, of_method in values.pop("scores").items()
            }
            notices = tuple(values.pop("notices"))
            record = Record(cell=cell, scores=scores, notices=notices, **values)
        except FileNotFoundError:
            return None
        except (OSError, UnknownNameError, *_NO_RECORD) as error:
            if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
                raise ImageError(
                    f"The name of '{photograph.path}' is too long for its results.", "Shorten it."
                ) from error
            raise UsageError(
                f"'{path}' cannot be read.", "Delete it to have its picture restored again."
            ) from error
        for what, theirs, ours in (
            ("picture", record.sha256, sha256),
            ("label", record.label, photograph.label),
            ("degradation", record.parameters, dict(cell.entry.parameters)),
        ):
            if theirs != ours:
                raise UsageError(
                    f"'{self.out}' has the results of another run: the {what} of "
                    f"'{photograph.name}' has changed.",
                    _ANOTHER,
                )
        pictures = (self.picture(cell, each, photograph.name) for each in (ORIGINAL, *scores))
        return record if all((self.out / each).exists() for each in pictures) else None

    def add(self, record: Record) -> None:
        """Keep the record of a finished picture.

        Raises:
            OutputError: It cannot be written.
        """
        values = asdict(record)
        del values["cell"]  # stands in the path
        text = json.dumps(finite_json(values), indent=1, allow_nan=False)
        self.write(self.record(record.cell, record.name), text.encode())

    def add_picture(self, cell: Cell, method: str, name: str, pixels: NDArray[np.float32]) -> None:
        """Keep a picture, shape (H, W, C) on [0, 1], clipped and in 8 bits.

        Raises:
            OutputError: It cannot be written.
        """
        path = self.picture(cell, method, name)
        data, _ = encode_picture(Picture(pixels), path)
        self.write(path, data)

    def picture(self, cell: Cell, method: str, name: str) -> Path:
        """Where a picture is, seen from the folder.

        Args:
            cell: What was done.
            method: ``"ddrm"``, `ORIGINAL` or the name of a baseline.
            name: The picture's.
        """
        folder = cell.restoration_folder if method == "ddrm" else method
        return Path("pictures", cell.measurement_folder, folder, f"{name}.png")

    def write(self, path: str | Path, data: bytes) -> None:
        """Write a file of the folder, in place of an earlier one.

        Raises:
            OutputError: It cannot be written.
        """
        write_bytes(self.out / path, data, overwrite=True)

    @staticmethod
    def record(cell: Cell, name: str) -> Path:
        """Where the scores of a picture are, seen from the folder."""
        return Path("cells", cell.measurement_folder, cell.restoration_folder, f"{name}.json")


def _foreign(folder: Path) -> Iterator[Path]:
    """What is in a folder, but for what writers of ours keep there meanwhile."""
    return (file for file in folder.iterdir() if not file.name.startswith(".ddrm-"))


def _check_whole(name: str, value: int, possible: range, choice: str) -> None:
    # No float and no bool, which Python takes for whole numbers where they are equal to one.
    if type(value) is not int or value not in possible:
        raise UsageError(
            f"A {name} of {value} is not possible.", f"Choose a whole number, {choice}."
        )


def _as_json(protocol: Protocol) -> dict[str, Any]:
    return {**asdict(protocol), "metrics": list(protocol.metrics)}
