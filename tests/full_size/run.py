"""Every published model at full size, without its published weights.

Random weights are written into files of exactly the published layouts and served from this
machine. Each is then downloaded, verified and used as a user would, and what that costs is
measured::

    python -m tests.full_size.run --folder /var/tmp/full-size cifar10 celeba-hq
    python -m tests.full_size.run --folder /var/tmp/full-size      # all: the largest has 2.4 GB

Not collected by pytest: an evaluation at 512 x 512 takes minutes on a small machine. Linux only
(it reads ``/proc``). Prints lines of a Markdown table, one for every model and precision.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from PIL import Image

from ddrm_cli.weights.model import Model
from ddrm_cli.weights.registry import DEFAULT_MODEL, load_models

PHOTO = Path(__file__).parents[1] / "data" / "photos" / "astronaut.png"
STEPS = 2
PRECISIONS = ("float32", "bfloat16")


def main() -> None:
    published = [name for name in load_models() if name != DEFAULT_MODEL]
    parser = argparse.ArgumentParser(description="Try every published model at full size.")
    parser.add_argument("models", nargs="*", metavar="MODEL", help="default: all published ones")
    parser.add_argument("--folder", type=Path, required=True, help="where to write gigabytes")
    arguments = parser.parse_args()
    print("| model | file | download | precision | load | peak of loading | a step | restore |")
    print("|---|---|---|---|---|---|---|---|")
    for name in arguments.models or published:
        try_model(load_models()[name], arguments.folder.absolute() / name)


def try_model(model: Model, folder: Path) -> None:
    """Write, serve, download, verify and use one model; its files are deleted in the end."""
    served = folder / "served"
    served.mkdir(parents=True, exist_ok=True)
    files = {"network": served / f"full_{model.weights.name}"}
    if model.classifier is not None:
        files["classifier"] = served / f"full_{model.classifier.weights.name}"
    for which, path in files.items():
        run(sys.executable, "-m", "tests.full_size.work", "write", model.name, path, which)

    name, table, cache = f"full-{model.name}", folder / "models.toml", folder / "cache"
    os.environ["DDRM_CACHE_DIR"] = str(cache)
    with serving(served) as address:
        table.write_text(user_table(name, model, files, address))
        download = run("ddrm", "download", name, "--models", table)
    for path in files.values():
        path.unlink()
    run("ddrm", "download", name, "--verify", "--models", table)

    picture = folder / "picture.png"
    with Image.open(PHOTO) as photo:
        photo.convert("RGB").resize((model.image_size, model.image_size)).save(picture)
    weights = cache / files["network"].name
    classifier = cache / files["classifier"].name if "classifier" in files else ""
    size = weights.stat().st_size
    for precision in PRECISIONS:
        work = run(
            *[sys.executable, "-m", "tests.full_size.work"],
            *["measure", model.name, weights, precision, classifier],
        )
        measured = json.loads(work.printed)
        restore = run(
            *["ddrm", "restore", picture, "--deg", "deno", "--sigma", 0.1, "--steps", STEPS],
            *["--model", name, "--models", table, "--device", "cpu", "--precision", precision],
            *["--out", folder / f"restored-{precision}.png", "--overwrite"],
            *(["--class", 0] if model.num_classes else []),
        )
        print(
            f"| {model.name} | {size / 1e9:.3f} GB | {download.seconds:.1f} s | {precision} "
            f"| {measured['load']:.1f} s | {measured['peak'] / size:.2f} times the file "
            f"| {measured['step']:.2f} s | {restore.seconds:.1f} s, {restore.peak / 1e9:.2f} GB |",
            flush=True,
        )
    for path in files.values():
        (cache / path.name).unlink()


@dataclass(frozen=True)
class Run:
    """A finished command: what it printed, its seconds, its peak memory in bytes."""

    printed: str
    seconds: float
    peak: int


def run(*command: object) -> Run:
    """Run a command to its end.

    Raises:
        SystemExit: It failed; with what it said.
    """
    start = time.perf_counter()
    with subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as process:
        assert process.stdout is not None
        printed = process.stdout.read()
        # The peak of this one child, not of the largest so far.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))} ended with {process.returncode}")
    return Run(printed, time.perf_counter() - start, 1024 * usage.ru_maxrss)


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The address of a server of the files in a folder."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def user_table(name: str, model: Model, files: Mapping[str, Path], address: str) -> str:
    """A user's table of models that describes the files that are served."""
    lines = [
        f"[{name}]",
        f"description = {json.dumps(model.description)}",
        'licence = "random numbers"',
        f"architecture = {json.dumps(model.architecture)}",
        *_keys("network", vars(model.network)),
        *_keys("weights", _weights(files["network"], address)),
    ]
    if model.classifier is not None:
        lines += [
            *_keys("classifier.network", vars(model.classifier.network)),
            *_keys("classifier.weights", _weights(files["classifier"], address)),
        ]
    return "\n".join(lines) + "\n"


def _keys(prefix: str, values: Mapping[str, object]) -> list[str]:
    # What JSON writes of numbers, texts and lists is TOML as well.
    return [
        f"{prefix}.{key} = {json.dumps(value)}"
        for key, value in values.items()
        if value is not None
    ]


def _weights(path: Path, address: str) -> dict[str, object]:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return {
        "file": path.name,
        "urls": [f"{address}/{path.name}"],
        "bytes": path.stat().st_size,
        "sha256": digest.hexdigest(),
    }


if __name__ == "__main__":
    main()
