"""What changed between two runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from labkit import units
from labkit.charts import notes, parts
from labkit.charts.chart import Chart
from labkit.charts.cost import Rows
from labkit.charts.style import FAINT, drawing, panels, settle
from labkit.units import label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLE = "What changed from A to B?"
APART = 5.0  # from this ratio on, up or down, a logarithmic axis shows the differences better
MARGIN = 0.06  # of a linear axis, left and right of the furthest bound


def compare(table: pd.DataFrame, first: str, second: str, *, badge: str = "") -> Chart:
    """From `stats.compare`: B in multiples of A with its interval, by quantity, and a line where
    both are equal. `first` and `second` name the runs."""
    notes.require(table)
    counted = table.assign(n=table["n_ratio"])  # the side with fewer trials
    rows = _rows(table)
    names = f"A: {first}\nB: {second}"
    note = notes.note(counted, "\n".join(filter(None, [names, badge])), _interval(counted))
    subtitle = f"B in multiples of A, by their medians; on the smaller side {notes.sizes(counted)}"
    with drawing():
        figure, (axes,) = panels(
            0.75 + 0.35 * len(rows), (1.0,), title=TITLE, subtitle=subtitle, keys=[], note=note
        )
        _draw(axes, rows, table)
        settle(figure)
    return Chart(TITLE, figure, _alt(counted, first, second), _data(table), badge)


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
    column = []
    for y, (_, row) in enumerate(rows):
        if row is not None:
            figures = (row.median_ratio, row.low_ratio, row.high_ratio)
            parts.dot(axes, y, figures, str(row.backend))
            interval = units.interval_text(*figures, units.ratio)
            column.append((y, units.text(row.median_ratio, units.ratio), interval))
    parts.values(axes, column)
    columns = [table[f"{figure}_ratio"] for figure in ("median", "low", "high")]
    _axis(axes, pd.concat(columns).dropna())


def _axis(axes: Axes, bounds: pd.Series) -> None:
    if bounds.empty:
        axes.set_xticks([])
        return
    low, high = min(bounds.min(), 1.0), max(bounds.max(), 1.0)
    if high > APART or low < 1 / APART:
        parts.decades(axes, [low, high], units.ratio)
        axes.set_xlabel("B in multiples of A (logarithmic axis)")
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
        words = "; ".join(_words(row) for row in notes.rows_of(group))
        text += f"{units.name(str(quantity), str(workload))}: {words}. "
    return f"{text}{notes.caution(table)}".strip()


def _words(row: Any) -> str:
    figures = (row.median_ratio, row.low_ratio, row.high_ratio)
    return f"{label(row.backend, row.engine)} {units.with_interval(*figures, units.ratio)}"


def _data(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop(columns=["family", "few"]).reset_index(drop=True)
