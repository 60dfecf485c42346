"""How a backend's figures change along one axis of a sweep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from labkit import notes, units
from labkit.backends.own.names import swept
from labkit.charts.chart import Chart, drawn
from labkit.charts.style import FAINT, INK, look, panels
from labkit.text_table import stacked

AXES = {"cpus": "CPUs of each instance", "memory": "memory of each instance in MiB"}
SCALES = {"startup_s": 1.0, "pss_bytes": units.MIB, "ops_per_s": 1.0}
LINES = ("-", "--", ":", "-.")
NOTE = (
    "Marker: median; line: its 95 % interval. A workload that works on one processor gains nothing "
    "by a second one."
)


@drawn
def scaling(table: pd.DataFrame, *, badge: str = "") -> Chart:
    """From the rows of one setting of `stats.scaling`: a panel a quantity, a line a backend."""
    notes.require(table)
    setting, values = str(table["setting"].iloc[0]), sorted(table["value"].unique())
    title = f"What do more {'CPUs' if setting == 'cpus' else 'MiB'} change?"
    lines = list(table["line"].unique())
    shown = list(table.groupby(["quantity", "workload"], sort=False))
    figure, axes = panels(
        2.6,
        (1.0,) * len(shown),
        title=title,
        subtitle=f"{AXES[setting]}; from n = {table['n'].min()} trials a point on",
        note=stacked(f"{NOTE} {notes.engines(table)}", badge),
        keys=[_key(line, lines) for line in lines],
        columns=3,
        share=False,
    )
    for panel, (_, rows) in zip(axes, shown, strict=True):
        panel.set_title(_heading(notes.rows_of(rows)[0]))
        for line, points in rows.groupby("line", sort=False):
            _draw(panel, points, [values.index(v) for v in points["value"]], str(line), lines)
        panel.set_xticks(range(len(values)), [str(value) for value in values])
        panel.set_xlim(-0.4, len(values) - 0.6)
        panel.set_ylim(bottom=0)
        panel.grid(axis="y", color=FAINT)
    return Chart(title, figure, _alt(title, table), table.reset_index(drop=True), badge)


def _draw(axes: Axes, rows: pd.DataFrame, at: Sequence[int], line: str, lines: list[Any]) -> None:
    scale = SCALES[str(rows["quantity"].iloc[0])]
    shift = 0.06 * (lines.index(line) - (len(lines) - 1) / 2)  # intervals do not hide one another
    places = [place + shift for place in at]
    axes.vlines(places, rows["low"] / scale, rows["high"] / scale, color=INK, linewidth=1)
    axes.plot(places, rows["median"] / scale, **_style(line, lines))


def _style(line: str, lines: list[Any]) -> dict[str, Any]:
    base = swept(line)[0]
    style, alike = look(base), [other for other in lines if swept(other)[0] == base]
    dash = LINES[alike.index(line) % len(LINES)]
    return {"color": style.colour, "marker": style.marker, "linestyle": dash, "mec": INK, "ms": 6}


def _key(line: str, lines: list[Any]) -> Line2D:
    return Line2D([], [], label=line, **_style(line, lines))


def _heading(row: Any) -> str:
    unit = {"startup_s": "s", "pss_bytes": "MiB"}.get(row.quantity, f"{row.unit}/s")
    return f"{units.name(row.quantity, row.workload)} in {unit}"


def _alt(title: str, table: pd.DataFrame) -> str:
    said = [
        f"{row.backend} ({row.engine}), {units.name(row.quantity, row.workload)}: "
        + units.amount(row.median, row.quantity)
        for row in notes.rows_of(table)
    ]
    return f"{title} Medians with 95 % intervals: {'; '.join(said)}."
