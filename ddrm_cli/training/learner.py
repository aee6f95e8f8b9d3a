"""The network while it learns: its weights, their average, and the optimizer."""

from __future__ import annotations

import contextlib
import copy
from typing import Any

import torch
from torch import nn
from torch.nn.utils import clip_grad_norm_

from ddrm_cli.sampler.schedule import NoiseSchedule

from .batches import Batch
from .objective import loss
from .recipe import Recipe
from .team import Team

__all__ = ["Learner"]

# The average is over at most this share of the steps so far, so that the beginning is forgotten.
SHARE = 1 / 5

# Steps until AdamW knows how large gradients are. Its first would move each weight by the whole
# learning rate, wherever the noise of one batch points: weights that are good already suffer.
WARM_UP = 100


class Learner:
    """Weights in float32, their average, and AdamW.

    The average of the weights after step n is ``A <- d A + (1 - d) W``, the decay d being the
    stage's, or ``1 - 5 / (n + 5)`` where that is less.

    Args:
        network: Learns; in float32, on the device of the team.
        schedule: Of the diffusion.
        prediction: ``"v"`` or ``"epsilon"``.
        recipe: Numbers of the optimizer.
        precision: What the network computes in.
        team: Processes that learn together.
    """

    def __init__(
        self,
        network: nn.Module,
        schedule: NoiseSchedule,
        prediction: str,
        recipe: Recipe,
        precision: torch.dtype,
        team: Team,
    ) -> None:
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.network = network.requires_grad_(True).train()
        self.average = copy.deepcopy(self.network).requires_grad_(False).eval()
        self.averaged = 0
        self.schedule = schedule
        self.prediction = prediction
        self.recipe = recipe
        self.precision = precision
        self.team = team
        self._joined = team.joined(self.network)
        self._begin()

    def _begin(self) -> None:
        recipe = self.recipe
        self.taken = 0  # steps of this optimizer
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), betas=recipe.betas, weight_decay=recipe.weight_decay
        )

    @property
    def warmth(self) -> float:
        """Share of the learning rate that the next step may have: it rises to 1 in a hundred."""
        return min(1.0, (self.taken + 1) / WARM_UP)

    def lower_precision(self) -> contextlib.AbstractContextManager[object]:
        """The body of a ``with`` computes in the precision of the training."""
        if self.precision == torch.float32:
            return contextlib.nullcontext()
        return torch.autocast(self.team.device.type, self.precision)

    def find_gradient(self, batch: Batch) -> tuple[float, float]:
        """Loss of a batch and norm of its gradient, before it is clipped; nothing is learnt yet."""
        self.optimizer.zero_grad()
        with self.lower_precision():
            error = loss(self._joined, batch, self.schedule, self.prediction)
        error.backward()  # type: ignore[no-untyped-call]
        norm = clip_grad_norm_(self.network.parameters(), self.recipe.largest_norm)
        return float(error.detach()), float(norm)

    def step(self, rate: float, decay: float) -> None:
        """Learn from the gradient that was found, and average the weights."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.taken += 1
        self.averaged += 1
        decay = min(decay, 1 - 1 / (1 + SHARE * self.averaged))
        with torch.no_grad():
            for mean, weight in zip(
                self.average.parameters(), self.network.parameters(), strict=True
            ):
                mean.lerp_(weight, 1 - decay)

    def go_back(self) -> None:
        """Go on from the average of the weights, with an optimizer that remembers nothing."""
        self.network.load_state_dict(self.average.state_dict())
        self._begin()

    def state(self) -> dict[str, Any]:
        """All that is learnt: tensors and numbers."""
        return {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "averaged": self.averaged,
            "taken": self.taken,
            "optimizer": self.optimizer.state_dict(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Be as another learner was."""
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.averaged, self.taken = state["averaged"], state["taken"]
        self.optimizer.load_state_dict(state["optimizer"])
