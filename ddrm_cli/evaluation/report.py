"""One HTML file to look at: summary, plots, and every picture as each method leaves it."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from ddrm_cli.report.card import Card, Layer
from ddrm_cli.report.page import Order, Page, render

from .grid import Cell
from .metrics import METRICS
from .pairs import FolderScores
from .plots import plots
from .run import DDRM, Evaluation
from .store import ORIGINAL, Record, Store
from .tables import Summary, summarise, summarise_folders

__all__ = ["evaluation_report", "folders_report", "scored_page"]

MAKER = "ddrm evaluate"
MAX_PICTURES = 600  # inside a page; about 20 kB each: it stays near 10 MB

_ERRORS = "Each mean is followed by its standard error."
_RESIDUAL = (
    "The residual is the root mean square of H x − y, with noise as a multiple of its σ: about 1 "
    "where the measurement is met as well as the noise allows."
)
_GAIN = "In brackets: by how many dB a PSNR is above that of the first baseline."


def evaluation_report(evaluation: Evaluation, command: str = "") -> bytes:
    """The report of an evaluation, to be written into its folder.

    A card is a picture as it was measured; its layers are the baselines, the restorations by
    each method, and the original.

    Args:
        evaluation: What was found.
        command: What was typed.
    """
    protocol = evaluation.store.protocol
    size = "" if protocol.preprocess == "none" else f" at {protocol.size} pixels"
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in sorted(evaluation.records, key=lambda record: record.name):
        groups.setdefault((record.name, record.cell.measurement_title), []).append(record)
    failures = [(f"{each.name}, {each.cell.title}", each.reason) for each in evaluation.failures]
    page = scored_page(
        title="Evaluation of restorations",
        command=command,
        notes=[
            f"Preprocessing {protocol.preprocess}{size}, seed {protocol.seed}.",
            f"{_ERRORS} {_RESIDUAL} {_GAIN}",
        ],
        summaries=summarise(evaluation),
        metrics=protocol.metrics,
        cards=[_card(records, evaluation.store) for records in groups.values()],
        failures=failures,
    )
    return render(page, evaluation.store.out)


def folders_report(scores: FolderScores, folder: Path, command: str = "") -> bytes:
    """The report of restorations that existed already, to be written into ``folder``."""
    cards = [
        Card(
            pair.name,
            [Layer(ORIGINAL, pair.reference), _layer("restored", pair.restored, pair.scores)],
        )
        for pair in scores.pairs
    ]
    unpaired = [*scores.unpaired_restored, *scores.unpaired_reference]
    failures = [*scores.failures.items(), *((str(path), "It has no pair.") for path in unpaired)]
    page = scored_page(
        title="Scores of restorations",
        command=command,
        notes=[_ERRORS],
        summaries=summarise_folders(scores),
        metrics=(*scores.metrics, *scores.set_scores),
        cards=cards,
        failures=failures,
    )
    return render(page, folder)


def scored_page(
    *,
    title: str,
    command: str,
    notes: Sequence[str],
    summaries: Sequence[Summary],
    metrics: Sequence[str],
    cards: Sequence[Card],
    failures: Sequence[tuple[str, str]],
) -> Page:
    """A page of pictures with scores.

    Args:
        title: Of the page.
        command: What was typed.
        notes: Sentences to print below the title.
        summaries: Rows of the summary.
        metrics: Its columns.
        cards: The pictures, of which the worst and a selection of the rest are shown where there
            are very many.
        failures: What has no scores, and why.
    """
    shown = _select(cards)
    count, worst = f"{len(cards)}", len(shown) // 2
    if len(shown) < len(cards):
        count += f": the {worst} worst, and {len(shown) - worst} of the rest"
    return Page(
        maker=MAKER,
        title=title,
        command=command,
        notes=notes,
        body=(
            '<h2>Summary</h2><div class="scroll" tabindex="0" role="region" aria-label="Summary">'
            f"{_summary_table(summaries, metrics)}</div>"
            f'<div class="plots">{plots(summaries, metrics)}</div>'
        ),
        lists={"Not scored": failures},
        cards=shown,
        count=count,
        orders=_orders(shown),
    )


def _card(records: Sequence[Record], store: Store) -> Card:
    """A picture in all cells that measure it alike."""
    first = records[0]
    baseline, *others = [method for method in first.scores if method != DDRM]

    def layer(cell: Cell, method: str, scores: Mapping[str, float]) -> Layer:
        title = cell.restoration_title if method == DDRM else method
        file = store.out / store.picture(cell, method, first.name)
        return _layer(title, file, scores, first.scores[baseline] if method == DDRM else {})

    layers = [
        layer(first.cell, baseline, first.scores[baseline]),
        *(layer(record.cell, DDRM, record.scores[DDRM]) for record in records),
        *(layer(first.cell, method, first.scores[method]) for method in others),
        layer(first.cell, ORIGINAL, {}),
    ]
    return Card(first.name, layers, first.cell.measurement_title)


def _layer(
    label: str, file: Path, scores: Mapping[str, float], baseline: Mapping[str, float] | None = None
) -> Layer:
    """A picture with its scores, and by how much its PSNR is above a baseline's."""
    texts = {name: f"{METRICS[name].title} {METRICS[name].format(v)}" for name, v in scores.items()}
    gain = scores.get("psnr", math.nan) - (baseline or {}).get("psnr", math.nan)
    if math.isfinite(gain):
        texts["psnr"] += f" ({gain:+.2f})"
    keys = {name: METRICS[name].worst_first(value) for name, value in scores.items()}
    return Layer(label, file, " · ".join(texts.values()), keys)


def _select(cards: Sequence[Card]) -> list[Card]:
    """All of them, or the worst and an even selection of the rest, in their order."""
    most = max(2, MAX_PICTURES // max((len(card.layers) for card in cards), default=1))
    if len(cards) <= most:
        return list(cards)
    order = sorted(range(len(cards)), key=lambda i: _worst_first(cards[i]))
    worst, rest = order[: most // 2], order[most // 2 :]
    count = most - len(worst)
    even = [rest[i * len(rest) // count] for i in range(count)]
    return [cards[i] for i in sorted([*worst, *even])]


def _worst_first(card: Card) -> float:
    """By the first metric; nothing tells apart what has no scores."""
    return next(iter(card.right.keys.values()), 0.0)


def _orders(cards: Sequence[Card]) -> list[Order]:
    """By each metric both ways, and by what is gained in the first of them."""
    names = list(dict.fromkeys(name for card in cards for name in card.right.keys))
    orders: list[Order] = []
    for name in names:
        metric = METRICS[name]
        target = metric.higher_is_better is None
        worst, best = ("largest", "smallest") if target else ("worst", "best")
        orders.append(Order(f"{metric.title}, {worst} first", name))
        orders.append(Order(f"{metric.title}, {best} first", name, best_first=True))
    for name in names[:1]:
        title = METRICS[name].title
        orders.append(Order(f"{title} gained from left to right, least first", name, is_gain=True))
    return orders


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
