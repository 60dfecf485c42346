"""How the single starts are spread: what part of them was ready by when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from labkit.charts import notes, parts, units
from labkit.charts.chart import Chart
from labkit.charts.style import FAINT, INK, drawing, look, panels, settle
from labkit.units import label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

TITLE = "How are the single starts spread?"
MEANING = (
    "Each marker is one trial; a line is the empirical distribution function: the height says what "
    "part of the trials was ready by then. Steep: all alike; flat: spread. The same width means "
    "the same factor, wherever it lies."
)

NOTHING = "all trials failed"


def ecdf(table: pd.DataFrame, *, badge: str = "") -> Chart:
    """From `stats.distribution`: a stair a backend, on a logarithmic axis of time."""
    notes.require(table)
    subtitle = f"From the request to the agent's first line; {notes.sizes(table)}"
    with drawing():
        figure, (axes,) = panels(
            3.2,
            (1.0,),
            title=TITLE,
            subtitle=subtitle,
            keys=[_key(*pair, table) for pair in notes.labels(table)],
            note=notes.note(table, badge, MEANING),
            columns=3,
        )
        for backend, group in table.dropna(subset=["startup_s"]).groupby("backend", sort=False):
            _stair(axes, list(group["startup_s"]), list(group["share"]), str(backend))
        _axes(axes, table)
        settle(figure)
    return Chart(TITLE, figure, _alt(table), _data(table), badge)


def _stair(axes: Axes, times: list[float], shares: list[float], backend: str) -> None:
    """It rises at each trial, from nothing at the first to all at the last."""
    style = look(backend)
    xs, ys = [times[0], *times], [0.0, *shares]
    axes.plot(xs, ys, drawstyle="steps-post", color=style.colour, linewidth=2)
    axes.plot(times, shares, style.marker, ms=6, color=style.colour, mec=INK, mew=0.6)


def _axes(axes: Axes, table: pd.DataFrame) -> None:
    parts.decades(axes, table["startup_s"], units.time)
    axes.set_xlabel("time until ready (logarithmic axis)")
    axes.set_ylim(0, 1.06)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.set_ylabel("part of the trials that was ready")
    axes.grid(axis="y", color=FAINT)


def _key(backend: str, text: str, table: pd.DataFrame) -> Line2D:
    from matplotlib.lines import Line2D

    style = look(backend)
    if not table.loc[table["backend"] == backend, "n"].any():
        text += f": {NOTHING}"
    looks: dict[str, Any] = {
        "marker": style.marker,
        "ms": 6,
        "mec": INK,
        "mew": 0.6,
        "linewidth": 2,
    }
    return Line2D([], [], color=style.colour, label=text, **looks)


def _alt(table: pd.DataFrame) -> str:
    ranges = []
    for backend, group in table.groupby("backend", sort=False):
        first, last = (units.text(group["startup_s"].iloc[end], units.time) for end in (0, -1))
        words = f"{first} to {last}" if group["n"].any() else NOTHING
        ranges.append(f"{label(str(backend), str(group['engine'].iloc[0]))} {words}")
    text = f"{TITLE} Time from the request until ready, quickest to slowest trial, "
    return f"{text}{notes.sizes(table)}: {'; '.join(ranges)}. {notes.caution(table)}".strip()


def _data(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop(columns=["family", "few"]).reset_index(drop=True)
