"""What an instance costs the host's processors while its program does nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from labkit.charts import notes, parts, units
from labkit.charts.chart import Chart
from labkit.charts.style import FAINT, drawing, panels, settle
from labkit.units import label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLE = "How much of a processor does an idle instance take?"
MEANING = "CPU seconds that the host spends each second on instance, helper and services."


def idle(table: pd.DataFrame, *, badge: str = "") -> Chart:
    """From `stats.idle_burn`: a bar a backend, made of the roles, with the interval of all."""
    notes.require(table)
    pairs = notes.labels(table)
    subtitle = f"workload idle; median of {notes.sizes(table)}"
    with drawing():
        known = table["median_host_cpu_s_per_s"].notna()
        keys = parts.role_keys(table.loc[known, "role"])
        note = notes.note(table, badge, MEANING, notes.interval(table))
        figure, (axes,) = panels(
            0.65 + 0.5 * len(pairs), (1.0,), title=TITLE, subtitle=subtitle, keys=keys, note=note
        )
        parts.rows(axes, [text for _, text in pairs])
        for y, (backend, _) in enumerate(pairs):
            _row(axes, y, table[table["backend"] == backend], backend)
        axes.set_xlim(left=0)
        axes.set_xlabel("CPU seconds a second (1 is one whole processor)")
        axes.grid(axis="x", color=FAINT)
        settle(figure)
    return Chart(TITLE, figure, _alt(table), _data(table), badge)


def _row(axes: Axes, y: int, table: pd.DataFrame, backend: str) -> None:
    rows = {
        str(row.role): row
        for row in notes.rows_of(table)
        if units.known(row.median_host_cpu_s_per_s)
    }
    if "all" not in rows:
        parts.remark(axes, y, "not read")
    left = 0.0
    for role in ("instance", "helper", "services"):
        if role in rows:
            width = rows[role].median_host_cpu_s_per_s
            parts.part(axes, y, left, width, backend, role)
            left += width  # where the next part is drawn
    if "all" in rows:
        whole = rows["all"]
        parts.whisker(axes, y, whole.low_host_cpu_s_per_s, whole.high_host_cpu_s_per_s)
        parts.values(axes, [(y, *_value(whole))])


def _value(row: Any) -> tuple[str, str]:
    figures = (row.median_host_cpu_s_per_s, row.low_host_cpu_s_per_s, row.high_host_cpu_s_per_s)
    return units.text(figures[0], units.plain), units.interval_text(*figures, units.plain)


def _alt(table: pd.DataFrame) -> str:
    rows = notes.rows_of(table[table["role"] == "all"])
    words = "; ".join(
        f"{label(row.backend, row.engine)} "
        + (
            " ".join(_value(row)).strip()
            if units.known(row.median_host_cpu_s_per_s)
            else "not known"
        )
        for row in rows
    )
    text = f"{TITLE} Median CPU seconds a second{notes.with_interval(table)}, "
    return f"{text}{notes.sizes(table)}: {words}. {notes.caution(table)}".strip()


def _data(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop(columns=["family", "few"]).reset_index(drop=True)
