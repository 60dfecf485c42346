"""Figures that a reader has chosen: a row each, on one axis."""

from __future__ import annotations

import pandas as pd

from labkit import notes, units
from labkit.charts import parts
from labkit.charts.chart import Chart, drawn
from labkit.charts.style import panels

MEANING = "A marker is a median or a count; a line is its 95 % interval, where there is one."
ROOM = 0.02  # of a linear axis, for one half of the first marker; as much again for the last
NOTHING = "nothing was recorded of this"


@drawn
def chosen(
    title: str, table: pd.DataFrame, scale: units.Scale, axis: str, *, logarithmic: bool, badge: str
) -> Chart:
    """A marker with its interval for each row of the table (name, backend, value, low, high); what
    was not recorded, or cannot stand on a logarithmic axis, has no marker."""
    rows = notes.rows_of(table)
    figure, (axes,) = panels(
        0.7 + 0.36 * max(len(rows), 1), title=title, subtitle=MEANING, note=badge
    )
    parts.rows(axes, [str(row.name) for row in rows] or [NOTHING])
    figures = [(row.value, row.low, row.high) for row in rows]
    known = [value for three in figures for value in three if units.known(value)]
    if logarithmic:
        parts.decades(axes, known, scale, name=axis)
    else:
        low, high = min(0, *known, 0), max([*known, 1e-12])
        axes.set_xlim(low - ROOM * (high - low), high + 2 * ROOM * (high - low))
        parts.linear(axes, scale)
        axes.set_xlabel(f"{axis} (linear axis)")
    for y, (row, three) in enumerate(zip(rows, figures, strict=True)):
        if not logarithmic or (units.known(row.value) and row.value > 0):
            parts.dot(axes, y, three, str(row.backend))
    texts = [units.text_and_interval(*three, scale) for three in figures]
    parts.values(axes, [(y, *text) for y, text in enumerate(texts)])
    said = "; ".join(f"{row.name} {text}" for row, (text, _) in zip(rows, texts, strict=True))
    shown = table[["name", "value", "low", "high"]].reset_index(drop=True)
    return Chart(title, figure, f"{title} {axis}: {said}", shown, badge)
