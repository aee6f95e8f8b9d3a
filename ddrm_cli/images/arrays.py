"""Arrays from files of the user's, opened without trusting them."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ddrm_cli.errors import MeasurementError
from ddrm_cli.images.files import opened
from ddrm_cli.images.reading import DEFAULT_MAX_PIXELS

__all__ = ["load_npy", "load_npz"]

# As large as the largest picture: three channels of float32.
_MAX_BYTES = DEFAULT_MAX_PIXELS * 3 * 4


def load_npy(path: Path) -> NDArray[Any]:
    """The array in a ``.npy`` file.

    Raises:
        ImageReadError: The file is missing, empty, no regular file, or may not be read.
        MeasurementError: It is damaged, no such file, or holds pickled objects.
    """
    array = _load(path)
    if not isinstance(array, np.ndarray):
        raise _foreign(path)
    return array


def load_npz(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays in a ``.npz`` file by name.

    Raises:
        ImageReadError: The file is missing, empty, no regular file, or may not be read.
        MeasurementError: It is damaged, no such file, unreasonably large, or holds pickled objects.
    """
    archive = _load(path)
    if isinstance(archive, np.ndarray):
        raise _foreign(path)
    assert isinstance(archive, dict)
    return archive


def _foreign(path: Path) -> MeasurementError:
    return MeasurementError(
        f"'{path}' is no {path.suffix} file of arrays, or is damaged.",
        "Write it with numpy.save or numpy.savez, without objects.",
    )


def _load(path: Path) -> NDArray[Any] | dict[str, NDArray[Any]]:
    with opened(path) as file:
        try:
            if zipfile.is_zipfile(file):
                _check_unpacked_size(file, path)
            file.seek(0)
            # Pickled objects could run code: never allowed.
            loaded = np.load(file, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                return loaded
            with loaded:
                return {name: loaded[name] for name in loaded.files}
        except MeasurementError:
            raise
        except Exception as error:  # zipfile, zlib and numpy raise many kinds on damaged bytes
            raise _foreign(path) from error


def _check_unpacked_size(file: Any, path: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > _MAX_BYTES:
        raise MeasurementError(
            f"'{path}' unpacks to {size} bytes, more than the limit of {_MAX_BYTES}.",
            "Split it into smaller pictures.",
        )
