"""How long until it is ready, and where the time goes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from labkit import notes, units
from labkit.backends.own.names import has_agent
from labkit.charts import parts
from labkit.charts.chart import Chart, drawn
from labkit.charts.style import GREY, look, on, panels, tint


@dataclass(frozen=True)
class Words:
    """What the chart calls the moment that it ends with."""

    title: str
    subtitle: str
    until: str
    milestone: str


READY = Words(
    "How long until it is ready?",
    "From the request to the agent's first line",
    "until ready",
    "ready",
)
OWN_READY = replace(
    READY, subtitle="To the agent's first line, the condition in the name, or a login prompt"
)
FIRST_RESPONSE = Words(
    "How long until it answers?",
    "From the request of the instance to the first whole answer of its HTTP server",
    "until the first answer",
    "first_response",
)
# The earlier a phase begins, the darker it is; the hatch tells apart what begins alike.
SHADES = {
    **{"requested": 0.0, "accepted": 0.1, "scheduled": 0.18, "sandbox": 0.26},
    **{"created": 0.35, "started": 0.6, "kernel": 0.82},
}
ROOM = 0.16  # the share from which on a phase has room for its length


def startup(table: pd.DataFrame, timeline: pd.DataFrame, *, badge: str = "") -> Chart:
    """From `stats.startup` and `stats.timeline`: total on a logarithmic axis (left), each
    phase's share of it (right)."""
    own = not all(map(has_agent, table["backend"]))
    return _draw(OWN_READY if own else READY, table, timeline, badge)


def first_response(table: pd.DataFrame, timeline: pd.DataFrame, *, badge: str = "") -> Chart:
    """The same from `stats.first_response` and `stats.timeline(…, until="first_response")`."""
    return _draw(FIRST_RESPONSE, table, timeline, badge)


@drawn
def _draw(words: Words, table: pd.DataFrame, timeline: pd.DataFrame, badge: str) -> Chart:
    notes.require(table)
    note = notes.note(table, badge, notes.interval(table))
    subtitle = f"{words.subtitle}; median of {notes.sizes(table)}"
    figure, (totals, shares) = panels(
        0.85 + 0.55 * len(table),
        (1.0, 1.15),
        title=words.title,
        subtitle=subtitle,
        keys=_keys(timeline),
        note=note,
    )
    _totals(totals, table, words)
    _shares(shares, timeline, list(table["backend"]))
    data = _data(table, timeline, words)
    return Chart(words.title, figure, _alt(table, words), data, badge)


def _totals(axes: Axes, table: pd.DataFrame, words: Words) -> None:
    axes.set_title(f"time {words.until} (logarithmic axis)")
    parts.rows(axes, notes.labels_with_few(table))
    column = []
    for y, row in enumerate(notes.rows_of(table)):
        parts.dot(axes, y, notes.figures(row, "s"), str(row.backend))
        column.append((y, *_value(row)))
    bounds = pd.concat([table["median_s"], table["low_s"], table["high_s"]])
    parts.decades(axes, bounds, units.time)
    parts.values(axes, column)


def _value(row: Any) -> tuple[str, str]:
    if not units.known(row.median_s):
        return "all trials failed", ""
    return units.text_and_interval(*notes.figures(row, "s"), units.time)


def _shares(axes: Axes, timeline: pd.DataFrame, backends: list[str]) -> None:
    axes.set_title("where this time goes (share of each total)")
    for row in notes.rows_of(timeline[timeline["backend"].isin(backends)]):
        y, colour = backends.index(str(row.backend)), look(str(row.backend)).colour
        face = tint(colour, _shade(str(row.phase)))
        axes.broken_barh(
            [(row.share_start, row.share)],
            (y - 0.27, 0.54),
            facecolor=face,
            edgecolor="white",
            hatch=_hatch(str(row.phase)),
            hatchcolor=colour,
        )
        if row.share >= ROOM:
            axes.annotate(
                units.text(row.length_s, units.time),
                ((row.share_start + row.share_start + row.share) / 2, y),
                ha="center",
                va="center",
                size=8,
                color=on(face),
            )
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")


def _shade(phase: str) -> float:
    return SHADES.get(phase.split(" → ")[0], 0.9)


def _hatch(phase: str) -> str:
    # Lines and no dots: a surface of dots is a megabyte of drawing.
    return {"kernel": "///", "first_response": "\\\\\\"}.get(phase.split(" → ")[1], "")


def _keys(timeline: pd.DataFrame) -> list[Patch]:
    phases = sorted(timeline["phase"].unique(), key=lambda phase: (_shade(phase), phase))
    looks: dict[str, Any] = {"edgecolor": "white", "hatchcolor": GREY}
    return [
        parts.key(p, facecolor=tint(GREY, _shade(p)), hatch=2 * _hatch(p), **looks)
        for p in phases  # twice the hatch: a key is small
    ]


def _alt(table: pd.DataFrame, words: Words) -> str:
    totals = (notes.words(row, "s", units.time) for row in notes.rows_of(table))
    opening = f"Median time from the request {words.until}{notes.with_interval(table)}, "
    return notes.alt(words.title, opening, table, totals)


def _data(table: pd.DataFrame, timeline: pd.DataFrame, words: Words) -> pd.DataFrame:
    """One table: the total of each backend, then its phases."""
    whole = f"requested → {words.milestone}, total"
    totals = table.assign(phase=whole, length_s=table["median_s"])
    both = pd.concat([totals, timeline], ignore_index=True)
    order = {backend: place for place, backend in enumerate(table["backend"])}
    both = both.sort_values("backend", key=lambda column: column.map(order), kind="stable")
    columns = ["backend", "engine", "phase", "n", "start_s", "length_s", "mad_s", "low_s", "high_s"]
    columns += ["share", "median_ratio", "low_ratio", "high_ratio", "delta"]
    # Only a start is compared with the baseline's; a first answer has no such columns.
    return both[[name for name in columns if name in both]].reset_index(drop=True)
