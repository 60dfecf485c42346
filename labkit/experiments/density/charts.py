"""How long it takes until all are ready, and what memory each takes, against their number."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from labkit import notes, units
from labkit.charts import parts
from labkit.charts.chart import Chart, drawn, shown_data
from labkit.charts.style import FAINT, INK, look, panels
from labkit.units import label

TITLE = "What changes when many instances start?"
MEANING = (
    "Together: all are requested at once; one by one: each when the one before is ready. Memory is "
    "PSS, with what the services that all share grew by."
)
# Way → how its line is drawn, and how far right of the number, so that none hides another.
WAYS: dict[str, tuple[dict[str, Any], float]] = {
    "together": ({"linestyle": "-"}, 1.03),
    "one by one": ({"linestyle": "--", "markerfacecolor": "white"}, 0.97),
}
TIMES = [digit * 10.0**power for power in range(-3, 5) for digit in (1, 2, 5)]
SIZES = [float(units.MIB * 2**power) for power in range(-3, 16)]
# Quantity → heading, how it is written, where its axis may have labels.
PANELS = {
    "s": ("Time until all are ready", units.time, TIMES),
    "bytes": ("Memory of each", units.memory, SIZES),
}


@drawn
def density(table: pd.DataFrame, *, badge: str = "") -> Chart:
    """From `stats.groups`: a line a backend and way; both axes of both panels are logarithmic."""
    notes.require(table)
    lines = notes.rows_of(table[["backend", "engine", "way"]].drop_duplicates())
    note = notes.note(table, badge, notes.interval(table), MEANING, _unknown(table))
    figure, axes = panels(
        3.1,
        (1.0, 1.0),
        title=TITLE,
        subtitle=f"Against the number of instances, logarithmic axes; {notes.sizes(table)}",
        note=note,
        keys=[
            parts.line_key(f"{label(row.backend, row.engine)}, {row.way}", **_looks(row))
            for row in lines
        ],
        columns=4,
        share=False,
    )
    for panel, (name, (heading, scale, ticks)) in zip(axes, PANELS.items(), strict=True):
        panel.set_title(f"{heading} (logarithmic axes)")
        for (_, _, way), mine in table.groupby(["backend", "engine", "way"], sort=False):
            _line(panel, mine, name, WAYS[str(way)][1])
        _axes(panel, sorted(table["level"].unique()), scale, ticks)
    return Chart(TITLE, figure, _alt(table), shown_data(table), badge)


def _looks(row: Any) -> dict[str, Any]:
    style = look(row.backend)
    return {"color": style.colour, "marker": style.marker, "mec": INK, "ms": 6, **WAYS[row.way][0]}


def _line(axes: Axes, rows: pd.DataFrame, name: str, shift: float) -> None:
    """Medians with their intervals; what is not above zero has no place on such an axis."""
    shown = rows[rows[f"median_{name}"] > 0]
    if shown.empty:
        return
    at = shown["level"] * shift
    low, high = (
        shown[f"{end}_{name}"].where(shown[f"{end}_{name}"] > 0) for end in ("low", "high")
    )
    axes.vlines(at, low, high, color=INK, linewidth=1)
    axes.plot(at, shown[f"median_{name}"], **_looks(notes.rows_of(shown)[0]))


def _axes(axes: Axes, levels: list[int], scale: units.Scale, ticks: list[float]) -> None:
    """Both logarithmic; the vertical one reaches beyond what is drawn, so that it has labels."""
    from matplotlib.ticker import FixedLocator, FuncFormatter

    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(levels[0] / 1.25, levels[-1] * 1.25)
    if axes.lines:
        low, high = axes.dataLim.intervaly
        axes.set_ylim(low / 1.8, high * 1.8)
    else:
        axes.text(0.5, 0.5, "not known, see below", transform=axes.transAxes, ha="center")
    low, high = axes.get_ylim()
    shown = [tick for tick in ticks if low <= tick <= high]
    for axis, places in ((axes.xaxis, levels), (axes.yaxis, shown)):
        axis.set_major_locator(FixedLocator(places))
        axis.set_minor_locator(FixedLocator([]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: parts.tick(value, scale)))
    axes.set_xlabel("instances")
    axes.grid(axis="y", color=FAINT)


def _unknown(table: pd.DataFrame) -> str:
    names = table[~(table["median_bytes"] > 0)]["backend"].unique()
    return (
        f"Memory that is not known, or not above zero, is not drawn: {', '.join(names)}."
        if (len(names))
        else ""
    )


def _alt(table: pd.DataFrame) -> str:
    """Of each backend the smallest and the largest number; the data table has those between."""
    said = []
    for name, mine in table.groupby("backend", sort=False):
        ends = mine[mine["level"].isin([mine["level"].min(), mine["level"].max()])]
        said += [
            f"{row.level} {name} {row.way} {units.text(row.median_s, units.time)}"
            for row in notes.rows_of(ends)
        ]
        last = notes.rows_of(ends)[-1]
        said.append(f"{units.text(last.median_bytes, units.memory)} each")
    return f"{TITLE} Median time until all are ready: {'; '.join(said)}."
