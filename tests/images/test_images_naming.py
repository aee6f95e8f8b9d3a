"""Names tell files apart, and what belongs together has one name."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddrm_cli.errors import MeasurementError
from ddrm_cli.images.folders import Source
from ddrm_cli.images.masks import Mask
from ddrm_cli.images.naming import distinct_names, find_masks, mask_of, suffix_for

FILES = st.builds(
    lambda folder, stem, suffix: Path(folder + stem + suffix),
    st.sampled_from(["", "s/", "s/t/"]),
    st.sampled_from(["a", "b", "a.png", "a.png.jpg"]),
    st.sampled_from([".png", ".jpg", ".tif"]),
)


@given(st.sets(FILES, min_size=1))
def test_names_of_different_files_are_different(files: set[Path]) -> None:
    places = sorted(files)
    names = distinct_names(places)
    assert len(set(names)) == len(places)
    assert all(
        name in (place, place.with_suffix("")) for name, place in zip(names, places, strict=True)
    )


@given(st.sets(FILES, min_size=1))
def test_a_suffix_is_kept_only_where_another_has_the_name(files: set[Path]) -> None:
    places = sorted(files)
    names = distinct_names(places)
    for name, place in zip(names, places, strict=True):
        if name == place:
            short = place.with_suffix("")
            others = [other for other in places if other != place]
            assert any(short in (other, other.with_suffix("")) for other in others)


def test_all_of_equal_stems_keep_their_suffix() -> None:
    places = [Path(name) for name in ("a.jpg", "a.png", "b.png", "a.jpg.png")]
    names = [name.as_posix() for name in distinct_names(places)]
    # The last would be a.jpg without its own suffix, which the first is by now.
    assert names == ["a.jpg", "a.png", "b", "a.jpg.png"]


@pytest.mark.parametrize(
    ("form", "name", "suffix", "noted"),
    [
        ("png", "a.jpg", ".png", False),
        ("tiff", "a.jpg", ".tiff", False),
        ("same", "a.JPG", ".JPG", False),
        ("same", "a.mpo", ".jpg", False),
        ("same", "a.gif", ".png", True),
        ("same", "a", ".png", True),
    ],
)
def test_the_format_of_a_result(form: str, name: str, suffix: str, noted: bool) -> None:
    found, note = suffix_for(form, Path(name))
    assert (found, note is not None) == (suffix, noted)


def test_a_mask_is_named_like_its_picture(tmp_path: Path) -> None:
    for name in ("a.png", "sub/b.tif", "c.jpg.png", "c.png.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("a mask")
    masks = find_masks(tmp_path)
    assert masks is not None
    root = Path("in")

    def mask(name: str) -> str:
        found = mask_of(Source(root / name, root), masks, Mask(tmp_path, grow=2))
        assert found is not None
        assert found.grow == 2
        return Path(str(found.drawn)).relative_to(tmp_path).as_posix()

    assert mask("a.jpg") == "a.png"
    assert mask("sub/b.jpg") == "sub/b.tif"
    assert (mask("c.jpg"), mask("c.png")) == ("c.jpg.png", "c.png.png")
    assert mask_of(Source(Path("a.webp")), None, None) is None
    with pytest.raises(MeasurementError, match=r"no mask for 'in/d\.jpg'.*'d\.png'"):
        mask("d.jpg")
    assert find_masks(None) is None
    assert find_masks(tmp_path / "a.png") is None
