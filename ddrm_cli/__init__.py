"""Image restoration with Denoising Diffusion Restoration Models.

>>> import ddrm_cli
>>> restored = ddrm_cli.restore(photo, "sr_bicubic4")

``restore``, ``degrade``
    Pictures in, pictures out: tensors, NumPy arrays or Pillow images.
``load_model``
    A model to restore many pictures with.
``build_operator``, ``sample_ddrm``, ``restore_measurement``
    The parts, for measurements and priors of one's own.
``errors``
    Everything that the package raises on purpose.

Importing the package does not import torch; using one of its functions does.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

from ddrm_cli import errors
from ddrm_cli._version import __version__

if TYPE_CHECKING:
    from ddrm_cli.degradations.base import LinearOperator
    from ddrm_cli.degradations.build import build_operator
    from ddrm_cli.restoration import (
        LoadedModel,
        TilingSettings,
        degrade,
        load_model,
        restore,
        restore_measurement,
    )
    from ddrm_cli.sampler.ddrm import sample_ddrm
    from ddrm_cli.sampler.settings import PRESETS, SamplerSettings

__all__ = [
    "PRESETS",
    "LinearOperator",
    "LoadedModel",
    "SamplerSettings",
    "TilingSettings",
    "__version__",
    "build_operator",
    "degrade",
    "errors",
    "load_model",
    "restore",
    "restore_measurement",
    "sample_ddrm",
]

# Torch reads it when it is imported. Threads that spin while they wait for each other are fast
# alone, but beside any other busy program each wait costs a time slice: two runs at once took ten
# times as long, and without spinning twice.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

_HOMES = {
    "LinearOperator": "degradations.base",
    "build_operator": "degradations.build",
    "LoadedModel": "restoration",
    "TilingSettings": "restoration",
    "degrade": "restoration",
    "load_model": "restoration",
    "restore": "restoration",
    "restore_measurement": "restoration",
    "sample_ddrm": "sampler.ddrm",
    "PRESETS": "sampler.settings",
    "SamplerSettings": "sampler.settings",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
