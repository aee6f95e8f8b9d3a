"""Defaults of options from the user's TOML file.

One table a command, one key an option by its long name::

    [restore]
    preset = "paper"
    device = "cpu"
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import platformdirs
import typer

from ddrm_cli.errors import ConfigError, UsageError
from ddrm_cli.untrusted import is_there, parse_toml, read_text, user_folder

__all__ = ["config_path", "options_from_file", "set_defaults"]

NOT_IN_A_FILE = ("config", "debug", "help")  # options that only make sense for one run
SOURCE = "ddrm.config"  # where the context remembers the file


def config_path() -> Path | None:
    """Where the user's file is looked for; None if the user has no home."""
    folder = user_folder(lambda: platformdirs.user_config_path("ddrm", appauthor=False))
    return None if folder is None else folder / "config.toml"


def set_defaults(ctx: typer.Context, file: Path | None) -> Path | None:
    """Make what the file says the defaults of a command; what the command line says wins.

    Args:
        ctx: The context of the command.
        file: The user's file; None takes `config_path`, where that exists.

    Raises:
        ConfigError: The file cannot be read, has a key that is no option, or a value that the
            option does not take.
    """
    if ctx.resilient_parsing:  # the shell asks for completions
        return file
    path = file or config_path()
    if path is None or (file is None and not is_there(path, ConfigError)):
        return file
    commands: Mapping[str, Any] = ctx.find_root().command.commands  # type: ignore[attr-defined]
    tables = _read(path)
    configurable = [
        f"[{name}]"
        for name, command in commands.items()
        if any(parameter.name == "config" for parameter in command.params)
    ]
    for name, values in tables.items():
        if name not in commands or not isinstance(values, dict):
            raise _unknown(path, name, "is no command", configurable)
        if f"[{name}]" not in configurable:
            raise _unknown(path, name, "is a command that takes no configuration", configurable)
        options = _options(commands[name])
        for key, value in values.items():
            if key not in options:
                raise _unknown(path, f"{name}.{key}", "is no option", list(options))
            values[key] = _checked(ctx, options[key], value, path, f"{name}.{key}")
    command = str(ctx.command.name)
    options = _options(ctx.command)
    ctx.default_map = {options[key].name: value for key, value in tables.get(command, {}).items()}
    ctx.meta[SOURCE] = (path, ctx, {options[key].name: key for key in tables.get(command, {})})
    return file


def options_from_file(ctx: typer.Context) -> str:
    """A sentence on the options that came from the file; empty where none did."""
    path, command, keys = ctx.meta.get(SOURCE, (None, ctx, {}))
    taken = [
        key
        for parameter, key in keys.items()
        if getattr(command.get_parameter_source(parameter), "name", "") == "DEFAULT_MAP"
    ]
    return f"These options come from {path}: {', '.join(taken)}." if taken else ""


def _read(path: Path) -> dict[str, Any]:
    try:
        return parse_toml(read_text(path, ConfigError))
    except ValueError as error:
        raise ConfigError(
            f"The configuration '{path}' is not valid TOML: {error}.", "Correct that line."
        ) from error


def _options(command: Any) -> dict[str, Any]:
    """Each option of a command by its long name, without its dashes."""
    return {
        name.removeprefix("--"): parameter
        for parameter in command.params
        for name in parameter.opts
        if name.startswith("--") and name.removeprefix("--") not in NOT_IN_A_FILE
    }


def _checked(ctx: typer.Context, option: Any, value: Any, path: Path, key: str) -> Any:
    """The value as the command line would give it: true, false, a text, or texts."""

    def error(what: str) -> ConfigError:
        return ConfigError(f"{path}: the key '{key}' {what}.", "Correct it, or leave it out.")

    if getattr(option, "is_flag", False):
        if not isinstance(value, bool):
            raise error(f"must be true or false, not {value!r}")
        return value
    parts = value if isinstance(value, list) and option.multiple else [value]
    # bool is a kind of int in Python, but not in TOML
    if not all(
        isinstance(part, (str, int, float)) and not isinstance(part, bool) for part in parts
    ):
        raise error(f"must be a text or a number, not {value!r}")
    texts = [str(part) for part in parts]
    given = texts if option.multiple else texts[0]
    try:
        option.process_value(ctx, given)
    except typer.BadParameter as problem:
        raise error(f"is not possible: {problem.message}") from problem
    except UsageError as problem:
        raise ConfigError(
            f"{path}: the key '{key}' is wrong. {problem.message}", problem.hint
        ) from problem
    return given


def _unknown(path: Path, key: str, what: str, known: list[str]) -> ConfigError:
    near = difflib.get_close_matches(key.rpartition(".")[2], known, n=1)
    return ConfigError(
        f"{path}: the key '{key}' {what}.",
        f"Did you mean {near[0]}?" if near else f"Choose one of: {', '.join(known)}.",
    )
