"""``ddrm download``: get, check, adopt and remove the models' weights."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ddrm_cli.errors import DDRMError, ModelNotCachedError, UsageError
from ddrm_cli.sharing import launched

from . import complete
from .failures import FAILED
from .model_facts import list_models, size_of, tell_model, tell_terms
from .options import Debug
from .progress import byte_bar
from .voice import Voice

if TYPE_CHECKING:
    from ddrm_cli.weights.registry import Model

__all__ = ["download", "ensure_cached"]


def download(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="MODEL",
            autocompletion=complete.models,
            help="Models to download; none: list them all.",
        ),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Download every model.")] = False,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Check size and hash of what is there; no model: of all."),
    ] = False,
    remove: Annotated[
        list[str] | None,
        typer.Option(
            "--remove",
            metavar="MODEL",
            autocompletion=complete.models,
            help="Delete the weights of a model.",
        ),
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
    info: Annotated[
        bool,
        typer.Option("--info", help="Say what the models are: licence, files, what they know."),
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
        "--info": info,
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
    voice = Voice(as_json, debug=debug)
    if verify:
        present = [model for model in table.values() if _is_there(model)]
        _for_each(models or present, _verify, voice)
    elif remove:
        for model in models:
            _remove(model, voice)
    elif from_file is not None:
        _adopt(models, from_file, voice)
    elif print_path:
        _print_paths(_named(models, "--print-path"), voice)
    elif info:
        for model in _named(models, "--info"):
            tell_model(model, voice)
    elif models:
        _for_each(models, _fetch, voice)
    else:
        list_models(list(table.values()), voice)


def ensure_cached(model: Model, voice: Voice, *, yes: bool) -> None:
    """Have a model's weights in the cache; ask on a terminal before downloading them.

    Args:
        model: The model that is about to be used.
        voice: Tells its terms, and what happens to the download.
        yes: Whether to download without asking.

    Raises:
        ModelNotCachedError: They are not there, and nobody agreed to download them.
        WeightsError: The download failed.
    """
    from ddrm_cli.weights.cache import is_cached, is_offline

    if is_cached(model):
        return
    if yes:
        tell_terms(model, voice)
    elif not is_offline():  # there is nothing to ask where the answer cannot be yes
        missing = ModelNotCachedError(
            f"The model {model.name} has not been downloaded yet.",
            f"Run: ddrm download {model.name}, or add --yes.",
        )
        if model.weights.path is not None or not _on_a_terminal():
            raise missing
        tell_terms(model, voice)
        if not typer.confirm(f"Download {model.name} ({size_of(model)}) now?", err=True):
            raise missing
    _download(model, voice)


def _on_a_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty() and not launched()


def _for_each(
    models: list[Model], action: Callable[[Model, Voice], list[object]], voice: Voice
) -> None:
    """Print what comes of each, and do the rest though one fails.

    A single one's error goes straight to the caller.
    """
    failed = []
    for model in models:
        try:
            lines = action(model, voice)
        except DDRMError as error:
            if len(models) == 1:
                raise
            failed.append(model.name)
            voice.error(error, about=model.name)
        else:
            for line in lines:
                voice.result(line)
    if failed:
        voice.say(f"{len(failed)} of {len(models)} failed: {', '.join(failed)}")
        raise typer.Exit(FAILED)


def _fetch(model: Model, voice: Voice) -> list[object]:
    from ddrm_cli.weights.cache import is_cached, weights_path

    if not is_cached(model):
        tell_terms(model, voice)
    _download(model, voice)  # which looks at what is there, too
    return [weights_path(model)]


def _download(model: Model, voice: Voice) -> None:
    from ddrm_cli.weights.download import download_model

    with byte_bar(voice) as progress:
        download_model(model, progress=progress, notice=voice.say)


def _verify(model: Model, voice: Voice) -> list[object]:
    from ddrm_cli.weights.verify import verify_file

    lines: list[object] = []
    for file in model.files:
        with byte_bar(voice) as progress:
            expected = verify_file(file, progress=progress)
        agrees = f"size and {expected.algorithm} agree, as {expected.origin}"
        said = agrees if expected.digest else "complete; nobody published a hash"
        lines.append(f"{model.name}: {file.name}: {said}")
    return lines


def _remove(model: Model, voice: Voice) -> None:
    from ddrm_cli.weights.by_hand import remove_file

    removed = [path for file in model.files for path in remove_file(file)]
    for path in removed:
        voice.result(f"removed {path}")
    if not removed:
        voice.say(f"{model.name}: nothing to remove.")


def _adopt(models: list[Model], source: Path, voice: Voice) -> None:
    from ddrm_cli.weights.by_hand import adopt_file

    if len(models) != 1:
        raise UsageError(
            "--from-file needs the name of one model.",
            "For example: ddrm download ffhq --from-file FILE",
        )
    (model,) = models
    # A model with a classifier has two files: the name tells which one this is.
    file = next((file for file in model.files if file.name == source.name), model.weights)
    tell_terms(model, voice)
    with byte_bar(voice) as progress:
        adopted = adopt_file(file, source, progress=progress, notice=voice.say)
    voice.result(adopted)


def _named(models: list[Model], option: str) -> list[Model]:
    """The models that an option is about, which have to be named.

    Raises:
        UsageError: There is none.
    """
    if not models:
        raise UsageError(f"{option} needs the name of a model.", "See: ddrm download")
    return models


def _print_paths(models: list[Model], voice: Voice) -> None:
    from ddrm_cli.weights.cache import weights_path

    for model in models:
        for file in model.files:
            voice.result(weights_path(model, file))


def _is_there(model: Model) -> bool:
    from ddrm_cli.weights.cache import file_path

    return any(file_path(file).is_file() for file in model.files)
