"""What an instance costs the host's processors while its program does nothing."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from labkit import notes, units
from labkit.charts import parts
from labkit.charts.chart import Chart, drawn, shown_data
from labkit.charts.style import panels

QUANTITY = "host_cpu_s_per_s"
TITLE = "How much of a processor does an idle instance take?"
MEANING = "CPU seconds that the host spends each second on instance, helper and services."


@drawn
def idle(table: pd.DataFrame, *, badge: str = "") -> Chart:
    """From `stats.idle_burn`: a bar a backend, made of the roles, with the interval of all."""
    notes.require(table)
    pairs = notes.labels(table)
    subtitle = f"Workload idle; median of {notes.sizes(table)}"
    known = table["median_host_cpu_s_per_s"].notna()
    keys = parts.role_keys(table.loc[known, "role"])
    note = notes.note(table, badge, MEANING, notes.interval(table))
    figure, (axes,) = panels(
        0.65 + 0.5 * len(pairs), title=TITLE, subtitle=subtitle, keys=keys, note=note
    )
    parts.rows(axes, [text for _, text in pairs])
    for y, (backend, _) in enumerate(pairs):
        _row(axes, y, table[table["backend"] == backend], backend)
    parts.from_zero(axes, "CPU seconds a second (1 is one whole processor)")
    return Chart(TITLE, figure, _alt(table), shown_data(table), badge)


def _row(axes: Axes, y: int, table: pd.DataFrame, backend: str) -> None:
    rows = {
        str(row.role): row
        for row in notes.rows_of(table)
        if units.known(row.median_host_cpu_s_per_s)
    }
    if "all" not in rows:
        parts.remark(axes, y, "not read")
    widths = [(role, rows[role].median_host_cpu_s_per_s) for role in parts.ROLES if role in rows]
    parts.stack(axes, y, backend, widths)
    if "all" in rows:
        whole = rows["all"]
        parts.whisker(axes, y, *notes.figures(whole, QUANTITY)[1:])
        parts.values(axes, [(y, *_value(whole))])


def _value(row: Any) -> tuple[str, str]:
    return units.text_and_interval(*notes.figures(row, QUANTITY), units.plain)


def _alt(table: pd.DataFrame) -> str:
    rows = notes.rows_of(table[table["role"] == "all"])
    said = (notes.words(row, QUANTITY, units.plain) for row in rows)
    opening = f"Median CPU seconds a second{notes.with_interval(table)}, "
    return notes.alt(TITLE, opening, table, said)
