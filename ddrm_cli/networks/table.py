"""What architectures there are. Importing this table imports no torch.

To add one: write its network in a module beside this one, its configuration in
``configurations``, and a line here. Nothing else needs to know.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from .configurations import DDPMConfig, PlainUNetConfig, Shapes, UNetConfig

if TYPE_CHECKING:
    from torch import nn

__all__ = ["ARCHITECTURES", "Architecture", "Configuration"]


class Configuration(Protocol):
    """What a configuration of any architecture knows; it is a frozen dataclass besides.

    Making one raises `FieldError` where a field cannot be so.
    """

    @property
    def image_size(self) -> int:
        """Side in pixels that the network was trained at."""

    @property
    def num_classes(self) -> int | None:
        """Number of class labels, or None for an unconditional network."""

    @property
    def side_multiple(self) -> int:
        """What both sides of a picture have to be multiples of."""

    @property
    def width(self) -> float:
        """Channels of the first level for each pixel of the picture."""

    def fitted_to(self, shapes: Shapes) -> Configuration:
        """The configuration of a network whose state dict has these shapes.

        What they do not tell, such as the side that it was trained at, is as in this one. Only a
        few tensors are looked at: the network that it describes may still have other shapes.

        Raises:
            LookupError: A tensor is not there, or has too few axes.
            ArithmeticError: The shapes do not divide as they should.
            FieldError: What they say cannot be.
        """


@dataclass(frozen=True)
class Architecture:
    """One line of the table of architectures.

    Args:
        configuration: The class of its configurations.
        target: ``module:Class`` of its network, which is built from a configuration.
        maps: Maps as large as the first level's that the network holds at its widest, measured.
    """

    configuration: type[Configuration]
    target: str
    maps: int

    def build(self, configuration: Configuration) -> nn.Module:
        """The network of a configuration, on torch's default device. Imports torch."""
        module, _, name = self.target.partition(":")
        network: nn.Module = getattr(importlib.import_module(module), name)(configuration)
        return network


ARCHITECTURES: Mapping[str, Architecture] = {
    "guided-diffusion": Architecture(UNetConfig, "ddrm_cli.networks.guided_diffusion:UNet", 18),
    "ddpm": Architecture(DDPMConfig, "ddrm_cli.networks.ddpm:DDPM", 18),
    "plain-unet": Architecture(PlainUNetConfig, "ddrm_cli.networks.plain_unet:PlainUNet", 7),
}
"""Every architecture by the name that the table of models has for it."""
