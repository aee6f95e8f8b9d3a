"""Other samplers with the same prior: deepinv's DPIR, DiffPIR, DDRM and DPS beside ours.

deepinv needs torchvision, and that the torch that fits it, so it has an environment of its own:

    python -m venv peers && peers/bin/pip install torch torchvision deepinv && \
        peers/bin/pip install -e .

``python -m tests.benchmarks.peers PHOTO... --choose OTHER... --results results.jsonl`` measures the
middle of each photograph, lets everyone restore the same y with the same network, held to the
range of pictures, and prints a row a way: mean PSNR, evaluations, settings; seed 0. A peer runs as
its package has it, and with the best of a few settings: those that with as many evaluations do best
on the middle 128 x 128 pixels of the photographs of ``--choose``, which are not among the
others. Results are kept a line each, and only what is not there yet is computed.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from statistics import mean

import numpy as np
import torch
from deepinv.optim import BaseOptim
from deepinv.optim.data_fidelity import L2
from deepinv.optim.optimizers import create_iterator
from deepinv.optim.prior import PnP
from deepinv.physics import DecomposablePhysics, GaussianNoise
from deepinv.sampling import DDRM, DPS, DiffPIR
from torch import Tensor, nn

from ddrm_cli.evaluation.metrics import psnr
from ddrm_cli.measuring import measure, operator_of
from ddrm_cli.prior import LoadedModel, load_model
from ddrm_cli.problem import InverseProblem, pose
from ddrm_cli.restoration import Restorer
from ddrm_cli.sampler.ddrm import Denoise
from ddrm_cli.sampler.plan import LAST_LEVEL, OF_THE_NOISE
from ddrm_cli.sampler.settings import PRESETS, SamplerSettings, Settings
from tests.benchmarks.presets import SIZE, crop

Task = tuple[str, float]

TASKS: Sequence[Task] = (
    ("sr_bicubic4", 0.0),
    ("sr4", 0.05),
    ("deblur_gauss", 0.01),
    ("deblur_gauss", 0.05),
    ("inp", 0.0),
    ("inp", 0.05),
)
LEAST_OF_DPIR = 0.01  # the noise below which it does not go, in the bound of its step size
LEAST_OF_DIFFPIR = 0.001  # the same in its published code


class Prior(nn.Module):
    """A denoiser in deepinv's units, pictures and sigma on [0, 1], that counts its evaluations."""

    def __init__(self, denoiser: Denoise) -> None:
        super().__init__()
        self.denoiser = denoiser
        self.evaluations = 0

    def forward(self, x: Tensor, sigma: Tensor | float) -> Tensor:
        self.evaluations += 1
        return (self.denoiser(2 * x - 1, 2 * float(sigma)) + 1) / 2


Solve = Callable[[InverseProblem, Prior, int], Tensor]
"""From a problem, with a prior that is evaluated so many times, to the picture on [0, 1]."""


def physics_of(problem: InverseProblem, sigma: float) -> DecomposablePhysics:
    """Our operator as deepinv's, with all of its singular values."""
    h = problem.operator
    return DecomposablePhysics(
        U=h.U,
        U_adjoint=h.Ut,
        V=h.V,
        V_adjoint=h.Vt,
        mask=h.singular_values.expand(1, *h.spectral_shape).clone(),
        img_size=h.image_shape,
        noise_model=GaussianNoise(sigma),
    )


def dpir(
    problem: InverseProblem,
    prior: Prior,
    steps: int,
    *,
    first: float = 49 / 255,
    times: float = 1.0,
    guess: bool = False,
) -> Tensor:
    """DPIR from a first level to so many times sigma, started at H^T y or at our first guess.

    With 8 evaluations, which is all that the package's class has, and as it is the same as that.
    """
    sigma = times * max(problem.sigma, LEAST_OF_DPIR)
    levels = torch.from_numpy(np.geomspace(first, sigma, steps)).float()
    prox = PnP(denoiser=prior)
    algorithm = BaseOptim(
        create_iterator("HQS", prior=prox, cost_fn=None, g_first=False),
        max_iter=steps,
        data_fidelity=L2(),
        prior=prox,
        early_stop=False,
        params_algo={"stepsize": (levels / sigma) ** 2 / 0.23, "g_param": levels},
    )
    start = problem.operator.adjoint(problem.y)
    if guess:
        filled = problem.operator.initial(problem.y)
        start = problem.operator.pinv(problem.y) if filled is None else filled
    found: Tensor = algorithm(problem.y, physics_of(problem, sigma), init=(start, start))
    return found


def diffpir(
    problem: InverseProblem, prior: Prior, steps: int, *, weight: float, zeta: float
) -> Tensor:
    """DiffPIR; what it returns does not use its last evaluation."""
    sigma = max(problem.sigma, LEAST_OF_DIFFPIR)
    algorithm = DiffPIR(prior, L2(), sigma=sigma, max_iter=steps, zeta=zeta, lambda_=weight)
    found: Tensor = algorithm(problem.y, physics_of(problem, sigma))
    return found


def ddrm(
    problem: InverseProblem, prior: Prior, steps: int, *, first: float | None, eta: float
) -> Tensor:
    """DDRM with levels even from 1 to 0, or geometric from a first one to where ours end."""
    if first is None:
        levels = np.linspace(1, 0, steps)
    else:
        levels = np.geomspace(first, max(OF_THE_NOISE * problem.sigma, LAST_LEVEL / 2), steps)
    y = problem.y.clone()  # the algorithm divides it by the singular values in place
    algorithm = DDRM(prior, sigmas=levels, eta=eta)
    found: Tensor = algorithm(y, physics_of(problem, problem.sigma))
    return found


def dps(
    problem: InverseProblem, prior: Prior, steps: int, *, guidance: str, weight: float
) -> Tensor:
    """DPS with the sampler of DDPM; a step lies between two times."""
    algorithm = DPS(prior, num_steps=steps + 1, weight=weight, guidance=guidance)
    found: Tensor = algorithm(problem.y, physics_of(problem, problem.sigma))
    return found.float()


PEERS: Mapping[str, Mapping[str, Solve]] = {
    "DPIR": {
        "as it is": dpir,
        **{
            f"from {first:.2f} to {times} sigma": partial(
                dpir, first=first, times=times, guess=True
            )
            for first, times in product((49 / 255, 0.5), (0.5, 1.0))
        },
    },
    "DiffPIR": {
        "as it is": partial(diffpir, weight=7.0, zeta=0.1),
        **{
            f"lambda {weight:g}, zeta {zeta}": partial(diffpir, weight=weight, zeta=zeta)
            for weight, zeta in product((7.0, 25.0), (0.5, 1.0))
        },
    },
    "DDRM": {  # below 1 its first level may be less than the noise of what it trusts
        "as it is": partial(ddrm, first=None, eta=0.85),
        "from 1, eta 0.85": partial(ddrm, first=1.0, eta=0.85),
        "from 1, eta 1": partial(ddrm, first=1.0, eta=1.0),
    },
    "DPS": {
        "as it is": partial(dps, guidance="norm", weight=1.0),
        **{
            f"{guidance}, weight {weight:g}": partial(dps, guidance=guidance, weight=weight)
            for guidance, weight in (("norm", 100.0), *product(("annealed",), (1.0, 4.0, 16.0)))
        },
    },
}
"""Settings of each; the first are the package's own."""


OURS: Mapping[str, Settings] = {
    "standard": PRESETS["standard"],
    "detail 0": SamplerSettings(detail=0.0),
    "paper": PRESETS["paper"],
}


@dataclass(frozen=True)
class Way:
    """Who restores, how.

    Args:
        who: A name of `OURS` or of `PEERS`.
        steps: Evaluations; None takes our number for the task.
        chosen: Whether with the best of its settings, or with its own.
    """

    who: str
    steps: int | None = None
    chosen: bool = False


WAYS: Mapping[str, Way] = {
    "standard": Way("standard"),
    "standard, detail 0": Way("detail 0"),
    "paper": Way("paper", 20),
    "DPIR": Way("DPIR", 8),
    "DPIR, chosen": Way("DPIR", chosen=True),
    "DiffPIR": Way("DiffPIR", 100),
    "DiffPIR, chosen": Way("DiffPIR", chosen=True),
    "DiffPIR, chosen, 30": Way("DiffPIR", 30, chosen=True),
    "DDRM": Way("DDRM", 100),
    "DDRM, chosen": Way("DDRM", chosen=True),
    "DDRM, chosen, 20": Way("DDRM", 20, chosen=True),
    "DPS": Way("DPS", 1000),
    "DPS, chosen, 100": Way("DPS", 100, chosen=True),
    "DPS, chosen": Way("DPS", chosen=True),
}

Key = tuple[str, float, str, str, int, str, int]
"""Degradation, sigma, who, settings, evaluations, photograph, side."""


class Results:
    """What was measured, a line each: PSNR in dB. What is not there yet is computed."""

    def __init__(self, path: Path) -> None:
        path.touch()
        self.path = path
        self.model = load_model()
        lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
        self.known: dict[Key, float] = {tuple(key): value for *key, value in lines}

    def __call__(
        self, task: Task, way: Way, settings: str, photos: Iterable[Path], side: int
    ) -> tuple[float, int]:
        """Mean PSNR, and evaluations."""
        steps = way.steps or operator_of(task[0], (3, side, side)).start.steps
        found = []
        for photo in photos:
            key = (*task, way.who, settings, steps, photo.stem, side)
            if key not in self.known:
                x, y = restored(self.model, task, way.who, settings, steps, photo, side)
                self.known[key] = psnr(*(each[0].movedim(0, -1).numpy() for each in (y, x)))
                with self.path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps([*key, self.known[key]]) + "\n")
            found.append(self.known[key])
        return mean(found), steps


def restored(
    model: LoadedModel, task: Task, who: str, settings: str, steps: int, photo: Path, side: int
) -> tuple[Tensor, Tensor]:
    """The middle of a photograph, and what becomes of its measurement; (1, 3, side, side)."""
    degradation, sigma = task
    edge = (SIZE - side) // 2
    x = crop(photo)[..., edge : edge + side, edge : edge + side]
    operator = operator_of(degradation, (3, side, side))
    problem = pose(measure(x, operator, sigma, [0]), operator, sigma=sigma)
    if who in OURS:
        restoration = Restorer(model, OURS[who])(problem)
        assert restoration.plan.steps == steps
        return x, restoration.x.clamp(0, 1)
    torch.manual_seed(0)
    prior = Prior(model.denoiser().denoiser)
    found = PEERS[who][settings](problem, prior, steps)
    assert prior.evaluations == steps
    assert bool(found.isfinite().all())
    return x, found.detach().clamp(0, 1)


def main() -> None:
    """Compute what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", nargs="+", type=Path)
    parser.add_argument("--choose", nargs="+", type=Path, required=True)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--way", action="append", default=[], choices=WAYS)
    parser.add_argument("--side", type=int, default=SIZE, help="of the photographs' middle")
    arguments = parser.parse_args()
    results = Results(arguments.results)
    print(f"|  | {' | '.join(f'`{name}`, {sigma:g}' for name, sigma in TASKS)} |")
    print(f"|---|{'---|' * len(TASKS)}")
    for name in arguments.way or WAYS:
        way, cells = WAYS[name], []
        for task in TASKS:
            settings = "as it is"
            if way.chosen:
                settings = max(
                    PEERS[way.who],
                    key=lambda each: results(task, way, each, arguments.choose, 128),
                )
            quality, steps = results(task, way, settings, arguments.photos, arguments.side)
            cells.append(f"{quality:.2f} ({steps}; {settings})")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
