"""Where the time of a container's start goes, by the engine's own events."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from labkit import notes, units
from labkit.charts import parts
from labkit.charts.chart import Chart, drawn, shown_data
from labkit.charts.style import look, panels

TITLE = "Where does the time of a docker run go?"
# Source → (what is written, the backend whose colour it has).
SOURCES = {
    "dockerd": ("until dockerd reports it", "docker"),
    "containerd": ("until containerd reports it", "containerd"),
    "lab": ("until the program's first line has arrived", "host"),
}
# Event → what lies before it, read from the engine's source and documentation.
BEFORE = {
    "container create": "request, read-write layer, volume",
    "container attach": "streams are connected",
    "network connect": "image is mounted, network is set up",
    "containers create": "configuration is made",
    "volume mount": "the volume is mounted",
    "tasks create": "shim starts, runc create, hooks",
    "tasks start": "runc start",
    "container start": "dockerd notes the start",
    "ready": "the program's first line arrives",
}


@drawn
def start_events(table: pd.DataFrame, *, badge: str = "") -> Chart:
    """From `stats.start_events`: each stretch of time between two events of a start, in order."""
    notes.require(table)
    named = table.assign(engine="native")
    explained = "Bar: median time since the event above."
    if notes.repeated(named):
        explained += " Line: its 95 % interval (BCa bootstrap)."
    figure, (axes,) = panels(
        0.75 + 0.5 * len(table),
        title=TITLE,
        subtitle=f"Events of dockerd and containerd; median of {notes.sizes(named)}",
        keys=_keys(table),
        note=notes.note(named, badge, explained),
    )
    _bars(axes, table)
    return Chart(TITLE, figure, _alt(named), shown_data(table), badge)


def _bars(axes: Axes, table: pd.DataFrame) -> None:
    axes.set_title("time since the request")
    parts.rows(axes, [f"{BEFORE.get(e, '')}\n{e}".strip() for e in table["event"]])
    axes.tick_params(axis="y", labelsize=8.5)
    column = []
    for y, row in enumerate(notes.rows_of(table)):
        figures = notes.figures(row, "s")
        parts.step(axes, y, (row.start_s, *figures), look(SOURCES[row.source][1]))
        if y + 1 < len(table):
            parts.join(axes, y, row.start_s + row.median_s)
        column.append((y, *units.text_and_interval(*figures, units.time)))
    axes.set_xlim(left=0)
    parts.linear(axes, units.time)
    parts.values(axes, column)


def _keys(table: pd.DataFrame) -> list[Patch]:
    return [
        parts.key(text, facecolor=look(name).colour, hatch=look(name).hatch, edgecolor="white")
        for source, (text, name) in SOURCES.items()
        if source in set(table["source"])
    ]


def _alt(table: pd.DataFrame) -> str:
    said = [
        f"{row.event} ({row.source}) after "
        + units.with_interval(*notes.figures(row, "s"), units.time)
        for row in notes.rows_of(table)
    ]
    opening = f"Median time between the events of a start{notes.with_interval(table)}, "
    return notes.alt(TITLE, opening, table, said)
