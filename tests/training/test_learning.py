"""A network learns, is averaged, and survives what it is shown."""

from __future__ import annotations

import copy
import math
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from ddrm_cli.images.files import file_digest
from ddrm_cli.networks.configurations import PlainUNetConfig
from ddrm_cli.sampler.denoiser import NetworkDenoiser
from ddrm_cli.sampler.schedule import NoiseSchedule
from ddrm_cli.training.batches import Batch, Batches
from ddrm_cli.training.budget import Budget
from ddrm_cli.training.held_out import LEVELS, HeldOut
from ddrm_cli.training.learner import Learner
from ddrm_cli.training.loop import PATIENCE, Loop, Step
from ddrm_cli.training.objective import loss
from ddrm_cli.training.recipe import Crops, Recipe, Stage, View
from ddrm_cli.training.tiles import Tiles, prepare
from ddrm_cli.training.watch import LEAST, Watch

from .conftest import ALONE, RECIPE, toy_learner, toy_loop

PHOTOS = Path(__file__).parents[1] / "data" / "photos"
SCHEDULE = NoiseSchedule.from_betas()


def batch(scale: float = 1.0) -> Batch:
    generator = torch.Generator().manual_seed(0)
    x = (2 * torch.rand(2, 3, 16, 16, generator=generator) - 1) * scale
    return Batch(x, torch.tensor([30, 700]), torch.randn(x.shape, generator=generator))


class Knowing(nn.Module):
    """Predicts what is right, for it knows the picture."""

    def __init__(self, x: Tensor, prediction: str) -> None:
        super().__init__()
        self.x = x
        self.prediction = prediction
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x_t: Tensor, timesteps: Tensor) -> Tensor:
        a = SCHEDULE.alpha_bars[timesteps].float()[:, None, None, None]
        eps = (x_t - a.sqrt() * self.x) / (1 - a).sqrt()
        return eps if self.prediction == "epsilon" else a.sqrt() * eps - (1 - a).sqrt() * self.x


@pytest.mark.parametrize("prediction", ["v", "epsilon"])
def test_what_is_asked_for_is_what_the_sampler_makes_a_picture_of(prediction: str) -> None:
    """The loss of the right answer is nothing, and its denoiser gives the clean picture."""
    shown = batch()
    knowing = Knowing(shown.x, prediction)
    # Float32, divided by sqrt(1 - a), which is 0.05 at the lower timestep.
    assert float(loss(knowing, shown, SCHEDULE, prediction)) < 1e-10
    sigma = float(SCHEDULE.sigmas(torch.tensor(300)))
    denoised = NetworkDenoiser(knowing, SCHEDULE, prediction)(shown.x + sigma * shown.noise, sigma)
    assert torch.allclose(denoised, shown.x, atol=1e-5)


def test_the_gradient_is_clipped() -> None:
    learner = toy_learner()
    error, norm = learner.find_gradient(batch(scale=100))
    grads = [p.grad for p in learner.network.parameters() if p.grad is not None]
    assert norm > RECIPE.largest_norm
    assert math.isfinite(error)
    clipped = float(torch.linalg.vector_norm(torch.cat([g.flatten() for g in grads])))
    assert clipped == pytest.approx(RECIPE.largest_norm, rel=1e-4)  # float32 sums


def test_the_average_is_of_the_last_fifth_and_then_of_the_decay() -> None:
    learner = toy_learner()
    mean = learner.average.state_dict()["head.bias"].clone()
    for step in range(1, 9):
        learner.find_gradient(batch())
        learner.step(1e-2, decay=0.6)
        decay = min(0.6, 1 - 5 / (step + 5))
        mean = decay * mean + (1 - decay) * learner.network.state_dict()["head.bias"]
    assert torch.allclose(learner.average.state_dict()["head.bias"], mean, atol=1e-6)


def test_the_learning_rate_rises_with_each_new_optimizer(photos: Path) -> None:
    """Linearly, over a hundred steps; and the first moves no weight by more than it."""
    loop = toy_loop(photos, 8)
    before = [weight.detach().clone() for weight in loop.learner.network.parameters()]
    steps = loop.steps()
    first = next(steps)
    moved = zip(before, loop.learner.network.parameters(), strict=True)
    largest = max(float((old - new.detach()).abs().max()) for old, new in moved)
    # AdamW's first step is the rate times the gradient's sign, but for epsilon and the decay.
    assert largest == pytest.approx(3e-5, rel=0.01)
    rates = [first.rate, *(step.rate for step in steps)]
    stages = [RECIPE.stage(n / 8) for n in range(8)]
    risen = [1, 2, 3, 4, 1, 2, 3, 4]  # the second stage begins in the middle
    assert rates == pytest.approx(
        [stage.rate(done) * n / 100 for (_, stage, done), n in zip(stages, risen, strict=True)]
    )


def test_bfloat16_learns_in_float32() -> None:
    low, full = toy_learner(precision=torch.bfloat16), toy_learner()
    a, b = low.find_gradient(batch()), full.find_gradient(batch())
    # Eight bits of mantissa; sums over a batch are closer than that.
    assert a == pytest.approx(b, rel=2**-6)
    low.step(1e-3, 0.9)
    for learner in (low.network, low.average):
        assert {p.dtype for p in learner.parameters()} == {torch.float32}
    assert {p.grad.dtype for p in low.network.parameters() if p.grad is not None} == {torch.float32}


def test_a_stage_begins_with_the_average_of_the_one_before(photos: Path) -> None:
    loop = toy_loop(photos, 4)
    averages: dict[int, dict[str, Tensor]] = {}
    go_back = loop.learner.go_back
    gone: list[int] = []

    def went() -> None:
        gone.append(loop.step)
        go_back()
        for name, weight in loop.learner.network.state_dict().items():
            assert torch.equal(weight, averages[loop.step][name])
        assert loop.learner.optimizer.state == {}

    loop.learner.go_back = went  # type: ignore[method-assign]
    for step in loop.steps():
        state = loop.learner.average.state_dict()
        averages[step.position.steps] = {name: value.clone() for name, value in state.items()}
    assert gone == [2]


def poisoned(loop: Loop, value: float, first: int, last: int) -> list[Step]:
    """All steps of a training whose batches from one to another hold a value that none should."""
    draw = loop.batches.draw

    def drawn(crops: Crops, step: int, *, rank: int = 0, of: int = 1) -> Batch:
        good = draw(crops, step, rank=rank, of=of)
        if first <= step <= last:
            good.x[0, 0, 0, 0] = value
        return good

    loop.batches.draw = drawn  # type: ignore[method-assign]
    return list(loop.steps())


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e5])
def test_a_poisoned_batch_is_skipped_and_said(photos: Path, value: float) -> None:
    """The steps around it are taken, and neither weights nor their average notice."""
    said: list[str] = []
    loop = toy_loop(photos, LEAST + 6, notice=said.append)
    steps = poisoned(loop, value, LEAST + 2, LEAST + 2)
    assert [step.position.steps for step in steps if step.skipped] == [LEAST + 3]
    assert len(said) == 1
    assert said[0].startswith(f"Step {LEAST + 3} is skipped: its loss is ")
    for network in (loop.learner.network, loop.learner.average):
        assert all(bool(weight.isfinite().all()) for weight in network.parameters())
    assert max(loop.losses.last) < 10  # what is usual is not learnt from it either


def test_weights_that_are_lost_come_back_from_their_average(photos: Path) -> None:
    said: list[str] = []
    loop = toy_loop(photos, LEAST + PATIENCE + 4, notice=said.append)
    steps = loop.steps()
    for _ in range(LEAST + 1):
        next(steps)
    with torch.no_grad():
        next(loop.learner.network.parameters()).fill_(math.nan)
    rest = list(steps)
    assert [step.skipped for step in rest] == [True] * PATIENCE + [False] * 3
    assert said[-1] == "10 steps were skipped: going on from the average of the weights."
    assert all(bool(w.isfinite().all()) for w in loop.learner.network.parameters())


def test_what_is_usual_is_ten_times_the_largest_of_the_last_hundred() -> None:
    watch = Watch([50.0] + [1.0] * (LEAST - 2))
    assert watch.is_usual(1e9)  # too few to compare with
    watch.add(2.0)
    assert watch.is_usual(500)
    assert not watch.is_usual(501)
    assert not watch.is_usual(math.nan)
    for _ in range(99):
        watch.add(1.0)
    assert watch.is_usual(20)  # the largest of the last hundred is 2 by now
    assert not watch.is_usual(21)


def test_a_budget_in_minutes_ends(photos: Path) -> None:
    """However short it is, a step is taken: a longer one than this budget."""
    loop = toy_loop(photos, 1)
    loop.budget = Budget(1e-9, "minutes")
    (step,) = loop.steps()
    assert step.position.share == 1


def test_noisy_photographs_have_the_psnr_of_their_noise() -> None:
    """-20 log10(sigma / 255), within the scatter of 200,000 samples of noise, squared."""
    held_out = HeldOut([PHOTOS / "coffee.png"], 10**8, torch.device("cpu"))
    expected = [-20 * math.log10(level / 255) for level in LEVELS]
    assert held_out.noisy() == pytest.approx(expected, abs=0.1)
    assert len(LEVELS) == 7


@pytest.mark.slow
def test_a_tiny_network_overfits_two_photographs() -> None:
    """Ten thousand weights, noise of 15 of 255: from 24.6 dB to more than 30."""
    recipe = Recipe(
        stages=(Stage(1, 1e-2, 2e-4, decay=0.99),),
        views=(View(1, Crops(32, 4, low_noise=0.0)),),
        permuted=0, grey=0, stretched=0, flat=0,
    )  # fmt: skip
    photographs = [PHOTOS / "chelsea.png", PHOTOS / "coffee.png"]
    files = [prepare(path, file_digest(path), 10**8) for path in photographs]
    learner = toy_learner(recipe, network=PlainUNetConfig(16, (12,), (2,), (), embedding=8))
    assert sum(weight.numel() for weight in learner.network.parameters()) < 11_000
    # The timesteps around noise of 15 of 255, which is the 32nd.
    batches = Batches(Tiles(files), recipe, 0, timesteps=64)
    for _ in Loop(learner, batches, recipe, Budget(2, "megapixels"), ALONE, pytest.fail).steps():
        pass
    held_out = HeldOut(photographs, 10**8, torch.device("cpu"))
    psnr = held_out.denoised(learner.average, SCHEDULE, "v")[LEVELS.index(15)]
    assert psnr > 30


def test_a_learner_goes_on_as_another_was(photos: Path) -> None:
    learner = toy_learner()
    learner.find_gradient(batch())
    learner.step(1e-3, 0.9)
    other: Learner = toy_learner()
    other.load_state(copy.deepcopy(learner.state()))
    for each in (learner, other):
        each.find_gradient(batch())
        each.step(1e-3, 0.9)
    assert all(
        torch.equal(a, b)
        for a, b in zip(learner.network.parameters(), other.network.parameters(), strict=True)
    )
