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

from ddrm_cli.errors import FieldError, UsageError, WeightsMismatchError
from ddrm_cli.networks.table import ARCHITECTURES
from ddrm_cli.untrusted import opened

from .load import network_shapes, read_shapes, recognise
from .model import Model
from .registry import get_model

__all__ = ["model_from_file"]


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
    with opened(path, UsageError):
        pass  # a pipe would be waited for, once it is mapped
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
    try:
        network = like.network.fitted_to(shapes)
    except FieldError as error:
        raise WeightsMismatchError(
            f"{path} holds no network as {like.name} is one: {error.message}",
            "Give --arch a model that was trained alike, if there is one.",
        ) from error
    except (LookupError, ArithmeticError) as error:
        raise mismatch from error
    model = replace(
        like.in_file(path, f"your own, trained like {like.name}"),
        network=network,
        tile=network.side_multiple * math.ceil(like.tile / network.side_multiple),
        classifier=like.classifier if network.num_classes == like.num_classes else None,
    )
    # What was read off a few tensors must be true of all of them.
    if network_shapes(model) != shapes:
        raise mismatch
    return model
