"""What real programs say of themselves, in multiples of the bare process's."""

from __future__ import annotations

from typing import Any

import pandas as pd

from labkit import notes, units
from labkit.charts import parts
from labkit.charts.chart import Chart, drawn, shown_data
from labkit.charts.style import panels

TITLE = "What do real programs say?"
OF_A_TIME = "Of a time, less is better: a marker right of the line is the slower one."


@drawn
def programs(table: pd.DataFrame, *, first: str, empty: str = "", badge: str = "") -> Chart:
    """From `stats.programs`, of each workload its first figure: in multiples of `first` on a
    logarithmic axis, the figure itself beside it. empty: why rows are missing."""
    notes.require(table)
    rows = notes.rows_of(_chief(table))
    timed = any(row.unit == "us" for row in rows)
    note = notes.note(table, badge, notes.ratio_interval(table), OF_A_TIME if timed else "", empty)
    shown = _grouped(rows)
    figure, (axes,) = panels(
        0.7 + 0.3 * len(shown),
        title=TITLE,
        subtitle=f"In multiples of {notes.the(first)} in the same block; {notes.sizes(table)}",
        note=note,
    )
    parts.headed_rows(axes, shown)
    axes.set_title("logarithmic axis; right: the median itself")
    placed = [(y, row) for y, (_, row) in enumerate(shown) if row is not None]
    for y, row in placed:
        parts.dot(axes, y, notes.figures(row, "ratio"), str(row.backend))
    ratios = [value for _, row in placed for value in notes.figures(row, "ratio")]
    parts.decades(axes, [1.0, *ratios], units.ratio)
    parts.values(axes, [(y, _value(row), _ratio(row, first)) for y, row in placed])
    parts.baseline(axes, notes.the(first))
    return Chart(TITLE, figure, _alt(table, rows), shown_data(table), badge)


def _chief(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop_duplicates(["backend", "workload"])


def _grouped(rows: list[Any]) -> list[tuple[str, Any]]:
    shown: list[tuple[str, Any]] = []
    for workload in dict.fromkeys(row.workload for row in rows):
        mine = [row for row in rows if row.workload == workload]
        less = ": less is better" if mine[0].unit == "us" else ""
        shown.append((f"{workload}, {mine[0].metric}{less}", None))
        shown += [(units.label(row.backend, row.engine), row) for row in mine]
    return shown


def _value(row: Any) -> str:
    return units.text(row.median, units.METRICS[row.unit])


def _ratio(row: Any, first: str) -> str:
    if row.backend == first or not units.known(row.median_ratio):
        return ""
    return units.with_interval(*notes.figures(row, "ratio"), units.ratio)


def _alt(table: pd.DataFrame, rows: list[Any]) -> str:
    said = (
        f"{row.workload}, {units.label(row.backend, row.engine)} {row.metric} {_value(row)}"
        for row in rows
    )
    return notes.alt(TITLE, "Median of ", table, said)
