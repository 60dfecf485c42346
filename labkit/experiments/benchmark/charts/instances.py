"""What each further instance costs, and all of them together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from labkit import notes, units
from labkit.charts import parts
from labkit.charts.chart import Chart, drawn, shown_data
from labkit.charts.style import FAINT, INK, panels
from labkit.experiments.benchmark.charts.memory import METRICS
from labkit.text_table import stacked
from labkit.units import label

TITLE = "How much memory does each further instance take?"


@drawn
def instances(
    table: pd.DataFrame,
    *,
    metric: str = "pss",
    badge: str = "",
    left_out: Mapping[str, str] | None = None,
) -> Chart:
    """From `stats.instances`: a bar for the 1st, 2nd, … instance of each backend, with what their
    services grew by, and the sum beside the last. `left_out` names other backends with
    the reason (`stats.left_out`). The data table holds all metrics and roles."""
    shown = table[(table["metric"] == metric) & (table["role"] == "all")]
    notes.require(shown)
    rows = notes.rows_of(shown)
    said = [
        f"{METRICS[metric]} Each is one reading, so there is no interval; with what the shared "
        "services grew by.",
        *(f"Left out: {name}, {why}." for name, why in (left_out or {}).items()),
        notes.engines(shown),
    ]
    meaning = " ".join(filter(None, said))
    subtitle = f"{metric.upper()} of all instances, helpers and services, against one fewer"
    figure, (axes,) = panels(
        0.65 + 0.3 * len(rows), title=TITLE, subtitle=subtitle, note=stacked(meaning, badge)
    )
    parts.rows(axes, [_row_label(row) for row in rows])
    for y, row in enumerate(rows):
        _bar(axes, y, row)
    parts.values(axes, [(y, text, "") for y, text in enumerate(_texts(shown))])
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_xlabel(f"{metric.upper()} in MiB")
    axes.grid(axis="x", color=FAINT)
    return Chart(TITLE, figure, _alt(shown, metric), shown_data(table), badge)


def _row_label(row: Any) -> str:
    return f"{label(row.backend, row.engine)}, 1st" if row.running == 1 else _nth(row.running)


def _nth(number: int) -> str:
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number, 'th') }"


def _bar(axes: Axes, y: float, row: Any) -> None:
    if units.known(row.marginal_bytes):
        parts.part(axes, y, 0.0, row.marginal_bytes / units.MIB, str(row.backend), "instance")


def _texts(shown: pd.DataFrame) -> list[str]:
    """The cost of each; beside a backend's last one, all of them."""
    texts = []
    last = shown.groupby("backend")["running"].max()
    for row in notes.rows_of(shown):
        text = units.text(row.marginal_bytes, units.memory)
        if row.running == last[row.backend] and row.running > 1:
            text += f"; all {row.running}: {units.text(row.total_bytes, units.memory)}"
        texts.append(text)
    return texts


def _alt(shown: pd.DataFrame, metric: str) -> str:
    sentences = []
    for backend, group in shown.groupby("backend", sort=False):
        rows = notes.rows_of(group)
        costs = ", ".join(
            f"{_nth(row.running)} {units.text(row.marginal_bytes, units.memory)}" for row in rows
        )
        total = units.text(rows[-1].total_bytes, units.memory)
        sentences.append(f"{label(str(backend), rows[0].engine)}: {costs}; together {total}.")
    return f"{TITLE} {metric.upper()}, one reading each. {' '.join(sentences)}"
