"""A measurement file gives back y and how it came about, and refuses what makes no sense."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ddrm_cli.conversion import read_batch
from ddrm_cli.errors import ImageReadError, MeasurementError, OutputExistsError, UsageError
from ddrm_cli.images import arrays
from ddrm_cli.images.measurement import (
    MeasurementInfo,
    read_measurement_info,
    read_npz_measurement,
    write_measurement,
)
from ddrm_cli.images.metadata import Metadata
from ddrm_cli.images.reading import read_picture

INFO = MeasurementInfo("sr4", {"factor": 4}, 0.05, 1, (600, 400), 3, "0.1.0")


def y(height: int = 5, width: int = 7, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.2, 1.2, (height, width, channels)).astype("f4")


PARAMETERS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(1 - 2**63, 2**63 - 1)
    | st.text()
    | st.floats(-(2.0**62), 2.0**62),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=30)
@given(
    degradation=st.text(min_size=1),
    parameters=st.dictionaries(st.text(), PARAMETERS, max_size=3),
    sigma=st.floats(0, 10),
    seed=st.integers(0, 2**30 - 1),
    size=st.tuples(st.integers(1, 20_000), st.integers(1, 20_000)),
    channels=st.integers(1, 4),
)
def test_the_text_gives_back_the_information(
    degradation: str,
    parameters: dict[str, Any],
    sigma: float,
    seed: int,
    size: tuple[int, int],
    channels: int,
) -> None:
    info = MeasurementInfo(degradation, parameters, sigma, seed, size, channels, "1")
    assert MeasurementInfo.from_json(info.to_json()) == info


@pytest.mark.parametrize("number", [2**63, -(2**63), 1e300, float("inf")])
def test_a_number_that_could_not_be_read_again_is_not_written(number: float) -> None:
    info = MeasurementInfo("deblur", {"kernel": [[number]]}, 0.0, 0, (4, 4), 3, "1")
    with pytest.raises(MeasurementError, match="cannot be stored"):
        info.to_json()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("format", 2),
        ("format", None),
        ("degradation", ""),
        ("degradation", 3),
        ("parameters", []),
        ("sigma", -0.1),
        ("sigma", float("nan")),
        ("sigma", True),
        ("sigma", "0.1"),
        ("seed", 1.5),
        ("seed", -1),
        ("seed", 2**30),
        ("image_size", [4]),
        ("image_size", [4, 0]),
        ("image_size", [4.0, 5]),
        ("image_size", 20),
        ("channels", 0),
        ("channels", True),
        ("version", None),
        ("surprise", 1),
    ],
)
def test_nonsense_is_refused_and_named(field: str, value: object) -> None:
    found = {**json.loads(INFO.to_json()), field: value}
    with pytest.raises(MeasurementError, match=field):
        MeasurementInfo.from_json(json.dumps(found))


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(MeasurementInfo)])
def test_a_missing_field_is_named(field: str) -> None:
    found = json.loads(INFO.to_json())
    del found[field]
    with pytest.raises(MeasurementError, match=field):
        MeasurementInfo.from_json(json.dumps(found))


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", "[" * 100_000])
def test_what_is_no_description_is_refused(text: str) -> None:
    with pytest.raises(MeasurementError, match="description"):
        MeasurementInfo.from_json(text)


@pytest.mark.parametrize("suffix", ["png", "npz"])
def test_the_file_is_named_whose_description_makes_no_sense(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"y.{suffix}"
    write_measurement(path, y(), dataclasses.replace(INFO, sigma=-1.0))
    with pytest.raises(MeasurementError, match=rf"y\.{suffix}'.*sigma"):
        read_batch(path)


@pytest.mark.parametrize("value", [float("inf"), np.zeros(3), {1, 2}])
def test_parameters_that_json_has_no_word_for_are_refused(value: object) -> None:
    with pytest.raises(MeasurementError, match="'sr4' cannot be stored"):
        dataclasses.replace(INFO, parameters={"kernel": value}).to_json()


def test_a_picture_carries_its_description_and_metadata(tmp_path: Path) -> None:
    metadata = Metadata(dpi=(300, 300), text={"Title": "x"})
    write_measurement(tmp_path / "y.png", y(), INFO, metadata=metadata)
    picture = read_picture(tmp_path / "y.png")
    assert read_measurement_info(picture) == INFO
    assert picture.alpha is None
    assert picture.metadata.dpi == pytest.approx((300, 300), abs=0.013)  # whole dots a metre
    assert picture.metadata.text["Title"] == "x"
    # Rounding to 8 bits moves a value by at most half a level.
    assert np.abs(picture.pixels - y().clip(0, 1)).max() <= 0.5 / 255 + 1e-6


def test_missing_pixels_are_transparent(tmp_path: Path) -> None:
    missing = np.random.default_rng(1).random((5, 7)) < 0.5
    write_measurement(tmp_path / "y.png", y(channels=1), INFO, missing=missing)
    alpha = read_picture(tmp_path / "y.png").alpha
    assert alpha is not None
    assert np.array_equal(alpha == 0, missing)
    assert np.array_equal(alpha == 1, ~missing)


def test_the_largest_kernel_fits_into_the_description(tmp_path: Path) -> None:
    kernel = np.random.default_rng(0).random((511, 511)).tolist()  # 5 MB of text
    info = dataclasses.replace(INFO, parameters={"kernel": kernel})
    write_measurement(tmp_path / "y.png", y(), info)
    assert read_measurement_info(read_picture(tmp_path / "y.png")) == info


def test_an_ordinary_photograph_has_no_description() -> None:
    photo = Path(__file__).parents[1] / "data" / "photos" / "coffee.png"
    assert read_measurement_info(read_picture(photo)) is None


@pytest.mark.parametrize("shape", [(7,), (3, 11), (2, 3, 4, 5)])
def test_npz_keeps_any_shape_and_exact_values(tmp_path: Path, shape: tuple[int, ...]) -> None:
    exact = np.random.default_rng(0).normal(size=shape).astype("f4") * 100
    write_measurement(tmp_path / "y.npz", exact, INFO)
    back, info, missing = read_npz_measurement(tmp_path / "y.npz")
    assert missing is None
    assert info == INFO
    assert back.dtype == np.float32
    assert np.array_equal(back, exact)


def test_other_suffixes_and_existing_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"y\.jpg.*\.png.*\.npz"):
        write_measurement(tmp_path / "y.jpg", y(), INFO)
    write_measurement(tmp_path / "y.npz", y(), INFO)
    with pytest.raises(OutputExistsError):
        write_measurement(tmp_path / "y.npz", y(), INFO)
    write_measurement(tmp_path / "y.npz", y(), INFO, overwrite=True)


def test_damaged_and_foreign_npz_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = tmp_path / "good.npz"
    write_measurement(good, y(), INFO)
    text = np.array(INFO.to_json())
    (tmp_path / "text.npz").write_bytes(b"Dear Sir or Madam")
    (tmp_path / "cut.npz").write_bytes(good.read_bytes()[:-40])
    flipped = bytearray(good.read_bytes())
    flipped[200] ^= 255  # inside the array: the checksum of the archive notices
    (tmp_path / "flipped.npz").write_bytes(flipped)
    np.save(tmp_path / "single.npy", y())
    (tmp_path / "single.npy").rename(tmp_path / "single.npz")
    np.savez(tmp_path / "other.npz", x=y())
    np.savez(tmp_path / "nan.npz", y=np.array([np.nan]), meta=text)
    np.savez(tmp_path / "integers.npz", y=np.array([1, 2]), meta=text)
    np.savez(tmp_path / "none.npz", y=np.zeros((0, 3)), meta=text)
    np.savez(tmp_path / "meta.npz", y=y(), meta=np.array("{}"))
    np.savez(tmp_path / "pickle.npz", y=np.array([print], dtype=object), meta=text)
    for path in sorted(tmp_path.glob("*.npz")):
        if path != good:
            with pytest.raises(MeasurementError) as caught:
                read_npz_measurement(path)
            assert str(path) in caught.value.message
    with pytest.raises(ImageReadError, match="no file"):
        read_npz_measurement(tmp_path / "missing.npz")
    (tmp_path / "empty.npz").touch()
    with pytest.raises(ImageReadError, match="is empty"):
        read_npz_measurement(tmp_path / "empty.npz")
    monkeypatch.setattr(arrays, "_MAX_BYTES", 100)
    with pytest.raises(MeasurementError, match="unpacks to"):
        read_npz_measurement(good)
