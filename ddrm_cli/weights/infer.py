"""A model for a checkpoint of the user's own, its network read off the shapes in the file.

Shapes tell widths, levels, blocks, classes and which levels attend. They do not tell the side in
pixels that the network was trained at, the width of an attention head, what it predicts, nor its
beta schedule: those are taken from a model of the table that was trained alike.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ddrm_cli.errors import UsageError, WeightsMismatchError

from .load import Shapes, network_shapes, read_shapes, recognise
from .registry import ARCHITECTURES, Model, WeightsFile, get_model

__all__ = ["model_from_file"]

_CHANNELS = 3  # of a picture; where a network sees more, they are blocks of pixels


def model_from_file(path: Path, arch: str, models: Mapping[str, Model]) -> Model:
    """The model of a checkpoint that has no table of its own.

    Args:
        path: A state dict written by ``torch.save``.
        arch: A model of the table that it was trained like.
        models: The table of models.

    Returns:
        The model, named after the file. It keeps the classifier of ``arch`` where the classes
        are as many.

    Raises:
        UsageError: There is no such file, or ``arch`` is only an architecture, which leaves
            open what the shapes do not tell; the hint names the models to choose from.
        UnknownNameError: ``arch`` is neither a model nor an architecture.
        WeightsMismatchError: The file holds no network of that architecture.
        WeightsError: The file is damaged, holds code or is no state dict.
    """
    if not path.is_file():
        raise UsageError(f"There is no file {path}.")
    shapes = read_shapes(path)
    if arch in ARCHITECTURES:
        alike = [name for name in recognise(shapes, models) if name in models]
        choice = alike or [name for name, model in models.items() if model.architecture == arch]
        raise UsageError(
            f"The shapes in {path} do not tell its image size, prediction and beta schedule.",
            f"Give --arch a model that was trained alike ({', '.join(choice)}), or write a table "
            "of your own for it.",
        )
    like = get_model(arch, models)
    mismatch = WeightsMismatchError(
        f"{path} holds no {like.architecture} network as {like.name} is one.",
        "Give --arch a model of its architecture.",
    )
    read = _read_ddpm if like.architecture == "ddpm" else _read_guided_diffusion
    try:
        network = read(shapes, like)
    except (KeyError, IndexError, ZeroDivisionError) as error:
        raise mismatch from error
    if network["in_channels"] != _CHANNELS:  # it wants to see more than the picture
        raise mismatch
    model = replace(
        like,
        name=path.stem,
        description=f"your own, trained like {like.name}",
        good_at="",
        licence="yours",
        terms="",
        source="",
        version="",
        network=network,
        weights=WeightsFile(path.name, path=path.absolute()),
        classifier=like.classifier if network.get("num_classes") == like.num_classes else None,
    )
    # What was read off a few tensors must be true of all of them.
    if network_shapes(model) != shapes:
        raise mismatch
    return model


def _read_guided_diffusion(shapes: Shapes, like: Model) -> dict[str, Any]:
    width = shapes["time_embed.0.weight"][1]
    blocks = _count(shapes, "output_blocks")
    # The last block of every level but the finest carries a second residual block, which doubles.
    ups = [
        k
        for k in range(blocks)
        if any(f"output_blocks.{k}.{j}.in_layers.2.weight" in shapes for j in (1, 2))
    ]
    per_level = ups[0] + 1 if ups else blocks  # residual blocks and one more
    firsts = [f"input_blocks.{1 + level * per_level}" for level in range(len(ups) + 1)]
    widths = [shapes[f"{first}.0.out_layers.3.weight"][0] / width for first in firsts]
    seen = shapes["input_blocks.0.0.weight"][1]
    patch_size = math.isqrt(seen // _CHANNELS)
    network = {
        **like.network,
        "model_channels": width,
        "channel_mult": tuple(widths),
        "num_res_blocks": per_level - 1,
        "attention_resolutions": tuple(
            like.image_size // 2**level
            for level, first in enumerate(firsts)
            if f"{first}.1.qkv.weight" in shapes
        ),
        "in_channels": seen // patch_size**2,
        "out_channels": shapes["out.2.weight"][0] // patch_size**2,
        "patch_size": patch_size,
    }
    network.pop("num_classes", None)
    if "label_emb.weight" in shapes:
        network["num_classes"] = shapes["label_emb.weight"][0]
    return network


def _read_ddpm(shapes: Shapes, like: Model) -> dict[str, Any]:
    width, in_channels = shapes["conv_in.weight"][:2]
    levels = range(_count(shapes, "down"))
    return {
        **like.network,
        "ch": width,
        "ch_mult": tuple(
            shapes[f"down.{level}.block.0.conv1.weight"][0] // width for level in levels
        ),
        "num_res_blocks": _count(shapes, "down.0.block"),
        "attn_resolutions": tuple(
            like.image_size // 2**level
            for level in levels
            if f"down.{level}.attn.0.q.weight" in shapes
        ),
        "in_channels": in_channels,
        "out_ch": shapes["conv_out.weight"][0],
    }


def _count(shapes: Shapes, prefix: str) -> int:
    """How many numbered parts of that name there are."""
    numbers = {
        int(name.removeprefix(f"{prefix}.").split(".")[0])
        for name in shapes
        if name.startswith(f"{prefix}.")
    }
    return len(numbers)
