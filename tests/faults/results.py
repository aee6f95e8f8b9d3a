"""No wrong picture with exit code 0."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import torch
from PIL import Image

from .bench import Bench, case


def _bundled(bench: Bench) -> Path:
    end = bench.run("download", "photo-small", "--print-path").in_order(0)
    return Path(end.stdout.strip())


def _weights(bench: Bench, name: str, factor: float) -> None:
    """The bundled weights, the largest of them multiplied, with no table of their own."""
    state = torch.load(_bundled(bench), weights_only=True)
    key = max((key for key in state if state[key].ndim == 4), key=lambda key: state[key].numel())
    state[key] = state[key].float() * factor
    torch.save({each: tensor.float() for each, tensor in state.items()}, bench.path(name))


OWN = ("--model", "own.pt", "--arch", "photo-small")


@case(1e30, 3e38)
def weights_that_overflow(bench: Bench, factor: float) -> None:
    """A result that is not finite is an error, and never written as a black picture."""
    bench.picture()
    _weights(bench, "own.pt", factor)
    if bench.restore("a.png", "-o", "b.png", *OWN).in_order(0, 1).code == 0:  # it stayed finite
        with Image.open(bench.path("b.png")) as image:
            assert image.convert("L").getextrema() != (0, 0), "a black picture was written"
    else:
        assert not bench.path("b.png").exists(), "a picture was written"


@case(2.0, 3.0, 4.0, 5.0)
def input_replaced_meanwhile(bench: Bench, after: float) -> None:
    """The result of an input that was replaced meanwhile is not taken for the new one's."""
    bench.picture("in/a.png", side=64)
    bench.picture("other.png", side=64, seed=7)
    slow = ("-d", "deno", "--sigma", "0.1", "--steps", "60", "--device", "cpu")
    with bench.start("restore", "in", *slow, "-o", "out") as process:
        time.sleep(after)
        shutil.copy(bench.work / "other.png", bench.work / "in/a.png")
        bench.end(process)
    if bench.run("restore", "in", *slow, "-o", "out").code == 0:
        bench.run("restore", "in", *slow, "-o", "anew").in_order(0)
        ours, anew = (_pixels(bench.work / folder / "a.png") for folder in ("out", "anew"))
        assert ours == anew, "the old picture's result was taken for the new one's"


def _pixels(path: Path) -> bytes:
    with Image.open(path) as image:
        pixels: bytes = image.tobytes()
    return pixels


@case("png", "jpg", "webp", "tif", "compare", "save-progress")
def result_cut_short(bench: Bench, kind: str) -> None:
    """A result that was cut short, as by a copy that broke off, is not taken for whole."""
    figures = () if len(kind) < 5 else (f"--{kind}",)
    suffix = "png" if figures else kind
    bench.picture("p.png", side=64)
    with Image.open(bench.path("p.png")) as image:
        image.save(bench.path(f"in/a.{suffix}"))
    bench.restore("in", "-o", "out", *figures).in_order(0)
    for path in (bench.work / "out").glob("a*.[jptw]*"):
        data = path.read_bytes()
        path.write_bytes(data[: bench.chance.randrange(len(data) * 3 // 4, len(data) - 4)])
        bench.restore("in", "-o", "out", *figures).refused(path.name)
        path.write_bytes(data)
    bench.restore("in", "-o", "out", *figures).in_order(0)


@case()
def changed_weights_are_noticed(bench: Bench) -> None:
    """A rerun with other weights does not take the old results for its own, and says why."""
    bench.picture("in/a.png")
    _weights(bench, "own.pt", 1.0)
    bench.restore("in", "-o", "out", *OWN).in_order(0)
    _weights(bench, "own.pt", 1.5)
    bench.restore("in", "-o", "out", *OWN).refused("weights")


@case()
def changed_original_is_noticed(bench: Bench) -> None:
    """A rerun with another original does not take the old comparison for its own."""
    bench.picture("in/a.png")
    bench.picture("one.png")
    bench.picture("two.png", seed=3)
    asked = ("in", "-o", "out", "--compare", "--original")
    bench.restore(*asked, "one.png").in_order(0)
    bench.restore(*asked, "two.png").refused("original")


@case(("--steps", "2"), ("--detail", "1"), ("--seed", "3"))
def other_settings_are_named(bench: Bench, *changed: str) -> None:
    """A result of other settings is not taken, and the sentence names what differs."""
    bench.picture("in/a.png")
    bench.restore("in", "-o", "out").in_order(0)
    end = bench.run(
        "restore", "in", "-o", "out", "-d", "deno", "--sigma", "0.1", "--device", "cpu",
        *(() if changed[0] == "--steps" else ("--steps", "1")), *changed,
    )  # fmt: skip
    end.refused(changed[0].removeprefix("--"), "--overwrite")


def _evaluate(bench: Bench, *more: str) -> tuple[str, ...]:
    return (
        "evaluate", "in", "--deg", "deno", "--sigma", "0.1", "--preset", "fast",
        "--preprocess", "none", "-o", "out", "--device", "cpu", *more,
    )  # fmt: skip


@case()
def removed_picture_is_made_again(bench: Bench) -> None:
    """A picture that was removed from an evaluation's folder is made again."""
    bench.picture("in/a.png", side=32)
    end = bench.run(*_evaluate(bench))
    end.in_order(0)
    pictures = sorted((bench.work / "out/pictures").rglob("*.png"))
    pictures[-1].unlink()
    bench.run(*_evaluate(bench)).in_order(0)
    assert pictures[-1].exists(), "it is still missing"


@case()
def evaluation_with_changed_weights(bench: Bench) -> None:
    """A finished evaluation notices that its model has other weights by now."""
    from ddrm_cli.weights.own_file import with_table
    from ddrm_cli.weights.registry import load_models

    bench.picture("in/a.png", side=32)
    for factor in (1.0, 1.5):
        _weights(bench, "plain.pt", factor)
        weights = bench.path("plain.pt").read_bytes()
        bench.path("own.pt").write_bytes(with_table(weights, load_models()["photo-small"]))
        codes = (0,) if factor == 1.0 else (1, 2)
        bench.run(*_evaluate(bench, "--model", "own.pt")).in_order(*codes)
