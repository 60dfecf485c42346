"""How fast a server answers under a bounded load, behind each boundary."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from labkit import notes, units
from labkit.charts import parts
from labkit.charts.chart import Chart, drawn, shown_data
from labkit.charts.style import FAINT, GREY, INK, look, panels
from labkit.units import label

RATE = "requests_per_s"
TITLE = "How fast does it answer?"
# From the filled marker of half of the requests to the empty one of all but one in a hundred.
FACES = {"p50": 1.0, "p95": 0.45, "p99": 0.0}
MEANINGS = {"p50": "half of the requests", "p95": "95 % of them", "p99": "99 % of them"}
LOAD = (
    "A request is a connection of its own; each client asks again as soon as it has its answer "
    "(closed loop). A percentile without a marker: some trial made too few requests for it."
)


@drawn
def latency(table: pd.DataFrame, *, badge: str = "") -> Chart:
    """From `stats.latency`: p50, p95 and p99 of each backend and number of connections on a
    logarithmic axis (left), requests a second (right)."""
    notes.require(table)
    rows = notes.rows_of(table)
    note = notes.note(table, badge, notes.interval(table), LOAD, _clients(rows), _errors(rows))
    figure, (latencies, rates) = panels(
        0.9 + 0.42 * len(rows),
        (1.25, 1.0),
        title=TITLE,
        subtitle=f"Latency and throughput of an HTTP server; median of {notes.sizes(table)}",
        keys=_keys(),
        note=note,
    )
    parts.rows(latencies, [_label(row) for row in rows])
    for axes in (latencies, rates):
        _separate(axes, rows)
    _latencies(latencies, rows)
    _rates(rates, rows)
    return Chart(TITLE, figure, _alt(table, rows), shown_data(table), badge)


def _label(row: Any) -> str:
    connections = "connection" if row.connections == 1 else "connections"
    return f"{label(row.backend, row.engine)}, {row.connections} {connections}"


def _separate(axes: Axes, rows: list[Any]) -> None:
    """A line between backends."""
    for y, row in enumerate(rows):
        if y and row.backend != rows[y - 1].backend:
            axes.axhline(y - 0.5, color=FAINT, linewidth=0.8)


def _latencies(axes: Axes, rows: list[Any]) -> None:
    axes.set_title("latency, in figures p50 (logarithmic)")
    shown, column = [], []
    for y, row in enumerate(rows):
        known = [name for name in FACES if units.known(getattr(row, f"median_{name}_s"))]
        points = [getattr(row, f"median_{name}_s") for name in known]
        shown += points
        if points:
            axes.hlines(y, min(points), max(points), colors=GREY, linewidths=1, zorder=1)
        for name, value in zip(known, points, strict=True):
            _marker(axes, y, value, str(row.backend), FACES[name])
        column.append((y, units.text(row.median_p50_s, units.time), ""))
    parts.decades(axes, shown, units.time)
    parts.values(axes, column)


def _marker(axes: Axes, y: float, value: float, backend: str, full: float) -> None:
    style = look(backend)
    axes.plot([value], [y], style.marker, ms=8, color="white", mec=INK, mew=0.7, zorder=3)
    axes.plot([value], [y], style.marker, ms=8, color=style.colour, alpha=full, mew=0, zorder=3.1)


def _rates(axes: Axes, rows: list[Any]) -> None:
    axes.set_title("requests a second (logarithmic)")
    parts.dots(axes, enumerate(rows), RATE, units.plain)
    parts.decades(axes, [one for row in rows for one in notes.figures(row, RATE)], units.plain)


def _keys() -> list[Line2D]:
    looks: dict[str, Any] = {"linestyle": "", "marker": "o", "markeredgecolor": INK}
    return [
        parts.line_key(f"{name}: {MEANINGS[name]}", markerfacecolor=(0.4, 0.4, 0.4, full), **looks)
        for name, full in FACES.items()
    ]


def _clients(rows: list[Any]) -> str:
    """The asking side runs on the same computer: what it spends is no secret."""
    shares = [row.median_client_share for row in rows if units.known(row.median_client_share)]
    if not shares:
        return ""
    low, high = min(shares), max(shares)
    return f"The asking side itself spends {low:.0%} to {high:.0%} of a CPU."


def _errors(rows: list[Any]) -> str:
    counts = ", ".join(f"{_label(row)}: {row.errors}" for row in rows if row.errors)
    return f"Requests without a whole answer, not in the figures: {counts}." if counts else ""


def _alt(table: pd.DataFrame, rows: list[Any]) -> str:
    return notes.alt(TITLE, "Median of ", table, map(_words, rows))


def _words(row: Any) -> str:
    parts_known = [
        f"{name} {units.text(getattr(row, f'median_{name}_s'), units.time)}"
        for name in FACES
        if units.known(getattr(row, f"median_{name}_s"))
    ]
    rate = units.text(row.median_requests_per_s, units.plain)
    return f"{_label(row)} {', '.join([*parts_known, f'{rate} requests a second'])}"
