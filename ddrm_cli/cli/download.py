"""``ddrm download``: get, check, adopt and remove the models' weights."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ddrm_cli.errors import DDRMError, ModelNotCachedError, UsageError

from .console import stderr, stdout
from .failures import tell
from .options import Debug

if TYPE_CHECKING:
    from ddrm_cli.weights.registry import Model
    from ddrm_cli.weights.verify import Progress

__all__ = ["download", "ensure_cached", "size_of"]


def download(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="MODEL", help="Models to download; none: list them all."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Download every model.")] = False,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Check size and hash of what is there; no model: of all."),
    ] = False,
    remove: Annotated[
        list[str] | None,
        typer.Option("--remove", metavar="MODEL", help="Delete the weights of a model."),
    ] = None,
    from_file: Annotated[
        Path | None,
        typer.Option(
            "--from-file", metavar="FILE", help="Take this file, fetched by hand, as the model's."
        ),
    ] = None,
    print_path: Annotated[
        bool,
        typer.Option("--print-path", help="Print where the weights lie; download nothing."),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="List the models as JSON, for scripts.")
    ] = False,
    models_file: Annotated[
        Path | None,
        typer.Option("--models", metavar="FILE", help="Your own table of models, in TOML."),
    ] = None,
    debug: Debug = False,
) -> None:
    """Download the weights of published models; without a name, list the models.

    Files are checked against their published size and hash, and an interrupted download goes on
    where it stopped. They are kept in your data folder; set DDRM_CACHE_DIR to keep them
    elsewhere, and DDRM_OFFLINE=1 to forbid the network.
    """
    from ddrm_cli.weights.registry import get_model, load_models

    table = load_models(models_file)
    options = {
        "--verify": verify,
        "--remove": bool(remove),
        "--from-file": from_file is not None,
        "--print-path": print_path,
        "--json": as_json,
    }
    given = [option for option, value in options.items() if value]
    if len(given) > 1 or (given and everything and given != ["--verify"]):
        together = [*given, *(["--all"] if everything else [])]
        raise UsageError(f"{' and '.join(together)} do not go together.", "Give one of them.")
    if names and (everything or remove or as_json):
        other = "--all" if everything else given[0]
        raise UsageError(f"{other} does not go with the model '{names[0]}'.", "Give one of them.")

    models = [get_model(name, table) for name in names or remove or ()]
    if everything:
        models = list(table.values())
    if verify:
        _verify(models or [model for model in table.values() if _is_there(model)], debug)
    elif remove:
        _remove(models)
    elif from_file is not None:
        _adopt(models, from_file)
    elif print_path:
        _print_paths(models)
    elif models:
        _for_each(models, _fetch, debug)
    else:
        _list(list(table.values()), as_json)


def ensure_cached(model: Model, *, yes: bool) -> None:
    """Have a model's weights in the cache; ask on a terminal before downloading them.

    Args:
        model: The model that is about to be used.
        yes: Whether to download without asking.

    Raises:
        ModelNotCachedError: They are not there, and nobody agreed to download them.
        WeightsError: The download failed.
    """
    from ddrm_cli.weights.cache import is_cached, is_offline

    if is_cached(model):
        return
    if yes:
        _show_terms(model)
    elif not is_offline():  # there is nothing to ask where the answer cannot be yes
        missing = ModelNotCachedError(
            f"The model {model.name} has not been downloaded yet.",
            f"Run: ddrm download {model.name}, or add --yes.",
        )
        if model.weights.path is not None or not _on_a_terminal():
            raise missing
        _show_terms(model)
        if not typer.confirm(f"Download {model.name} ({size_of(model)}) now?", err=True):
            raise missing
    _download(model)


def _on_a_terminal() -> bool:
    return sys.stdin.isatty() and stderr.is_terminal


def _for_each(models: list[Model], action: Callable[[Model], None], debug: bool) -> None:
    """Do the rest though one fails; a single one's error goes straight to the caller."""
    if len(models) == 1:
        action(models[0])
        return
    failed = []
    for model in models:
        try:
            action(model)
        except DDRMError as error:
            failed.append(model.name)
            tell(error, about=model.name, debug=debug)
    if failed:
        _say(f"{len(failed)} of {len(models)} failed: {', '.join(failed)}")
        raise typer.Exit(1)


def _fetch(model: Model) -> None:
    from ddrm_cli.weights.cache import is_cached, weights_path

    if not is_cached(model):
        _show_terms(model)
        _download(model)
    _result(weights_path(model))


def _download(model: Model) -> None:
    from ddrm_cli.weights.download import download_model

    with _progress_bar() as progress:
        download_model(model, progress=progress, notice=_say)


def _verify(models: list[Model], debug: bool) -> None:
    from ddrm_cli.weights.verify import verify_file

    def check(model: Model) -> None:
        for file in model.files:
            with _progress_bar() as progress:
                expected = verify_file(file, progress=progress)
            agrees = f"size and {expected.algorithm} agree, as {expected.origin}"
            _result(
                f"{model.name}: {file.name}: "
                + (agrees if expected.digest else "complete; nobody published a hash")
            )

    _for_each(models, check, debug)


def _remove(models: list[Model]) -> None:
    from ddrm_cli.weights.by_hand import remove_file

    for model in models:
        removed = [path for file in model.files for path in remove_file(file)]
        for path in removed:
            _result(f"removed {path}")
        if not removed:
            _say(f"{model.name}: nothing to remove.")


def _adopt(models: list[Model], source: Path) -> None:
    from ddrm_cli.weights.by_hand import adopt_file

    if len(models) != 1:
        raise UsageError(
            "--from-file needs the name of one model.",
            "For example: ddrm download ffhq --from-file FILE",
        )
    (model,) = models
    # A model with a classifier has two files: the name tells which one this is.
    file = next((file for file in model.files if file.name == source.name), model.weights)
    _show_terms(model)
    with _progress_bar() as progress:
        _result(adopt_file(file, source, progress=progress, notice=_say))


def _print_paths(models: list[Model]) -> None:
    from ddrm_cli.weights.cache import weights_path

    if not models:
        raise UsageError("--print-path needs the name of a model.", "See: ddrm download")
    for model in models:
        for file in model.files:
            _result(weights_path(model, file))


def _list(models: list[Model], as_json: bool) -> None:
    from rich.table import Table

    from ddrm_cli.weights.cache import cache_dir, is_cached, weights_path

    if as_json:
        rows = [
            {
                "name": model.name,
                "description": model.description,
                "good_at": model.good_at,
                "licence": model.licence,
                "terms": model.terms,
                "source": model.source,
                "bytes": [file.bytes or file.about_bytes for file in model.files],
                "cached": is_cached(model),
                "path": str(weights_path(model)) if is_cached(model) else None,
            }
            for model in models
        ]
        stdout.print_json(json.dumps(rows))
        return
    caption = f"Cache: {cache_dir()}\nTerms are shown before a download, and by --json."
    grid = Table(caption=caption, caption_justify="left")
    grid.add_column("model", no_wrap=True)
    grid.add_column("take it for", ratio=1)
    grid.add_column("size", justify="right", no_wrap=True)
    grid.add_column("licence")
    grid.add_column("where", no_wrap=True)
    for model in models:
        grid.add_row(
            model.name,
            model.good_at or model.description,
            size_of(model),
            model.licence,
            _where(model),
        )
    stdout.print(grid)


def _where(model: Model) -> str:
    from ddrm_cli.weights.cache import is_cached

    if model.weights.path is not None:
        return "with the program" if model.weights.path.is_file() else "missing"
    return "in the cache" if is_cached(model) else "not downloaded"


def _is_there(model: Model) -> bool:
    from ddrm_cli.weights.cache import file_path

    return any(file_path(file).is_file() for file in model.files)


def size_of(model: Model) -> str:
    """The size of a model's files on the disk, in words."""
    sizes = [file.bytes or file.about_bytes for file in model.files]
    total = sum(size or 0 for size in sizes)
    exact = all(file.bytes is not None for file in model.files)
    if not total:
        return "unknown"
    number = f"{total / 1e9:.2f} GB" if total >= 1e9 else f"{total / 1e6:.0f} MB"
    return number if exact else f"about {number}"


def _show_terms(model: Model) -> None:
    _say(f"{model.name}: {model.description}.")
    _say(f"Licence: {model.licence}." + (f" Terms: {model.terms}." if model.terms else ""))
    if model.source:
        _say(f"Source: {model.source}")


def _say(sentence: str) -> None:
    stderr.print(sentence, markup=False, highlight=False)


def _result(line: object) -> None:
    stdout.print(str(line), markup=False, highlight=False, soft_wrap=True)


@contextmanager
def _progress_bar() -> Iterator[Progress]:
    """A bar on stderr with bytes, speed and time left; nothing where stderr is no terminal."""
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=stderr, disable=not stderr.is_terminal) as bar:
        tasks = {}

        def progress(name: str, done: int, total: int | None) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=total)
            bar.update(tasks[name], completed=done, total=total)

        yield progress
