"""One HTML file to look at: summary, plots, and every picture before and after.

The file needs nothing else: small versions of the pictures are inside. The pictures themselves
are beside it, and are shown when one is enlarged.
"""

from __future__ import annotations

import base64
import html
import io
import json
import math
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from urllib.parse import quote

from PIL import Image

from ddrm_cli._version import __version__
from ddrm_cli.errors import ImageError
from ddrm_cli.images.picture import image_of
from ddrm_cli.images.reading import read_picture

from .metrics import METRICS
from .pairs import FolderScores
from .plots import plots
from .run import DDRM, Evaluation
from .store import ORIGINAL
from .tables import Summary, summarise, summarise_folders
from .text import encodable

__all__ = ["Shot", "evaluation_report", "folders_report", "render_report"]

THUMBNAIL = 224  # pixels of the longer side: sharp at the width of a card
MAX_SHOTS = 200  # about 40 kB each: a report stays below 10 MB

_ROLES = {"before": "measurement", "after": "restoration", "inverse": "pseudo-inverse"}
_ROLES |= {ORIGINAL: "original"}


@dataclass(frozen=True)
class Shot:
    """A picture of the report.

    Args:
        name: What it is called.
        group: What was done, to filter by.
        scores: Metric to value.
        gain: PSNR above the first baseline, in dB; None where there is none.
        layers: Role (``before``, ``after``, ``inverse``, ``original``) to its file.
    """

    name: str
    group: str
    scores: Mapping[str, float]
    gain: float | None
    layers: Mapping[str, Path]


def evaluation_report(evaluation: Evaluation) -> str:
    """The report of an evaluation, to be written into its folder."""
    store = evaluation.store
    protocol = store.protocol
    size = "" if protocol.preprocess == "none" else f" at {protocol.size} pixels"
    notes = [
        f"Preprocessing {protocol.preprocess}{size}, seed {protocol.seed}.",
        "Each mean is followed by its standard error. The residual is the root mean square of "
        "H x − y, with noise as a multiple of its σ: about 1 where the measurement is met as "
        "well as the noise allows.",
    ]
    shots: list[Shot] = []
    for record in evaluation.records:
        first, *others = [method for method in record.scores if method != DDRM]
        methods = {"before": first, "after": DDRM, ORIGINAL: ORIGINAL}
        if others:
            methods["inverse"] = others[0]
        scores = record.scores[DDRM]
        shots.append(
            Shot(
                name=record.name,
                group=record.cell.title,
                scores=scores,
                gain=_gain(scores, record.scores[first]),
                layers={
                    role: store.out / store.picture(record.cell, method, record.name)
                    for role, method in methods.items()
                },
            )
        )
    failures = [(f"{each.name}, {each.cell.title}", each.reason) for each in evaluation.failures]
    return render_report(
        title="Evaluation of restorations",
        notes=notes,
        summaries=summarise(evaluation),
        metrics=store.protocol.metrics,
        shots=shots,
        failures=failures,
        folder=store.out,
    )


def folders_report(scores: FolderScores, folder: Path) -> str:
    """The report of restorations that existed already, to be written into ``folder``."""
    shots = [
        Shot(
            name=pair.name,
            group="restored",
            scores=pair.scores,
            gain=None,
            layers={"after": pair.restored, ORIGINAL: pair.reference},
        )
        for pair in scores.pairs
    ]
    unpaired = [*scores.unpaired_restored, *scores.unpaired_reference]
    failures = [*scores.failures.items(), *((str(path), "It has no pair.") for path in unpaired)]
    return render_report(
        title="Scores of restorations",
        notes=["Each mean is followed by its standard error."],
        summaries=summarise_folders(scores),
        metrics=(*scores.metrics, *scores.set_scores),
        shots=shots,
        failures=failures,
        folder=folder,
    )


def render_report(
    *,
    title: str,
    notes: Sequence[str],
    summaries: Sequence[Summary],
    metrics: Sequence[str],
    shots: Sequence[Shot],
    failures: Sequence[tuple[str, str]],
    folder: Path,
) -> str:
    """The page as text, which UTF-8 can hold whatever the names: see `encodable`.

    Args:
        title: Of the page.
        notes: Sentences to print below the title.
        summaries: Rows of the summary.
        metrics: Its columns.
        shots: The pictures, of which the worst and a selection of the rest are shown where there
            are very many.
        failures: What has no scores, and why.
        folder: Where the page will be, from where it finds the pictures beside it.
    """
    shown = _select(shots)
    pictures = f"{len(shots)} pictures"
    if len(shown) < len(shots):
        pictures += f": the {len(shown) // 2} worst, and {len(shown) - len(shown) // 2} of the rest"
    template = resources.files(__package__).joinpath("report.html").read_text(encoding="utf-8")
    slots = {
        "title": html.escape(title),
        "notes": "".join(f"<p>{html.escape(note)}</p>" for note in notes),
        "summary": _summary_table(summaries, metrics),
        "plots": plots(summaries, metrics),
        "failures": _failure_list(failures),
        "pictures": html.escape(pictures),
        "groups": _choices({group: group for group in dict.fromkeys(s.group for s in shown)}),
        "sorts": _choices(_sorts(shown)),
        "roles": _choices(_roles(shown)),
        "cards": "\n".join(_card(index, shot, folder) for index, shot in enumerate(shown)),
        "version": html.escape(__version__),
    }
    # In one pass, so that a name that looks like a slot stays a name.
    return encodable(re.sub(r"\{\{(\w+)\}\}", lambda slot: slots[slot[1]], template))


def _gain(scores: Mapping[str, float], baseline: Mapping[str, float]) -> float | None:
    if "psnr" not in scores or not math.isfinite(scores["psnr"] - baseline["psnr"]):
        return None
    return scores["psnr"] - baseline["psnr"]


def _select(shots: Sequence[Shot]) -> list[Shot]:
    """All of them, or the worst and an even selection of the rest, in their order."""
    if len(shots) <= MAX_SHOTS:
        return list(shots)
    order = sorted(range(len(shots)), key=lambda i: _worst_first(shots[i]))
    worst, rest = order[: MAX_SHOTS // 2], order[MAX_SHOTS // 2 :]
    count = MAX_SHOTS - len(worst)
    even = [rest[i * len(rest) // count] for i in range(count)]
    return [shots[i] for i in sorted([*worst, *even])]


def _worst_first(shot: Shot) -> float:
    """By the first metric; nothing tells apart what has no scores."""
    return next((METRICS[name].worst_first(value) for name, value in shot.scores.items()), 0.0)


def _summary_table(summaries: Sequence[Summary], metrics: Sequence[str]) -> str:
    heads = ["method", "pictures", *(METRICS[name].heading for name in metrics), "s / picture"]
    rows: list[str] = []
    group = ""
    for row in summaries:
        if row.group != group:
            group = row.group
            rows.append(
                f'<tr class="group"><th colspan="{len(heads)}">{html.escape(group)}</th></tr>'
            )
        seconds = "–" if row.seconds is None else f"{row.seconds.value:.2f}"
        cells = [str(row.count), *(row.text(name) for name in metrics), seconds]
        kind = "baseline" if row.is_baseline else "ours"
        rows.append(
            f'<tr class="{kind}"><th scope="row">{html.escape(row.method)}</th>'
            + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
            + "</tr>"
        )
    head = "".join(f'<th scope="col">{html.escape(each)}</th>' for each in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _failure_list(failures: Sequence[tuple[str, str]]) -> str:
    if not failures:
        return ""
    items = "".join(
        f"<li><b>{html.escape(name)}</b>: {html.escape(reason)}</li>" for name, reason in failures
    )
    return f'<section class="failures"><h2>Not scored</h2><ul>{items}</ul></section>'


def _choices(values: Mapping[str, str]) -> str:
    return "".join(
        f'<option value="{html.escape(value)}">{html.escape(text)}</option>'
        for value, text in values.items()
    )


def _sorts(shots: Sequence[Shot]) -> dict[str, str]:
    names = dict.fromkeys(name for shot in shots for name in shot.scores)
    sorts = {"name": "name", **{name: METRICS[name].title for name in names}}
    if any(shot.gain is not None for shot in shots):
        sorts["gain"] = "gain over the baseline"
    return sorts


def _roles(shots: Sequence[Shot]) -> dict[str, str]:
    present = {role for shot in shots for role in shot.layers}
    return {role: label for role, label in _ROLES.items() if role in present}


def _card(index: int, shot: Shot, folder: Path) -> str:
    layers = "".join(
        f'<img data-role="{role}" data-full="{html.escape(_address(path, folder))}" '
        f'alt="{_ROLES[role]}" src="{_thumbnail(path)}">'
        for role, path in shot.layers.items()
    )
    # Sorted by worst first: a metric without a better direction puts large residuals first.
    keys = {name: METRICS[name].worst_first(value) for name, value in shot.scores.items()}
    texts = [f"{METRICS[name].title} {METRICS[name].format(v)}" for name, v in shot.scores.items()]
    if shot.gain is not None:
        keys["gain"] = shot.gain
        texts[0] += f" ({shot.gain:+.2f})"
    keys = {name: max(-1e9, min(1e9, value)) for name, value in keys.items()}
    name = html.escape(shot.name)
    return (
        f'<article class="card" data-index="{index}" data-name="{name}" '
        f'data-group="{html.escape(shot.group)}" data-keys="{html.escape(json.dumps(keys))}">'
        f'<div class="compare">{layers}<span class="edge"></span>'
        '<span class="tag left"></span><span class="tag right"></span>'
        '<input type="range" min="0" max="100" value="50" step="0.5" '
        f'aria-label="Before and after of {name}"></div>'
        f'<div class="caption"><h3>{name}</h3><button type="button" class="enlarge" '
        f'aria-label="Enlarge {name}">Enlarge</button></div>'
        f'<p class="scores">{html.escape(" · ".join(texts))}</p>'
        f'<p class="what">{html.escape(shot.group)}</p></article>'
    )


def _address(path: Path, folder: Path) -> str:
    """A picture as seen from the page: relative where it is below it."""
    path, folder = path.resolve(), folder.resolve()
    if path.is_relative_to(folder):
        return quote(os.fsencode(path.relative_to(folder).as_posix()))
    return path.as_uri()


def _thumbnail(path: Path) -> str:
    try:
        # Of any size: it was scored, so it was within the limit.
        image = image_of(read_picture(path, max_pixels=sys.maxsize).pixels)
    except ImageError:
        image = Image.new("L", (1, 1))  # deleted since: a dark card says so better than none
    image.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=80, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(stream.getvalue()).decode()}"
