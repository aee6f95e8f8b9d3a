"""Texts, pictures, arrays and weights that are not what they seem."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections.abc import Callable, Mapping

import numpy as np
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from .bench import Bench, case

QUICK = ("-d", "deno", "--sigma", "0.1", "--steps", "1", "--device", "cpu")

VALUES: Mapping[str, str] = {
    "5000 digits": "9" * 5000,
    "400 digits": "1" + "0" * 400,
    "nan": "nan",
    "inf": "-inf",
    "list": "[1, [2, {a = 3}]]",
    "nested": "[" * 5000 + "]" * 5000,
    "table": "{a = {b = 1}}",
    "date": "1979-05-27",
    "text of digits": '"²"',
}


@case(*((key, name) for key in ("sigma", "steps", "batch-size") for name in VALUES))
def value_in_the_configuration(bench: Bench, key: str, name: str) -> None:
    """A value that an option does not take is refused by the file's name."""
    bench.picture()
    bench.text("c.toml", f"[restore]\n{key} = {VALUES[name]}\n")
    bench.run("restore", "a.png", "-d", "deno", "--config", "c.toml").refused("c.toml")


@case(*((command, name) for command in ("degrade", "evaluate") for name in ("nan", "inf")))
def noise_in_the_configuration(bench: Bench, command: str, name: str) -> None:
    """A noise that is no number is refused, whichever command it is for."""
    bench.picture()
    bench.text("c.toml", f"[{command}]\nsigma = {VALUES[name]}\n")
    bench.run("restore", "a.png", *QUICK, "--config", "c.toml").refused("c.toml")


BYTES: Mapping[str, bytes] = {
    "no text": bytes(range(128, 256)),
    "zeros": bytes(1000),
    "UTF-16": "[restore]\nsteps = 3".encode("utf-16"),
    "large": b"# " + b"x" * 3_000_000,
    "unended": b"[restore",
    "lines": b"[restore]\n" * 1000,
}


@case(*((option, name) for option in ("--config", "--models") for name in BYTES))
def no_toml(bench: Bench, option: str, name: str) -> None:
    """What is no TOML is refused by its name."""
    bench.picture()
    bench.path("f.toml").write_bytes(BYTES[name])
    bench.run("restore", "a.png", *QUICK, option, "f.toml").refused("f.toml")


@case(*VALUES)
def value_in_a_table_of_models(bench: Bench, name: str) -> None:
    """A value that a key does not take is refused by the file's name."""
    from .limits import MODEL, USUAL

    bench.picture()
    bench.text("m.toml", MODEL.format(**{**USUAL, "timesteps": VALUES[name]}))
    bench.run("restore", "a.png", *QUICK, "--models", "m.toml").refused("m.toml")


INFO = {
    "format": 1, "degradation": "deblur", "parameters": {"kernel": [[1.0]]}, "sigma": 0.1,
    "seed": 0, "image_size": [16, 16], "channels": 3, "version": "0",
}  # fmt: skip
STRANGE: Mapping[str, str] = {
    "sigma of 400 digits": json.dumps({**INFO, "sigma": 10**400}),
    "sigma of 5000 digits": json.dumps(INFO).replace("0.1", "9" * 5000),
    "sigma nan": json.dumps({**INFO, "sigma": float("nan")}),
    "sigma 1e300": json.dumps({**INFO, "sigma": 1e300}),
    "seed of 400 digits": json.dumps({**INFO, "seed": 10**400}),
    "kernel of 1e308": json.dumps({**INFO, "parameters": {"kernel": [[1e308] * 3] * 3}}),
    "kernel of 1e-308": json.dumps({**INFO, "parameters": {"kernel": [[1e-308] * 3] * 3}}),
    "kernel of 400 digits": json.dumps({**INFO, "parameters": {"kernel": [[10**400]]}}),
    "kernel of texts": json.dumps({**INFO, "parameters": {"kernel": [["a"]]}}),
    "kernel of no shape": json.dumps({**INFO, "parameters": {"kernel": [[1], [1, 2]]}}),
    "kernel nested": json.dumps(INFO).replace("[[1.0]]", "[" * 60 + "1" + "]" * 60),
    "no kernel": json.dumps({**INFO, "parameters": {"kernel": None}}),
    "blur of 400 digits": json.dumps(
        {**INFO, "degradation": "deblur_motion", "parameters": {"blur": 10**400, "angle": 0}}
    ),
    "angle of 1e308": json.dumps(
        {**INFO, "degradation": "deblur_motion", "parameters": {"blur": 5, "angle": "²"}}
    ),
    "quality": json.dumps({**INFO, "degradation": "jpeg", "parameters": {"quality": 10**400}}),
    "tables": json.dumps({**INFO, "degradation": "jpeg", "parameters": {"tables": [[1e308]]}}),
    "no degradation": json.dumps({**INFO, "degradation": "../../etc"}),
    "channels": json.dumps({**INFO, "channels": 10**12}),
    "format": json.dumps({**INFO, "format": 10**400}),
    "nested": "[" * 100_000,
    "nothing": "",
    "a number": "9" * 5000,
    "a list": "[]",
}


@case(*(("npz", name) for name in STRANGE), *(("png", name) for name in STRANGE))
def strange_measurement(bench: Bench, kind: str, name: str) -> None:
    """A measurement whose description makes no sense is refused by its name."""
    if kind == "npz":
        y = np.full((3, 16, 16), 0.5, np.float32)
        np.savez(bench.path("y.npz"), y=y, meta=np.array(STRANGE[name]))
    else:
        texts = PngInfo()
        texts.add_text("ddrm", STRANGE[name])
        Image.new("RGB", (16, 16), (90, 120, 30)).save(bench.path("y.png"), pnginfo=texts)
    named = () if name == "no degradation" else (f"y.{kind}",)
    bench.run("restore", f"y.{kind}", "--steps", "1", "--device", "cpu").refused(*named)


@case("nested", "digits", "list", "bytes")
def strange_record(bench: Bench, name: str) -> None:
    """A result whose record makes no sense is not taken for finished, and not replaced."""
    said = {"nested": "[" * 100_000, "digits": "9" * 5000, "list": "[1]", "bytes": "\x01\x02"}
    bench.picture("in/a.png")
    texts = PngInfo()
    texts.add_text("ddrm-restored", said[name])
    texts.add_text("ddrm_result", said[name])
    bench.path("out/a.png")
    Image.new("RGB", (16, 16)).save(bench.work / "out/a.png", pnginfo=texts)
    bench.run("restore", "in", *QUICK, "-o", "out").refused("out/a.png")


def _save(bench: Bench, state: object) -> None:
    torch.save(state, bench.path("w.pt"))


def _archive(bench: Bench, members: Mapping[str, bytes]) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    bench.path("w.pt").write_bytes(stream.getvalue())


class _Code:
    def __reduce__(self) -> tuple[object, ...]:
        import os

        return os.system, ("touch EVIL",)


WEIGHTS: Mapping[str, Callable[[Bench], object]] = {
    "sparse": lambda bench: _save(bench, {"a": torch.eye(3).to_sparse()}),
    "meta": lambda bench: _save(bench, {"a": torch.empty(3, device="meta")}),
    "complex": lambda bench: _save(bench, {"a": torch.ones(3, dtype=torch.complex64)}),
    "not a state": lambda bench: _save(bench, [1, 2]),
    "numbers": lambda bench: _save(bench, {"a": 1}),
    "names": lambda bench: _save(bench, {1: torch.ones(1)}),
    "empty": lambda bench: _save(bench, {}),
    "code": lambda bench: _save(bench, _Code()),
    "bare pickle": lambda bench: bench.path("w.pt").write_bytes(pickle.dumps({"a": 1})),
    "bare code": lambda bench: bench.path("w.pt").write_bytes(pickle.dumps(_Code(), protocol=2)),
    "pickle in an archive": lambda bench: _archive(bench, {"w/data.pkl": pickle.dumps({"a": 1})}),
    "pickle 0 in an archive": lambda bench: _archive(
        bench, {"w/data.pkl": pickle.dumps({"a": 1}, protocol=0)}
    ),
    "pickle 2 in an archive": lambda bench: _archive(
        bench, {"w/data.pkl": pickle.dumps({"a": 1}, protocol=2), "w/version": b"3"}
    ),
    "two pickles": lambda bench: _archive(bench, {"data.pkl": b"", "w/data.pkl": b"\x80\x02."}),
    "archive of nothing": lambda bench: _archive(bench, {}),
    "table of nothing": lambda bench: _archive(bench, {"w/ddrm.toml": b""}),
    "table of digits": lambda bench: _archive(bench, {"w/ddrm.toml": b"a = " + b"9" * 5000}),
    "table nested": lambda bench: _archive(bench, {"w/ddrm.toml": b"a = " + b"[" * 9000}),
    "table of bytes": lambda bench: _archive(bench, {"w/ddrm.toml": bytes(range(128, 256))}),
    "torch script": lambda bench: _archive(bench, {"w/constants.pkl": b"", "w/data.pkl": b""}),
}


@case(*((name, arch) for name in WEIGHTS for arch in ("photo-small", "")))
def strange_weights(bench: Bench, name: str, arch: str) -> None:
    """A file that holds no weights is refused by its name, and no code in it runs."""
    bench.picture()
    WEIGHTS[name](bench)
    like = ("--arch", arch) if arch else ()
    bench.run("restore", "a.png", *QUICK, "-m", "w.pt", *like).refused("w.pt")
    assert not (bench.work / "EVIL").exists()


@case(*((kind, n) for kind in ("png", "jpg", "webp", "tif", "bmp") for n in range(3)))
def damaged_picture(bench: Bench, kind: str, _: int) -> None:
    """A picture with changed bytes, cut short, is restored or refused, never half."""
    path = bench.path(f"b.{kind}")
    with Image.open(bench.picture(side=32)) as image:
        image.save(path)
    data = bytearray(path.read_bytes()[: bench.chance.randrange(20, path.stat().st_size)])
    for _ in range(bench.chance.randrange(4)):
        data[bench.chance.randrange(len(data))] = bench.chance.randrange(256)
    path.write_bytes(data)
    end = bench.run("inspect", path.name).in_order(0, 1)
    assert end.code == 0 or path.name in end.stderr


@case(*range(6))
def damaged_archive(bench: Bench, _: int) -> None:
    """A measurement with changed bytes is restored or refused."""
    path = bench.path("y.npz")
    np.savez(path, y=np.zeros((3, 16, 16), np.float32), meta=np.array(json.dumps(INFO)))
    data = bytearray(path.read_bytes())
    for _ in range(8):
        data[bench.chance.randrange(len(data))] = bench.chance.randrange(256)
    path.write_bytes(data)
    bench.run("restore", "y.npz", "--steps", "1", "--device", "cpu").in_order(0, 1, 2)


STORED = {
    "nested": "[" * 100_000, "digits": "9" * 5000, "list": "[]", "nothing": "", "no": "{}",
    "bytes": "\udcff", "models": '{"models": [3]}', "model": '{"models": {"photo-small": 3}}',
}  # fmt: skip


@case(*(("run.json", name) for name in STORED), *(("cell", name) for name in STORED))
def strange_evaluation(bench: Bench, what: str, name: str) -> None:
    """A file of an evaluation that makes no sense is refused by its name, and stays."""
    command = ("evaluate", "in", "-d", "deno", "--sigma", "0.1", "--preset", "fast",
               "--preprocess", "none", "-o", "out", "--device", "cpu")  # fmt: skip
    bench.picture("in/a.png")
    bench.run(*command).in_order(0)
    file = bench.work / "out/run.json"
    if what == "cell":
        file = next((bench.work / "out/cells").rglob("a.json"))
    data = STORED[name].encode(errors="surrogateescape")
    file.write_bytes(data)
    bench.run(*command).refused("out")
    assert file.read_bytes() == data


@case("method", "metric", "score")
def strange_scores(bench: Bench, what: str) -> None:
    """Scores of an unknown method or metric are refused, or told as they are."""
    command = ("evaluate", "in", "-d", "deno", "--sigma", "0.1", "--preset", "fast",
               "--preprocess", "none", "-o", "out", "--device", "cpu")  # fmt: skip
    bench.picture("in/a.png")
    bench.run(*command).in_order(0)
    file = next((bench.work / "out/cells").rglob("a.json"))
    record = json.loads(file.read_text())
    scores = record["scores"]
    record["scores"] = {
        "method": {**scores, "magic": scores["ddrm"]},
        "metric": {**scores, "ddrm": {"beauty": 1.0}},
        "score": {**scores, "ddrm": dict.fromkeys(scores["ddrm"], "²")},
    }[what]
    file.write_text(json.dumps(record))
    bench.run(*command).in_order(0, 1, 2)
