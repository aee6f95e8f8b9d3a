"""What configurations of all kinds check of themselves. Without torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

from ddrm_cli.errors import FieldError, shown

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["CHANNELS", "check_channels", "check_counts", "check_depths"]

CHANNELS = 3  # of a picture
# Beyond these a table is a mistake, or means to keep a machine busy: the largest published network
# has sides of 512, 1024 channels, 1000 classes and timesteps, and 3 blocks a level.
LARGEST_COUNT = 2**16
LARGEST_DEPTH = 64


def check_counts(instance: DataclassInstance, largest: int = LARGEST_COUNT) -> None:
    """Every whole number in the fields of a dataclass is at least 1, and none is beyond reason.

    Raises:
        FieldError: One is not so.
    """
    for field in fields(instance):
        value = getattr(instance, field.name)
        if isinstance(value, int) and value < 1:
            raise FieldError(field.name, f"must be at least 1, but is {value}")
        numbers = value if isinstance(value, tuple) else (value,)
        if any(isinstance(number, (int, float)) and number > largest for number in numbers):
            raise FieldError(field.name, f"must be at most {largest}, but is {shown(value)}")


def check_depths(field: str, values: Sequence[int]) -> None:
    """A network has no more levels than this, and a level no more blocks.

    Raises:
        FieldError: It has.
    """
    if len(values) > LARGEST_DEPTH or max(values, default=0) > LARGEST_DEPTH:
        raise FieldError(field, f"must be at most {LARGEST_DEPTH}, as many levels or fewer")


def check_channels(field: str, value: int, possible: Sequence[int]) -> None:
    """A picture has three channels; the network may predict the variance of each besides.

    Raises:
        FieldError: The value is none of the possible ones.
    """
    if value not in possible:
        choice = " or ".join(map(str, possible))
        raise FieldError(field, f"must be {choice}, for the channels of a picture, not {value}")
