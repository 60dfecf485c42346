"""How pods come up: after a loss, and when more of them are asked for."""

from __future__ import annotations

from typing import Any

import pandas as pd

from labkit import notes, units
from labkit.charts import parts
from labkit.charts.chart import Chart, drawn, shown_data
from labkit.charts.style import FAINT, panels

TITLE = "What does an orchestrator do by itself?"
SUBTITLE = "From the request until the cluster is as it was asked to be"
ASKED = (
    "Requests: one after another, by way of the API server, from a second before to a second after."
)
LABELS = {
    "heal": "a pod is lost, until another one answers",
    "scale": "one pod becomes {pods:.0f}",
    "rollout abrupt": "{pods:.0f} pods replaced, ended at once",
    "rollout patient": "{pods:.0f} pods replaced, each serves on",
}


@drawn
def outcomes(table: pd.DataFrame, *, badge: str = "") -> Chart:
    """From `stats.outcomes`: the time of each part, and how many requests were lost in it."""
    notes.require(table)
    table = table.assign(backend="kubernetes", engine="native")
    rows = notes.rows_of(table)
    note = notes.note(table, badge, ASKED, notes.interval(table))
    figure, (axes,) = panels(0.8 + 0.5 * len(rows), title=TITLE, subtitle=SUBTITLE, note=note)
    parts.rows(axes, [f"{_what(row)}{_asked(row)}" for row in rows])
    parts.dots(axes, list(enumerate(rows)), "s", units.time)
    axes.set_xlim(left=0)
    axes.set_xlabel("seconds")
    axes.grid(axis="x", color=FAINT)
    alt = notes.alt(TITLE, "", table, map(_words, rows))
    return Chart(TITLE, figure, alt, shown_data(table), badge)


def _what(row: Any) -> str:
    return LABELS[row.part].format(pods=row.pods)


def _asked(row: Any) -> str:
    if not units.known(row.sent):
        return ""
    lost, sent = (units.text(count, units.whole) for count in (row.lost, row.sent))
    return f":\n{lost} of {sent} requests lost"


def _words(row: Any) -> str:
    took = units.with_interval(*notes.figures(row, "s"), units.time)
    return f"{_what(row)}{_asked(row)}, {took}".replace("\n", " ")
