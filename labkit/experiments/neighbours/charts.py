"""How much a neighbour disturbs, without and with limits."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from labkit import notes, units
from labkit.charts import parts
from labkit.charts.chart import Chart, drawn, shown_data
from labkit.charts.style import panels
from labkit.stats.signed_ranks import FEWEST
from labkit.units import label

# Quantity → title, what the ratio is of.
QUANTITIES = {
    "throughput": ("How much of its throughput does a disturbed server keep?", "requests a second"),
    "p95": ("How much longer do the slow requests of a disturbed server take?", "p95 latency"),
    "p50": ("How much longer does a usual request of a disturbed server take?", "median latency"),
    "slowest": ("How much longer does a disturbed server's slowest request take?", "the slowest"),
}
CONDITIONS = {"unlimited": "neighbour without limits", "limited": "neighbour with limits"}
KINDS = {
    "cpu": "computes; limit: another CPU",
    "memory": "fills memory; limit: 256 MiB",
    "disk": "writes to disk; limit: 8 MiB/s",
}
MEANING = (
    "Each victim serves alone and beside both neighbours, in random order; the ratio is within the "
    "block. Only the named resource is shared on purpose: without limits, the neighbour that "
    "computes has the victim's CPU; the others run on another one."
)


@drawn
def neighbours(table: pd.DataFrame, quantity: str = "throughput", *, badge: str = "") -> Chart:
    """From `stats.neighbours`: the ratios of one quantity to the victim alone, a row a kind and
    backend, a panel a condition."""
    title, of = QUANTITIES[quantity]
    mine = table[table["quantity"] == quantity].reset_index(drop=True)
    notes.require(mine)
    shown = _shown(mine)
    said = (notes.ratio_interval(mine), MEANING, _empty(mine))
    note = notes.note(mine, badge, *said, few_below=FEWEST)
    subtitle = f"The victim's {of} in multiples of being alone, paired; {notes.sizes(mine)}"
    figure, axes = panels(
        0.9 + 0.4 * len(shown),
        (1.0, 1.0),
        title=title,
        subtitle=subtitle,
        note=note,
    )
    reach = max([1.0, *mine[["median_ratio", "high_ratio"]].max().dropna()])
    parts.headed_rows(axes[0], [(text, None if not key else 1) for text, key in shown])
    for panel, (condition, heading) in zip(axes, CONDITIONS.items(), strict=True):
        panel.set_title(heading)
        _panel(panel, shown, mine[mine["condition"] == condition], 1.12 * reach)
    return Chart(title, figure, _alt(title, mine), shown_data(mine), badge)


def _shown(table: pd.DataFrame) -> list[tuple[str, tuple[str, str] | None]]:
    """Rows: a heading for each kind, and below it its backends, as (kind, backend)."""
    rows: list[tuple[str, tuple[str, str] | None]] = []
    for kind, group in table.groupby("kind", sort=False):
        rows.append((KINDS[str(kind)], None))
        rows += [(text, (str(kind), name)) for name, text in notes.labels(group)]
    return rows


def _panel(
    axes: Axes,
    shown: list[tuple[str, tuple[str, str] | None]],
    table: pd.DataFrame,
    reach: float,
) -> None:
    cells = {(row.kind, row.backend): row for row in notes.rows_of(table)}
    axes.set_xlim(0, reach)
    parts.separate(axes, [(text, key) for text, key in shown])
    shown_rows = []
    for y, (_, key) in enumerate(shown):
        row = cells.get(key) if key else None
        if row is None:
            continue
        if units.known(row.median_ratio):
            shown_rows.append((y, row))
        else:
            parts.remark(axes, y, "empty, see below" if row.reason else "–")
    parts.dots(axes, shown_rows, "ratio", units.ratio)
    parts.linear(axes, units.ratio)
    axes.set_xticks([tick for tick in axes.get_xticks() if 0 <= tick <= reach])
    parts.baseline(axes, "as alone")


def _empty(table: pd.DataFrame) -> str:
    """Each reason once, with the cells that it holds for."""
    reasons: dict[str, list[str]] = {}
    for row in notes.rows_of(table):
        if row.reason:
            limits = "with" if row.condition == "limited" else "without"
            reasons.setdefault(row.reason, []).append(f"{row.kind}, {row.backend}, {limits} limits")
    said = "; ".join(f"{', '.join(cells)}: {reason}" for reason, cells in reasons.items())
    return f"Left empty: {said}." if said else ""


def _alt(title: str, table: pd.DataFrame) -> str:
    return notes.alt(title, "Ratio of ", table, map(_words, notes.rows_of(table)), FEWEST)


def _words(row: Any) -> str:
    figures = units.with_interval(*notes.figures(row, "ratio"), units.ratio)
    if not units.known(row.median_ratio):
        figures = f"empty ({row.reason})"
    return f"{row.kind}, {label(row.backend, row.engine)}, {CONDITIONS[row.condition]}: {figures}"
