"""Figures of one restoration: side by side, step by step, and where it is uncertain.

Pixels are (H, W, C) on [0, 1] everywhere, C being 1 or 3; what comes back has three channels.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ddrm_cli.errors import UsageError
from ddrm_cli.images.picture import image_of
from ddrm_cli.sampler.ddrm import Step

__all__ = ["Predictions", "compare_figure", "contact_sheet", "progress_gif", "uncertainty_figure"]

Pixels = NDArray[np.float32]
Panel = tuple[str, Pixels]

PAPER, INK = (255, 255, 255), (40, 40, 40)
GAP = 8  # pixels between panels
SMALLEST_PANEL = 96  # pixels of height below which a label would be larger than its panel
LARGEST_FRAME = 640  # pixels of the longer side of a GIF, which stores every frame
HOLD = 2000  # milliseconds for which a GIF shows its last frame
MOST_FRAMES = 50  # with which a contact sheet and an animation stay readable

# The corners of a path through the colours that grows evenly lighter, as the eye sees it: dark
# blue, violet, red, orange, light yellow. CIELAB lightness 4, 21, 44, 69, 95.
_COLOURS = np.array(
    [(14, 8, 43), (84, 15, 109), (187, 55, 84), (249, 142, 9), (252, 240, 190)], dtype=np.float64
)


class Predictions:
    """Predictions of the first sample, evenly over the steps; the last one is always there.

    Attributes:
        pixels: (H, W, C) on [0, 1] each, no larger than a frame of an animation.
        labels: One each.
    """

    def __init__(self) -> None:
        self.pixels: list[Pixels] = []
        self.labels: list[str] = []

    def add(self, step: Step) -> None:
        """Keep the prediction of a step, reduced: a large picture has no room for fifty more."""
        every = -(-step.steps // MOST_FRAMES)
        if (step.steps - step.index) % every:
            return
        image = image_of(step.denoised[0].movedim(0, -1).numpy()).convert("RGB")
        image.thumbnail((LARGEST_FRAME, LARGEST_FRAME), Image.Resampling.LANCZOS)
        self.pixels.append(_pixels(image))
        self.labels.append(f"step {step.index}")


def compare_figure(panels: Sequence[Panel]) -> Pixels:
    """Pictures side by side, each under its label.

    Those that are smaller than the largest are enlarged to its height without smoothing, so that
    the pixels of a measurement are seen as what they are.

    Args:
        panels: Labels and pictures, from left to right; the font has Latin letters only.

    Raises:
        UsageError: There is no panel.
    """
    _check_any(panels)
    height = max(SMALLEST_PANEL, *(pixels.shape[0] for _, pixels in panels))
    return _grid([_labelled(label, pixels, height) for label, pixels in panels], len(panels))


def contact_sheet(frames: Sequence[Pixels], labels: Sequence[str]) -> Pixels:
    """Frames in rows, each under its label.

    Args:
        frames: Pictures of one size, in the order of reading.
        labels: One a frame; the font has Latin letters only.

    Raises:
        UsageError: There is no frame, or not one label each.
    """
    _check_any(frames)
    if len(frames) != len(labels):
        raise UsageError(f"{len(frames)} frames need as many labels, not {len(labels)}.")
    height = max(SMALLEST_PANEL, *(frame.shape[0] for frame in frames))
    cells = [_labelled(label, frame, height) for label, frame in zip(labels, frames, strict=True)]
    # About as wide as it is high, in whole rows.
    columns = math.ceil(math.sqrt(len(cells) * cells[0].height / cells[0].width))
    return _grid(cells, max(1, columns))


def progress_gif(
    frames: Sequence[Pixels], *, milliseconds: int = 150, comment: bytes = b""
) -> bytes:
    """An animation that repeats, and rests on its last frame.

    All frames share one palette of 256 colours, the last frame's: with palettes of their own they
    would flicker.

    Args:
        frames: Pictures of one size; large ones are reduced.
        milliseconds: For which each is shown.
        comment: What the file says of itself.

    Returns:
        The bytes of a GIF file.

    Raises:
        UsageError: There is no frame.
    """
    _check_any(frames)
    images = [image_of(frame).convert("RGB") for frame in frames]
    for image in images:
        image.thumbnail((LARGEST_FRAME, LARGEST_FRAME), Image.Resampling.LANCZOS)
    # The first frame is added for its noise colours, which the last has none of.
    both = Image.new("RGB", (images[0].width, 2 * images[0].height))
    both.paste(images[-1], (0, 0))
    both.paste(images[0], (0, images[0].height))
    palette = both.quantize(256, Image.Quantize.MEDIANCUT)
    quantized = [image.quantize(palette=palette) for image in images]
    stream = io.BytesIO()
    quantized[0].save(
        stream,
        "GIF",
        save_all=True,
        append_images=quantized[1:],
        duration=[milliseconds] * (len(images) - 1) + [HOLD],
        loop=0,
        comment=comment,
    )
    return stream.getvalue()


def uncertainty_figure(std: NDArray[np.floating[Any]]) -> Pixels:
    """A map of standard deviations with a colour bar: light is where samples differ.

    Channels are joined to their root mean square. The bar ends at the 99.5th percentile, so that
    a few pixels do not darken all others.

    Args:
        std: Shape (H, W, C), in units of the pixel values on [0, 1].
    """
    level = np.sqrt(np.mean(np.square(std, dtype=np.float64), axis=2))
    top = _round_up(float(np.percentile(level, 99.5)))
    height = max(SMALLEST_PANEL, level.shape[0])
    panel = _enlarged(Image.fromarray(_coloured(level / top)), height)
    bar = _colour_bar(top, height)
    return _pixels(_beside([panel, bar]))


def _coloured(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Colours of values on [0, 1], by straight lines between the corners of the path."""
    at = np.linspace(0, 1, len(_COLOURS))
    channels = [np.interp(values, at, _COLOURS[:, channel]) for channel in range(3)]
    return np.rint(np.stack(channels, axis=-1)).astype(np.uint8)


def _colour_bar(top: float, height: int) -> Image.Image:
    font = _font(height)
    width, pad = max(12, height // 16), round(font.size / 2)
    ticks = [top * i / 4 for i in range(5)]
    texts = [f"{tick:.3g}" for tick in ticks]
    bar = Image.new("RGB", (width + 12 + _text_width(font, texts), height), PAPER)
    ramp = np.linspace(1, 0, height - 2 * pad)[:, None].repeat(width, axis=1)
    bar.paste(Image.fromarray(_coloured(ramp)), (0, pad))
    draw = ImageDraw.Draw(bar)
    for tick, text in zip(ticks, texts, strict=True):
        y = height - pad - 1 - tick / top * (height - 2 * pad - 1)
        draw.text((width + 6, y), text, INK, font, anchor="lm")
    return bar


def _round_up(value: float) -> float:
    """The next 1, 2, 4 or 8 times a power of ten, whose quarters are short numbers."""
    if not value > 0:
        return 0.01  # nothing differs: any scale is true
    power = 10.0 ** math.floor(math.log10(value))
    return next(factor * power for factor in (1, 2, 4, 8, 10) if factor * power >= value)


def _labelled(label: str, pixels: Pixels, height: int) -> Image.Image:
    picture = _enlarged(image_of(pixels).convert("RGB"), height)
    font = _font(height)
    band = round(1.5 * font.size)
    panel = Image.new("RGB", (picture.width, band + picture.height), PAPER)
    panel.paste(picture, (0, band))
    while label and font.getlength(label) > picture.width and font.size > 8:
        font = _font_of_size(font.size - 1)
    ImageDraw.Draw(panel).text((picture.width / 2, band / 2), label, INK, font, anchor="mm")
    return panel


def _enlarged(image: Image.Image, height: int) -> Image.Image:
    if image.height == height:
        return image
    width = max(1, round(image.width * height / image.height))
    return image.resize((width, height), Image.Resampling.NEAREST)


def _grid(cells: Sequence[Image.Image], columns: int) -> Pixels:
    rows = [_beside(cells[start : start + columns]) for start in range(0, len(cells), columns)]
    width = max(row.width for row in rows)
    sheet = Image.new("RGB", (width, sum(row.height for row in rows)), PAPER)
    top = 0
    for row in rows:
        sheet.paste(row, (0, top))
        top += row.height
    return _pixels(sheet)


def _beside(images: Sequence[Image.Image]) -> Image.Image:
    width = sum(image.width for image in images) + GAP * (len(images) - 1)
    row = Image.new("RGB", (width, max(image.height for image in images)), PAPER)
    left = 0
    for image in images:
        row.paste(image, (left, 0))
        left += image.width + GAP
    return row


def _font(height: int) -> ImageFont.FreeTypeFont:
    """Readable where the whole figure is seen at once: a twentieth of the picture's height."""
    return _font_of_size(max(11, height / 20))


def _font_of_size(size: float) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    # Without FreeType, Pillow has one small bitmap font, which cannot be scaled.
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


def _text_width(font: ImageFont.FreeTypeFont, texts: Sequence[str]) -> int:
    return math.ceil(max(font.getlength(text) for text in texts))


def _pixels(image: Image.Image) -> Pixels:
    pixels: Pixels = np.asarray(image, dtype=np.float32) / np.float32(255)
    return pixels


def _check_any(items: Sequence[Any]) -> None:
    if not items:
        raise UsageError("A figure needs at least one picture.")
