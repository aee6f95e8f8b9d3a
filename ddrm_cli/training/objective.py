"""What the network is to answer, and how far it is from that."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from ddrm_cli.sampler.schedule import NoiseSchedule

from .batches import Batch

__all__ = ["loss"]


def loss(network: nn.Module, batch: Batch, schedule: NoiseSchedule, prediction: str) -> Tensor:
    """Mean squared error of the prediction, a scalar in float32.

    With ``a`` the alpha_bar of the timestep and ``x_t = sqrt(a) x_0 + sqrt(1 - a) eps``, the
    network is asked for ``eps``, or for ``v = sqrt(a) eps - sqrt(1 - a) x_0`` (Salimans and Ho
    2022, "Progressive distillation", section 4). The noise is always what the timestep says.

    Args:
        network: (x_t, timesteps) to the prediction.
        batch: Clean pictures, timesteps and noise.
        schedule: Of the diffusion.
        prediction: ``"v"`` or ``"epsilon"``.
    """
    a = schedule.alpha_bars[batch.timesteps.cpu()].float().to(batch.x.device)[:, None, None, None]
    signal, spread = a.sqrt(), (1 - a).sqrt()
    x_t = signal * batch.x + spread * batch.noise
    wanted = batch.noise if prediction == "epsilon" else signal * batch.noise - spread * batch.x
    return F.mse_loss(network(x_t, batch.timesteps).float(), wanted)
