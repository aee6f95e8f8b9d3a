"""The table of models: ``models.toml``, with the user's own tables added.

Nothing here touches the network, the cache or torch.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import urlsplit

import platformdirs

from ddrm_cli.errors import ConfigError, FieldError, UnknownNameError
from ddrm_cli.networks.checks import check_counts
from ddrm_cli.networks.configurations import ClassifierConfig
from ddrm_cli.networks.table import ARCHITECTURES, Configuration
from ddrm_cli.untrusted import expanded, is_there, parse_toml, read_text, user_folder

from .toml_table import Table

__all__ = [
    "BETA_SCHEDULES",
    "DEFAULT_MODEL",
    "BetaSchedule",
    "ClassifierModel",
    "Model",
    "Prediction",
    "WeightsFile",
    "get_model",
    "load_models",
    "model_of_table",
    "user_models_path",
]

DEFAULT_MODEL = "photo-small"
LARGEST_FILE = 2**62  # bytes
Prediction = Literal["epsilon", "v"]
BetaSchedule = Literal["linear", "quad", "const", "jsd", "sigmoid"]
BETA_SCHEDULES: tuple[str, ...] = get_args(BetaSchedule)

_PACKAGED = Path(__file__).with_name("models.toml")
# One path component that every file system takes and no shell stumbles over.
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_MODEL_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,49}")
_DIGITS = {"sha256": 64, "md5": 32}  # of a hash in hexadecimal


@dataclass(frozen=True)
class WeightsFile:
    """A file of weights: its name, where to get it, how to know it is the right one.

    Args:
        name: Its name in the cache.
        urls: Addresses, the first is tried first.
        bytes: Its exact size, where known.
        about_bytes: Its size as computed from the layout, where the exact one is unknown.
        sha256: Published SHA-256, in hexadecimal.
        md5: Published MD5, used where there is no SHA-256.
        path: Where it lies if not in the cache: it came with the program, or is the user's own.

    Raises:
        FieldError: A field cannot be so.
    """

    name: str
    urls: tuple[str, ...] = ()
    bytes: int | None = None
    about_bytes: int | None = None
    sha256: str | None = None
    md5: str | None = None
    path: Path | None = None

    def __post_init__(self) -> None:
        check_counts(self, LARGEST_FILE)
        for url in self.urls:
            if not _is_http(url):
                raise FieldError("urls", f"must hold http addresses, but holds {url!r}")
        for field, count in _DIGITS.items():
            digest = getattr(self, field)
            if digest is None:
                continue
            if not re.fullmatch(rf"[0-9a-fA-F]{{{count}}}", digest):
                raise FieldError(field, f"must be {count} hexadecimal digits, but is {digest!r}")
            object.__setattr__(self, field, digest.lower())  # as hashlib writes it


@dataclass(frozen=True)
class ClassifierModel:
    """The classifier that guides a class-conditional model.

    Args:
        network: The shape of its network.
        weights: Its file.
        guidance_scale: Default factor of the gradient of ``log p(class | x_t)``.

    Raises:
        FieldError: A field cannot be so.
    """

    network: ClassifierConfig
    weights: WeightsFile
    guidance_scale: float = 1.0

    def __post_init__(self) -> None:
        _check_number("guidance_scale", self.guidance_scale)


@dataclass(frozen=True)
class Model:
    """One model of the table: a network, its weights and the diffusion it was trained on.

    Args:
        name: What ``--model`` takes.
        description: One line of what it is.
        licence: Licence of the weights.
        architecture: A name of `ARCHITECTURES`.
        network: The shape of its network: a configuration of that architecture.
        weights: Its file.
        tile: Side in pixels of the windows that the network sees of a larger picture.
        good_at: One line of what to take it for.
        terms: What else limits their use.
        source: Page that publishes them.
        card: A text about the model: what it was made from, what it is for.
        version: Version of the weights, where there is more than one.
        prediction: What the network predicts: the noise (``"epsilon"``), or ``"v"``.
        beta_schedule: One of `BETA_SCHEDULES`, from ``beta_start`` to ``beta_end`` in
            ``timesteps`` steps.
        beta_start: First beta.
        beta_end: Last beta.
        timesteps: Number of betas.
        classifier: Its classifier, if it has one.
        overlap: Pixels that neighbouring windows share at least, from the network's reach; None
            for an eighth of a window, where the network sees all of it.

    Raises:
        FieldError: A field cannot be so.
    """

    name: str
    description: str
    licence: str
    architecture: str
    network: Configuration
    weights: WeightsFile
    tile: int
    good_at: str = ""
    terms: str = ""
    source: str = ""
    card: Path | None = None
    version: str = ""
    prediction: Prediction = "epsilon"
    beta_schedule: BetaSchedule = "linear"
    beta_start: float = 1e-4
    beta_end: float = 0.02
    timesteps: int = 1000
    classifier: ClassifierModel | None = None
    overlap: int | None = None

    def __post_init__(self) -> None:
        check_counts(self)
        _check_number("beta_start", self.beta_start)
        _check_number("beta_end", self.beta_end)
        if not 0 < self.beta_start <= self.beta_end < 1:
            raise FieldError("beta_end", "must be between beta_start and 1, and both above 0")
        multiple = self.network.side_multiple
        if self.tile % multiple:
            raise FieldError("tile", f"must be a multiple of {multiple}, but is {self.tile}")
        if self.classifier and self.prediction != "epsilon":
            raise FieldError("classifier", "can only guide a network that predicts 'epsilon'")
        if self.classifier and self.classifier.network.num_classes != self.num_classes:
            raise FieldError("classifier", "must have as many classes as the network")

    @property
    def image_size(self) -> int:
        """Side in pixels that the network was trained at."""
        return self.network.image_size

    @property
    def num_classes(self) -> int | None:
        """Number of class labels, or None for an unconditional network."""
        return self.network.num_classes

    @property
    def files(self) -> tuple[WeightsFile, ...]:
        """The network's file and, if there is one, the classifier's."""
        return (self.weights, *([self.classifier.weights] if self.classifier else []))

    def overlap_of(self, tile: int) -> int:
        """What neighbouring windows of that side share at least."""
        return tile // 8 if self.overlap is None else min(self.overlap, tile // 2)

    def in_file(self, path: Path, description: str) -> Model:
        """A model of the user's own that is like this one, its weights in a file of theirs."""
        return replace(
            self,
            name=path.stem,
            description=description,
            good_at="",
            licence="yours",
            terms="",
            source="",
            card=None,
            version="",
            weights=WeightsFile(path.name, path=path.absolute()),
        )


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:  # such as a bracket that is not closed
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _check_number(field: str, value: float) -> None:
    if not 0 <= value < math.inf:
        raise FieldError(field, f"must be finite and not negative, but is {value}")


def user_models_path() -> Path | None:
    """Where the user's own tables of models are looked for; None if the user has no home."""
    folder = user_folder(lambda: platformdirs.user_config_path("ddrm", appauthor=False))
    return None if folder is None else folder / "models.toml"


def load_models(extra: Path | None = None) -> dict[str, Model]:
    """Every known model by name: the packaged ones first, then the user's.

    Args:
        extra: The user's tables; None takes `user_models_path` where that exists.

    Raises:
        ConfigError: A file cannot be read, or a key in it is unknown, missing or impossible,
            or a name is there twice.
    """
    models = _read(_PACKAGED)
    user = extra if extra is not None else user_models_path()
    if user is None or (extra is None and not is_there(user, ConfigError)):
        return models
    for name, model in _read(user).items():
        if name in models:
            raise ConfigError(
                f"{user}: the name of table [{name}] is taken by a model of the program.",
                "Give yours another name.",
            )
        models[name] = model
    _check_files_agree(models, user)
    return models


def get_model(name: str, models: Mapping[str, Model]) -> Model:
    """The model of that name.

    Raises:
        UnknownNameError: There is none; the nearest names are offered.
    """
    try:
        return models[name]
    except KeyError:
        raise UnknownNameError("model", name, models) from None


def _read(file: Path) -> dict[str, Model]:
    try:
        document = parse_toml(read_text(file, ConfigError))
    except ValueError as error:
        raise ConfigError(
            f"'{file}' is not valid TOML: {error}.", "A table that is there twice is one way there."
        ) from error
    return {name: _listed(Table(file, name, values)) for name, values in document.items()}


def _check_files_agree(models: Mapping[str, Model], user: Path) -> None:
    """Two models may share a file in the cache only if they mean the same bytes."""
    seen: dict[str, tuple[str, WeightsFile]] = {}
    for model in models.values():
        for file in model.files:
            if file.path is not None:
                continue
            name, first = seen.setdefault(file.name, (model.name, file))
            if (file.bytes, file.sha256, file.md5) != (first.bytes, first.sha256, first.md5):
                raise ConfigError(
                    f"{user}: table [{model.name}]: the weights' file '{file.name}' is also that "
                    f"of model {name}, with another size or hash.",
                    "Give the file another name.",
                )


def _listed(table: Table) -> Model:
    if not _MODEL_NAME.fullmatch(table.name):
        raise ConfigError(
            f"{table.file}: table [{table.name}]: a model's name is made of lower-case letters, "
            "digits, '-', '_' and '.'."
        )
    return model_of_table(table, _weights(table.table("weights")))


def model_of_table(table: Table, weights: WeightsFile) -> Model:
    """The model that a table describes, named like the table.

    Args:
        table: Its keys are at the top of ``models.toml``.
        weights: The file of the network's weights.

    Raises:
        ConfigError: A key is unknown, missing or impossible.
    """
    architecture = table.take("architecture", str)
    if architecture not in ARCHITECTURES:
        options = ", ".join(ARCHITECTURES)
        raise table.error("architecture", f"must be one of {options}, but is {architecture!r}")
    network = table.table("network").fill(ARCHITECTURES[architecture].configuration, {})
    given = {
        "name": table.name,
        "architecture": architecture,
        "network": network,
        "weights": weights,
        "card": _beside(table, "card") if "card" in table else None,
        "tile": table.take("tile", int, network.image_size),
        "classifier": _classifier(table.table("classifier")) if "classifier" in table else None,
    }
    return table.fill(Model, given)


def _classifier(table: Table) -> ClassifierModel:
    return table.fill(ClassifierModel, {"weights": _weights(table.table("weights"))})


def _weights(table: Table) -> WeightsFile:
    """A file with a place of its own, or one of the cache with its addresses."""
    if "path" in table:
        path = _beside(table, "path")
        return table.fill(WeightsFile, {"name": path.name, "path": path, "urls": ()})
    name = table.take("file", str)
    if not _FILE_NAME.fullmatch(name):
        raise table.error("file", f"must be a plain file name, but is {name!r}")
    return table.fill(WeightsFile, {"name": name, "path": None})


def _beside(table: Table, key: str) -> Path:
    """A path in a table, which is seen from the folder of its file."""
    return (table.file.parent / expanded(table.take(key, str))).absolute()
