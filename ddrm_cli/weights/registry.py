"""The table of models: ``models.toml``, with the user's own tables added.

Nothing here touches the network, the cache or torch.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import platformdirs

from ddrm_cli.errors import ConfigError, UnknownNameError
from ddrm_cli.networks.table import ARCHITECTURES
from ddrm_cli.untrusted import expanded, is_there, parse_toml, read_text, user_folder

from .model import ClassifierModel, Limits, Model, WeightsFile
from .toml_table import Table

__all__ = [
    "DEFAULT_MODEL",
    "get_model",
    "load_models",
    "model_of_table",
    "user_models_path",
]

DEFAULT_MODEL = "photo-small"

_PACKAGED = Path(__file__).with_name("models.toml")
# One path component that every file system takes and no shell stumbles over.
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_MODEL_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,49}")


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
        "limits": table.table("limits").fill(Limits, {}) if "limits" in table else Limits(),
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
