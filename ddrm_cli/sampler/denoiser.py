"""From a network to a denoiser ``D(x, sigma)`` in sigma coordinates."""

from __future__ import annotations

import copy
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ddrm_cli.errors import Notice, WeightsError

from .schedule import NoiseSchedule

__all__ = ["ClassifierGuidance", "NetworkDenoiser"]


class ClassifierGuidance:
    """Pulls the noise prediction towards a class: ``scale * grad log p(label | x_t)``.

    Dhariwal and Nichol 2021, algorithm 2.

    Args:
        classifier: (x_t, timesteps) to logits.
        label: Index of the class.
        scale: Strength of the pull.
    """

    def __init__(self, classifier: nn.Module, label: int, scale: float) -> None:
        self.classifier = classifier
        self.label = label
        self.scale = scale

    def gradient(self, x_t: Tensor, timesteps: Tensor) -> Tensor:
        """The pull at the current ``x_t``, of its shape, float32."""
        with torch.enable_grad():
            x_t = x_t.detach().requires_grad_()
            logits = self.classifier(x_t, timesteps)
            log_prob = F.log_softmax(logits.float(), dim=-1)[:, self.label].sum()
            (gradient,) = torch.autograd.grad(log_prob, x_t)
        return self.scale * gradient.float()


class NetworkDenoiser:
    """Denoiser of a network that predicts noise or velocity.

    With ``a = 1 / (1 + sigma^2)``, which at a timestep is alpha_bar_t, and ``x_t = sqrt(a) x``, a
    network that predicts ``epsilon`` gives ``D = x - sigma eps``, one that predicts
    ``v = sqrt(a) eps - sqrt(1 - a) x_0`` gives ``D = a x - sqrt(1 - a) v``. What a network predicts
    beyond the picture's channels is its variance, and is dropped. All arithmetic outside the
    network is float32: an error of eps is multiplied by sigma, up to 100.

    Args:
        network: (x_t, timesteps) or (x_t, timesteps, labels) to the prediction. It is not changed:
            where its precision gives numbers that are not finite, a copy in float32 goes on.
        schedule: Noise level of each timestep.
        prediction: ``"epsilon"`` or ``"v"``.
        label: Class index for a class-conditional network.
        limited: Whether predictions are limited to the range of pictures, [-1, 1]. The published
            code does not.
        guidance: Classifier guidance; only with ``"epsilon"``.
        notice: Told when a lower precision gave numbers that are not finite.
    """

    def __init__(
        self,
        network: nn.Module,
        schedule: NoiseSchedule,
        prediction: str,
        *,
        label: int | None = None,
        limited: bool = True,
        guidance: ClassifierGuidance | None = None,
        notice: Notice | None = None,
    ) -> None:
        assert prediction in ("epsilon", "v")
        assert guidance is None or prediction == "epsilon"
        self.network = network
        self.schedule = schedule
        self.prediction = prediction
        self.label = label
        self.limited = limited
        self.guidance = guidance
        self.notice = notice

    @property
    def precision(self) -> torch.dtype:
        """What the network computes in by now."""
        return next(self.network.parameters()).dtype

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        """Predict the picture from x with noise of ``sigma``; shape (B, C, H, W) to the same.

        Raises:
            WeightsError: The network gives numbers that are not finite, in float32 too.
        """
        denoised = self._predict(x, sigma)
        return denoised.clamp(-1, 1) if self.limited else denoised

    def _predict(self, x: Tensor, sigma: float) -> Tensor:
        # A level between two timesteps is seen as the nearer of them, where the network was
        # trained, by a picture that is scaled for its own level.
        a = 1 / (1 + sigma**2)
        timesteps = torch.full((len(x),), self.schedule.timestep(sigma), device=x.device)
        x_t = math.sqrt(a) * x
        out = self._evaluate(x_t, timesteps)[:, : x.shape[1]]
        if self.prediction == "v":
            return a * x - math.sqrt(1 - a) * out
        if self.guidance is not None:
            out = out - math.sqrt(1 - a) * self.guidance.gradient(x_t, timesteps)
        return x - sigma * out

    def _evaluate(self, x_t: Tensor, timesteps: Tensor) -> Tensor:
        arguments = [x_t, timesteps]
        if self.label is not None:
            arguments.append(torch.full_like(timesteps, self.label))
        # Nothing asks the network for a gradient, the classifier's alone guides. What is made in
        # inference mode may not meet autograd: what leaves it is a copy, or made from one.
        with torch.inference_mode():
            out: Tensor = self.network(*arguments)
        out = out.to(torch.float32, copy=True)
        if _is_finite(out):
            return out
        if self.precision == torch.float32:
            raise WeightsError(
                "The network gives numbers that are not finite.",
                "Its weights are damaged or another network's; see: ddrm download --verify",
            )
        if self.notice is not None:
            name = str(self.precision).removeprefix("torch.")
            self.notice(f"The network overflows in {name}; going on in float32.")
        self.network = copy.deepcopy(self.network).float()
        return self._evaluate(x_t, timesteps)


def _is_finite(x: Tensor) -> bool:
    return bool(torch.isfinite(x).all())
