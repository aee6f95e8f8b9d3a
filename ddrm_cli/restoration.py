"""Degrade and restore: the one place where operator, denoiser and sampler meet."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from ddrm_cli.conversion import ImageLike, to_batch
from ddrm_cli.degradations.base import ImageShape, LinearOperator
from ddrm_cli.degradations.build import build_operator
from ddrm_cli.degradations.framing import continue_measurement, frame_margin, mirror_frame
from ddrm_cli.degradations.table import get_degradation
from ddrm_cli.devices import choose_device, choose_precision
from ddrm_cli.errors import MeasurementError, OutOfMemoryError, UsageError
from ddrm_cli.images.noise_level import estimate_sigma
from ddrm_cli.networks.guided_diffusion import Classifier
from ddrm_cli.sampler.ddrm import Denoise, Step, sample_ddrm
from ddrm_cli.sampler.denoiser import ClassifierGuidance, NetworkDenoiser, Notice
from ddrm_cli.sampler.grey import GREY_NOISE_RATIO, GreyDenoiser
from ddrm_cli.sampler.noise import GREY, MEASUREMENT, ImageNoise
from ddrm_cli.sampler.schedule import NoiseSchedule, select_timesteps
from ddrm_cli.sampler.settings import SamplerSettings
from ddrm_cli.sampler.tiling import SMALLEST_TILE, TiledDenoiser, is_out_of_memory
from ddrm_cli.weights.cache import weights_path
from ddrm_cli.weights.classes import describe_class
from ddrm_cli.weights.load import load_classifier, load_network
from ddrm_cli.weights.registry import DEFAULT_MODEL, Model, get_model, load_models

__all__ = [
    "LoadedModel",
    "TilingSettings",
    "degrade",
    "guess_label",
    "load_model",
    "noise_with_rounding",
    "restore",
    "restore_measurement",
    "tiled_denoiser",
]

DEFAULT_SETTINGS = SamplerSettings()


@dataclass(frozen=True)
class LoadedModel:
    """A model with its network in memory, on its device and in its precision.

    Args:
        entry: What the table of models says of it.
        network: (x_t, timesteps) to the prediction; with labels where it has classes.
        device: Where the network is.
        classifier: Guides a class-conditional network; in float32.
    """

    entry: Model
    network: nn.Module
    device: torch.device
    classifier: Classifier | None = None

    @property
    def precision(self) -> torch.dtype:
        """What the network computes in."""
        return next(self.network.parameters()).dtype

    @property
    def side_multiple(self) -> int:
        """What the sides of a picture that the network sees are multiples of."""
        return self.entry.network.side_multiple

    @property
    def schedule(self) -> NoiseSchedule:
        """Noise levels of the diffusion that the network was trained on."""
        entry = self.entry
        return NoiseSchedule.from_betas(
            entry.beta_schedule, entry.beta_start, entry.beta_end, entry.timesteps
        )


@dataclass(frozen=True)
class TilingSettings:
    """How a network sees a picture that is larger than it takes at once.

    Args:
        tile: Side of the windows in pixels; None takes the model's.
        batch_size: Windows evaluated at once.

    Raises:
        UsageError: Not positive.
    """

    tile: int | None = None
    batch_size: int = 1

    def __post_init__(self) -> None:
        if self.tile is not None and self.tile < 1:
            raise UsageError(f"A tile of {self.tile} pixels is not possible.", "Try 256 or 512.")
        if self.batch_size < 1:
            raise UsageError(
                f"A batch of {self.batch_size} tiles is not possible.", "Choose 1 or more."
            )


def load_model(
    model: str | Model = DEFAULT_MODEL,
    *,
    device: str = "auto",
    precision: str = "auto",
    models: Path | None = None,
) -> LoadedModel:
    """Load a model of the table, from the package or from the cache.

    Args:
        model: A name that ``ddrm download`` lists, such as ``"photo-small"``, or an entry of the
            caller's own.
        device: ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:N"`` or ``"mps"``.
        precision: ``"auto"``, ``"float32"``, ``"bfloat16"`` or ``"float16"``.
        models: A TOML file with models of the user's own.

    Raises:
        UnknownNameError: No model, device or precision of that name.
        ModelNotCachedError: It has to be downloaded first.
        WeightsError: Its file is damaged or another model's.
        DeviceError: The device is not to be had.
    """
    entry = get_model(model, load_models(models)) if isinstance(model, str) else model
    where = choose_device(device)
    dtype = choose_precision(precision, where)
    network = load_network(entry, weights_path(entry), device=where, dtype=dtype)
    classifier = None
    if entry.classifier is not None:
        # Its gradient is small beside the noise: half precision would round it away.
        path = weights_path(entry, entry.classifier.weights)
        classifier = load_classifier(entry, path, device=where)
    return LoadedModel(entry, network, where, classifier)


def degrade(
    image: ImageLike,
    degradation: str | LinearOperator,
    *,
    sigma: float = 0.0,
    seed: int = 0,
    mask: NDArray[np.bool_] | None = None,
    kernel: NDArray[np.float64] | None = None,
) -> ImageLike:
    """Measure a picture, ``y = H x + sigma z``.

    Args:
        image: The picture on [0, 1]; see `ImageLike`. For ``cs2`` and ``cs4``, whose measurement
            is no picture, a tensor.
        degradation: A name of the table, or an operator of the caller's own.
        sigma: Standard deviation of the noise on [0, 1] pixel values.
        seed: For the noise, and for degradations that are random themselves.
        mask: For ``inp``: shape (H, W), True where a pixel is missing.
        kernel: For ``deblur``: any two-dimensional kernel, as it is; one of sum one keeps the
            brightness.

    Returns:
        The measurement, of the kind that came in and scaled as the picture is; clipped only where
        that kind is an integer.

    Raises:
        UsageError: A value out of range, or one that the degradation does not take.
        MeasurementError: Picture, mask or kernel do not fit the degradation.
    """
    _check_sigma(sigma)
    batch = to_batch(image)
    x = batch.values
    # Restoring ignores what a singular value near zero measures, but the measurement has it.
    frame = _build_frame(
        degradation, _image_shape(x), seed=seed, mask=mask, kernel=kernel, rank_tolerance=0.0
    )
    y = frame.crop(frame.operator(mirror_frame(x, frame.margin)))
    if sigma > 0:
        noise = ImageNoise(range(seed, seed + len(y)), MEASUREMENT)
        y = y + sigma * noise(tuple(y.shape[1:]))
    if y.ndim == 4:
        return batch.restored(y)
    if isinstance(image, Tensor):
        return (y if image.ndim == 4 else y[0]).to(image.device)
    raise UsageError(f"What {degradation} measures is no picture.", "Give the picture as a tensor.")


def restore(
    measurement: ImageLike,
    degradation: str | LinearOperator,
    *,
    sigma: float | None = None,
    model: str | LoadedModel = DEFAULT_MODEL,
    settings: SamplerSettings = DEFAULT_SETTINGS,
    tiling: TilingSettings | None = None,
    seed: int = 0,
    degradation_seed: int = 0,
    mask: NDArray[np.bool_] | None = None,
    kernel: NDArray[np.float64] | None = None,
    levels: int | None = None,
    label: int | None = None,
    guidance_scale: float | None = None,
    callback: Callable[[Step], None] | None = None,
    notice: Notice | None = None,
) -> ImageLike:
    """Restore a degraded picture by sampling the posterior of ``y = H x + sigma z``.

    Args:
        measurement: The degraded picture itself on [0, 1]; see `ImageLike`. For ``color`` it may
            have three channels, of which the grey is taken.
        degradation: A name of the table that is listed by ``ddrm list-degradations``, or an
            operator of the caller's own.
        sigma: Standard deviation of the measurement's noise on [0, 1] pixel values; None estimates
            it, one for the batch: the largest of its pictures.
        model: The prior: a name, or what `load_model` gave.
        settings: The sampler's settings.
        tiling: How large pictures are cut for the network.
        seed: Of the sampler; each picture of a batch gets the next.
        degradation_seed: Seed that the measurement was made with (``inp`` without a mask).
        mask: For ``inp``: shape (H, W), True where a pixel is missing.
        kernel: For ``deblur``: any two-dimensional kernel, as it is; one of sum one keeps the
            brightness.
        levels: Grey levels that floats were once rounded to, 256 for 8 bits; integers and Pillow
            images tell by themselves.
        label: Class for a class-conditional model, one for the batch; None takes its classifier's
            best guess.
        guidance_scale: How strongly the classifier pulls towards the class; None takes the
            model's.
        callback: Told after each network evaluation, with the prediction on [0, 1].
        notice: Told, in a sentence, what was done differently from what was asked.

    Returns:
        The restored picture, of the kind that came in; clipped only where that is an integer.

    Raises:
        UsageError: A value out of range, or one that the degradation does not take.
        MeasurementError: Picture, mask or kernel do not fit the degradation.
        DDRMError: What `load_model` raises, where ``model`` is a name.
    """
    batch = to_batch(measurement)
    y = batch.values
    holes = False
    if isinstance(degradation, LinearOperator):
        shape = degradation.image_shape
    else:
        entry = get_degradation(degradation)
        holes = entry.family == "inpainting"
        if entry.measurement == "vector":
            raise UsageError(
                f"What {degradation} measures is no picture.",
                "Build its operator and use restore_measurement.",
            )
        if entry.measurement == "grey" and y.shape[1] == 3:
            y = build_operator(degradation, _image_shape(y))(y)
        channels = 3 if entry.measurement == "grey" else y.shape[1]
        shape = (channels, y.shape[2] * entry.scale, y.shape[3] * entry.scale)
    frame = _build_frame(degradation, shape, seed=degradation_seed, mask=mask, kernel=kernel)
    if sigma is None:
        known = (frame.operator.singular_values[0] > 0).numpy() if holes else None
        sigma = max(estimate_sigma(np.moveaxis(each.numpy(), 0, -1), known) for each in y)
    _check_sigma(sigma)
    sigma = noise_with_rounding(sigma, frame.operator, batch.levels or levels)
    y = continue_measurement(y, frame.operator, frame.margin, sigma)
    loaded = load_model(model) if isinstance(model, str) else model

    def cropped(step: Step) -> None:
        if callback is not None:
            callback(dataclasses.replace(step, denoised=frame.crop(step.denoised)))

    x = restore_measurement(
        loaded,
        y,
        frame.operator,
        sigma,
        settings=settings,
        tiling=tiling,
        seeds=range(seed, seed + len(y)),
        label=label,
        guidance_scale=guidance_scale,
        callback=cropped,
        notice=notice,
    )
    return batch.restored(frame.crop(x))


def restore_measurement(
    model: LoadedModel,
    y: Tensor,
    operator: LinearOperator,
    sigma: float,
    *,
    settings: SamplerSettings = DEFAULT_SETTINGS,
    tiling: TilingSettings | None = None,
    seeds: Sequence[int] = (0,),
    label: int | None = None,
    guidance_scale: float | None = None,
    callback: Callable[[Step], None] | None = None,
    notice: Notice | None = None,
) -> Tensor:
    """Restore a batch of measurements of any operator; `restore` without its conveniences.

    Args:
        model: What `load_model` gave.
        y: Measurements, shape (B, *measurement_shape), scaled so that the picture is on [0, 1].
        operator: H, for pictures of one or three channels.
        sigma: Standard deviation of the noise of y.
        settings: The sampler's settings.
        tiling: How large pictures are cut for the network.
        seeds: One a measurement.
        label: Class for a class-conditional model, one for the batch; None takes its classifier's
            best guess.
        guidance_scale: How strongly the classifier pulls towards the class; None takes the
            model's, 0 leaves the classifier out.
        callback: Told after each network evaluation, with the prediction on [0, 1].
        notice: Told, in a sentence, what was done differently from what was asked.

    Returns:
        The pictures, shape (B, C, H, W), on [0, 1] but not clipped, on the CPU.

    Raises:
        UsageError: A tile that the network cannot take, or not one seed a measurement.
        MeasurementError: The measurements have not the shape that the operator gives.
        OutOfMemoryError: Not even the smallest tile fits.
    """
    if len(seeds) != len(y):
        raise UsageError(f"{len(y)} measurements need as many seeds, not {len(seeds)}.")
    if tuple(y.shape[1:]) != operator.measurement_shape:
        raise MeasurementError(
            f"A measurement of shape {tuple(y.shape[1:])} does not belong to this operator, "
            f"which gives {operator.measurement_shape}.",
            "Build the operator for the size of the picture that was measured.",
        )
    if operator.image_shape[0] not in (1, 3):
        raise MeasurementError(
            f"Pictures of {operator.image_shape[0]} channels cannot be restored.",
            "The priors know pictures of one or three.",
        )
    if operator.singular_values.device != model.device:
        operator = copy.deepcopy(operator).to(model.device)  # the caller's stays where it is
    if settings.steps > model.entry.timesteps:
        raise UsageError(
            f"{model.entry.name} has only {model.entry.timesteps} timesteps to evaluate.",
            "Take fewer steps.",
        )
    timesteps = select_timesteps(settings.steps, settings.spacing, model.entry.timesteps)
    sigmas = model.schedule.sigmas(timesteps)
    # Here, and only here, [0, 1] becomes the networks' [-1, 1]: x -> 2 x - 1.
    y = 2 * y.to(model.device) - operator(_white(operator, model.device))
    if model.entry.num_classes is not None and label is None:
        label = guess_label(model, operator.pinv(y))
        if notice is not None:
            what = describe_class(label, model.entry.num_classes)
            notice(f"The model's classifier takes it for class {what}.")
    denoiser: Denoise = tiled_denoiser(
        model, tiling or TilingSettings(), label, guidance_scale, notice
    )
    if operator.image_shape[0] == 1:
        denoiser = GreyDenoiser(denoiser, ImageNoise(seeds, GREY))
        sigmas = sigmas / GREY_NOISE_RATIO

    def on_unit_range(step: Step) -> None:
        if callback is not None:
            callback(dataclasses.replace(step, denoised=_to_unit_range(step.denoised)))

    try:
        x = sample_ddrm(
            denoiser,
            y,
            operator,
            sigmas,
            2 * sigma,
            noise=ImageNoise(seeds),
            eta_c=settings.eta_c,
            eta_a=settings.eta_a,
            eta_b=settings.eta_b,
            callback=on_unit_range,
        )
        return _to_unit_range(x)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        height, width = operator.image_shape[1:]
        raise OutOfMemoryError(
            f"Memory ran out for a picture of {width} x {height} pixels, whatever the tiles.",
            "Restore a smaller part of it, or fewer samples at once.",
        ) from error


def noise_with_rounding(sigma: float, operator: LinearOperator, levels: int | None) -> float:
    """Noise of a measurement that was stored in few grey levels.

    Rounding adds noise of ``1 / (levels sqrt(12))``, a thousandth for 8 bits. Mostly that drowns
    in the least noise the diffusion knows, and then it is better left out: the result meets the
    measurement exactly. An operator that inverts weak singular values (deblurring) makes it large.

    Args:
        sigma: Noise on [0, 1] without the rounding.
        operator: H.
        levels: Grey levels; None for floats, which are not rounded.

    Returns:
        Noise on [0, 1] to restore with.
    """
    if levels is None:
        return sigma
    rounding = 1 / (levels * math.sqrt(12))
    singular_values = operator.singular_values
    weakest = float(singular_values[singular_values > 0].min())
    if 2 * rounding / weakest < _LEAST_SIGMA:
        return sigma
    return math.hypot(sigma, rounding)


_LEAST_SIGMA = 0.01  # of the linear schedule at its first timestep, on [-1, 1]


@dataclass(frozen=True)
class _Frame:
    """An operator, and the larger frame it may need around the picture."""

    operator: LinearOperator
    margin: tuple[int, int] = (0, 0)

    def crop(self, picture: Tensor) -> Tensor:
        if self.margin == (0, 0):
            return picture
        height, width = picture.shape[-2:]
        return picture[..., : height - self.margin[0], : width - self.margin[1]]


def _build_frame(
    degradation: str | LinearOperator,
    shape: ImageShape,
    *,
    seed: int,
    mask: NDArray[np.bool_] | None,
    kernel: NDArray[np.float64] | None,
    rank_tolerance: float | None = None,
) -> _Frame:
    if isinstance(degradation, LinearOperator):
        return _Frame(degradation)
    # A kernel that the degradation does not take is refused by `build_operator`.
    margin = (0, 0) if kernel is None else frame_margin(kernel)
    channels, height, width = shape
    operator = build_operator(
        degradation,
        (channels, height + margin[0], width + margin[1]),
        seed=seed,
        mask=mask,
        kernel=kernel,
        **({} if rank_tolerance is None else {"rank_tolerance": rank_tolerance}),
    )
    return _Frame(operator, margin)


def guess_label(model: LoadedModel, x: Tensor) -> int:
    """The class that a model's classifier finds most likely.

    Args:
        model: A class-conditional model.
        x: Pictures on [-1, 1], shape (B, C, H, W), of one subject.

    Raises:
        UsageError: The model has no classifier.
    """
    if model.classifier is None:
        raise UsageError(
            f"The model {model.entry.name} is class-conditional and has no classifier to guess.",
            "Give the class with --class.",
        )
    side = model.classifier.config.image_size
    middle = min(x.shape[2:])
    top, left = ((size - middle) // 2 for size in x.shape[2:])
    x = x[:, :, top : top + middle, left : left + middle].expand(-1, 3, -1, -1).clamp(-1, 1)
    x = F.interpolate(x, size=(side, side), mode="bilinear", antialias=True)
    with torch.no_grad():
        logits = model.classifier(x, torch.zeros(len(x), dtype=torch.long, device=x.device))
    return int(logits.log_softmax(dim=1).sum(dim=0).argmax())


def tiled_denoiser(
    model: LoadedModel,
    tiling: TilingSettings,
    label: int | None = None,
    guidance_scale: float | None = None,
    notice: Notice | None = None,
) -> TiledDenoiser:
    """The denoiser of a model, for pictures of any size.

    Raises:
        UsageError: A tile or a class that the network cannot take.
    """
    entry = model.entry
    tile = tiling.tile or entry.tile
    multiple = model.side_multiple
    if tile % multiple:
        raise UsageError(
            f"{entry.name} takes tiles whose sides are multiples of {multiple}, not {tile}.",
            f"Try {max(1, tile // multiple) * multiple}.",
        )
    if label is not None and not 0 <= label < (entry.num_classes or 0):
        raise UsageError(
            f"The model {entry.name} has no class {label}.",
            "Leave the class out." if entry.num_classes is None else "Choose a smaller number.",
        )
    guidance = None
    if label is not None and model.classifier is not None and entry.classifier is not None:
        scale = entry.classifier.guidance_scale if guidance_scale is None else guidance_scale
        guidance = ClassifierGuidance(model.classifier, label, scale) if scale > 0 else None
    if guidance is not None and tile != entry.image_size:
        raise UsageError(
            f"The classifier of {entry.name} sees tiles of {entry.image_size} pixels only.",
            "Leave --tile out.",
        )
    return TiledDenoiser(
        NetworkDenoiser(
            model.network,
            model.schedule,
            entry.prediction,
            label=label,
            guidance=guidance,
            notice=notice,
        ),
        tile=tile,
        multiple=multiple,
        smallest=entry.image_size,
        least_tile=SMALLEST_TILE if guidance is None else entry.image_size,
        batch_size=tiling.batch_size,
        notice=notice,
    )


def _white(operator: LinearOperator, device: torch.device) -> Tensor:
    return torch.ones((1, *operator.image_shape), device=device)


def _to_unit_range(x: Tensor) -> Tensor:
    return (x.cpu() + 1) / 2


def _image_shape(x: Tensor) -> ImageShape:
    _, channels, height, width = x.shape
    return channels, height, width


def _check_sigma(sigma: float) -> None:
    if not (math.isfinite(sigma) and sigma >= 0):
        raise UsageError(
            f"A noise level of {sigma} is not possible.",
            "Give the standard deviation on [0, 1] pixel values, such as 0.05.",
        )
