"""Where the time of a container's start goes, by the engine's own events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from labkit.charts import notes, parts, units
from labkit.charts.chart import Chart
from labkit.charts.style import FAINT, GREY, drawing, look, panels, settle

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Patch

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


def start_events(table: pd.DataFrame, *, badge: str = "") -> Chart:
    """From `stats.start_events`: each stretch of time between two events of a start, in order."""
    notes.require(table)
    named = table.assign(engine="native")
    explained = "Bar: median time since the event above."
    if notes.repeated(named):
        explained += " Line: its 95 % interval (BCa bootstrap)."
    with drawing():
        figure, (axes,) = panels(
            0.75 + 0.5 * len(table),
            (1.0,),
            title=TITLE,
            subtitle=f"Events of dockerd and containerd; median of {notes.sizes(named)}",
            keys=_keys(table),
            note=notes.note(named, badge, explained),
        )
        _bars(axes, table)
        settle(figure)
    return Chart(TITLE, figure, _alt(named), table.drop(columns="few"), badge)


def _bars(axes: Axes, table: pd.DataFrame) -> None:
    axes.set_title("time since the request")
    parts.rows(axes, [f"{BEFORE.get(e, '')}\n{e}".strip() for e in table["event"]])
    axes.tick_params(axis="y", labelsize=8.5)
    column = []
    for y, row in enumerate(notes.rows_of(table)):
        style = look(SOURCES[row.source][1])
        axes.barh(
            y,
            row.median_s,
            left=row.start_s,
            height=0.48,
            facecolor=style.colour,
            edgecolor="white",
            hatch=style.hatch,
            zorder=2,
        )
        end = row.start_s + row.median_s
        if y + 1 < len(table):
            axes.vlines(end, y + 0.24, y + 0.76, colors=GREY, linewidths=0.8, zorder=1)
        parts.whisker(axes, y, row.start_s + row.low_s, row.start_s + row.high_s, caps=11)
        column.append((y, *_value(row)))
    axes.set_xlim(left=0)
    parts.linear(axes, units.time)
    axes.grid(axis="x", color=FAINT)
    parts.values(axes, column)


def _value(row: Any) -> tuple[str, str]:
    figures = (row.median_s, row.low_s, row.high_s)
    return units.text(row.median_s, units.time), units.interval_text(*figures, units.time)


def _keys(table: pd.DataFrame) -> list[Patch]:
    from matplotlib.patches import Patch

    return [
        Patch(facecolor=look(name).colour, hatch=look(name).hatch, edgecolor="white", label=text)
        for source, (text, name) in SOURCES.items()
        if source in set(table["source"])
    ]


def _alt(table: pd.DataFrame) -> str:
    said = [
        f"{row.event} ({row.source}) after "
        + units.with_interval(row.median_s, row.low_s, row.high_s, units.time)
        for row in notes.rows_of(table)
    ]
    return (
        f"{TITLE} Median time between the events of a start{notes.with_interval(table)}, "
        f"{notes.sizes(table)}: {'; '.join(said)}. {notes.caution(table)}"
    ).strip()
