"""How much work gets done, and what the host spends on it."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from labkit import notes, units
from labkit.charts import parts
from labkit.charts.chart import Chart, drawn
from labkit.charts.style import FAINT, GREY, panels
from labkit.experiments.benchmark.charts import cost
from labkit.experiments.benchmark.charts.cost import Rows
from labkit.units import label

TITLE = "How much of the processor reaches the program?"
NARROW = 0.2  # from this ratio on, a linear axis shows the difference better


@drawn
def cpu(table: pd.DataFrame, spent: pd.DataFrame, *, badge: str = "") -> Chart:
    """From `stats.throughput` and `stats.cpu_spent`: throughput relative to the yardstick
    (left), host CPU for each unit of work likewise (right)."""
    notes.require(table)
    rows = _rows(table)
    pairs = "Throughput pairs trials of the same block."
    note = notes.note(spent, badge, notes.ratio_interval(table), pairs, cost.note(spent))
    subtitle = f"By workload; {notes.sizes(table)}"
    figure, (ratios, costs) = panels(
        0.95 + 0.35 * len(rows),
        (1.0, 1.0),
        title=TITLE,
        subtitle=subtitle,
        keys=[] if cost.far_apart(spent) else parts.role_keys(spent["role"]),
        note=note,
    )
    parts.headed_rows(ratios, rows)
    parts.separate(costs, rows)
    _ratios(ratios, rows, table)
    cost.draw(costs, rows, spent, _yardstick(table))
    return Chart(TITLE, figure, _alt(table, spent), _data(table, spent), badge)


def _rows(table: pd.DataFrame) -> Rows:
    rows: Rows = []
    for (workload, unit), group in table.groupby(["workload", "unit"], sort=False):
        rows.append((f"{workload} ({unit}/s)" if unit else str(workload), None))
        rows += [(label(row.backend, row.engine), row) for row in notes.rows_of(group)]
    return rows


def _yardstick(table: pd.DataFrame) -> str:
    return notes.the(str(table["yardstick"].iloc[0]))


def _ratios(axes: Axes, rows: Rows, table: pd.DataFrame) -> None:
    first = _yardstick(table)
    axes.set_title(f"throughput relative to {first}")
    column = []
    for y, (_, row) in enumerate(rows):
        if row is not None:
            parts.dot(axes, y, notes.figures(row, "ratio"), str(row.backend))
            if not row.unit:
                parts.remark(axes, y, "counts no work")
            else:
                column.append((y, *_ratio_text(row)))
    parts.values(axes, column)
    bounds = pd.concat([table["median_ratio"], table["low_ratio"], table["high_ratio"]]).dropna()
    if bounds.empty:
        axes.set_xticks([])
        reasons = "\n".join(table.loc[table["n"] > 0, "reason"].unique())
        axes.text(0.5, 0.5, reasons, transform=axes.transAxes, ha="center", color=GREY)
        return
    _ratio_axis(axes, bounds, first)
    parts.baseline(axes, f"as fast as {first}")


def _ratio_axis(axes: Axes, bounds: pd.Series, first: str) -> None:
    if bounds.min() < NARROW:
        parts.decades(axes, bounds, units.ratio, name=f"times {first}")
    else:
        axes.set_xlim(0, None)
        axes.grid(axis="x", color=FAINT)
        axes.set_xlabel(f"times {first}")


def _ratio_text(row: Any) -> tuple[str, str]:
    if not units.known(row.median_ops_per_s):
        return units.UNKNOWN, ""
    if row.backend == row.yardstick or not units.known(row.median_ratio):
        return f"{units.text(row.median_ops_per_s, units.plain)} {row.unit}/s", ""
    return units.text_and_interval(*notes.figures(row, "ratio"), units.ratio)


def _alt(table: pd.DataFrame, spent: pd.DataFrame) -> str:
    text = f"{TITLE} Ratio{notes.with_interval(table)}, {notes.sizes(table)}. "
    for workload, group in table.groupby("workload", sort=False):
        costs = spent[(spent["workload"] == workload) & (spent["role"] == "all")]
        cost_of = {row.backend: row for row in notes.rows_of(costs)}
        backends = "; ".join(_words(row, cost_of.get(row.backend)) for row in notes.rows_of(group))
        text += f"{workload}: {backends}. "
    return f"{text}{notes.caution(table)}".strip()


def _words(row: Any, spent: Any | None) -> str:
    """What the chart says of one backend and workload."""
    words = []
    if units.known(row.median_ratio):
        ratio = units.with_interval(*notes.figures(row, "ratio"), units.ratio)
        words.append(f"{ratio} {notes.the(row.yardstick)}'s throughput")
    if spent is not None:
        words.append(cost.words(spent))
    return f"{label(row.backend, row.engine)} {', '.join(filter(None, words))}".rstrip()


def _data(table: pd.DataFrame, spent: pd.DataFrame) -> pd.DataFrame:
    """Throughput of each backend and workload, then what the host spent, by role."""
    quantities = ("host_cpu_s_per_s", "relative")
    figures = [f"{figure}_{name}" for name in quantities for figure in ("median", "low", "high")]
    keys = ["backend", "engine", "workload", "unit"]
    costs = spent[[*keys, "role", *figures]]
    costs = costs.rename(columns=lambda name: name.replace("_relative", "_host_cpu_relative"))
    speeds = table.drop(columns=["family", "few", "n_ratio", "yardstick"])
    return speeds.merge(costs, on=keys, how="left")
