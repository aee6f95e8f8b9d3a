"""From photographs to a file, in one go or in several, by one process or by two."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from ddrm_cli.errors import (
    OutOfMemoryError,
    OutputError,
    OutputExistsError,
    UnknownNameError,
    UsageError,
    WeightsError,
)
from ddrm_cli.prior import load_model
from ddrm_cli.training.budget import Budget
from ddrm_cli.training.learner import Learner
from ddrm_cli.training.loop import Step
from ddrm_cli.training.output import Existing
from ddrm_cli.training.record import Record, Report
from ddrm_cli.training.train import Trained, train

from .conftest import RECIPE, STEP, TOY, draw_photograph

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.usefixtures("quick")


def run(
    photos: Path,
    out: Path,
    steps: float = 4,
    *,
    existing: Existing = "refuse",
    seed: int = 0,
    precision: str = "float32",
    progress: Callable[[Step], None] = lambda step: None,
    report: Callable[[Record], None] = lambda record: None,
    notice: Callable[[str], None] = pytest.fail,
) -> Trained:
    """A training of so many steps, saved after each."""
    return train(
        str(photos),
        out,
        start=TOY,
        recipe=RECIPE,
        budget=Budget(steps * STEP, "megapixels"),
        seed=seed,
        precision=precision,
        existing=existing,
        save_every=0,
        progress=progress,
        report=report,
        notice=notice,
    )


def weights(path: Path) -> dict[str, Tensor]:
    return dict(torch.load(path, weights_only=True))


def equal(one: Path, other: Path) -> bool:
    a, b = weights(one), weights(other)
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def stop_after(steps: int) -> Callable[[Step], None]:
    """Interrupts a training in the step after so many."""

    def progress(step: Step) -> None:
        if step.position.steps == steps + 1:
            raise KeyboardInterrupt

    return progress


def interrupted(photos: Path, out: Path, after: int, of: int, existing: Existing) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(photos, out, of, existing=existing, progress=stop_after(after))


def test_what_is_trained_is_a_model_at_once(photos: Path, tmp_path: Path) -> None:
    trained = run(photos, tmp_path / "mine.pt")
    for model in (trained.model, str(tmp_path / "mine.pt")):
        loaded = load_model(model, device="cpu", precision="float32")
        assert (loaded.model.name, loaded.model.prediction) == ("mine", "v")
        assert loaded.model.network == TOY
    assert loaded.model.description == "your own, trained on 3 photographs"
    assert {path.name for path in tmp_path.glob("mine*")} == {"mine.pt", "mine.svg"}


def test_twice_ten_steps_are_twenty(photos: Path, tmp_path: Path) -> None:
    """Bit by bit, over the change of stage and view that is between them."""
    reports: list[Report] = []
    whole = run(photos, tmp_path / "whole.pt", 20)
    interrupted(photos, tmp_path / "parts.pt", 10, 20, "refuse")
    parts = run(
        photos,
        tmp_path / "parts.pt",
        20,
        existing="resume",
        report=lambda record: reports.append(record.reports[-1]),
    )
    assert equal(tmp_path / "whole.pt", tmp_path / "parts.pt")
    assert [r.psnr for r in whole.record.reports] == [r.psnr for r in parts.record.reports]
    assert [r.loss for r in whole.record.reports] == [r.loss for r in parts.record.reports]
    assert whole.record.curve == parts.record.curve
    assert len(reports) == 5  # those of the first ten steps were not made again
    assert not (tmp_path / "parts.pt.unfinished").exists()


def test_another_seed_gives_another_prior(photos: Path, tmp_path: Path) -> None:
    for seed in (0, 1):
        run(photos, tmp_path / f"{seed}.pt", 1, seed=seed)
    assert not equal(tmp_path / "0.pt", tmp_path / "1.pt")


def test_reports_are_even_over_the_budget(photos: Path, tmp_path: Path) -> None:
    seen: list[int] = []
    trained = run(
        photos, tmp_path / "a.pt", 40, report=lambda record: seen.append(len(record.reports))
    )
    assert seen == list(range(1, 12))
    reports = trained.record.reports
    assert [r.position.steps for r in reports] == list(range(0, 41, 4))
    assert reports[0].loss is None
    assert all(len(r.psnr) == 7 for r in reports)


def test_curves_are_a_picture_of_the_record(photos: Path, tmp_path: Path) -> None:
    """One panel for the loss and one a noise level, each with as many points as were measured."""
    trained = run(photos, tmp_path / "a.pt", 10)
    svg = ET.parse(tmp_path / "a.svg").getroot()
    space = "{http://www.w3.org/2000/svg}"
    lines = [line.get("points", "").split() for line in svg.iter(f"{space}polyline")]
    assert [len(points) for points in lines] == [len(trained.record.curve)] + 7 * [11]
    for points in lines:
        across, down = zip(*(map(float, point.split(",")) for point in points), strict=True)
        assert list(across) == sorted(across)
        assert min(down) >= 0
        assert max(down) <= 130


@pytest.mark.parametrize("existing", ["refuse", "resume"])
def test_a_prior_that_is_there_is_not_replaced(
    photos: Path, tmp_path: Path, existing: Existing
) -> None:
    (tmp_path / "a.pt").write_text("mine")
    with pytest.raises(OutputExistsError, match=r"a\.pt' exists already"):
        run(photos, tmp_path / "a.pt", existing=existing)
    assert (tmp_path / "a.pt").read_text() == "mine"
    run(photos, tmp_path / "a.pt", 1, existing="overwrite")
    assert weights(tmp_path / "a.pt")


def test_an_unfinished_training_is_not_replaced(photos: Path, tmp_path: Path) -> None:
    interrupted(photos, tmp_path / "a.pt", 1, 3, "refuse")
    with pytest.raises(OutputExistsError, match=r"unfinished training.*--resume"):
        run(photos, tmp_path / "a.pt", 3)
    run(photos, tmp_path / "a.pt", 3, existing="overwrite")
    run(photos, tmp_path / "b.pt", 3)
    assert equal(tmp_path / "a.pt", tmp_path / "b.pt")  # nothing of the first was taken


def test_without_an_unfinished_training_it_begins(photos: Path, tmp_path: Path) -> None:
    said: list[str] = []
    run(photos, tmp_path / "a.pt", 1, existing="resume", notice=said.append)
    assert said == [
        f"There is no unfinished training '{tmp_path / 'a.pt.unfinished'}': beginning anew."
    ]


def test_another_training_is_not_gone_on_with(photos: Path, tmp_path: Path) -> None:
    interrupted(photos, tmp_path / "a.pt", 1, 3, "refuse")
    with pytest.raises(UsageError, match="another training: not of the same seed"):
        run(photos, tmp_path / "a.pt", existing="resume", seed=1)
    draw_photograph(photos / "more.png", 7)
    with pytest.raises(UsageError, match="not of the same photographs"):
        run(photos, tmp_path / "a.pt", existing="resume")


def test_a_damaged_checkpoint_is_said(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "a.pt.unfinished").write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(WeightsError, match="is damaged, or no unfinished training"):
        run(photos, tmp_path / "a.pt", existing="resume")


def test_a_disk_that_is_full(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The checkpoint before stays as it was."""
    interrupted(photos, tmp_path / "a.pt", 2, 4, "refuse")
    before = (tmp_path / "a.pt.unfinished").read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="the disk is full"):
        run(photos, tmp_path / "a.pt", 4, existing="resume")
    assert (tmp_path / "a.pt.unfinished").read_bytes() == before
    monkeypatch.undo()


def test_memory_that_runs_out(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_much(*_: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9")

    monkeypatch.setattr(Learner, "find_gradient", too_much)
    with pytest.raises(OutOfMemoryError, match="Memory ran out during the training"):
        run(photos, tmp_path / "a.pt")


def test_what_cannot_be_trained(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="no precision to train in named 'float16'"):
        run(photos, tmp_path / "a.pt", precision="float16")
    with pytest.raises(UsageError, match="imagenet-256 is a network of the kind guided-diffusion"):
        train(str(photos), tmp_path / "a.pt", start="imagenet-256")
    with pytest.raises(UsageError, match=r"does not end in \.pt"):
        train(str(photos), tmp_path / "a.png")


def process(photos: Path, out: Path, steps: int, existing: str, *before: str) -> list[str]:
    worker = ["-m", "tests.training.worker", str(photos), str(out), str(steps), existing]
    return [sys.executable, *before, *worker]


@pytest.mark.slow
def test_a_training_that_is_killed_goes_on_from_a_whole_checkpoint(
    photos: Path, tmp_path: Path
) -> None:
    """Killed in the midst of writing, or of a step, many times: the end is the same."""
    run(photos, tmp_path / "whole.pt", 30)
    out, environment = tmp_path / "killed.pt", {**os.environ, "OMP_NUM_THREADS": "1"}
    existing, kills = "refuse", 0
    while not out.exists():
        command = process(photos, out, 30, existing)
        with subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
        ) as worker:
            assert worker.stdout is not None
            for count, _ in enumerate(worker.stdout, start=1):
                if count == 9:
                    worker.send_signal(signal.SIGKILL)
                    kills += 1
                    break
            worker.wait()
        existing = "resume"
    assert kills > 1
    assert equal(out, tmp_path / "whole.pt")


@pytest.mark.slow
def test_two_processes_with_half_the_batch_are_one(photos: Path, tmp_path: Path) -> None:
    """Real torchrun, over the loopback. Sums in another order differ by float32 rounding.

    AdamW divides that by the size of the gradient: where that is near nothing, a weight moves by
    up to the learning rate in another direction. So few weights may differ by some of 3e-3.
    """
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    for name, before in (("one", []), ("two", launcher)):
        command = process(photos, tmp_path / f"{name}.pt", 6, "refuse", *before)
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.split() == list("123456")  # the first process alone reports
    one, two = weights(tmp_path / "one.pt"), weights(tmp_path / "two.pt")
    differences = torch.cat([(one[k].float() - two[k].float()).abs().flatten() for k in one])
    assert float(differences.quantile(0.99)) < 2e-4
    assert float(differences.max()) < 3e-3
