"""Properties of the package as a whole."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import ddrm_cli
from ddrm_cli import errors
from ddrm_cli.errors import DDRMError

ROOT = Path(ddrm_cli.__file__).parent
MODULES = sorted(
    "ddrm_cli." + ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in ROOT.rglob("*.py")
    if path.name not in ("__init__.py", "_version.py")
)

# Every part may import itself, those below it, and `errors`; top-level modules are parts too.
LAYERS = (
    {"__main__"},
    {"cli"},
    {"training", "web"},
    {"files", "evaluation"},
    {"planning"},
    {"restoration"},
    {"plausibility"},
    {"problem", "prior"},
    {"measuring"},
    {"provenance"},
    {"conversion", "devices", "inspection", "report"},
    {"weights", "images"},
    {"sampler", "degradations", "networks"},
    {"sharing", "untrusted"},
    {"errors", "memory", "_version"},
)


def part(module: str) -> str:
    """The part of the package that a module belongs to."""
    names = module.split(".")
    return names[1] if len(names) > 1 else ""


def source(module: str) -> Path:
    """The file of a module."""
    return ROOT.joinpath(*module.split(".")[1:]).with_suffix(".py")


def imports(module: str) -> Iterator[str]:
    """Every module that one imports, anywhere in it, with relative names resolved."""
    for node in ast.walk(ast.parse(source(module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = module.split(".")[: -node.level] if node.level else []
            base = ".".join([*package, *([node.module] if node.module else [])])
            yield from (
                (f"{base}.{alias.name}" for alias in node.names) if base == "ddrm_cli" else ([base])
            )


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_one_way(module: str) -> None:
    depth = {name: level for level, names in enumerate(LAYERS) for name in names}
    here = part(module)
    for name in imports(module):
        there = part(name) if name.startswith("ddrm_cli.") else here
        assert depth[there] > depth[here] or there == here, f"{module} imports {name}"


@pytest.mark.parametrize("module", [name for name in MODULES if part(name) == "sampler"])
def test_the_sampler_knows_only_torch_and_errors(module: str) -> None:
    outside = {
        name.split(".")[0]
        for name in imports(module)
        if not name.startswith(("ddrm_cli.sampler", "ddrm_cli.errors"))
    }
    assert outside <= {"torch"} | set(sys.stdlib_module_names)


@pytest.mark.parametrize("module", [name for name in MODULES if part(name) != "web"])
def test_only_the_page_knows_the_library_it_stands_on(module: str) -> None:
    assert not {name.split(".")[0] for name in imports(module)} & {"starlette", "uvicorn", "anyio"}


@pytest.mark.parametrize("module", [name for name in MODULES if part(name) != "cli"])
def test_only_the_command_line_and_the_report_know_how_to_print(module: str) -> None:
    used = {name.split(".")[0] for name in imports(module)}
    assert "typer" not in used
    assert "rich" not in used or module.startswith("ddrm_cli.evaluation.")
    calls = (
        node.func.id
        for node in ast.walk(ast.parse(source(module).read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    )
    assert "print" not in calls


@pytest.mark.parametrize(
    "statement",
    [
        "import ddrm_cli",
        "import ddrm_cli.degradations.table",
        "import ddrm_cli.inspection.inspect, ddrm_cli.inspection.suggestions",
        "import ddrm_cli.networks.table",
        "import ddrm_cli.weights.by_hand, ddrm_cli.weights.classes, ddrm_cli.weights.download",
        "import ddrm_cli.weights.own_file, ddrm_cli.training.budget, ddrm_cli.training.recipe",
        "import ddrm_cli.cli.main",
    ],
)
def test_what_is_looked_at_first_imports_no_torch(statement: str) -> None:
    code = f"import sys\n{statement}\nassert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def _imported(code: str, **environment: str) -> str:
    """What a new process prints that knows nothing of how threads are to wait."""
    inherited = {key: value for key, value in os.environ.items() if key != "OMP_WAIT_POLICY"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout + done.stderr


def test_threads_wait_without_spinning_unless_the_user_says_otherwise() -> None:
    code = "import os, ddrm_cli; print(os.environ['OMP_WAIT_POLICY'])"
    assert _imported(code) == "PASSIVE\n"
    assert _imported(code, OMP_WAIT_POLICY="ACTIVE") == "ACTIVE\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "heard"), [("import ddrm_cli, torch", True), ("import torch, ddrm_cli", False)]
)
def test_the_threads_of_torch_hear_of_it_where_torch_comes_later(code: str, heard: bool) -> None:
    said = _imported(code, OMP_DISPLAY_ENV="VERBOSE")
    if "GOMP_SPINCOUNT" not in said:
        pytest.skip("another OpenMP than GNU's, which does not say")
    assert ("GOMP_SPINCOUNT = '0'" in said) is heard


def test_every_name_of_the_library_is_there_and_listed() -> None:
    for name in ddrm_cli.__all__:
        assert getattr(ddrm_cli, name) is not None
    assert dir(ddrm_cli) == sorted(ddrm_cli.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = ddrm_cli.nonsense


@pytest.mark.parametrize("module", MODULES)
def test_public_names_exist_and_have_docstrings(module: str) -> None:
    imported = importlib.import_module(module)
    assert imported.__doc__
    for name in getattr(imported, "__all__", ()):
        value = getattr(imported, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert value.__doc__, f"{module}.{name}"
        if inspect.isclass(value):
            # Not those of a base class from elsewhere, such as torch's modules.
            methods = {key: member for key, member in vars(value).items() if key[0] != "_"}
            for key, member in methods.items():
                if inspect.isfunction(member):
                    assert inspect.getdoc(getattr(value, key)), f"{module}.{name}.{key}"


def test_types_are_shipped() -> None:
    assert (ROOT / "py.typed").is_file()


def test_every_error_is_raised_somewhere() -> None:
    used: set[str] = set()
    for module in MODULES:
        if module == "ddrm_cli.errors":
            continue
        tree = ast.parse(source(module).read_text(encoding="utf-8"))
        used |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    classes = [getattr(errors, name) for name in errors.__all__ if name.endswith("Error")]
    for error in classes:
        is_base = any(error in other.__mro__[1:] for other in classes)
        assert error.__name__ in used or is_base, error
        assert issubclass(error, DDRMError)


def test_an_error_has_a_message_and_a_hint() -> None:
    error = DDRMError("It is broken.", "Mend it.")
    assert (str(error), error.message, error.hint) == ("It is broken. Mend it.",
                                                       "It is broken.", "Mend it.")  # fmt: skip
    assert str(DDRMError("It is broken.")) == "It is broken."
    near = errors.UnknownNameError("preset", "papr", ["balanced", "paper"])
    assert near.nearest == ["paper"]
    far = errors.UnknownNameError("preset", "xyz", ["balanced", "paper"])
    assert far.hint == "Choose one of: balanced, paper."


@pytest.mark.parametrize(
    "error",
    [
        DDRMError("It is broken.", "Mend it."),
        errors.UsageError("It is broken."),
        errors.UnknownNameError("preset", "papr", ["balanced", "paper"]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_survives_the_way_to_another_process(error: DDRMError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert (str(again), vars(again)) == (str(error), vars(error))


@pytest.mark.parametrize("module", MODULES)
def test_every_exception_of_the_package_survives_being_pickled(module: str) -> None:
    """Its sentence and its attributes, whatever its constructor takes."""
    for value in vars(importlib.import_module(module)).values():
        if not (inspect.isclass(value) and issubclass(value, Exception)):
            continue
        if value.__module__ == module:
            error = value.__new__(value, "It is broken.")
            vars(error).update(hint="Mend it.", number=3)
            again = pickle.loads(pickle.dumps(error))
            assert type(again) is value
            assert str(again) == str(error)
            assert vars(again).items() >= vars(error).items()
