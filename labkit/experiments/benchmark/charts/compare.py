"""What changed between two runs."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from labkit import notes, units
from labkit.charts import parts
from labkit.charts.chart import Chart, drawn, shown_data
from labkit.charts.style import FAINT, panels
from labkit.experiments.benchmark.charts.cost import Rows
from labkit.text_table import stacked
from labkit.units import label

TITLE = "What changed from A to B?"
APART = 5.0  # from this ratio on, up or down, a logarithmic axis shows the differences better
MARGIN = 0.06  # of a linear axis, left and right of the furthest bound


@drawn
def compare(table: pd.DataFrame, first: str, second: str, *, badge: str = "") -> Chart:
    """From `stats.compare`: B in multiples of A with its interval, by quantity, and a line where
    both are equal. `first` and `second` name the runs."""
    notes.require(table)
    counted = table.assign(n=table["n_ratio"])  # the side with fewer trials
    rows = _rows(table)
    names = stacked(f"A: {first}", f"B: {second}", badge)
    note = notes.note(counted, names, _interval(counted))
    subtitle = f"B in multiples of A, by their medians; on the smaller side {notes.sizes(counted)}"
    figure, (axes,) = panels(0.75 + 0.35 * len(rows), title=TITLE, subtitle=subtitle, note=note)
    _draw(axes, rows, table)
    return Chart(TITLE, figure, _alt(counted, first, second), shown_data(table), badge)


def _rows(table: pd.DataFrame) -> Rows:
    rows: Rows = []
    for (quantity, workload), group in table.groupby(["quantity", "workload"], sort=False):
        rows.append((units.name(str(quantity), str(workload)), None))
        rows += [(label(row.backend, row.engine), row) for row in notes.rows_of(group)]
    return rows


def _interval(table: pd.DataFrame) -> str:
    if not notes.repeated(table):
        return ""
    return "Marker: ratio of the medians; line: its 95 % interval (BCa bootstrap of both sides)."


def _draw(axes: Axes, rows: Rows, table: pd.DataFrame) -> None:
    parts.headed_rows(axes, rows)
    parts.dots(axes, ((y, row) for y, (_, row) in enumerate(rows)), "ratio", units.ratio)
    columns = [table[f"{figure}_ratio"] for figure in ("median", "low", "high")]
    _axis(axes, pd.concat(columns).dropna())


def _axis(axes: Axes, bounds: pd.Series) -> None:
    if bounds.empty:
        axes.set_xticks([])
        return
    low, high = min(bounds.min(), 1.0), max(bounds.max(), 1.0)
    if high > APART or low < 1 / APART:
        parts.decades(axes, [low, high], units.ratio, name="B in multiples of A")
    else:
        room = MARGIN * (high - low) or MARGIN
        axes.set_xlim(low - room, high + room)
        axes.grid(axis="x", color=FAINT)
        axes.set_xlabel("B in multiples of A (the axis does not begin at zero)")
    parts.baseline(axes, "the same in both")


def _alt(table: pd.DataFrame, first: str, second: str) -> str:
    text = f"{TITLE} A: {first}; B: {second}. Ratio of the medians{notes.with_interval(table)}, "
    text += f"on the smaller side {notes.sizes(table)}. "
    for (quantity, workload), group in table.groupby(["quantity", "workload"], sort=False):
        words = "; ".join(notes.words(row, "ratio", units.ratio) for row in notes.rows_of(group))
        text += f"{units.name(str(quantity), str(workload))}: {words}. "
    return f"{text}{notes.caution(table)}".strip()
