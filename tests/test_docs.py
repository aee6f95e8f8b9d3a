"""The documentation is right: commands and programs run as printed, links lead somewhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import ddrm_cli

from .write_api_docs import PAGE as API
from .write_api_docs import page as api_page

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)


# Not run here: what installs, tests or measures this project, downloads, waits, or is a template.
ELSEWHERE = re.compile(
    r"pip install|pytest|benchmarks|ddrm download|ddrm evaluate|ddrm train|ddrm web|calibration"
)

COMMANDS = {
    page.stem: [block for block in blocks(page, "sh") if not ELSEWHERE.search(block)]
    for page in PAGES
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the pages name, a quarter as large, where one evaluation of the network is enough."""
    folder = tmp_path_factory.mktemp("project")
    for part in ("docs/images", "tests/data/photos"):
        shutil.copytree(ROOT / part, folder / part)
        for path in (folder / part).glob("*.png"):
            with Image.open(path) as picture:
                picture.reduce(4).save(path)
    # The reader's own photograph.
    with Image.open(folder / "docs" / "images" / "cat-small.png") as photo:
        photo.save(folder / "photo.jpg")
        photo.save(folder / "photo.png")
        photo.save(folder / "scan.png")
        scratches = Image.new("L", photo.size)
        scratches.paste(255, (2, 3, 12, 4))
        scratches.save(folder / "scratches.png")
    # And photographs to learn from, which cannot be smaller.
    (folder / "photos").mkdir()
    for path in (ROOT / "tests" / "data" / "photos").glob("*.png"):
        with Image.open(path) as picture:
            picture.crop((0, 0, 256, 256)).save(folder / "photos" / path.name)
    config = folder / "config" / "ddrm" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("[restore]\nsteps = 1\n")
    return folder


def run(command: list[str], project: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "XDG_CONFIG_HOME": str(project / "config"),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    return subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="finds the configuration as Linux does")
@pytest.mark.parametrize("page", [name for name, commands in COMMANDS.items() if commands])
def test_commands_run_as_printed(page: str, project: Path) -> None:
    """One after another: a block may use what an earlier one of its page made."""
    for block in COMMANDS[page]:
        done = run(["bash", "-euo", "pipefail", "-c", block], project)
        assert done.returncode == 0, f"{block}{done.stderr}"


@pytest.mark.slow
@pytest.mark.parametrize("page", ["README.md", "docs/library.md", "docs/train.md"])
def test_programs_run_as_printed(page: str, project: Path) -> None:
    program = "\n".join(blocks(ROOT / page, "python"))
    done = run([sys.executable, "-W", "error", "-c", program], project)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_and_headings(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?://)([^)]+)\)", page.read_text()):
        name, _, heading = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), target
        if heading:
            titles = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)
            slugs = [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles]
            assert heading in slugs, target


def test_pictures_are_small() -> None:
    """The documentation's pictures together stay under a megabyte."""
    pictures = [path for path in (ROOT / "docs" / "images").iterdir() if path.suffix != ".md"]
    assert sum(path.stat().st_size for path in pictures) < 1_000_000


def test_the_library_page_agrees_with_the_docstrings() -> None:
    assert API.read_text(encoding="utf-8") == api_page(), "run: python -m tests.write_api_docs"


def test_the_library_page_has_every_public_name() -> None:
    headings = re.findall(r"^## `(\w+)`$", API.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(headings) >= {name for name in ddrm_cli.__all__ if name[0] != "_"}
    assert len(headings) == len(set(headings))


@pytest.mark.slow
def test_the_notebook_runs() -> None:
    pytest.importorskip("nbclient", reason="needs the extra docs")
    program = (
        "import nbclient, nbformat\n"
        "notebook = nbformat.read('docs/quickstart.ipynb', as_version=4)\n"
        "nbclient.NotebookClient(notebook, kernel_name='python3').execute()\n"
    )
    done = run([sys.executable, "-c", program], ROOT)
    assert done.returncode == 0, done.stderr


def test_the_site_has_every_page() -> None:
    site = (ROOT / "docs" / "site" / "mkdocs.yml").read_text(encoding="utf-8")
    listed = re.findall(r": (\S+\.md)$", site, re.MULTILINE)
    assert sorted(listed) == sorted(page.name for page in (ROOT / "docs").glob("*.md"))
