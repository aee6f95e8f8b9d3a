"""Where files of weights lie, and what the environment says about them.

==================  ==========================================================
``DDRM_CACHE_DIR``  folder of the cache, instead of the user's data folder
``DDRM_OFFLINE``    anything but empty or 0: the network is not to be used
==================  ==========================================================
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from ddrm_cli.errors import ChecksumError, ModelNotCachedError, UsageError, WeightsError
from ddrm_cli.untrusted import expanded, is_file, user_folder

from .model import Model, WeightsFile

__all__ = ["cache_dir", "file_path", "is_cached", "is_file_cached", "is_offline", "weights_path"]


def cache_dir() -> Path:
    """Folder of the downloaded weights; it need not exist yet.

    Raises:
        UsageError: The user has no home, and ``DDRM_CACHE_DIR`` names no folder.
    """
    moved = os.environ.get("DDRM_CACHE_DIR")
    if moved:
        return expanded(moved).absolute()
    folder = user_folder(lambda: platformdirs.user_data_path("ddrm", appauthor=False))
    if folder is None:
        raise UsageError(
            "It is not known where to keep the models: there is no home folder.",
            "Set DDRM_CACHE_DIR to a folder for them.",
        )
    return folder / "models"


def is_offline() -> bool:
    """Whether ``DDRM_OFFLINE`` forbids the network."""
    return os.environ.get("DDRM_OFFLINE", "").strip().lower() not in ("", "0", "false", "no")


def file_path(file: WeightsFile) -> Path:
    """Where the file is, or will be once it is downloaded."""
    return file.path if file.path is not None else cache_dir() / file.name


def is_cached(model: Model) -> bool:
    """Whether all files of the model are there, as long as they should be."""
    return all(is_file_cached(file) for file in model.files)


def is_file_cached(file: WeightsFile) -> bool:
    """Whether the file is there, as long as it should be."""
    size = _size(file)
    return size is not None and file.bytes in (None, size)


def weights_path(model: Model, file: WeightsFile | None = None) -> Path:
    """The path of a model's file, which is there and as long as it should be.

    Hashing gigabytes before every run would cost seconds: the hash is checked when a file
    enters the cache, and by ``ddrm download --verify``.

    Args:
        model: The model.
        file: One of ``model.files``; None takes the network's.

    Raises:
        ModelNotCachedError: It is not there.
        ChecksumError: It is longer or shorter than it should be.
    """
    file = model.weights if file is None else file
    path = file_path(file)
    size = _size(file)
    if size is None:
        if file.path is not None:
            raise ModelNotCachedError(
                f"The weights of {model.name} are not at {path}.",
                "Check 'path' in the table of the model.",
            )
        raise ModelNotCachedError(
            f"The model {model.name} has not been downloaded yet.",
            f"Run: ddrm download {model.name}",
        )
    if not is_file_cached(file):
        raise ChecksumError(
            f"{path} has {size} bytes where {file.bytes} are expected.",
            f"Run: ddrm download {model.name}",
        )
    return path


def _size(file: WeightsFile) -> int | None:
    path = file_path(file)
    return path.stat().st_size if is_file(path, WeightsError) else None
