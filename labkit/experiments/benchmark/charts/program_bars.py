"""One program behind each boundary: bars of one figure, a panel for each of its settings."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from labkit import notes, units
from labkit.charts import parts
from labkit.charts.chart import Chart, drawn, shown_data
from labkit.charts.style import look, panels

BARS = "Bar: median; line: its 95 % interval (BCa bootstrap). Bars begin at zero."


@drawn
def program_bars(table: pd.DataFrame, *, empty: str = "", badge: str = "") -> Chart:
    """From the rows of one program of `stats.programs`; empty: why bars are missing."""
    notes.require(table)
    shown = table.drop_duplicates(["backend", "workload"])
    workloads = list(dict.fromkeys(shown["workload"]))
    program = str(workloads[0]).partition(":")[0]
    backends = list(dict.fromkeys(shown["backend"]))
    rows = notes.rows_of(shown)
    labels = dict(notes.labels(shown))
    how = "long" if set(shown["unit"]) == {"us"} else "much"
    title = f"{program}: how {how}, behind each boundary?"
    figure, axes = panels(
        1.0 + 0.42 * len(backends),
        (1.0,) * len(workloads),
        title=title,
        subtitle=f"What the program reports; median of {notes.sizes(shown)}",
        note=notes.note(shown, badge, BARS if notes.repeated(shown) else "", empty),
    )
    for panel, workload in zip(axes, workloads, strict=True):
        mine = [row for row in rows if row.workload == workload]
        _bars(panel, mine, [backends.index(row.backend) for row in mine])
    parts.rows(axes[0], [labels[name] for name in backends])
    return Chart(title, figure, _alt(title, shown, rows), shown_data(table), badge)


def _bars(axes: Axes, rows: list[Any], places: list[int]) -> None:
    scale = units.METRICS[rows[0].unit]
    divisor, suffix = scale(max(row.median for row in rows))
    settings = str(rows[0].workload).partition(":")[2].replace(":", "\n")
    less = "\nless is better" if rows[0].unit == "us" else ""
    axes.set_title(f"{settings or 'default settings'}{less}", fontsize=8.5)
    for y, row in zip(places, rows, strict=True):
        style = look(str(row.backend))
        axes.barh(
            y, row.median / divisor, height=0.5, color=style.colour, hatch=style.hatch, ec="white"
        )
        if units.known(row.low):
            parts.whisker(axes, y, row.low / divisor, row.high / divisor, caps=11)
    unit = {"/s": "1/s", "": str(rows[0].unit)}.get(suffix, suffix.strip())
    parts.from_zero(axes, f"{rows[0].metric} ({unit})")
    axes.tick_params(axis="x", labelsize=7.5)
    axes.locator_params(axis="x", nbins=4)
    shown = _short if suffix in ("/s", "") else "{:,g}".format
    axes.xaxis.set_major_formatter(lambda value, _: shown(value))


def _short(value: float) -> str:
    """A panel is narrow: such as 6M, 400k."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def _alt(title: str, table: pd.DataFrame, rows: list[Any]) -> str:
    said = (
        f"{row.workload}, {units.label(row.backend, row.engine)} {row.metric} "
        + units.text(row.median, units.METRICS[row.unit])
        for row in rows
    )
    return notes.alt(title, "Median of ", table, said)
