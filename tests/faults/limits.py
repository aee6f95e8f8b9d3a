"""Everything has a limit, and the sentence names it."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib

import numpy as np
from PIL import Image

from .bench import Bench, case

HUGE = "1" + "0" * 30


@case(
    ("--samples", "10000000"),
    ("--samples", HUGE),
    ("--batch-size", HUGE),
    ("--batch-size", "0"),
    ("--tile", HUGE),
    ("--steps", HUGE),
    ("--seed", HUGE),
    ("--sigma", "1e400"),
    ("--sigma", "1" + "0" * 400),
    ("--sigma", "9" * 5000),
    ("--sigma", "nan"),
    ("--sigma", "-inf"),
    ("--detail", "nan"),
    ("--scale", HUGE),
    ("--jpeg-quality", HUGE),
    ("--preset", "x" * 10_000),
    ("--class", HUGE),
)
def option_out_of_range(bench: Bench, option: str, value: str) -> None:
    """A number beyond reason is refused by its option."""
    bench.picture()
    bench.run(
        "restore", "a.png", "-d", "deno", "--device", "cpu", option, value, patience=60
    ).refused()


@case("1" + "0" * 400, "inf", "nan", "1e7")
def sigma_of_degrade(bench: Bench, value: str) -> None:
    """A noise level beyond reason is refused."""
    bench.picture()
    bench.run("degrade", "a.png", "-d", "deno", "--sigma", value).refused("sigma")


@case(("--blur", "1e308"), ("--blur", "0"), ("--angle", "1e400"), ("--angle", "nan"))
def blur_out_of_range(bench: Bench, option: str, value: str) -> None:
    """A blur beyond reason is refused."""
    bench.picture()
    bench.run("degrade", "a.png", "-d", "deblur_motion", "--blur", "5", option, value).refused()


@case(("--size", HUGE), ("--limit", "0"), ("--seed", HUGE), ("--sigma", "1e400"))
def evaluation_out_of_range(bench: Bench, option: str, value: str) -> None:
    """A number of an evaluation beyond reason is refused."""
    bench.picture("in/a.png")
    bench.run("evaluate", "in", "-d", "deno", "-o", "out", option, value).refused()


@case("sr_bicubic4", "deblur_gauss", "deblur_aniso", "deblur_uni")
def long_and_thin(bench: Bench, name: str) -> None:
    """A picture of 1 x 5000 pixels is measured in seconds, or refused."""
    size = (5000, 4) if name.startswith("sr") else (5000, 1)
    Image.new("RGB", size, (90, 120, 30)).save(bench.path("a.png"))
    bench.run("degrade", "a.png", "-d", name, patience=60).in_order(0, 1, 2)


def _measurement(bench: Bench, **changes: object) -> None:
    info = {
        "format": 1, "degradation": "deblur", "parameters": {"kernel": [[1.0]]}, "sigma": 0.1,
        "seed": 0, "image_size": [8, 8], "channels": 3, "version": "0", **changes,
    }  # fmt: skip
    np.savez(bench.path("y.npz"), y=np.zeros((3, 8, 8), np.float32), meta=json.dumps(info))


@case()
def kernel_beyond_any(bench: Bench) -> None:
    """A kernel of 1500 x 1500 in a measurement is refused in seconds."""
    _measurement(bench, parameters={"kernel": np.ones((1500, 1500)).tolist()})
    bench.run("restore", "y.npz", "--steps", "1", patience=60).refused("y.npz")


@case([10**9, 10**9], [10**12, 1], [8, 10**30], [0, 0])
def picture_beyond_any(bench: Bench, *size: int) -> None:
    """A measurement that says it was of a picture beyond reason is refused."""
    _measurement(bench, degradation="cs4", parameters={}, image_size=list(size))
    bench.run("restore", "y.npz", "--steps", "1", patience=60).refused("y.npz")


MODEL = """[own]
description = "for tests"
licence = "none"
architecture = "plain-unet"
timesteps = {timesteps}
tile = {tile}
[own.network]
image_size = {size}
channels = {channels}
down_blocks = {down}
up_blocks = {up}
[own.weights]
path = "own.pt"
"""
USUAL = {
    "timesteps": "1000", "tile": "32", "size": "32", "channels": "[8, 16]", "down": "[1, 2]",
    "up": "[1]",
}  # fmt: skip


@case(
    ("down", "[1, 100000000]"),
    ("channels", "[8, 9223372036854775807]"),
    ("channels", "[8, 100000000]"),
    ("channels", "[" + "8, " * 200 + "8]"),
    ("timesteps", "1000000000000"),
    ("timesteps", "0"),
    ("tile", "1" + "0" * 17),
    ("size", "9" * 5000),
    ("size", "-32"),
)
def model_beyond_any(bench: Bench, key: str, value: str) -> None:
    """A table of a network that no machine holds is refused by its key, not built."""
    bench.picture()
    bench.text("m.toml", MODEL.format(**{**USUAL, key: value}))
    bench.text("own.pt", "x")
    bench.restore("a.png", "--models", "m.toml", "-m", "own", patience=60).refused("m.toml")


@case()
def more_steps_than_timesteps(bench: Bench) -> None:
    """A model of few timesteps is asked for no more."""
    bench.picture()
    import torch

    from ddrm_cli.weights.load import build_network
    from ddrm_cli.weights.registry import load_models

    table = bench.text("m.toml", MODEL.format(**{**USUAL, "timesteps": "5"}))
    network = build_network(load_models(table)["own"]).to_empty(device="cpu")
    torch.save(
        {k: torch.zeros_like(v) for k, v in network.state_dict().items()}, bench.path("own.pt")
    )
    own = ("--models", "m.toml", "-m", "own", "--device", "cpu")
    bench.run("restore", "a.png", "-d", "sr4", *own, "-o", "b.png").in_order(0, 1, 2)
    bench.run("restore", "a.png", "-d", "sr4", *own, "--steps", "20", "-o", "c.png").refused("5")


@case("png", "npz", "npy", "txt")
def bomb(bench: Bench, kind: str) -> None:
    """A small file that unpacks to gigabytes is refused before it is unpacked."""
    path = bench.path(f"a.{kind}")
    if kind == "png":
        head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
        chunk = b"IHDR" + head
        packed = b"IDAT" + zlib.compress(bytes(10_000_000))
        path.write_bytes(
            b"\x89PNG\r\n\x1a\n"
            + b"".join(
                struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c))
                for c in (chunk, packed, b"IEND")
            )
        )
        bench.restore("a.png", patience=60).refused("a.png")
    elif kind == "npz":
        stream = io.BytesIO()
        with (
            zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive,
            archive.open("y.npy", "w", force_zip64=True) as member,
        ):
            for _ in range(300):
                member.write(bytes(10_000_000))
        path.write_bytes(stream.getvalue())
        bench.run("restore", "a.npz", patience=60).refused("a.npz")
    else:
        bench.picture("p.png")
        if kind == "npy":
            header = "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,)}\n"
            path.write_bytes(
                b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode()
            )
        else:
            path.write_bytes(b"1 " * 20_000_000)
        bench.run("degrade", "p.png", "-d", "deblur", "--kernel", path.name, patience=60).refused()
