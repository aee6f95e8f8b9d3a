"""Every error that the package raises on purpose.

::

    DDRMError
    ├── UsageError                 an option, argument or configuration that cannot be right
    │   ├── UnknownNameError       no degradation, model or preset of that name
    │   ├── FieldError             a field of a model or of its network that cannot be so
    │   └── ConfigError            a TOML file of the user's with a bad key or value
    ├── ImageError                 something about a picture
    │   ├── ImageReadError         the file is missing, unreadable, damaged or no picture
    │   ├── ImageTooLargeError     more pixels than the limit against decompression bombs
    │   └── MeasurementError       picture, mask, kernel and degradation do not fit together
    ├── OutputError                the result cannot be written
    │   └── OutputExistsError      a file of that name is there and was not to be replaced
    ├── WeightsError               something about a model's file
    │   ├── ModelNotCachedError    the model has not been downloaded yet
    │   ├── DownloadError          the network or the server failed
    │   ├── ChecksumError          size or hash differ from what the model table says
    │   └── WeightsMismatchError   the file loads, but belongs to another network
    ├── DeviceError                the device or the precision is not to be had here
    └── OutOfMemoryError           a picture or a tile does not fit

Each carries one sentence of what is wrong and one of what to do next:
``str(error)`` joins them, ``error.message`` and ``error.hint`` give them apart. All of them can be
pickled. What is no error, but was done differently from what was asked, is told to a `Notice`.
"""

from __future__ import annotations

import copyreg
import difflib
import errno
from collections.abc import Callable, Iterable
from typing import Any

__all__ = [
    "ChecksumError",
    "ConfigError",
    "DDRMError",
    "DeviceError",
    "DownloadError",
    "FieldError",
    "ImageError",
    "ImageReadError",
    "ImageTooLargeError",
    "MeasurementError",
    "ModelNotCachedError",
    "Notice",
    "OutOfMemoryError",
    "OutputError",
    "OutputExistsError",
    "Progress",
    "UnknownNameError",
    "UsageError",
    "WeightsError",
    "WeightsMismatchError",
    "expect",
    "is_out_of_memory",
    "shown",
]

Notice = Callable[[str], None]
"""Is told, in one sentence, what was done differently from what was asked."""

Progress = Callable[[float], None]
"""Is told how far something is: a share of it, from 0 to 1."""


_NO_MEMORY = (
    "out of memory",
    "allocate memory",
    "not enough memory",
    "bad_alloc",
    "could not create a primitive",  # oneDNN's words for it
    "failed to map segment",  # the linker's, where a library is loaded
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, on any device, here or in what led here.

    By its words, without torch: where memory is short, that may be what cannot be loaded.
    """
    text = str(error).lower()
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or getattr(error, "errno", None) == errno.ENOMEM
        or any(words in text for words in _NO_MEMORY)
        or (error.__cause__ is not None and is_out_of_memory(error.__cause__))
    )


def shown(value: object) -> str:
    """A value as a sentence quotes it: no more of it than fits into a line."""
    try:
        text = str(value)
    except ValueError:  # Python writes no number of more digits
        return "a number of thousands of digits"
    return text if len(text) <= 60 else f"{text[:50]}..."


class DDRMError(Exception):
    """Root of the package's errors.

    Args:
        message: One sentence of what is wrong.
        hint: One sentence of what to do next; may be empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message} {hint}".strip())
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[Any, ...]:
        # What a subclass's constructor takes is not what it keeps: made again without calling it.
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]


class UsageError(DDRMError):
    """An option, argument or configuration that cannot be right."""


class UnknownNameError(UsageError):
    """No entry of that name in a table; the hint offers the nearest names.

    Args:
        kind: What was looked up, such as ``"degradation"``.
        name: The name that was given.
        known: The names that exist.
        listed: What stands for them in a list, where they are many.
        meant: What to look for among them, where that is not the name itself.
    """

    def __init__(
        self,
        kind: str,
        name: str,
        known: Iterable[str],
        listed: Iterable[str] | None = None,
        *,
        meant: str | None = None,
    ) -> None:
        names = list(dict.fromkeys(known))
        near = difflib.get_close_matches((meant or name).lower(), names, n=3, cutoff=0.5)
        hint = (
            f"Did you mean {' or '.join(near)}?"
            if near
            else f"Choose one of: {', '.join(names if listed is None else listed)}."
        )
        super().__init__(f"There is no {kind} named '{name}'.", hint)
        self.name = name
        self.nearest = near


class FieldError(UsageError):
    """A field of a model, or of the configuration of its network, that cannot be so.

    Args:
        field: Its name.
        what: The rest of a sentence about it, without a full stop.
    """

    def __init__(self, field: str, what: str) -> None:
        super().__init__(f"'{field}' {what}.")
        self.field = field
        self.what = what


class ConfigError(UsageError):
    """A TOML file of the user's with a bad key or value."""


class ImageError(DDRMError):
    """Something about a picture."""


class ImageReadError(ImageError):
    """The file is missing, unreadable, damaged or no picture."""


class ImageTooLargeError(ImageError):
    """More pixels than the limit that guards against decompression bombs."""


class MeasurementError(ImageError):
    """Picture, mask, kernel and degradation do not fit together."""


class OutputError(DDRMError):
    """The result cannot be written."""


class OutputExistsError(OutputError):
    """A file of that name is there and was not to be replaced."""


class WeightsError(DDRMError):
    """Something about a model's file."""


class ModelNotCachedError(WeightsError):
    """The model has not been downloaded yet."""


class DownloadError(WeightsError):
    """The network or the server failed."""


class ChecksumError(WeightsError):
    """Size or hash differ from what the model table says."""


class WeightsMismatchError(WeightsError):
    """The file loads, but belongs to another network."""


class DeviceError(DDRMError):
    """The device or the precision is not to be had here."""


class OutOfMemoryError(DDRMError):
    """A picture, or one tile of it, does not fit in memory."""


def expect(value: object, kinds: type[Any] | tuple[type[Any], ...], what: str, hint: str) -> None:
    """Make sure that an argument is of a kind, for callers that no type checker has seen.

    Args:
        value: What was given.
        kinds: What it may be.
        what: What that is called, such as ``"degradation"``.
        hint: What to give instead.

    Raises:
        UsageError: It is something else.
    """
    if not isinstance(value, kinds):
        given = "None" if value is None else f"Something of the type {type(value).__name__}"
        raise UsageError(f"{given} is no {what}.", hint)
