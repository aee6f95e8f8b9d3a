"""A file of weights that carries its own table, so that its path is all that ``--model`` needs.

The archive that ``torch.save`` writes gets one more member, ``ddrm.toml``: a table as in
``models.toml`` without its heading and its weights. ``torch.load`` does not look at it, so the
file stays the state dict that it was. Reading the table takes no torch and runs no code.
"""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

from ddrm_cli.errors import ConfigError, UsageError
from ddrm_cli.untrusted import is_file, opened, parse_toml

from .registry import Model, WeightsFile, get_model, model_of_table
from .toml_table import Table

__all__ = ["find_model", "with_table"]

_MEMBER = "ddrm.toml"
_LARGEST = 100_000  # bytes of a table; more is an attack
_KEYS = (
    "description",
    "licence",
    "architecture",
    "prediction",
    "beta_schedule",
    "beta_start",
    "beta_end",
    "timesteps",
    "tile",
    "overlap",
)


def with_table(weights: bytes, model: Model) -> bytes:
    """A file of weights with the table of its model.

    Args:
        weights: What ``torch.save`` wrote, in the format of torch 1.6 and later.
        model: The model; its name and its place are those that the file will have.
    """
    stream = io.BytesIO(weights)
    with zipfile.ZipFile(stream, "a") as archive:
        folder = archive.namelist()[0].partition("/")[0]
        # A date of its own would make equal models different files.
        member = zipfile.ZipInfo(f"{folder}/{_MEMBER}")
        archive.writestr(member, _toml(model))
    return stream.getvalue()


def find_model(name: str, models: Mapping[str, Model]) -> Model:
    """The model of a name, or the one whose file is at that path.

    Args:
        name: A name of the table of models, or a file of weights that carries its own table.
        models: The table of models, which is looked at first.

    Raises:
        UnknownNameError: There is neither.
        UsageError: The file does not say what network it belongs to.
        ConfigError: The table in the file is damaged, or not of this version.
    """
    path = Path(name)
    if name in models or not is_file(path, UsageError):
        return get_model(name, models)
    text = _read_member(path)
    if text is None:
        raise UsageError(
            f"It is not known what network the weights in '{name}' belong to.",
            "Say with --arch which model they were trained like; see: ddrm download",
        )
    try:
        values = parse_toml(text.decode())
    except ValueError as error:
        raise ConfigError(f"The table in '{name}' is not valid TOML: {error}.") from error
    return model_of_table(
        Table(path, path.stem, values), WeightsFile(path.name, path=path.absolute())
    )


def _read_member(path: Path) -> bytes | None:
    with opened(path, UsageError) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                for member in archive.infolist():
                    if member.filename.endswith(f"/{_MEMBER}") and member.file_size <= _LARGEST:
                        return archive.read(member)
        # Loading it would say what is wrong: damaged bytes make zipfile fail in many ways.
        except Exception:
            return None
    return None


def _toml(model: Model) -> str:
    table = {key: getattr(model, key) for key in _KEYS}
    return f"{_lines(table)}\n[network]\n{_lines(_fields(model))}"


def _fields(model: Model) -> dict[str, object]:
    assert dataclasses.is_dataclass(model.network)
    return dataclasses.asdict(model.network)


def _lines(values: Mapping[str, object]) -> str:
    # Texts, numbers and lists of numbers are written alike in JSON and TOML, which has no None.
    return "".join(
        f"{key} = {json.dumps(value, ensure_ascii=False)}\n"
        for key, value in values.items()
        if value is not None
    )
