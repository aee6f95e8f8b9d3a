"""What the program says about models: their list, one by itself, their terms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .plain_table import plain_table
from .voice import Voice

if TYPE_CHECKING:
    from ddrm_cli.weights.model import Model

__all__ = ["list_models", "size_of", "tell_model", "tell_terms"]


def list_models(models: list[Model], voice: Voice) -> None:
    """Print every model: as a table, or as JSON."""
    from ddrm_cli.weights.cache import cache_dir, is_cached, weights_path

    if voice.as_json:
        rows = [
            {
                "name": model.name,
                "description": model.description,
                "good_at": model.good_at,
                "weak_at": model.limits.words,
                "licence": model.licence,
                "terms": model.terms,
                "source": model.source,
                "bytes": [file.bytes or file.about_bytes for file in model.files],
                "cached": is_cached(model),
                "path": str(weights_path(model)) if is_cached(model) else None,
            }
            for model in models
        ]
        voice.result_json(rows, indent=2)
        return
    caption = f"Cache: {cache_dir()}\nTerms are shown before a download, and by --json."
    grid = plain_table(caption=caption)
    grid.add_column("model", no_wrap=True)
    grid.add_column("take it for", ratio=1, overflow="fold")
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
    voice.table(grid)


def tell_model(model: Model, voice: Voice) -> None:
    """Print what there is to know about a model, and its card."""
    from ddrm_cli.weights.cache import file_path

    facts = {
        "what it is": model.description,
        "take it for": model.good_at,
        "not for": model.limits.words,
        "licence": model.licence,
        "terms": model.terms,
        "source": model.source,
    }
    voice.result(model.name)
    for name, value in facts.items():
        if value:
            voice.result(f"  {name:<12}{value}")
    for file in model.files:
        digest = file.sha256 or file.md5 or "no published hash"
        voice.result(f"  {'file':<12}{file.name}, {digest}")
        voice.result(f"  {'':<12}{file_path(file)}")
        for url in file.urls:
            voice.result(f"  {'':<12}{url}")
    if model.card is not None:
        voice.result(f"\n{model.card.read_text(encoding='utf-8').rstrip()}")


def tell_terms(model: Model, voice: Voice) -> None:
    """Tell what has to be known before a model is downloaded."""
    voice.say(f"{model.name}: {model.description}.")
    voice.say(f"Licence: {model.licence}." + (f" Terms: {model.terms}." if model.terms else ""))
    if model.source:
        voice.say(f"Source: {model.source}")


def size_of(model: Model) -> str:
    """The size of a model's files on the disk, in words."""
    sizes = [file.bytes or file.about_bytes for file in model.files]
    total = sum(size or 0 for size in sizes)
    exact = all(file.bytes is not None for file in model.files)
    if not total:
        return "unknown"
    number = f"{total / 1e9:.2f} GB" if total >= 1e9 else f"{total / 1e6:.0f} MB"
    return number if exact else f"about {number}"


def _where(model: Model) -> str:
    from ddrm_cli.weights.cache import is_cached

    if model.weights.path is not None:
        return "with the program" if model.weights.path.is_file() else "missing"
    return "in the cache" if is_cached(model) else "not downloaded"
