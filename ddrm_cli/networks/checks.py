"""What configurations of all kinds check of themselves. Without torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

from ddrm_cli.errors import FieldError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["CHANNELS", "check_channels", "check_counts"]

CHANNELS = 3  # of a picture


def check_counts(instance: DataclassInstance) -> None:
    """Every whole number in the fields of a dataclass is at least 1.

    Raises:
        FieldError: One is not.
    """
    for field in fields(instance):
        value = getattr(instance, field.name)
        if isinstance(value, int) and value < 1:
            raise FieldError(field.name, f"must be at least 1, but is {value}")


def check_channels(field: str, value: int, possible: Sequence[int]) -> None:
    """A picture has three channels; the network may predict the variance of each besides.

    Raises:
        FieldError: The value is none of the possible ones.
    """
    if value not in possible:
        choice = " or ".join(map(str, possible))
        raise FieldError(field, f"must be {choice}, for the channels of a picture, not {value}")
