"""The table of models: ``models.toml``, with the user's own tables added.

Nothing here touches the network, the cache or torch.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import platformdirs
import tomli

from ddrm_cli.errors import ConfigError, UnknownNameError

__all__ = [
    "ARCHITECTURES",
    "BETA_SCHEDULES",
    "DEFAULT_MODEL",
    "PREDICTIONS",
    "ClassifierEntry",
    "Model",
    "WeightsFile",
    "get_model",
    "load_models",
    "user_models_path",
]

DEFAULT_MODEL = "photo-small"
ARCHITECTURES = ("guided-diffusion", "ddpm")
PREDICTIONS = ("epsilon", "v")
BETA_SCHEDULES = ("linear", "quad", "const", "jsd", "sigmoid")

_PACKAGED = Path(__file__).with_name("models.toml")
# One path component that every file system takes and no shell stumbles over.
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_MODEL_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,49}")
_GROUPS = 32  # every group norm of both architectures has this many groups


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
    """

    name: str
    urls: tuple[str, ...] = ()
    bytes: int | None = None
    about_bytes: int | None = None
    sha256: str | None = None
    md5: str | None = None
    path: Path | None = None


@dataclass(frozen=True)
class ClassifierEntry:
    """The classifier that guides a class-conditional model.

    Args:
        network: Values of the fields of ``ClassifierConfig``.
        weights: Its file.
        guidance_scale: Default factor of the gradient of ``log p(class | x_t)``.
    """

    network: Mapping[str, Any]
    weights: WeightsFile
    guidance_scale: float


@dataclass(frozen=True)
class Model:
    """One entry of the table: a network, its weights and the diffusion it was trained on.

    Args:
        name: What ``--model`` takes.
        description: One line of what it is.
        good_at: One line of what to take it for.
        licence: Licence of the weights.
        terms: What else limits their use.
        source: Page that publishes them.
        architecture: One of `ARCHITECTURES`.
        network: Values of the fields of ``UNetConfig`` or ``DDPMConfig``.
        weights: Its file.
        prediction: One of `PREDICTIONS`.
        beta_schedule: One of `BETA_SCHEDULES`, from ``beta_start`` to ``beta_end`` in
            ``timesteps`` steps.
        beta_start: First beta.
        beta_end: Last beta.
        timesteps: Number of betas.
        tile: Side in pixels of the windows that the network sees of a larger picture.
        version: Version of the weights, where there is more than one.
        classifier: Its classifier, if it has one.
    """

    name: str
    description: str
    good_at: str
    licence: str
    terms: str
    source: str
    architecture: str
    network: Mapping[str, Any]
    weights: WeightsFile
    prediction: str
    beta_schedule: str
    beta_start: float
    beta_end: float
    timesteps: int
    tile: int
    version: str = ""
    classifier: ClassifierEntry | None = None

    @property
    def image_size(self) -> int:
        """Side in pixels that the network was trained at."""
        side: int = self.network[_SIDE[self.architecture]]
        return side

    @property
    def num_classes(self) -> int | None:
        """Number of class labels, or None for an unconditional network."""
        classes: int | None = self.network.get("num_classes")
        return classes

    @property
    def files(self) -> tuple[WeightsFile, ...]:
        """The network's file and, if there is one, the classifier's."""
        return (self.weights, *([self.classifier.weights] if self.classifier else []))


_SIDE = {"guided-diffusion": "image_size", "ddpm": "resolution"}


def user_models_path() -> Path:
    """Where the user's own tables of models are looked for."""
    return platformdirs.user_config_path("ddrm", appauthor=False) / "models.toml"


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
    if extra is None and not user.exists():
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
        document = tomli.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"The table of models {file} cannot be read: {error.strerror or error}."
        ) from error
    except (tomli.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{file} is not valid TOML: {error}.", "A table that is there twice is one way there."
        ) from error
    return {name: _model(_Table(file, name, values)) for name, values in document.items()}


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


class _Table:
    """A table of a TOML file, from which every key is taken once and checked.

    What is wrong is said with the file, the table and the key; a key that nobody took by the
    time of `close` is unknown.
    """

    def __init__(self, file: Path, name: str, values: object) -> None:
        if not isinstance(values, dict):
            raise ConfigError(f"{file}: '{name}' is a value, not a table.", f"Write [{name}].")
        self.file = file
        self.name = name
        self.values: dict[str, Any] = values
        self.known: set[str] = set()

    def error(self, key: str, what: str) -> ConfigError:
        return ConfigError(f"{self.file}: table [{self.name}]: key '{key}' {what}.")

    def __contains__(self, key: str) -> bool:
        self.known.add(key)
        return key in self.values

    def _take(self, key: str, default: Any, kinds: tuple[type, ...], what: str) -> Any:
        if key not in self:
            if default is None:
                raise self.error(key, "is missing")
            return default
        value = self.values[key]
        # bool is a kind of int in Python, but not in TOML
        if not isinstance(value, kinds) or isinstance(value, bool):
            raise self.error(key, f"must be {what}, but is {value!r}")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        value: str = self._take(key, default, (str,), "text")
        if key in self.values and (not value.strip() or "\n" in value):
            raise self.error(key, "must be one line of text")
        return value

    def choice(self, key: str, options: Sequence[str], default: str | None = None) -> str:
        value = self.text(key, default)
        if value not in options:
            raise self.error(key, f"must be one of {', '.join(options)}, but is {value!r}")
        return value

    def pattern(self, key: str, pattern: re.Pattern[str], what: str) -> str:
        value = self.text(key)
        if not pattern.fullmatch(value):
            raise self.error(key, f"must be {what}, but is {value!r}")
        return value

    def whole(self, key: str, default: int | None = None) -> int:
        value: int = self._take(key, default, (int,), "a whole number")
        if value < 1:
            raise self.error(key, f"must be at least 1, but is {value}")
        return value

    def number(self, key: str, default: float | None = None) -> float:
        value = float(self._take(key, default, (int, float), "a number"))
        if not math.isfinite(value) or value < 0:
            raise self.error(key, f"must be finite and not negative, but is {value}")
        return value

    def _list(self, key: str, kinds: tuple[type, ...], what: str) -> list[Any]:
        values: list[Any] = self._take(key, None, (list,), what)
        if any(not isinstance(value, kinds) or isinstance(value, bool) for value in values):
            raise self.error(key, f"must be {what}, but is {values!r}")
        return values

    def wholes(self, key: str) -> tuple[int, ...]:
        return tuple(self._list(key, (int,), "a list of whole numbers"))

    def numbers(self, key: str) -> tuple[float, ...]:
        values = tuple(self._list(key, (int, float), "a list of numbers"))
        if not values or not all(0 < value < math.inf for value in values):
            raise self.error(key, "must be a list of positive numbers")
        return values

    def texts(self, key: str) -> tuple[str, ...]:
        return tuple(self._list(key, (str,), "a list of texts")) if key in self else ()

    def table(self, key: str) -> _Table:
        if key not in self:
            raise self.error(key, "is missing")
        return _Table(self.file, f"{self.name}.{key}", self.values[key])

    def close(self) -> None:
        for key in self.values:
            if key not in self.known:
                near = difflib.get_close_matches(key, sorted(self.known), n=1)
                hint = f"; did you mean '{near[0]}'?" if near else ""
                raise self.error(key, f"is unknown{hint}")


def _model(table: _Table) -> Model:
    if not _MODEL_NAME.fullmatch(table.name):
        raise ConfigError(
            f"{table.file}: table [{table.name}]: a model's name is made of lower-case letters, "
            "digits, '-', '_' and '.'."
        )
    architecture = table.choice("architecture", ARCHITECTURES)
    network = _NETWORKS[architecture](table.table("network"))
    side = network[_SIDE[architecture]]
    beta_start, beta_end = table.number("beta_start", 1e-4), table.number("beta_end", 0.02)
    if not 0 < beta_start <= beta_end < 1:
        raise table.error("beta_end", "must be between beta_start and 1, and both above 0")
    tile = table.whole("tile", side)
    multiple = network.get("patch_size", 1) * 2 ** (len(_multipliers(network)) - 1)
    if tile % multiple:
        raise table.error("tile", f"must be a multiple of {multiple}, but is {tile}")
    model = Model(
        name=table.name,
        description=table.text("description"),
        good_at=table.text("good_at", ""),
        licence=table.text("licence"),
        terms=table.text("terms", ""),
        source=table.text("source", ""),
        architecture=architecture,
        network=network,
        weights=_weights(table.table("weights")),
        prediction=table.choice("prediction", PREDICTIONS, "epsilon"),
        beta_schedule=table.choice("beta_schedule", BETA_SCHEDULES, "linear"),
        beta_start=beta_start,
        beta_end=beta_end,
        timesteps=table.whole("timesteps", 1000),
        tile=tile,
        version=table.text("version", ""),
        classifier=_classifier(table.table("classifier")) if "classifier" in table else None,
    )
    if model.classifier and model.prediction != "epsilon":
        raise table.error("classifier", "can only guide a network that predicts 'epsilon'")
    if model.classifier and model.classifier.network["num_classes"] != model.num_classes:
        raise table.error("classifier", "must have as many classes as the network")
    table.close()
    return model


def _classifier(table: _Table) -> ClassifierEntry:
    network = table.table("network")
    values = _adm_backbone(network)
    values["num_classes"] = network.whole("num_classes")
    network.close()
    entry = ClassifierEntry(
        values, _weights(table.table("weights")), table.number("guidance_scale", 1.0)
    )
    table.close()
    return entry


def _weights(table: _Table) -> WeightsFile:
    path: Path | None = None
    urls: tuple[str, ...] = ()
    if "path" in table:
        path = (table.file.parent / Path(table.text("path")).expanduser()).absolute()
        name = path.name
    else:
        name = table.pattern("file", _FILE_NAME, "a plain file name")
        urls = table.texts("urls")
    for url in urls:
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise table.error("urls", f"must hold http addresses, but holds {url!r}")
    file = WeightsFile(
        name=name,
        urls=urls,
        bytes=table.whole("bytes") if "bytes" in table else None,
        about_bytes=table.whole("about_bytes") if "about_bytes" in table else None,
        sha256=_digest(table, "sha256", 64),
        md5=_digest(table, "md5", 32),
        path=path,
    )
    table.close()
    return file


def _digest(table: _Table, key: str, length: int) -> str | None:
    if key not in table:
        return None
    what = f"{length} hexadecimal digits"
    return table.pattern(key, re.compile(f"[0-9a-fA-F]{{{length}}}"), what).lower()


def _guided_diffusion(table: _Table) -> dict[str, Any]:
    values = _adm_backbone(table)
    values["out_channels"] = table.whole("out_channels", values["in_channels"])
    if values["out_channels"] not in (values["in_channels"], 2 * values["in_channels"]):
        raise table.error("out_channels", "must be in_channels, or twice that with a variance")
    if "num_classes" in table:
        values["num_classes"] = table.whole("num_classes")
    values["patch_size"] = table.whole("patch_size", 1)
    table.close()
    return values


def _adm_backbone(table: _Table) -> dict[str, Any]:
    """The values that the ADM U-Net and its classifier share."""
    values: dict[str, Any] = {
        "image_size": table.whole("image_size"),
        "model_channels": table.whole("model_channels"),
        "channel_mult": table.numbers("channel_mult"),
        "num_res_blocks": table.whole("num_res_blocks"),
        "attention_resolutions": table.wholes("attention_resolutions"),
        "num_head_channels": table.whole("num_head_channels", 64),
        "in_channels": _three(table),
    }
    widths = [int(mult * values["model_channels"]) for mult in values["channel_mult"]]
    _check_widths(table, "channel_mult", widths)
    _check_levels(table, "attention_resolutions", values["image_size"], widths)
    if widths[-1] % values["num_head_channels"]:
        raise table.error("num_head_channels", f"must divide the last level's width {widths[-1]}")
    return values


def _ddpm(table: _Table) -> dict[str, Any]:
    values: dict[str, Any] = {
        "resolution": table.whole("resolution"),
        "ch": table.whole("ch"),
        "ch_mult": table.wholes("ch_mult"),
        "num_res_blocks": table.whole("num_res_blocks"),
        "attn_resolutions": table.wholes("attn_resolutions"),
        "in_channels": _three(table),
        "out_ch": table.whole("out_ch", 3),
    }
    widths = [mult * values["ch"] for mult in values["ch_mult"]]
    _check_widths(table, "ch_mult", widths)
    _check_levels(table, "attn_resolutions", values["resolution"], widths)
    table.close()
    return values


_NETWORKS = {"guided-diffusion": _guided_diffusion, "ddpm": _ddpm}


def _multipliers(network: Mapping[str, Any]) -> tuple[float, ...]:
    multipliers: tuple[float, ...] = network.get("channel_mult") or network["ch_mult"]
    return multipliers


def _three(table: _Table) -> int:
    """Channels of a picture: the only number that the priors can be used with."""
    if table.whole("in_channels", 3) != 3:
        raise table.error("in_channels", "must be 3, the channels of a picture")
    return 3


def _check_widths(table: _Table, key: str, widths: Sequence[int]) -> None:
    if not widths or any(width < 1 or width % _GROUPS for width in widths):
        raise table.error(key, f"must give widths that {_GROUPS} divides, but gives {widths}")


def _check_levels(table: _Table, key: str, side: int, widths: Sequence[int]) -> None:
    """Attention at a side that no level has would silently not be there."""
    if side % 2 ** (len(widths) - 1):
        raise table.error(
            key, f"belongs to a picture of {side}, too small for {len(widths)} levels"
        )
    levels = [side // 2**level for level in range(len(widths))]
    if any(resolution not in levels for resolution in table.wholes(key)):
        raise table.error(key, f"must be among the levels' sides {levels}")
