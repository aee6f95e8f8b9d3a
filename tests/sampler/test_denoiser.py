"""From a network to D(x, sigma): checked with networks whose right answer is known."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from ddrm_cli.errors import WeightsError
from ddrm_cli.sampler.denoiser import ClassifierGuidance, NetworkDenoiser
from ddrm_cli.sampler.schedule import NoiseSchedule

SCHEDULE = NoiseSchedule.from_betas()
TIMESTEPS = [0, 10, 500, 950]


class GaussianNetwork(nn.Module):
    """What a perfect network predicts for independent standard normal pixels.

    ``x_t = sqrt(a) x_0 + sqrt(1-a) eps`` then has variance one, so ``E[eps | x_t] = sqrt(1-a) x_t``
    and ``E[x_0 | x_t] = sqrt(a) x_t``, hence ``E[v | x_t] = 0``.
    """

    def __init__(self, prediction: str) -> None:
        super().__init__()
        self.prediction = prediction
        self.weight = nn.Parameter(torch.ones(()))

    def forward(self, x_t: Tensor, timesteps: Tensor) -> Tensor:
        a = SCHEDULE.alpha_bars[timesteps].float()[:, None, None, None]
        return (1 - a).sqrt() * x_t if self.prediction == "epsilon" else torch.zeros_like(x_t)


@pytest.mark.parametrize("prediction", ["epsilon", "v"])
@pytest.mark.parametrize("timestep", TIMESTEPS)
def test_a_perfect_network_gives_the_exact_denoiser(prediction: str, timestep: int) -> None:
    """``D = x / (1 + sigma^2)`` for standard normal pixels, from either kind of prediction."""
    sigma = float(SCHEDULE.sigmas(torch.tensor(timestep)))
    x = sigma * torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    denoised = NetworkDenoiser(GaussianNetwork(prediction), SCHEDULE, prediction)(x, sigma)
    # x - sigma eps cancels all but 1 / (1 + sigma^2) of x: float32 rounding of x remains.
    torch.testing.assert_close(
        denoised, x / (1 + sigma**2), atol=3e-7 * float(x.abs().max()), rtol=0
    )


class Recorder(nn.Module):
    """Keeps its arguments; answers zeros in twice as many channels, the second half NaN-free."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))
        self.arguments: tuple[Tensor, ...] = ()

    def forward(self, *arguments: Tensor) -> Tensor:
        self.arguments = arguments
        x_t = arguments[0]
        return torch.cat([torch.zeros_like(x_t), torch.full_like(x_t, 9.0)], dim=1)


def test_the_network_sees_x_t_the_timestep_and_the_label() -> None:
    network = Recorder()
    sigma = float(SCHEDULE.sigmas(torch.tensor(300)))
    x = torch.ones(2, 3, 4, 4)
    denoised = NetworkDenoiser(network, SCHEDULE, "epsilon", label=7)(x, sigma)
    x_t, timesteps, labels = network.arguments
    torch.testing.assert_close(x_t, x * math.sqrt(float(SCHEDULE.alpha_bars[300])))
    assert timesteps.tolist() == [300, 300]
    assert labels.tolist() == [7, 7]
    # The second half of the channels, the learned variance, is dropped.
    assert torch.equal(denoised, x)


class BowlClassifier(nn.Module):
    """Two classes with logits 0 and ``-|x|^2 / 2``, whose gradient is known at every x."""

    def forward(self, x_t: Tensor, timesteps: Tensor) -> Tensor:
        energy = -0.5 * x_t.pow(2).sum(dim=(1, 2, 3))
        return torch.stack([torch.zeros_like(energy), energy], dim=1)


def test_guidance_is_the_gradient_at_the_current_iterate() -> None:
    """``eps' = eps - sqrt(1-a) scale grad log p(label | x_t)``, taken at x_t itself."""
    sigma = float(SCHEDULE.sigmas(torch.tensor(400)))
    a = float(SCHEDULE.alpha_bars[400])
    guidance = ClassifierGuidance(BowlClassifier(), label=1, scale=2.0)
    x = 0.1 * torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():  # as in the sampler
        guided = NetworkDenoiser(Recorder(), SCHEDULE, "epsilon", guidance=guidance)(x, sigma)
    x_t = math.sqrt(a) * x
    energy = -0.5 * x_t.pow(2).sum(dim=(1, 2, 3), keepdim=True)
    gradient = -x_t * (1 - torch.sigmoid(energy))  # of log softmax
    torch.testing.assert_close(guided, x + sigma * math.sqrt(1 - a) * 2.0 * gradient)


class Overflowing(nn.Module):
    """Squares large numbers on the way: beyond the range of float16, not of float32."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((), 1000.0))

    def forward(self, x_t: Tensor, timesteps: Tensor) -> Tensor:
        large = x_t.to(self.weight.dtype) * self.weight
        return (large * large).sqrt() / self.weight


def test_overflow_in_half_precision_falls_back_to_float32_and_says_so() -> None:
    notices: list[str] = []
    network = Overflowing().half()
    denoiser = NetworkDenoiser(network, SCHEDULE, "epsilon", notice=notices.append)
    sigma = float(SCHEDULE.sigmas(torch.tensor(100)))
    x = torch.ones(1, 3, 4, 4)
    with torch.no_grad():
        denoised = denoiser(x, sigma)
        denoiser(x, sigma)
    assert torch.isfinite(denoised).all()
    assert denoiser.precision == torch.float32
    assert network.weight.dtype == torch.float16  # others use it too
    assert notices == ["The network overflows in float16; going on in float32."]


@pytest.mark.parametrize("weight", [float("nan"), 1e30])
def test_what_is_not_finite_in_float32_is_an_error(weight: float) -> None:
    """There is nothing to fall back to; limited to the range of pictures it would be black."""
    network = Overflowing()
    with torch.no_grad():
        network.weight.fill_(weight)
        with pytest.raises(WeightsError, match="not finite"):
            NetworkDenoiser(network, SCHEDULE, "epsilon")(torch.ones(1, 1, 2, 2), 1.0)


def test_what_comes_out_is_an_ordinary_tensor() -> None:
    """The network runs in inference mode, of which autograd outside knows nothing."""
    denoiser = NetworkDenoiser(GaussianNetwork("epsilon"), SCHEDULE, "epsilon")
    denoised = denoiser(torch.ones(1, 3, 4, 4), 1.0)
    assert not denoised.is_inference()
    weight = torch.ones((), requires_grad=True)
    (gradient,) = torch.autograd.grad((denoised * weight).sum(), weight)
    torch.testing.assert_close(gradient, denoised.sum())
