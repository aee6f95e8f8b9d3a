"""Restore: where problem, prior and sampler meet."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, overload

import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ddrm_cli.conversion import ImageLike, to_batch
from ddrm_cli.degradations.base import LinearOperator
from ddrm_cli.devices import on_device
from ddrm_cli.errors import (
    Notice,
    OutOfMemoryError,
    Progress,
    UsageError,
    expect,
    is_out_of_memory,
)
from ddrm_cli.images.kernels import KernelLike
from ddrm_cli.images.masks import MaskLike
from ddrm_cli.measuring import DegradationLike
from ddrm_cli.memory import give_back
from ddrm_cli.plausibility import doubts
from ddrm_cli.prior import LoadedModel, TilingSettings, load_model
from ddrm_cli.problem import InverseProblem, pose
from ddrm_cli.sampler.ddrm import Denoise, Step, sample_ddrm
from ddrm_cli.sampler.grey import GreyDenoiser
from ddrm_cli.sampler.noise import GREY, ImageNoise, seeds_from
from ddrm_cli.sampler.plan import Plan, plan_of
from ddrm_cli.sampler.settings import (
    PaperSettings,
    SamplerSettings,
    Settings,
    get_preset,
    settings_notes,
)
from ddrm_cli.weights.classes import describe_class
from ddrm_cli.weights.registry import DEFAULT_MODEL

__all__ = ["Restoration", "Restorer", "restore"]

_Picture = TypeVar("_Picture", Tensor, NDArray[Any], Image.Image)
DEFAULT_SETTINGS, DEFAULT_TILING = SamplerSettings(), TilingSettings()
_File = str | os.PathLike[str]


@dataclass(frozen=True, eq=False)
class Restoration:
    """What a restoration gave, and what was found out on the way.

    Args:
        x: The pictures, shape (B, C, H, W), on [0, 1] but not clipped, on the CPU.
        label: The class they were restored as, where the model has classes.
        precision: What the network computed in at the end.
        plan: The noise levels and the rule.
    """

    x: Tensor
    label: int | None
    precision: torch.dtype
    plan: Plan


@dataclass(frozen=True, eq=False)
class Restorer:
    """Restores problems with one prior, one after another or at once.

    Args:
        model: The prior, from `load_model`.
        settings: The sampler's.
        tiling: How large pictures are cut for the network.
        label: Class for a class-conditional model; None takes its classifier's best guess, one for
            each problem.
        guidance_scale: How strongly the classifier pulls towards the class; None takes the
            model's, 0 leaves the classifier out.

    Raises:
        UsageError: More steps than the model has timesteps, or a tile or a class that its network
            cannot take.
    """

    model: LoadedModel
    settings: Settings = DEFAULT_SETTINGS
    tiling: TilingSettings = DEFAULT_TILING
    label: int | None = None
    guidance_scale: float | None = None

    def __post_init__(self) -> None:
        expect(self.model, LoadedModel, "model", "Give what load_model gave.")
        rules = (SamplerSettings, PaperSettings)
        expect(self.settings, rules, "settings", "Give SamplerSettings or PaperSettings.")
        expect(self.tiling, TilingSettings, "tiling", "Give TilingSettings.")
        model = self.model.model
        if (self.settings.steps or 0) > model.timesteps:
            raise UsageError(
                f"{model.name} has only {model.timesteps} timesteps to evaluate.",
                "Take fewer steps.",
            )
        # Whatever class will be guessed, a tile that the network cannot take is wrong now.
        any_label = None if model.num_classes is None else 0
        label = any_label if self.label is None else self.label
        self.model.denoiser(self.tiling, label, self.guidance_scale)

    @property
    def tile(self) -> int:
        """Longest side of the windows that the network sees."""
        return self.tiling.tile or self.model.model.tile

    def plan(self, problem: InverseProblem) -> Plan:
        """The noise levels and the rule for a problem."""
        operator = problem.operator
        return plan_of(
            self.settings,
            operator.start,
            operator.singular_values,
            operator.measured,
            2 * problem.noise,
            self.model.schedule,
            grey=operator.image_shape[0] == 1,
        )

    def __call__(
        self,
        problem: InverseProblem,
        seeds: Sequence[int] | None = None,
        *,
        callback: Callable[[Step], None] | None = None,
        notice: Notice | None = None,
        progress: Progress | None = None,
    ) -> Restoration:
        """Draw a picture from the posterior of each measurement.

        Args:
            problem: What `pose` gave.
            seeds: One a measurement; 0, 1, 2, ... unless given.
            callback: Told after each network evaluation, with the prediction on [0, 1].
            notice: Told, in a sentence, what was done differently from what was asked.
            progress: Told after each group of windows of each evaluation which share is done.

        Raises:
            UsageError: Not one seed a measurement, or no class where none can be guessed.
            OutOfMemoryError: The picture, or one tile of it, does not fit.
        """
        seeds = range(len(problem.y)) if seeds is None else seeds
        if len(seeds) != len(problem.y):
            raise UsageError(f"{len(problem.y)} measurements need as many seeds, not {len(seeds)}.")
        model, device, plan = self.model.model, self.model.device, self.plan(problem)
        operator = on_device(problem.operator, device)
        seen = problem.y.to(device)

        def centred(y: Tensor) -> Tensor:
            """Measurements of pictures on [0, 1] as those of the networks' [-1, 1]: 2 x - 1.

            Here, and only here; anew where it is needed, as it may be as large as the picture.
            """
            white = torch.ones((), device=device).expand(1, *operator.image_shape)
            return (2 * y).sub_(operator(white))

        label = self.label
        if model.num_classes is not None and label is None:
            label = self.model.guess_label(operator.pinv(centred(seen)))
            if notice is not None:
                what = describe_class(label, model.num_classes)
                notice(f"The model's classifier takes it for class {what}.")
        share = plan.overall(progress)
        prior = self.model.denoiser(
            self.tiling, label, self.guidance_scale, notice, share, limited=plan.limited
        )
        denoiser: Denoise = prior
        if operator.image_shape[0] == 1:
            denoiser = GreyDenoiser(prior, ImageNoise(seeds, GREY, device))

        def picture(x: Tensor) -> Tensor:
            """The way back, in place."""
            return operator.unframed(x.add_(1).div_(2).cpu())

        def expected(denoised: Tensor, sigma: float) -> Tensor | None:
            known = operator.expected(seen, (denoised + 1) / 2, sigma / 2)
            return None if known is None else centred(known)

        def told(step: Step) -> None:
            if callback is not None:
                callback(dataclasses.replace(step, denoised=picture(step.denoised.clone())))

        def initial() -> Tensor | None:
            x = operator.initial(centred(seen))
            give_back()
            return x

        try:
            give_back()
            # The start before the measurement: beside it there would be two of the latter.
            x = sample_ddrm(
                x_init=initial(),
                y=centred(seen),
                denoiser=denoiser,
                operator=operator,
                sigmas=plan.sigmas,
                sigma_y=2 * problem.noise,
                noise=ImageNoise(seeds, device=device),
                rule=plan.rule,
                expected=None if operator.noise is None else expected,
                callback=told,
            )
            restoration = Restoration(picture(x), label, prior.denoiser.precision, plan)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            _, height, width = operator.image_shape
            raise OutOfMemoryError(
                f"Memory ran out for a picture of {width} x {height} pixels, whatever the tiles.",
                "Restore a smaller part of it, or fewer samples at once.",
            ) from error
        if notice is not None:
            for doubt in doubts(problem, restoration.x):
                notice(doubt)
        return restoration


@overload
def restore(
    picture: _Picture,
    degradation: DegradationLike | None = ...,
    *,
    sigma: float | Literal["auto"] | None = ...,
    mask: MaskLike | None = ...,
    kernel: KernelLike | None = ...,
    model: str | os.PathLike[str] | LoadedModel = ...,
    settings: str | Settings = ...,
    tiling: TilingSettings = ...,
    seed: int = ...,
    label: int | None = ...,
    callback: Callable[[Step], None] | None = ...,
    notice: Notice | None = ...,
) -> _Picture: ...
@overload
def restore(
    picture: _File,
    degradation: DegradationLike | None = ...,
    *,
    sigma: float | Literal["auto"] | None = ...,
    mask: MaskLike | None = ...,
    kernel: KernelLike | None = ...,
    model: str | os.PathLike[str] | LoadedModel = ...,
    settings: str | Settings = ...,
    tiling: TilingSettings = ...,
    seed: int = ...,
    label: int | None = ...,
    callback: Callable[[Step], None] | None = ...,
    notice: Notice | None = ...,
) -> Image.Image: ...
def restore(
    picture: ImageLike,
    degradation: DegradationLike | None = None,
    *,
    sigma: float | Literal["auto"] | None = None,
    mask: MaskLike | None = None,
    kernel: KernelLike | None = None,
    model: str | os.PathLike[str] | LoadedModel = DEFAULT_MODEL,
    settings: str | Settings = "standard",
    tiling: TilingSettings = DEFAULT_TILING,
    seed: int = 0,
    label: int | None = None,
    callback: Callable[[Step], None] | None = None,
    notice: Notice | None = None,
) -> Any:
    """Restore a degraded picture by sampling the posterior of ``y = H x + sigma z``.

    Args:
        picture: The degraded picture itself on [0, 1]; see `ImageLike`. For ``color`` it may
            have three channels, of which the grey is taken. With an operator also a tensor of
            the shape that it measures, with or without a batch.
        degradation: A name that ``ddrm list-degradations`` lists, such a name with parameters
            (``Degradation("inp", {"seed": 3})``), or an operator of the caller's own; None takes
            it from the file.
        sigma: Standard deviation of the measurement's noise on [0, 1] pixel values; None takes it
            from the file where that says it, and estimates it otherwise, as ``"auto"`` does: one
            for the batch, the largest of its pictures.
        mask: For ``inp``: a picture in which missing pixels are painted, not black, or numbers
            (H, W) that are not zero there; `Mask` says more, and grows or inverts it.
        kernel: For ``deblur``: a file or a picture of it, or numbers (kh, kw): these are taken as
            they are, and of sum one keep the brightness.
        model: The prior: a name, a file of ``ddrm train``, or what `load_model` gave.
        settings: The sampler's, or the name of a preset.
        tiling: How large pictures are cut for the network.
        seed: Of the sampler; each picture of a batch gets the next.
        label: Class for a class-conditional model, one for the batch; None takes its classifier's
            best guess.
        callback: Told after each network evaluation, with the prediction on [0, 1].
        notice: Told, in a sentence, what was done differently from what was asked.

    Returns:
        The restored picture, of the kind that came in, clipped only where that is an integer; for
        a file the Pillow image that ``ddrm restore`` would have saved.

    Raises:
        UsageError: A value out of range, or one that the degradation does not take.
        MeasurementError: Picture, mask or kernel do not fit the degradation.
        ImageReadError: A file cannot be read.
        DDRMError: What `load_model` raises, where ``model`` is a name.
    """
    shape = degradation.measurement_shape if isinstance(degradation, LinearOperator) else None
    batch = to_batch(picture, shape)
    problem = pose(batch, degradation, sigma=sigma, mask=mask, kernel=kernel)
    restorer = Restorer(
        model if isinstance(model, LoadedModel) else load_model(model),
        get_preset(settings) if isinstance(settings, str) else settings,
        tiling,
        label,
    )
    if notice is not None:
        for note in (*problem.notes, *settings_notes(restorer.settings)):
            notice(note)
    seeds = seeds_from(seed, len(problem.y))
    restoration = restorer(problem, seeds, callback=callback, notice=notice)
    return batch.result(restoration.x, problem.fills_alpha)
