"""What a mistake makes of a comparison, beside the same comparison put right."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from labkit import notes, units
from labkit.charts import parts
from labkit.charts.chart import Chart, drawn, shown_data
from labkit.charts.style import panels
from labkit.experiments.mistakes.pairs import MISTAKES
from labkit.stats.signed_ranks import FEWEST
from labkit.text_table import stacked

TITLE = "The container's figure: how many times the machine's?"
ZERO = "0× has no place on a logarithmic axis."


@drawn
def ratios(table: pd.DataFrame, *, ways: bool = True, badge: str = "") -> Chart:
    """From `stats.ratios`, or some rows of it: a row each, below its quantity. ways: whether it is
    told in which way each figure was got: else it is the reader's turn. The axis is logarithmic,
    unless a single mistake has a ratio of zero."""
    notes.require(table)
    table = table.reset_index(drop=True)
    if not ways:
        table = table.assign(container="container", container_way="", machine_way="")
    shown = _shown(table)
    zero = bool((table["median_ratio"] == 0).any())
    logarithmic = not zero or table["mistake"].nunique() > 1
    unmarked = ZERO if zero and logarithmic else ""
    said = (notes.ratio_interval(table), unmarked)
    note = notes.note(table, badge, *said, few_below=FEWEST)
    subtitle = f"The container's figure divided by the machine's, in pairs; {notes.sizes(table)}"
    body = 0.7 + 0.46 * len(shown)
    figure, (axes,) = panels(body, title=TITLE, subtitle=subtitle, note=note)
    parts.headed_rows(axes, shown)
    _axis(axes, table, logarithmic)
    rows = [(y, row) for y, (_, row) in enumerate(shown) if row is not None]
    marked = [(y, row) for y, row in rows if row.median_ratio > 0 or not logarithmic]
    parts.dots(axes, marked, "ratio", units.ratio)
    for y, row in rows:
        if (y, row) not in marked:
            parts.remark(axes, y, units.text(row.median_ratio, units.ratio))
    parts.baseline(axes, "as the machine")
    alt = notes.alt(TITLE, "", table, map(_words, notes.rows_of(table)), FEWEST)
    hidden = [] if ways else ["mistake", "container", "container_way", "machine_way"]
    return Chart(TITLE, figure, alt, shown_data(table.drop(columns=hidden)), badge)


def _shown(table: pd.DataFrame) -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for name, group in table.groupby("mistake", sort=False):
        rows.append((MISTAKES[str(name)].quantity, None))
        rows += [(stacked(_label(row), _ways(row)), row) for row in notes.rows_of(group)]
    return rows


def _label(row: Any) -> str:
    return f"{row.arm}: {row.container} / {units.label(row.backend, row.engine)}"


def _ways(row: Any) -> str:
    return f"{row.container_way} / {row.machine_way}" if row.container_way else ""


def _axis(axes: Axes, table: pd.DataFrame, logarithmic: bool) -> None:
    known = [1.0, *table[["median_ratio", "low_ratio", "high_ratio"]].stack().dropna()]
    if logarithmic:
        parts.decades(axes, known, units.ratio, name="times the machine's figure")
        return
    axes.set_xlim(-0.02 * max(known), 1.12 * max(known))
    parts.linear(axes, units.ratio)
    axes.set_xlabel("times the machine's figure (linear axis)")


def _words(row: Any) -> str:
    figures = units.with_interval(*notes.figures(row, "ratio"), units.ratio)
    said = filter(None, (MISTAKES[row.mistake].quantity, row.arm, _ways(row), figures))
    return ", ".join(said)
