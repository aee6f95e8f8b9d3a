"""A training of the toy network in a process of its own: ``worker.py PHOTOS OUT STEPS``."""

from __future__ import annotations

import sys

from ddrm_cli.training.budget import Budget
from ddrm_cli.training.loop import Step
from ddrm_cli.training.train import train

from .conftest import RECIPE, STEP, TOY, make_quick


def main(photos: str, out: str, steps: str, existing: str) -> None:
    """Train, save after each step, and write a line for each."""
    make_quick(setattr)

    def told(step: Step) -> None:
        sys.stdout.write(f"{step.position.steps}\n")
        sys.stdout.flush()

    train(
        photos,
        out,
        start=TOY,
        recipe=RECIPE,
        budget=Budget(float(steps) * STEP, "megapixels"),
        existing=existing,  # type: ignore[arg-type]
        precision="float32",
        save_every=0,
        progress=told,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
