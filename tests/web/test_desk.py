"""Jobs end as they are ended, and the desk with all that is on it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ddrm_cli.cli.failures import explain
from ddrm_cli.sampler.ddrm import Step
from ddrm_cli.weights.registry import load_models
from ddrm_cli.web.desk import Desk
from ddrm_cli.web.job import Job
from ddrm_cli.web.order import Order


def step(index: int) -> Step:
    return Step(index, 4, 1.0, torch.zeros(1))


def test_a_job_says_its_share_and_expects_as_much_time_for_the_rest() -> None:
    job = Job()
    assert (job.facts["state"], job.facts["left"]) == ("waiting", None)
    with job.running(explain):
        job.told(step(3))
        facts = job.facts
    assert (facts["state"], facts["share"]) == ("running", 0.75)
    assert facts["left"] >= 0
    assert job.facts["state"] == "done"


def test_a_cancelled_job_ends_at_its_next_step_without_an_error() -> None:
    job, steps = Job(), []
    with job.running(explain):
        for index in range(1, 5):
            job.told(step(index))
            steps.append(index)
            if index == 2:
                job.cancel()
    assert steps == [1, 2]
    assert (job.facts["state"], job.facts["error"]) == ("cancelled", "")


def test_a_job_that_fails_says_why_in_a_sentence() -> None:
    job = Job()
    with job.running(explain):
        raise MemoryError
    assert job.facts["state"] == "failed"
    assert job.facts["error"].startswith("Memory ran out.")


def test_leaving_the_desk_cancels_what_waits_and_what_runs(tmp_path: Path, photo: Path) -> None:
    models = {"photo-small": load_models()["photo-small"]}
    with Desk(tmp_path, models, 50_000, explain) as desk:
        keys = [desk.open("photo.png") for _ in range(2)]
        for key in keys:
            desk.photo(key).path.write_bytes(photo.read_bytes())
            desk.restore(key, Order.of({"degradation": "deno", "sigma": 0.1}))
        jobs = [desk.photo(key).job for key in keys]
        assert all(job is not None for job in jobs)
        jobs[1].cancel()  # type: ignore[union-attr]
    assert jobs[1].facts["state"] in ("waiting", "cancelled")  # type: ignore[union-attr]
    assert desk._worker._shutdown


@pytest.mark.parametrize("said", [{}, {"degradation": None}])
def test_an_empty_order_leaves_it_to_the_file(said: dict[str, object]) -> None:
    order = Order.of(said)
    assert (order.degradation, order.sigma, order.label) == (None, None, "restored")
