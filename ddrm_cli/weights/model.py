"""What is known of a model: its network, its files, the diffusion it was trained on, its limits.

Nothing here touches the network, the cache or torch.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import urlsplit

from ddrm_cli.errors import FieldError
from ddrm_cli.networks.checks import check_counts
from ddrm_cli.networks.configurations import ClassifierConfig
from ddrm_cli.networks.table import Configuration

__all__ = [
    "BETA_SCHEDULES",
    "BetaSchedule",
    "ClassifierModel",
    "Limits",
    "Model",
    "Prediction",
    "WeightsFile",
]

LARGEST_FILE = 2**62  # bytes
Prediction = Literal["epsilon", "v"]
BetaSchedule = Literal["linear", "quad", "const", "jsd", "sigmoid"]
BETA_SCHEDULES: tuple[str, ...] = get_args(BetaSchedule)

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
class Limits:
    """What a model does not do well, where that is known; what is left out, nobody knows of.

    Args:
        colour: What becomes of a picture that it is to colour, in words.
        scale: How many times it enlarges well, at most.
        hole: Side in pixels of the largest square that it fills with more than a smooth patch.
        instead: The model to take for more.

    Raises:
        FieldError: A field cannot be so.
    """

    colour: str = ""
    scale: int | None = None
    hole: int | None = None
    instead: str = ""

    def __post_init__(self) -> None:
        check_counts(self)

    @property
    def words(self) -> str:
        """All of them in one line; empty if none is known."""
        each = (
            self.colour and "colour",
            self.hole and f"holes of more than {self.hole} x {self.hole} pixels",
            self.scale and f"enlarging more than {self.scale} times",
        )
        return ", ".join(str(one) for one in each if one)


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
        limits: What not to take it for.
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
    limits: Limits = Limits()
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
            limits=Limits(),
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
