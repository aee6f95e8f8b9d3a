"""A picture holds arrays of one shape, and exchanges them with Pillow without loss."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from ddrm_cli.errors import UsageError
from ddrm_cli.images.metadata import Metadata
from ddrm_cli.images.picture import Picture, to_levels


def grey(height: int, width: int) -> np.ndarray:
    return np.full((height, width, 1), 0.5, np.float32)


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 2), (4, 5, 4), (0, 5, 3), (1, 4, 5, 3)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="shape"):
        Picture(np.zeros(shape, np.float32))


def test_alpha_of_another_shape_and_other_depths_are_refused() -> None:
    with pytest.raises(UsageError, match="alpha"):
        Picture(grey(4, 5), alpha=np.zeros((5, 4), np.float32))
    with pytest.raises(UsageError, match="8 or 16"):
        Picture(grey(4, 5), bit_depth=12)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from([1, 2, 3, 4]).flatmap(lambda c: arrays(np.uint8, (4, 5, c))))
def test_pillow_images_survive_there_and_back(samples: np.ndarray) -> None:
    image = Image.fromarray(samples[..., 0] if samples.shape[2] == 1 else samples)
    back = Picture.from_pil(image).to_pil()
    assert back.mode == image.mode
    assert np.array_equal(np.asarray(back), np.asarray(image))


def test_pillow_images_keep_their_metadata() -> None:
    exif = Image.Exif()
    exif[271] = "Maker"
    exif[274] = 1
    image = Image.new("RGB", (4, 3))
    image.info.update(exif=exif.tobytes(), icc_profile=b"profile", dpi=(72, 96))
    picture = Picture.from_pil(image)
    assert picture.metadata == Metadata(exif.tobytes(), b"profile", (72, 96))
    assert picture.to_pil().info == image.info


def test_values_are_clipped_then_rounded_to_the_nearest() -> None:
    values = np.array([-0.2, 0, 0.4999 / 255, 0.5001 / 255, 1, 1.7], np.float32)
    assert to_levels(values, 255).tolist() == [0, 0, 0, 1, 255, 255]
    assert to_levels(values, 65535).tolist() == [0, 0, 128, 129, 65535, 65535]


def test_alpha_is_resized_with_the_pixels() -> None:
    alpha = np.zeros((4, 6), np.float32)
    alpha[:, 3:] = 1
    picture = Picture(grey(4, 6), alpha=alpha)
    assert picture.resized_alpha(4, 6) is alpha
    larger = picture.with_pixels(grey(8, 12))
    assert (larger.height, larger.width, larger.channels) == (8, 12, 1)
    assert larger.alpha is not None
    # Away from the edge in the middle the halves stay what they are; nothing overshoots.
    assert np.array_equal(larger.alpha[:, :3], np.zeros((8, 3)))
    assert np.array_equal(larger.alpha[:, 9:], np.ones((8, 3)))
    assert larger.alpha.min() >= 0
    assert larger.alpha.max() <= 1
    assert Picture(grey(4, 6)).resized_alpha(8, 12) is None
