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
import tomli

from ddrm_cli.errors import ConfigError

__all__ = ["config_path", "read_defaults"]

NOT_IN_A_FILE = ("config", "debug", "help")  # options that only make sense for one run


def config_path() -> Path:
    """Where the user's file is looked for."""
    return platformdirs.user_config_path("ddrm", appauthor=False) / "config.toml"


def read_defaults(file: Path | None, command: str, commands: Mapping[str, Any]) -> dict[str, Any]:
    """Defaults of one command's options, by the names of its parameters.

    Args:
        file: The user's file; None takes `config_path`, where that exists.
        command: Name of the command.
        commands: Every command by its name, as typer knows it.

    Raises:
        ConfigError: The file cannot be read, or has a key that is no option.
    """
    path = file or config_path()
    if file is None and not path.exists():
        return {}
    try:
        document = tomli.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"The configuration {path} cannot be read: {error.strerror or error}.",
            "Check --config.",
        ) from error
    except (tomli.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"The configuration {path} is not valid TOML: {error}.", "Correct that line."
        ) from error
    for table, values in document.items():
        if table not in commands or not isinstance(values, dict):
            raise _unknown(path, table, "is no command", [f"[{name}]" for name in commands])
        options = _options(commands[table])
        for key, value in values.items():
            if key not in options:
                raise _unknown(path, f"{table}.{key}", "is no option", list(options))
            if isinstance(value, (dict, list)):
                raise ConfigError(
                    f"{path}: the key '{table}.{key}' is a {type(value).__name__}, not one value.",
                    "Give a text, a number, true or false.",
                )
    options = _options(commands[command])
    return {options[key]: value for key, value in document.get(command, {}).items()}


def _options(command: Any) -> dict[str, str]:
    """Long name of each option, without its dashes, to the name of its parameter."""
    return {
        name.removeprefix("--"): parameter.name
        for parameter in command.params
        for name in parameter.opts
        if name.startswith("--") and name.removeprefix("--") not in NOT_IN_A_FILE
    }


def _unknown(path: Path, key: str, what: str, known: list[str]) -> ConfigError:
    near = difflib.get_close_matches(key.rpartition(".")[2], known, n=1)
    return ConfigError(
        f"{path}: the key '{key}' {what}.",
        f"Did you mean {near[0]}?" if near else f"Choose one of: {', '.join(known)}.",
    )
