"""What each component of a container engine adds, from a bare process to `docker run`."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from labkit import notes, units
from labkit.charts import parts
from labkit.charts.chart import Chart, drawn, shown_data
from labkit.charts.style import GREY, look, panels, tint
from labkit.units import label

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


@drawn
def engine_parts(table: pd.DataFrame, quantity: str = "startup_s", *, badge: str = "") -> Chart:
    """From `stats.engine_parts`: a waterfall of one quantity; the data table holds all of them."""
    rows = table[table["quantity"] == quantity].reset_index(drop=True)
    notes.require(rows)
    rows = rows.assign(step=[_step(row) for row in notes.rows_of(rows)])
    note = notes.note(_named(rows), badge, _explained(rows, quantity))
    heading = f"{QUANTITIES[quantity][1]}, paired differences; {notes.sizes(_named(rows))}"
    figure, (axes,) = panels(
        0.75 + 0.52 * len(rows),
        title=TITLE,
        subtitle=heading[0].upper() + heading[1:],
        keys=_keys(rows),
        note=note,
    )
    _bars(axes, rows, quantity)
    return Chart(TITLE, figure, _alt(rows, quantity), shown_data(table), badge)


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
            parts.join(axes, y, row.end)
    axes.set_xlim(left=min(0.0, axes.get_xlim()[0]))
    axes.margins(x=0.02)
    parts.linear(axes, scale)
    parts.values(axes, column)


def _bar(axes: Axes, y: int, row: Any) -> None:
    if not units.known(row.end):
        return
    whole = row.backend == "total"
    style = look(str(row.less if whole else row.backend))
    looks: dict[str, Any] = {"linewidth": 0.8, "hatch": "" if whole else style.hatch}
    if row.median < 0:  # what takes less than the component before it
        looks |= {"facecolor": "white", "edgecolor": style.colour}
    parts.step(axes, y, (row.start, *notes.figures(row)), style, **looks)


def _value(row: Any, *, first: bool, scale: units.Scale) -> tuple[str, str]:
    if not units.known(row.median):
        return "not known", ""
    sign = "" if first or row.median < 0 else "+"
    text, interval = units.text_and_interval(*notes.figures(row), scale)
    return sign + text, interval


def _keys(rows: pd.DataFrame) -> list[Patch]:
    if not (rows["median"] < 0).any():
        return []
    return [
        parts.key("adds", facecolor=tint(GREY, 0.2)),
        parts.key("takes less than the one above it", facecolor="white", edgecolor=GREY),
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
        + units.with_interval(*notes.figures(row), scale)
        for y, row in enumerate(notes.rows_of(steps))
    ]
    for row in notes.rows_of(whole):
        figures = units.with_interval(*notes.figures(row), scale)
        said.append(f"as a whole, {label(row.less, row.engine)} takes {figures}")
    opening = (
        f"Waterfall of the {words}, medians of paired differences{notes.with_interval(rows)}, "
    )
    return notes.alt(TITLE, opening, steps, said)
