"""The page about models says what the table of models says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ddrm_cli.cli.model_facts import size_of
from ddrm_cli.weights.registry import DEFAULT_MODEL, load_models

PAGE = (Path(__file__).parents[2] / "docs" / "models.md").read_text(encoding="utf-8")


def _rows() -> dict[str, list[str]]:
    """The cells of every row of the table that says what each model is."""
    section = PAGE.partition("## What each is")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines()]
    return {row[0].strip("`"): row for row in rows if row[0].startswith("`")}


@pytest.mark.parametrize("name", load_models())
def test_row_of_a_model(name: str) -> None:
    model = load_models()[name]
    _, _, _, side, disk, licence, terms = _rows()[name]
    assert disk == size_of(model)
    assert licence == model.licence
    if name != DEFAULT_MODEL:
        assert int(side) == model.image_size
        assert terms == model.terms


def test_table_of_ones_own_is_valid(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)
    (tmp_path / "models.toml").write_text(example)
    assert load_models(tmp_path / "models.toml")["my-birds"].weights.path == tmp_path / "birds.pt"
