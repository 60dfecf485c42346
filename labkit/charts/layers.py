"""What each component of a container engine adds, from a bare process to `docker run`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from labkit.charts import notes, parts, units
from labkit.charts.chart import Chart
from labkit.charts.style import FAINT, GREY, drawing, look, panels, settle, tint
from labkit.units import label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Patch

TITLE = "What does each component of a container engine add?"
# What is new at each depth.
ADDS = {
    "host": "fork + exec",
    "chroot": "another root directory",
    "unshare": "namespaces, mounts, pivot_root",
    "crun": "control group, fewer privileges",
    "runc": "control group, fewer privileges",
    "containerd": "containerd, its shim, its client",
    "docker": "dockerd: image mount, volume, hook, seccomp",
    "docker-cli": "the docker command",
}
# Quantity → (axis, in words, scale).
QUANTITIES: dict[str, tuple[str, str, units.Scale]] = {
    "startup_s": ("time until ready", "time from the request until ready", units.time),
    "host_cpu_s": ("host CPU time of a start", "host CPU time until ready", units.time),
    "pss_bytes": ("memory (PSS), instance + helper", "memory (PSS)", units.memory),
}


def layers(table: pd.DataFrame, quantity: str = "startup_s", *, badge: str = "") -> Chart:
    """From `stats.layers`: a waterfall of one quantity; the data table holds all of them."""
    rows = table[table["quantity"] == quantity].reset_index(drop=True)
    notes.require(rows)
    rows = rows.assign(step=[_step(row) for row in notes.rows_of(rows)])
    note = notes.note(_named(rows), badge, _explained(rows, quantity))
    heading = f"{QUANTITIES[quantity][1]}, paired differences; {notes.sizes(_named(rows))}"
    with drawing():
        figure, (axes,) = panels(
            0.75 + 0.52 * len(rows),
            (1.0,),
            title=TITLE,
            subtitle=heading[0].upper() + heading[1:],
            keys=_keys(rows),
            note=note,
        )
        _bars(axes, rows, quantity)
        settle(figure)
    return Chart(TITLE, figure, _alt(rows, quantity), _data(table), badge)


def _step(row: Any) -> str:
    """A row's label: the backend with its engine, and what is new in it."""
    if row.backend == "total":
        return f"{label(row.less, row.engine)}\nas a whole, measured"
    return f"{label(row.backend, row.engine)}\n{ADDS.get(row.backend, '')}".strip()


def _bars(axes: Axes, rows: pd.DataFrame, quantity: str) -> None:
    name, _, scale = QUANTITIES[quantity]
    axes.set_title(name)
    parts.rows(axes, list(rows["step"]))
    axes.tick_params(axis="y", labelsize=8.5)
    column = []
    drawn = notes.rows_of(rows)
    for y, row in enumerate(drawn):
        _bar(axes, y, row)
        column.append((y, *_value(row, first=y == 0 or row.backend == "total", scale=scale)))
        if y + 1 < len(drawn) and units.known(row.end):
            axes.vlines(row.end, y + 0.24, y + 0.76, colors=GREY, linewidths=0.8, zorder=1)
    axes.set_xlim(left=min(0.0, axes.get_xlim()[0]))
    axes.margins(x=0.02)
    parts.linear(axes, scale)
    axes.grid(axis="x", color=FAINT)
    parts.values(axes, column)


def _bar(axes: Axes, y: int, row: Any) -> None:
    if not units.known(row.end):
        return
    whole = row.backend == "total"
    style = look(str(row.less if whole else row.backend))
    saved = row.median < 0  # what takes less than the component before it
    axes.barh(
        y,
        row.median,
        left=row.start,
        height=0.48,
        facecolor="white" if saved else style.colour,
        edgecolor=style.colour if saved else "white",
        hatch="" if whole else style.hatch,
        linewidth=0.8,
        zorder=2,
    )
    parts.whisker(axes, y, row.start + row.low, row.start + row.high, caps=11)


def _value(row: Any, *, first: bool, scale: units.Scale) -> tuple[str, str]:
    if not units.known(row.median):
        return "not known", ""
    sign = "" if first or row.median < 0 else "+"
    return (
        sign + units.text(row.median, scale),
        units.interval_text(row.median, row.low, row.high, scale),
    )


def _keys(rows: pd.DataFrame) -> list[Patch]:
    from matplotlib.patches import Patch

    if not (rows["median"] < 0).any():
        return []
    return [
        Patch(facecolor=tint(GREY, 0.2), label="adds"),
        Patch(facecolor="white", edgecolor=GREY, label="takes less than the one above it"),
    ]


def _explained(rows: pd.DataFrame, quantity: str) -> str:
    sentence = (
        "Bar: median over blocks of the difference to the row above, within the same block; "
        "the first row and the last are the starts themselves."
    )
    interval = "Line: 95 % interval (BCa bootstrap)." if (rows["n"] > 1).any() else ""
    added = _named(rows)["end"].iloc[-1]
    whole = (
        f"The steps add up to {units.text(added, QUANTITIES[quantity][2])}."
        if units.known(added)
        else ""
    )
    steps = "The kernel tells it in steps of 10 ms." if quantity == "host_cpu_s" else ""
    return " ".join(part for part in (sentence, interval, whole, steps) if part)


def _named(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows without the total, for what is said of backends."""
    return rows[rows["backend"] != "total"]


def _alt(rows: pd.DataFrame, quantity: str) -> str:
    _, words, scale = QUANTITIES[quantity]
    steps, whole = _named(rows), rows[rows["backend"] == "total"]
    said = [
        f"{label(row.backend, row.engine)} {'' if y == 0 else 'adds '}"
        + units.with_interval(row.median, row.low, row.high, scale)
        for y, row in enumerate(notes.rows_of(steps))
    ]
    for row in notes.rows_of(whole):
        figures = units.with_interval(row.median, row.low, row.high, scale)
        said.append(f"as a whole, {label(row.less, row.engine)} takes {figures}")
    return (
        f"{TITLE} Waterfall of the {words}, medians of paired differences"
        f"{notes.with_interval(rows)}, {notes.sizes(steps)}: {'; '.join(said)}. "
        f"{notes.caution(steps)}"
    ).strip()


def _data(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop(columns="few").reset_index(drop=True)
