"""The shape of a network, in the words of its published configuration files. Without torch.

A configuration checks itself, and it knows what the program asks of a network that has not been
built: see ``Configuration`` in the table of architectures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ddrm_cli.errors import FieldError

from .checks import CHANNELS, check_channels, check_counts, check_depths

__all__ = [
    "GROUPS",
    "PIXEL_BLOCK",
    "ClassifierConfig",
    "DDPMConfig",
    "PlainUNetConfig",
    "Shapes",
    "UNetConfig",
]

GROUPS = 32  # of every group norm, in all architectures
LARGEST_MULTIPLIER = 256  # of widths; sizes of tensors stay within 64 bits
PIXEL_BLOCK = 2  # side of the blocks of pixels that the plain U-Net sees as channels

Shapes = Mapping[str, tuple[int, ...]]
"""Names and shapes of the tensors in a state dict."""


@dataclass(frozen=True)
class _ADMConfig:
    """What the ADM U-Net and its classifier share; the arguments are described in `UNetConfig`."""

    image_size: int
    model_channels: int
    channel_mult: tuple[float, ...]
    num_res_blocks: int
    attention_resolutions: tuple[int, ...]
    num_head_channels: int = 64
    in_channels: int = CHANNELS

    def __post_init__(self) -> None:
        check_counts(self)
        check_depths("num_res_blocks", (self.num_res_blocks,))
        check_channels("in_channels", self.in_channels, (CHANNELS,))
        _check_levels(self, "image_size", "channel_mult", "attention_resolutions")
        # Between the way down and the way up, the coarsest level attends in any case.
        attending = {w for n, w in enumerate(self.widths) if self.attends(n)} | {self.widths[-1]}
        if any(width % self.num_head_channels for width in attending):
            raise FieldError(
                "num_head_channels",
                f"must divide the widths of the levels that attend, {sorted(attending)}, "
                f"but is {self.num_head_channels}",
            )

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of each level, the finest first."""
        return tuple(int(mult * self.model_channels) for mult in self.channel_mult)

    @property
    def width(self) -> float:
        """Channels of the first level for each pixel of the picture."""
        return self.widths[0]

    def attends(self, level: int) -> bool:
        """Whether a level, 0 the finest, has attention."""
        return self.image_size // 2**level in self.attention_resolutions


@dataclass(frozen=True)
class UNetConfig(_ADMConfig):
    """Shape of an ADM U-Net.

    Args:
        image_size: Side in pixels that the network was trained at. It only fixes which levels
            attend; any picture whose sides ``side_multiple`` divides can be evaluated.
        model_channels: Width that ``channel_mult`` multiplies.
        channel_mult: Width of each level, the finest first.
        num_res_blocks: Residual blocks a level.
        attention_resolutions: Sides in pixels, at ``image_size``, of the levels that attend.
        num_head_channels: Channels of one attention head.
        in_channels: Channels of the picture.
        out_channels: Channels of the output; twice ``in_channels`` where the network also
            predicts a variance.
        num_classes: Number of class labels, or None for an unconditional network.

    Raises:
        FieldError: A field cannot be so.
    """

    out_channels: int = CHANNELS
    num_classes: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_channels("out_channels", self.out_channels, (CHANNELS, 2 * CHANNELS))

    @property
    def side_multiple(self) -> int:
        """What both sides of a picture have to be multiples of."""
        return int(2 ** (len(self.channel_mult) - 1))

    def fitted_to(self, shapes: Shapes) -> UNetConfig:
        """This configuration with what the shapes tell; see `Configuration.fitted_to`.

        The shapes do not tell ``image_size`` and ``num_head_channels``.
        """
        width = shapes["time_embed.0.weight"][1]
        blocks = _count(shapes, "output_blocks")
        # The last block of every level but the finest carries a second residual block, which
        # doubles.
        ups = [
            k
            for k in range(blocks)
            if any(f"output_blocks.{k}.{j}.in_layers.2.weight" in shapes for j in (1, 2))
        ]
        per_level = ups[0] + 1 if ups else blocks  # residual blocks and one more
        firsts = [f"input_blocks.{1 + level * per_level}" for level in range(len(ups) + 1)]
        return replace(
            self,
            model_channels=width,
            channel_mult=tuple(
                shapes[f"{first}.0.out_layers.3.weight"][0] / width for first in firsts
            ),
            num_res_blocks=per_level - 1,
            attention_resolutions=tuple(
                self.image_size // 2**level
                for level, first in enumerate(firsts)
                if f"{first}.1.qkv.weight" in shapes
            ),
            in_channels=shapes["input_blocks.0.0.weight"][1],
            out_channels=shapes["out.2.weight"][0],
            num_classes=shapes[_LABELS][0] if _LABELS in shapes else None,
        )


_LABELS = "label_emb.weight"


@dataclass(frozen=True)
class ClassifierConfig(_ADMConfig):
    """Shape of the classifier that guides an ADM U-Net: the U-Net's downward half, pooled.

    Arguments are those of `UNetConfig`; ``image_size`` is fixed by the pooling.

    Raises:
        FieldError: A field cannot be so.
    """

    num_classes: int = 1000


@dataclass(frozen=True)
class DDPMConfig:
    """Shape of a DDPM U-Net.

    Args:
        resolution: Side in pixels that the network was trained at. It only fixes which levels
            attend; any picture whose sides ``side_multiple`` divides can be evaluated.
        ch: Width that ``ch_mult`` multiplies.
        ch_mult: Width of each level, the finest first.
        num_res_blocks: Residual blocks a level.
        attn_resolutions: Sides in pixels, at ``resolution``, of the levels that attend.
        in_channels: Channels of the picture.
        out_ch: Channels of the output; twice ``in_channels`` where the network also predicts a
            variance.

    Raises:
        FieldError: A field cannot be so.
    """

    resolution: int
    ch: int
    ch_mult: tuple[int, ...]
    num_res_blocks: int
    attn_resolutions: tuple[int, ...]
    in_channels: int = CHANNELS
    out_ch: int = CHANNELS

    def __post_init__(self) -> None:
        check_counts(self)
        check_depths("num_res_blocks", (self.num_res_blocks,))
        check_channels("in_channels", self.in_channels, (CHANNELS,))
        check_channels("out_ch", self.out_ch, (CHANNELS, 2 * CHANNELS))
        if self.ch % GROUPS:  # the first convolution's channels
            raise FieldError("ch", f"must be a multiple of {GROUPS}, but is {self.ch}")
        _check_levels(self, "resolution", "ch_mult", "attn_resolutions")

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of each level, the finest first."""
        return tuple(mult * self.ch for mult in self.ch_mult)

    @property
    def image_size(self) -> int:
        """Side in pixels that the network was trained at."""
        return self.resolution

    @property
    def num_classes(self) -> None:
        """None: there is no class-conditional one."""
        return None

    @property
    def side_multiple(self) -> int:
        """What both sides of a picture have to be multiples of."""
        return int(2 ** (len(self.ch_mult) - 1))

    @property
    def width(self) -> float:
        """Channels of the first level for each pixel of the picture."""
        return self.widths[0]

    def attends(self, level: int) -> bool:
        """Whether a level, 0 the finest, has attention."""
        return self.resolution // 2**level in self.attn_resolutions

    def fitted_to(self, shapes: Shapes) -> DDPMConfig:
        """This configuration with what the shapes tell; see `Configuration.fitted_to`.

        The shapes do not tell ``resolution``.
        """
        width = shapes["conv_in.weight"][0]
        levels = range(_count(shapes, "down"))
        return replace(
            self,
            ch=width,
            ch_mult=tuple(
                shapes[f"down.{level}.block.0.conv1.weight"][0] // width for level in levels
            ),
            num_res_blocks=_count(shapes, "down.0.block"),
            attn_resolutions=tuple(
                self.resolution // 2**level
                for level in levels
                if f"down.{level}.attn.0.q.weight" in shapes
            ),
            in_channels=shapes["conv_in.weight"][1],
            out_ch=shapes["conv_out.weight"][0],
        )


@dataclass(frozen=True)
class PlainUNetConfig:
    """Shape of a residual U-Net of plain convolutions on blocks of 2 x 2 pixels.

    Args:
        image_size: Shortest side in pixels that the network was trained at; nothing in it hangs
            on that.
        channels: Width of each level, the finest first.
        down_blocks: Residual blocks of each level on the way down, the coarsest being the bottom.
        up_blocks: Residual blocks of each level but the coarsest on the way up, the finest first.
        embedding: Length of the embedding of the timestep, even.

    Raises:
        FieldError: A field cannot be so.
    """

    image_size: int
    channels: tuple[int, ...]
    down_blocks: tuple[int, ...]
    up_blocks: tuple[int, ...]
    embedding: int = 64

    def __post_init__(self) -> None:
        check_counts(self)
        check_depths("down_blocks", self.down_blocks)
        check_depths("up_blocks", self.up_blocks)
        levels = len(self.channels)
        lengths = {"channels": max(levels, 1), "down_blocks": levels, "up_blocks": levels - 1}
        for field, length in lengths.items():
            values = list(getattr(self, field))
            if len(values) != length or min(values, default=1) < 1:
                raise FieldError(field, f"must be {length} positive numbers, but is {values}")
        if self.embedding % 2:
            raise FieldError("embedding", f"must be even, but is {self.embedding}")
        if self.image_size % self.side_multiple:
            multiple = f"must be a multiple of {self.side_multiple}"
            raise FieldError("image_size", f"{multiple}, but is {self.image_size}")

    @property
    def num_classes(self) -> None:
        """None: there is no class-conditional one."""
        return None

    @property
    def side_multiple(self) -> int:
        """What both sides of a picture have to be multiples of."""
        return int(PIXEL_BLOCK * 2 ** (len(self.channels) - 1))

    @property
    def width(self) -> float:
        """Channels of the first level for each pixel of the picture."""
        return self.channels[0] / PIXEL_BLOCK**2

    def fitted_to(self, shapes: Shapes) -> PlainUNetConfig:
        """This configuration with what the shapes tell; see `Configuration.fitted_to`.

        The shapes do not tell ``image_size``.
        """
        levels = range(_count(shapes, "encoder"))
        return replace(
            self,
            channels=tuple(shapes[f"encoder.{level}.0.conv1.weight"][0] for level in levels),
            down_blocks=tuple(_count(shapes, f"encoder.{level}") for level in levels),
            up_blocks=tuple(_count(shapes, f"decoder.{level}") for level in levels[:-1]),
            embedding=shapes["time_embed.0.weight"][1],
        )


def _check_levels(
    config: _ADMConfig | DDPMConfig, side: str, multipliers: str, attention: str
) -> None:
    """Levels that the side and the group norms allow, and attention at sides that they have.

    The fields are given by name.
    """
    values = getattr(config, multipliers)
    if not values or not all(0 < value <= LARGEST_MULTIPLIER for value in values):
        raise FieldError(
            multipliers,
            f"must be a list of positive numbers up to {LARGEST_MULTIPLIER}, one a level",
        )
    check_depths(multipliers, [1] * len(values))
    if any(width < GROUPS or width % GROUPS for width in config.widths):
        raise FieldError(
            multipliers,
            f"must give widths that {GROUPS} divides, but gives {list(config.widths)}",
        )
    halvings = len(values) - 1
    if config.image_size % 2**halvings:
        raise FieldError(
            side,
            f"must be a multiple of {2**halvings}, as the network has {halvings + 1} levels, "
            f"but is {config.image_size}",
        )
    # Attention at a side that no level has would silently not be there.
    sides = [config.image_size // 2**level for level in range(len(values))]
    if any(resolution not in sides for resolution in getattr(config, attention)):
        raise FieldError(attention, f"must be among the levels' sides {sides}")


def _count(shapes: Shapes, prefix: str) -> int:
    """How many numbered parts of that name there are."""
    parts = (name.removeprefix(f"{prefix}.") for name in shapes if name.startswith(f"{prefix}."))
    return len({number for part in parts if (number := part.partition(".")[0]).isdecimal()})
