"""What is to be done with a photograph, as the page says it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

from ddrm_cli.degradations.table import Degradation
from ddrm_cli.errors import UsageError
from ddrm_cli.files.record import asked_options
from ddrm_cli.sampler.settings import get_preset
from ddrm_cli.untrusted import parse_json
from ddrm_cli.weights.registry import DEFAULT_MODEL

__all__ = ["Order"]

_OF_DEGRADATION = ("degradation", "parameters")
_REAL = ("blur", "angle", "sigma")  # JSON writes 5.0 as 5, which a record would keep


@dataclass(frozen=True, eq=False)
class Order:
    """What ``ddrm restore`` is told by its options.

    Args:
        degradation: What happened to the photograph; None takes it from the file.
        sigma: Noise on [0, 1]; None takes it from the file, or else estimates it.
        reduced: Whether the photograph is first made as small as the degradation makes it, because
            it was enlarged before.
        masked: Whether what was painted is missing.
        model: Name of the prior.
    """

    degradation: Degradation | None = None
    sigma: float | None = None
    reduced: bool = False
    masked: bool = False
    model: str = DEFAULT_MODEL

    @classmethod
    def of(cls, text: bytes) -> Order:
        """An order from JSON: this class's fields, ``degradation`` as name and ``parameters``.

        Raises:
            UsageError: It is none, or something about it cannot be right.
        """
        kinds: dict[str, Any] = {
            "degradation": str | None,
            "parameters": dict,
            "sigma": int | float | None,
            "reduced": bool,
            "masked": bool,
            "model": str,
        }
        said: Any = None
        with contextlib.suppress(ValueError):
            said = parse_json(text.decode())
        if not isinstance(said, dict) or not all(
            name in kinds and isinstance(value, kinds[name]) for name, value in said.items()
        ):
            raise UsageError("The page asks for something unknown.", "Load it again.")
        rest = _real({key: value for key, value in said.items() if key not in _OF_DEGRADATION})
        name, parameters = (said.get(each) for each in _OF_DEGRADATION)
        return cls(None if name is None else Degradation(name, _real(parameters or {})), **rest)

    @property
    def label(self) -> str:
        """What stands in the name of the result."""
        return "restored" if self.degradation is None else f"restored_{self.degradation.name}"

    @property
    def asked(self) -> dict[str, Any]:
        """What a result depends on besides its problem, as ``ddrm restore`` records it."""
        return asked_options(get_preset("standard"), self.model)


def _real(said: dict[str, Any]) -> dict[str, Any]:
    """What is not None, real numbers as such."""
    given = {name: value for name, value in said.items() if value is not None}
    return {name: float(value) if name in _REAL else value for name, value in given.items()}
