"""The prior: a model with its network in memory, and what it says about pictures."""

from __future__ import annotations

import os
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ddrm_cli.devices import choose_device, choose_precision
from ddrm_cli.errors import Notice, Progress, UsageError, expect, shown
from ddrm_cli.memory import keep_freed
from ddrm_cli.networks.guided_diffusion import Classifier
from ddrm_cli.sampler.denoiser import ClassifierGuidance, NetworkDenoiser
from ddrm_cli.sampler.schedule import NoiseSchedule
from ddrm_cli.sampler.tiling import TiledDenoiser
from ddrm_cli.weights.cache import weights_path
from ddrm_cli.weights.load import load_classifier, load_network
from ddrm_cli.weights.own_file import find_model
from ddrm_cli.weights.registry import DEFAULT_MODEL, Model, load_models

__all__ = ["LoadedModel", "TilingSettings", "load_model"]

LARGEST_TILE = 2**16  # pixels: sides beyond that are those of whole pictures
LARGEST_BATCH = 2**16


@dataclass(frozen=True)
class TilingSettings:
    """How a network sees a picture that is larger than it takes at once.

    Args:
        tile: Side of the windows in pixels; None takes the model's.
        batch_size: Windows evaluated at once.

    Raises:
        UsageError: Not positive, or beyond any machine.
    """

    tile: int | None = None
    batch_size: int = 1

    def __post_init__(self) -> None:
        if self.tile is not None and not _is_whole(self.tile, LARGEST_TILE):
            raise UsageError(
                f"A tile of {shown(self.tile)} pixels is not possible.",
                f"Try 256 or 512; at most {LARGEST_TILE}.",
            )
        if not _is_whole(self.batch_size, LARGEST_BATCH):
            raise UsageError(
                f"A batch of {shown(self.batch_size)} tiles is not possible.",
                f"Choose 1 to {LARGEST_BATCH}.",
            )


def _is_whole(value: object, largest: int) -> bool:
    return isinstance(value, int) and 1 <= value <= largest


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A model with its network in memory, on its device and in its precision.

    Nothing changes it: any number of restorations may use it, one after another or at once.

    Args:
        model: What the table of models says of it.
        network: (x_t, timesteps) to the prediction; with labels where it has classes.
        device: Where the network is.
        classifier: Guides a class-conditional network; in float32.
    """

    model: Model
    network: nn.Module
    device: torch.device
    classifier: Classifier | None = None

    @property
    def precision(self) -> torch.dtype:
        """What the network computes in."""
        return next(self.network.parameters()).dtype

    @property
    def schedule(self) -> NoiseSchedule:
        """Noise levels of the diffusion that the network was trained on."""
        model = self.model
        return NoiseSchedule.from_betas(
            model.beta_schedule, model.beta_start, model.beta_end, model.timesteps
        )

    def denoiser(
        self,
        tiling: TilingSettings | None = None,
        label: int | None = None,
        guidance_scale: float | None = None,
        notice: Notice | None = None,
        progress: Progress | None = None,
        *,
        limited: bool = True,
    ) -> TiledDenoiser[NetworkDenoiser]:
        """The denoiser ``D(x, sigma)`` for pictures (B, 3, H, W) on [-1, 1] of any size.

        Args:
            tiling: How large pictures are cut.
            label: Class, where the network has classes.
            guidance_scale: How strongly the classifier pulls towards the class; None takes the
                model's, 0 leaves the classifier out.
            notice: Told what was done differently from what was asked.
            progress: Told after each group of windows which share of the evaluation is done.
            limited: Whether predictions are limited to the range of pictures.

        Raises:
            UsageError: A tile or a class that the network cannot take.
        """
        model, tiling = self.model, tiling or TilingSettings()
        tile = tiling.tile or model.tile
        multiple = model.network.side_multiple
        if tile % multiple:
            raise UsageError(
                f"{model.name} takes tiles whose sides are multiples of {multiple}, not {tile}.",
                f"Try {max(1, tile // multiple) * multiple}.",
            )
        classes = model.num_classes or 0
        if label is not None and not (isinstance(label, Integral) and 0 <= label < classes):
            choice = f"Choose a whole number below {classes}." if classes else "Leave it out."
            raise UsageError(f"The model {model.name} has no class {label}.", choice)
        guidance = self._guidance(label, guidance_scale)
        if guidance is not None and tile != model.image_size:
            raise UsageError(
                f"The classifier of {model.name} sees tiles of {model.image_size} pixels only.",
                "Leave --tile out.",
            )
        return TiledDenoiser(
            NetworkDenoiser(
                self.network,
                self.schedule,
                model.prediction,
                label=label,
                limited=limited,
                guidance=guidance,
                notice=notice,
            ),
            tile=tile,
            overlap=model.overlap_of(tile),
            multiple=multiple,
            smallest=model.image_size,
            batch_size=tiling.batch_size,
            notice=notice,
            progress=progress,
        )

    def _guidance(self, label: int | None, scale: float | None) -> ClassifierGuidance | None:
        if label is None or self.classifier is None or self.model.classifier is None:
            return None
        scale = self.model.classifier.guidance_scale if scale is None else scale
        return ClassifierGuidance(self.classifier, label, scale) if scale > 0 else None

    def guess_label(self, x: Tensor) -> int:
        """The class that the classifier finds most likely for pictures of one subject.

        Args:
            x: Pictures on [-1, 1], shape (B, C, H, W).

        Raises:
            UsageError: The model has no classifier.
        """
        return int(self.class_log_probabilities(x).sum(dim=0).argmax())

    @torch.no_grad()
    def class_log_probabilities(self, x: Tensor) -> Tensor:
        """What the classifier thinks of pictures (B, C, H, W): shape (B, num_classes).

        It sees the largest square in their middle, reduced to its own size.

        Raises:
            UsageError: The model has no classifier.
        """
        if self.classifier is None:
            raise UsageError(
                f"The model {self.model.name} is class-conditional and has no classifier to guess.",
                "Give the class with --class.",
            )
        side = self.classifier.config.image_size
        middle = min(x.shape[2:])
        top, left = ((size - middle) // 2 for size in x.shape[2:])
        x = x[:, :, top : top + middle, left : left + middle].expand(-1, 3, -1, -1).clamp(-1, 1)
        # On the CPU: not every device reduces with antialiasing.
        x = F.interpolate(x.cpu(), size=(side, side), mode="bilinear", antialias=True)
        timesteps = torch.zeros(len(x), dtype=torch.long, device=self.device)
        logits: Tensor = self.classifier(x.to(self.device), timesteps)
        return logits.log_softmax(dim=1)


def load_model(
    model: str | os.PathLike[str] | Model = DEFAULT_MODEL,
    *,
    device: str | torch.device = "auto",
    precision: str | torch.dtype = "auto",
    models: str | os.PathLike[str] | None = None,
    compile: bool = False,
) -> LoadedModel:
    """Load a model of the table, from the package or from the cache, or one that was trained.

    Args:
        model: A name that ``ddrm download`` lists, such as ``"photo-small"``, a file that
            ``ddrm train`` wrote, or a model of the caller's own.
        device: ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:N"`` or ``"mps"``, or torch's own.
        precision: ``"auto"``, ``"float32"``, ``"bfloat16"`` or ``"float16"``, or torch's own.
        models: A TOML file with models of the user's own.
        compile: Whether ``torch.compile`` compiles the network, which its first evaluation at each
            size of a window waits for, a minute or more. On a CPU that needs a C++ compiler.

    Raises:
        UnknownNameError: No model, device or precision of that name.
        UsageError: The file does not say what network it belongs to.
        ModelNotCachedError: It has to be downloaded first.
        WeightsError: Its file is damaged or another model's.
        DeviceError: The device is not to be had.
    """
    expect(model, (str, os.PathLike, Model), "model", "Give a name or a file of weights.")
    expect(models, (str, os.PathLike, type(None)), "table of models", "Give a TOML file.")
    if not isinstance(model, Model):
        table = load_models(None if models is None else Path(models))
        model = find_model(os.fspath(model), table)
    where = choose_device(device)
    dtype = choose_precision(precision, where)
    keep_freed()
    network = load_network(model, weights_path(model), device=where, dtype=dtype)
    if compile:
        network.compile()
    classifier = None
    if model.classifier is not None:
        # Its gradient is small beside the noise: half precision would round it away.
        path = weights_path(model, model.classifier.weights)
        classifier = load_classifier(model, path, device=where)
    return LoadedModel(model, network, where, classifier)
