"""Masks in the form of text are the same everywhere: a measurement only names them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from ddrm_cli.degradations.text_masks import lolcat_mask, lorem_mask


# The second and third size are such that an older FreeType draws other edges.
@pytest.mark.parametrize(
    ("mask", "height", "width", "digest"),
    [
        (lolcat_mask, 64, 64, "c9e54bda300c"),
        (lolcat_mask, 300, 200, "631448994d85"),
        (lolcat_mask, 333, 1000, "1889e2a506f5"),
        (lorem_mask, 64, 64, "710f1ae9b16d"),
        (lorem_mask, 300, 200, "c07bae312fab"),
        (lorem_mask, 333, 1000, "69c294f2b175"),
    ],
)
def test_a_name_means_the_same_holes_forever(
    mask: Callable[[int, int], NDArray[np.bool_]], height: int, width: int, digest: str
) -> None:
    assert hashlib.sha256(mask(height, width).tobytes()).hexdigest().startswith(digest)
