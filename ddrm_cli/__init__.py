"""Image restoration with Denoising Diffusion Restoration Models.

>>> import ddrm_cli
>>> restored = ddrm_cli.restore(photo, "sr_bicubic4")

``restore``, ``degrade``
    Pictures in, pictures out: tensors, NumPy arrays, Pillow images or files.
``load_model``
    A model to restore many pictures with.
``inspect``, ``suggestions``
    What happened to a photograph, and what is worth trying.
``train``
    Photographs in, a model out.
``pose``, ``Restorer``
    The same in two steps: what is to be solved, and what solves it.
``Mask``
    Which pixels of a photograph are missing.
``Degradation``, ``build_operator``, ``LinearOperator``, ``sample_ddrm``
    The parts, for degradations and priors of one's own.
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
    from ddrm_cli.degradations.base import LinearOperator, dot_test
    from ddrm_cli.degradations.build import build_operator
    from ddrm_cli.degradations.table import Degradation
    from ddrm_cli.images.masks import Mask
    from ddrm_cli.inspection.findings import Findings
    from ddrm_cli.inspection.inspect import inspect
    from ddrm_cli.inspection.suggestions import Suggestion, suggestions
    from ddrm_cli.measuring import degrade
    from ddrm_cli.prior import LoadedModel, TilingSettings, load_model
    from ddrm_cli.problem import InverseProblem, pose
    from ddrm_cli.restoration import Restoration, Restorer, restore
    from ddrm_cli.sampler.ddrm import sample_ddrm
    from ddrm_cli.sampler.settings import PRESETS, PaperSettings, SamplerSettings
    from ddrm_cli.training.train import train

__all__ = [
    "PRESETS",
    "Degradation",
    "Findings",
    "InverseProblem",
    "LinearOperator",
    "LoadedModel",
    "Mask",
    "PaperSettings",
    "Restoration",
    "Restorer",
    "SamplerSettings",
    "Suggestion",
    "TilingSettings",
    "__version__",
    "build_operator",
    "degrade",
    "dot_test",
    "errors",
    "inspect",
    "load_model",
    "pose",
    "restore",
    "sample_ddrm",
    "suggestions",
    "train",
]

# Torch reads it when it is imported. Threads that spin while they wait for each other are fast
# alone, but beside any other busy program each wait costs a time slice: two runs at once took ten
# times as long, and without spinning twice.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

_HOMES = {
    "Degradation": "degradations.table",
    "LinearOperator": "degradations.base",
    "dot_test": "degradations.base",
    "build_operator": "degradations.build",
    "Findings": "inspection.findings",
    "inspect": "inspection.inspect",
    "Suggestion": "inspection.suggestions",
    "suggestions": "inspection.suggestions",
    "LoadedModel": "prior",
    "Mask": "images.masks",
    "TilingSettings": "prior",
    "load_model": "prior",
    "InverseProblem": "problem",
    "pose": "problem",
    "Restoration": "restoration",
    "Restorer": "restoration",
    "degrade": "measuring",
    "restore": "restoration",
    "sample_ddrm": "sampler.ddrm",
    "PRESETS": "sampler.settings",
    "PaperSettings": "sampler.settings",
    "SamplerSettings": "sampler.settings",
    "train": "training.train",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
