"""Write ``docs/api.md`` from the docstrings: ``python -m tests.write_api_docs``."""

from __future__ import annotations

import ast
import importlib
import inspect
import itertools
import re
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import ddrm_cli

PAGE = Path(__file__).parents[1] / "docs" / "api.md"

HEAD = """# The library, name by name

Everything that `import ddrm_cli` gives, with arguments, shapes, units and errors; at the end the
types that it is told in. [Library](library.md) shows how it is used.

This page is written from the docstrings (`python -m tests.write_api_docs`).
"""

SECTION = re.compile(r"^(Args|Attributes|Returns|Raises|Yields):$")


TYPES = {
    "ddrm_cli.conversion": ("ImageLike",),
    "ddrm_cli.images.masks": ("MaskLike",),
    "ddrm_cli.images.kernels": ("KernelLike",),
    "ddrm_cli.measuring": ("DegradationLike",),
    "ddrm_cli.degradations.base": ("ImageShape",),
    "ddrm_cli.sampler.ddrm": ("Step", "Denoise", "Noise", "Expected"),
    "ddrm_cli.sampler.settings": ("Settings",),
    "ddrm_cli.errors": ("Notice",),
}
"""What public names take and give, by the module that has it."""


def names() -> list[str]:
    """Every public name, in the order of its home in the package's own overview."""
    overview = inspect.getdoc(ddrm_cli) or ""
    said = [name for name in re.findall(r"``(\w+)``", overview) if name in ddrm_cli.__all__]
    return [*said, *(name for name in ddrm_cli.__all__ if name not in said and name[0] != "_")]


def page() -> str:
    """The page as it should be."""
    entries = [_entry(name, getattr(ddrm_cli, name)) for name in names()]
    types = [_type(module, name) for module, members in TYPES.items() for name in members]
    return "\n".join([HEAD, *entries, *types])


def _type(module: str, name: str) -> str:
    """A class, or an alias with the text that stands below it in its module."""
    home = importlib.import_module(module)
    value = getattr(home, name)
    if inspect.isclass(value):
        return _entry(name, value)
    body = ast.parse(inspect.getsource(home)).body
    for statement, below in itertools.pairwise(body):
        target = getattr(statement, "target", None) or getattr(statement, "targets", [None])[0]
        if isinstance(target, ast.Name) and target.id == name:
            assert isinstance(below, ast.Expr)
            assert isinstance(below.value, ast.Constant)
            text = inspect.cleandoc(str(below.value.value))
            shown = ast.unparse(statement)
            return "\n".join([f"## `{name}`", "", "```text", shown, "```", "", _prose(text), ""])
    raise LookupError(name)


def _entry(name: str, value: Any) -> str:
    heading = f"## `{name}`"
    if inspect.ismodule(value):
        return "\n".join([heading, "", _prose(inspect.getdoc(value) or ""), ""])
    if isinstance(value, Mapping):
        rows = [f"| `{key}` | `{each!r}` |" for key, each in value.items()]
        return "\n".join([heading, "", "| name | value |", "|---|---|", *rows, ""])
    lines = [heading, "", "```text", _signature(name, value), "```", ""]
    lines += [_prose(inspect.getdoc(value) or ""), ""]
    if inspect.isclass(value):
        for method, member in vars(value).items():
            lines += _member(method, member)
    return "\n".join(lines)


def _member(name: str, member: Any) -> list[str]:
    """A public method or property of a class, where it says something of its own."""
    if name.startswith("_") and name != "__call__":
        return []
    is_property = isinstance(member, property)
    function = member.__func__ if isinstance(member, (classmethod, staticmethod)) else member
    text = inspect.getdoc(function)
    if not text or not (is_property or inspect.isfunction(function)):
        return []
    shown = name if is_property else _signature(name, function)
    return [f"### `.{name}`", "", "```text", shown, "```", "", _prose(text), ""]


def _signature(name: str, value: Callable[..., Any]) -> str:
    """How it is called: a parameter a line where one line is too short."""
    signature = inspect.signature(value)
    parameters = [each for each in signature.parameters.values() if each.name != "self"]
    shown = [_parameter(each) for each in parameters]
    kinds = [each.kind for each in parameters]
    if inspect.Parameter.KEYWORD_ONLY in kinds and inspect.Parameter.VAR_POSITIONAL not in kinds:
        shown.insert(kinds.index(inspect.Parameter.KEYWORD_ONLY), "*")
    returned = "" if inspect.isclass(value) else f" -> {_plain(signature.return_annotation)}"
    line = f"{name}({', '.join(shown)}){returned}"
    if len(line) <= 100:
        return line
    return f"{name}(\n" + textwrap.indent(",\n".join(shown), "    ") + f",\n){returned}"


def _parameter(parameter: inspect.Parameter) -> str:
    text = str(parameter.replace(annotation=parameter.empty, default=parameter.empty))  # its stars
    if parameter.annotation is not parameter.empty:
        text += f": {_plain(parameter.annotation)}"
    if parameter.default is parameter.empty:
        return text
    default = "..." if inspect.isroutine(parameter.default) else repr(parameter.default)
    return f"{text} = {default}"


def _plain(annotation: Any) -> str:
    """An annotation as the source has it."""
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)


def _prose(text: str) -> str:
    """A docstring as Markdown: sections become lists, literal blocks fences, ``x`` becomes `x`."""
    lines: list[str] = []
    rows = text.split("\n")
    while rows:
        row = rows.pop(0)
        title = SECTION.match(row)
        if title:
            body = _indented(rows)
            lines += ["", f"**{title.group(1)}**", "", *_items(body)]
        elif row == "::" or row.endswith("::"):
            lines += [row[:-1] if row != "::" else "", "```text"]
            while rows and not rows[0]:
                rows.pop(0)
            lines += [*_indented(rows), "```"]
        elif row.startswith("``") and rows and rows[0].startswith("    "):
            lines += [f"- {row}: {' '.join(_indented(rows))}"]
        else:
            lines.append(row)
    return re.sub(r"\n{3,}", "\n\n", re.sub("``(.+?)``", r"`\1`", "\n".join(lines))).strip()


def _indented(rows: list[str]) -> list[str]:
    """Take the indented lines off the beginning."""
    body = []
    while rows and (not rows[0] or rows[0].startswith("    ")):
        body.append(rows.pop(0))
    return textwrap.dedent("\n".join(body)).strip().split("\n")


def _items(body: list[str]) -> list[str]:
    """A list of what a section describes, or its text where it describes one thing."""
    items: list[str] = []
    for row in body:
        if row.startswith(" ") and items:
            items[-1] += f" {row.strip()}"
        else:
            items.append(row)
    named = [re.match(r"(\*{0,2}[\w.]+): (.*)", item) for item in items]
    if not all(named):
        return body
    return [f"- `{each.group(1)}`: {each.group(2)}" for each in named if each]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
