"""How long a boot takes, by the host's clock and by systemd's."""

from __future__ import annotations

from typing import Any

import pandas as pd

from labkit import notes, units
from labkit.backends.own.names import short
from labkit.charts import parts
from labkit.charts.chart import Chart, drawn, shown_data
from labkit.charts.style import panels
from labkit.experiments.benchmark.stats.boot import OURS, TOTAL
from labkit.text_table import stacked

TITLE = "How long does a boot take: whose clock?"
WHERE = {OURS: "outside", TOTAL: "inside"}
CLOCKS = {OURS: f"{WHERE[OURS]}: request → prompt", TOTAL: f"{WHERE[TOTAL]}: systemd-analyze"}


@drawn
def boot(table: pd.DataFrame, *, badge: str = "") -> Chart:
    """From `stats.boot`: for each backend, what is seen from outside and what systemd says."""
    notes.require(table)
    shown = table[table["figure"].isin(CLOCKS)]
    lines = _lines(shown)
    figure, (axes,) = panels(
        0.7 + 0.42 * len(lines),
        title=TITLE,
        subtitle=f"A distribution, until it asks for a login; median of {notes.sizes(shown)}",
        note=notes.note(shown, badge, notes.interval(shown)),
    )
    parts.headed_rows(axes, lines)
    bounds = pd.concat([shown["median_s"], shown["low_s"], shown["high_s"]])
    parts.decades(axes, bounds, units.time, name="time")
    parts.dots(axes, enumerate(row for _, row in lines), "s", units.time)
    return Chart(TITLE, figure, _alt(shown), shown_data(table), badge)


def _lines(table: pd.DataFrame) -> list[tuple[str, Any]]:
    """A heading a backend, below it a row a clock."""
    lines: list[tuple[str, Any]] = []
    for name, group in table.groupby("backend", sort=False):
        rows = notes.rows_of(group)
        lines.append((stacked(short(str(name)), f"({rows[0].engine})"), None))
        lines += [(CLOCKS[str(row.figure)], row) for row in rows]
    return lines


def _alt(table: pd.DataFrame) -> str:
    """Medians alone: their intervals are in the data."""
    said = (
        f"{short(str(name))} ({group['engine'].iloc[0]}) "
        + " and ".join(
            f"{WHERE[str(row.figure)]} {units.text(row.median_s, units.time)}"
            for row in notes.rows_of(group)
        )
        for name, group in table.groupby("backend", sort=False)
    )
    return notes.alt(TITLE, "Median, ", table, said)
