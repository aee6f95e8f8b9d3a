"""Jobs tell how far they are and end as they are ended; orders are what ddrm restore takes."""

from __future__ import annotations

import pytest

from ddrm_cli.cli.failures import explain
from ddrm_cli.web.job import Job
from ddrm_cli.web.order import Order


def test_a_job_says_its_share_and_expects_as_much_time_for_the_rest() -> None:
    job = Job()
    assert (job.facts["state"], job.facts["left"]) == ("waiting", None)
    with job.running(explain):
        job.told(0.75)
        facts = job.facts
    assert (facts["state"], facts["share"]) == ("running", 0.75)
    assert facts["left"] >= 0
    assert job.facts["state"] == "done"


def test_a_cancelled_job_ends_at_its_next_step_without_an_error() -> None:
    job, steps = Job(), []
    with job.running(explain):
        for index in range(1, 5):
            job.told(index / 4)
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


@pytest.mark.parametrize("said", [b"{}", b'{"degradation": null}'])
def test_an_empty_order_leaves_it_to_the_file(said: bytes) -> None:
    order = Order.of(said)
    assert (order.degradation, order.sigma, order.label) == (None, None, "restored")
