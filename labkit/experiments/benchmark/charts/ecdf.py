"""How the single starts are spread: what part of them was ready by when."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from labkit import notes, units
from labkit.charts import parts
from labkit.charts.chart import Chart, drawn, shown_data
from labkit.charts.style import FAINT, INK, look, panels
from labkit.units import label

TITLE = "How are the single starts spread?"
MEANING = (
    "Each marker is one trial; a line is the empirical distribution function: the height says what "
    "part of the trials was ready by then. Steep: all alike; flat: spread. The same width means "
    "the same factor, wherever it lies."
)

NOTHING = "all trials failed"


@drawn
def ecdf(table: pd.DataFrame, *, badge: str = "") -> Chart:
    """From `stats.distribution`: a stair a backend, on a logarithmic axis of time."""
    notes.require(table)
    subtitle = f"From the request to the agent's first line; {notes.sizes(table)}"
    figure, (axes,) = panels(
        3.2,
        title=TITLE,
        subtitle=subtitle,
        keys=[_key(*pair, table) for pair in notes.labels(table)],
        note=notes.note(table, badge, MEANING),
        columns=3,
    )
    for backend, group in table.dropna(subset=["startup_s"]).groupby("backend", sort=False):
        _stair(axes, list(group["startup_s"]), list(group["share"]), str(backend))
    _axes(axes, table)
    return Chart(TITLE, figure, _alt(table), shown_data(table), badge)


def _stair(axes: Axes, times: list[float], shares: list[float], backend: str) -> None:
    """It rises at each trial, from nothing at the first to all at the last."""
    style = look(backend)
    xs, ys = [times[0], *times], [0.0, *shares]
    axes.plot(xs, ys, drawstyle="steps-post", color=style.colour, linewidth=2)
    axes.plot(times, shares, style.marker, ms=6, color=style.colour, mec=INK, mew=0.6)


def _axes(axes: Axes, table: pd.DataFrame) -> None:
    parts.decades(axes, table["startup_s"], units.time, name="time until ready", most=6)
    axes.set_ylim(0, 1.06)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.set_ylabel("part of the trials that was ready")
    axes.grid(axis="y", color=FAINT)


def _key(backend: str, text: str, table: pd.DataFrame) -> Line2D:
    style = look(backend)
    if not table.loc[table["backend"] == backend, "n"].any():
        text += f": {NOTHING}"
    looks: dict[str, Any] = {"marker": style.marker, "ms": 6, "mec": INK, "mew": 0.6}
    return parts.line_key(text, color=style.colour, linewidth=2, **looks)


def _alt(table: pd.DataFrame) -> str:
    ranges = []
    for backend, group in table.groupby("backend", sort=False):
        first, last = (units.text(group["startup_s"].iloc[end], units.time) for end in (0, -1))
        words = f"{first} to {last}" if group["n"].any() else NOTHING
        ranges.append(f"{label(str(backend), str(group['engine'].iloc[0]))} {words}")
    opening = "Time from the request until ready, quickest to slowest trial, "
    return notes.alt(TITLE, opening, table, ranges)
