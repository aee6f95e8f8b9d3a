"""The page's own files: what others wrote is unchanged, and nothing comes from elsewhere."""

from __future__ import annotations

import hashlib
import re

import pytest

from ddrm_cli.degradations.table import get_entry
from ddrm_cli.web.app import PAGE

VENDOR = PAGE / "vendor"


@pytest.mark.parametrize("path", sorted(VENDOR.glob("*.[jc]s*")), ids=lambda path: path.name)
def test_what_others_wrote_is_as_they_published_it(path: object) -> None:
    listed = dict(
        re.findall(r"^\| `(.*?)` .*`([0-9a-f]{64})` \|$", (VENDOR / "README.md").read_text(), re.M)
    )
    assert hashlib.sha256(path.read_bytes()).hexdigest() == listed[path.name]  # type: ignore


@pytest.mark.parametrize("name", ["index.html", "page.css", "page.js", "painter.js"])
def test_nothing_is_asked_for_elsewhere(name: str) -> None:
    text = (PAGE / name).read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|//\w+\.\w|@import|@font-face", text)


def test_every_id_that_the_programs_ask_for_is_in_the_page() -> None:
    page = (PAGE / "index.html").read_text(encoding="utf-8")
    script = (PAGE / "page.js").read_text(encoding="utf-8")
    wanted = set(re.findall(r'\$\("([\w-]+)"\)', script))
    assert wanted <= set(re.findall(r' id="([\w-]+)"', page))
    fields = set(re.findall(r'(?:field|number)\("(\w+)"\)', script))
    assert fields <= set(re.findall(r' name="(\w+)"', page))


def test_every_choice_is_a_degradation_of_the_table() -> None:
    page = (PAGE / "index.html").read_text(encoding="utf-8")
    choices = set(re.findall(r'name="what" value="(\w+)"', page))
    blurs = set(re.findall(r'<option value="(deblur_\w+)"', page))
    assert choices == {
        "recorded", "jpeg", "upscale", "deno", "blur", "enlarged", "inp", "color"
    }  # fmt: skip
    assert blurs == {"deblur_gauss", "deblur_uni", "deblur_motion"}
    for name in (choices - {"recorded", "upscale", "blur", "enlarged"}) | blurs | {"sr_bicubic4"}:
        assert get_entry(name).name == name
