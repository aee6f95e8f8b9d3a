"""A table of a TOML file, and the dataclass that it fills."""

from __future__ import annotations

import difflib
import functools
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from ddrm_cli.errors import ConfigError, FieldError

__all__ = ["Table"]

_Filled = TypeVar("_Filled")

# A type: what TOML has for it, one of them in words, and several.
_KINDS: Mapping[type, tuple[tuple[type, ...], str, str]] = {
    str: ((str,), "text", "texts"),
    int: ((int,), "a whole number", "whole numbers"),
    float: ((int, float), "a number", "numbers"),
}


class Table:
    """A table of a TOML file, whose keys are the fields of a dataclass.

    What is wrong is said with the file, the table and the key.

    Args:
        file: The file.
        name: The table's name, with those of the tables that it is in.
        values: What the file has under that name.

    Raises:
        ConfigError: That is no table.
    """

    def __init__(self, file: Path, name: str, values: object) -> None:
        if not isinstance(values, dict):
            raise ConfigError(f"{file}: '{name}' is a value, not a table.", f"Write [{name}].")
        self.file = file
        self.name = name
        self._values: dict[str, Any] = values
        self._asked: set[str] = set()

    def __contains__(self, key: str) -> bool:
        self._asked.add(key)
        return key in self._values

    def error(self, key: str, what: str) -> ConfigError:
        """The error that a key of this table deserves; ``what`` is the rest of its sentence."""
        return ConfigError(f"{self.file}: table [{self.name}]: key '{key}' {what}.")

    def table(self, key: str) -> Table:
        """The table under a key.

        Raises:
            ConfigError: There is none.
        """
        if key not in self:
            raise self.error(key, "is missing")
        return Table(self.file, f"{self.name}.{key}", self._values[key])

    def take(self, key: str, kind: Any, default: Any = MISSING) -> Any:
        """The value of a key.

        Args:
            key: The key.
            kind: Its type: ``str``, ``int``, ``float``, a tuple of one of them, or a ``Literal``
                of texts; None beside it means only that the key may be left out.
            default: What to return where the key is left out.

        Raises:
            ConfigError: It is missing without a default, or of another type.
        """
        if key not in self:
            if default is MISSING:
                raise self.error(key, "is missing")
            return default
        value = self._values[key]
        kind = _without_none(kind)
        if get_origin(kind) is Literal:
            if value not in get_args(kind):
                options = ", ".join(get_args(kind))
                raise self.error(key, f"must be one of {options}, but is {value!r}")
            return value
        if get_origin(kind) is tuple:
            (kind, _) = get_args(kind)
            toml, _, words = _KINDS[kind]
            if not isinstance(value, list) or not all(_is(one, toml) for one in value):
                raise self.error(key, f"must be a list of {words}, but is {value!r}")
            return tuple(kind(one) for one in value)
        toml, words, _ = _KINDS[kind]
        if not _is(value, toml):
            raise self.error(key, f"must be {words}, but is {value!r}")
        if kind is str and (not value.strip() or "\n" in value):
            raise self.error(key, "must be one line of text")
        return kind(value)

    def fill(self, cls: type[_Filled], given: Mapping[str, object]) -> _Filled:
        """A dataclass with the values of this table, which may have no other keys.

        Args:
            cls: The dataclass. A field that is a dataclass itself is filled from the table of
                its name.
            given: Values of fields that are not keys of the table, or were made of them.

        Raises:
            ConfigError: A key is unknown, missing or of another type, or the dataclass raised a
                `FieldError`.
        """
        assert is_dataclass(cls)
        kinds = _types(cls)
        own = [field for field in fields(cls) if field.name not in given]
        self._check_known([field.name for field in own])
        values = {
            field.name: self.table(field.name).fill(kinds[field.name], {})
            if is_dataclass(kinds[field.name])
            else self.take(field.name, kinds[field.name], field.default)
            for field in own
        }
        try:
            return cls(**given, **values)
        except FieldError as error:
            raise self.error(error.field, error.what) from error

    def _check_known(self, names: list[str]) -> None:
        known = sorted({*names, *self._asked})
        for key in self._values:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                hint = f"; did you mean '{near[0]}'?" if near else ""
                raise self.error(key, f"is unknown{hint}")


@functools.cache
def _types(cls: type) -> dict[str, Any]:
    """Those of a dataclass's fields; finding them takes longer than filling it."""
    return get_type_hints(cls)


def _without_none(kind: Any) -> Any:
    """The type beside None in a union of the two."""
    if get_origin(kind) in (Union, types.UnionType):
        (kind,) = (one for one in get_args(kind) if one is not type(None))
    return kind


def _is(value: object, toml: tuple[type, ...]) -> bool:
    # bool is a kind of int in Python, but not in TOML
    return isinstance(value, toml) and not isinstance(value, bool)
