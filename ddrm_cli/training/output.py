"""The files of a training: the prior, its curves, and the checkpoint while it is unfinished.

Each is written whole or not at all, so that a training that is killed leaves its last checkpoint.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from ddrm_cli.errors import OutputExistsError, UsageError, WeightsError
from ddrm_cli.images.writing import check_writable, write_bytes
from ddrm_cli.weights.model import Model
from ddrm_cli.weights.own_file import with_table

__all__ = ["Existing", "Output"]

Existing = Literal["refuse", "resume", "overwrite"]
"""What becomes of files of a training that are there already."""

FORMAT = 1  # of the checkpoint; another number is another layout


@dataclass(frozen=True)
class Output:
    """Where a training writes.

    Args:
        prior: The finished prior.
    """

    prior: Path

    @property
    def checkpoint(self) -> Path:
        """All that an unfinished training has to remember."""
        return self.prior.with_name(f"{self.prior.name}.unfinished")

    @property
    def curves(self) -> Path:
        """The picture of what was measured."""
        return self.prior.with_suffix(".svg")

    def check(self, existing: Existing) -> None:
        """Find out before a long training what writing would complain about.

        Raises:
            OutputExistsError: A file is there and is neither to be replaced nor gone on with.
            OutputError: The place cannot be written.
            UsageError: The prior would be named like its curves.
        """
        if self.prior.suffix.lower() != ".pt":
            raise UsageError(f"'{self.prior}' does not end in .pt.", "Name the prior NAME.pt.")
        unfinished = self.checkpoint.is_file()
        if unfinished and existing == "refuse":
            raise OutputExistsError(
                f"There is an unfinished training, '{self.checkpoint}'.",
                "Use --resume to go on with it, or --overwrite to begin anew.",
            )
        check_writable(self.prior, overwrite=existing == "overwrite")
        for file in (self.checkpoint, self.curves):
            check_writable(file, overwrite=existing == "overwrite" or unfinished)

    def save(self, state: Mapping[str, Any], identity: Mapping[str, str]) -> None:
        """Write the checkpoint.

        Args:
            state: Tensors, numbers, texts, and lists and mappings of them.
            identity: What is the same for as long as it is the same training.

        Raises:
            OutputError: It cannot be written, or the disk is full.
        """
        saved = {"format": FORMAT, "identity": dict(identity), "state": dict(state)}
        write_bytes(self.checkpoint, _saved(saved), overwrite=True)

    def load(self, identity: Mapping[str, str]) -> dict[str, Any] | None:
        """The state in the checkpoint; None where there is none.

        Raises:
            UsageError: It is another training's.
            WeightsError: It is damaged.
        """
        if not self.checkpoint.is_file():
            return None
        try:
            saved = torch.load(self.checkpoint, map_location="cpu", weights_only=True)
            theirs, state = {"format": str(saved["format"]), **saved["identity"]}, saved["state"]
        # Damaged bytes make torch's reader fail in as many ways as there are bytes.
        except Exception as error:
            raise WeightsError(
                f"'{self.checkpoint}' is damaged, or no unfinished training.",
                "Begin anew with --overwrite.",
            ) from error
        for key, value in {"format": str(FORMAT), **identity}.items():
            if theirs.get(key) != value:
                raise UsageError(
                    f"'{self.checkpoint}' is another training: not of the same {key}.",
                    "Give the same photographs and options, or begin anew with --overwrite.",
                )
        return dict(state)

    def finish(self, weights: Mapping[str, Tensor], model: Model, *, overwrite: bool) -> None:
        """Write the prior, in float16 and with its table, and remove the checkpoint.

        Raises:
            OutputExistsError: A file of its name has appeared meanwhile.
            OutputError: It cannot be written, or the disk is full.
        """
        halved = {name: weight.detach().cpu().half() for name, weight in weights.items()}
        write_bytes(self.prior, with_table(_saved(halved), model), overwrite=overwrite)
        self.checkpoint.unlink(missing_ok=True)


def _saved(value: object) -> bytes:
    stream = io.BytesIO()
    torch.save(value, stream)
    return stream.getvalue()
