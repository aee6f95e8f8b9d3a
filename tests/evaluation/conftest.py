from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.weights.models import random_state, tiny, write

TABLE = """
[tiny]
description = "two levels, random weights"
licence = "MIT"
architecture = "guided-diffusion"
[tiny.network]
image_size = 32
model_channels = 32
channel_mult = [1, 2]
num_res_blocks = 1
attention_resolutions = []
num_head_channels = 16
[tiny.weights]
path = "tiny.pt"
"""


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table with one model, which evaluates a 32 x 32 picture in milliseconds."""
    folder = tmp_path_factory.mktemp("models")
    network = tiny(attention_resolutions=(), out_channels=3)
    write(folder / "tiny.pt", random_state(network))
    (folder / "models.toml").write_text(TABLE, encoding="utf-8")
    return folder / "models.toml"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three smooth coloured pictures of 40 x 48 pixels, called a, b and c."""
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in "abc":
        coarse = Image.fromarray(rng.integers(0, 256, (6, 7, 3), dtype=np.uint8))
        coarse.resize((48, 40), Image.Resampling.BICUBIC).save(folder / f"{name}.png")
    return folder
