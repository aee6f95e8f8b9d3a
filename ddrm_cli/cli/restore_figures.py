"""Figures of one restoration, from what the sampler did and gave."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ddrm_cli.errors import MeasurementError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ddrm_cli.jobs import RestoreJob
    from ddrm_cli.sampler.ddrm import Step

__all__ = ["Frames", "comparison", "read_original"]

# As many as a contact sheet and an animation stay readable with.
MOST_FRAMES = 50


class Frames:
    """Predictions of the first sample, evenly over the steps; the last one is always there.

    Attributes:
        pixels: (H, W, C) on [0, 1] each, no larger than a frame of an animation.
        labels: One each.
    """

    def __init__(self) -> None:
        self.pixels: list[NDArray[np.float32]] = []
        self.labels: list[str] = []

    def add(self, step: Step) -> None:
        """Keep the prediction of a step, reduced: a large picture has no room for fifty more."""
        from PIL import Image

        from ddrm_cli.files.figures import LARGEST_FRAME
        from ddrm_cli.images.picture import image_of

        every = -(-step.steps // MOST_FRAMES)
        if (step.steps - step.index) % every:
            return
        image = image_of(step.denoised[0].movedim(0, -1).numpy()).convert("RGB")
        image.thumbnail((LARGEST_FRAME, LARGEST_FRAME), Image.Resampling.LANCZOS)
        self.pixels.append(np.asarray(image, dtype=np.float32) / np.float32(255))
        self.labels.append(f"step {step.index}")


def comparison(
    job: RestoreJob,
    results: NDArray[np.float32],
    labels: list[str],
    original: NDArray[np.float32] | None,
) -> NDArray[np.float32]:
    """Input, restorations and original side by side; no input where it is no picture.

    Args:
        job: What was restored.
        results: (N, H, W, C) on [0, 1].
        labels: One a result.
        original: (H, W, C), where it is known.
    """
    from ddrm_cli.files.figures import compare_figure

    panels = list(zip(labels, results, strict=True))
    if job.y.ndim == 3:
        shown = np.moveaxis(job.y, 0, -1)
        if job.mask is not None:
            shown = np.where(job.mask[..., None], np.float32(1), shown)  # holes as paper
        panels.insert(0, ("input", shown))
    if original is not None:
        panels.append(("original", original))
    return compare_figure(panels)


def read_original(path: Path, job: RestoreJob, max_pixels: int) -> NDArray[np.float32]:
    """The original, cropped as ``ddrm degrade`` crops what a factor does not divide.

    Raises:
        ImageError: It cannot be read, or is of another size than the restoration.
    """
    from ddrm_cli.images.reading import read_picture

    original = read_picture(path, max_pixels=max_pixels)
    _, height, width = job.image_shape
    scale = job.degradation.scale
    if (original.height // scale * scale, original.width // scale * scale) != (height, width):
        raise MeasurementError(
            f"The original '{path}' is {original.width} x {original.height}, "
            f"the restoration {width} x {height}.",
            "Give the picture before it was degraded.",
        )
    return original.pixels[:height, :width]
