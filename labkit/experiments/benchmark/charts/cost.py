"""The right panel of the CPU chart: what the host's processors spend on the same work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from labkit import notes, units
from labkit.charts import parts
from labkit.charts.style import FAINT

DECADE = 10.0  # figures that lie further apart need a logarithmic axis
PER_SECOND = "s/s: host CPU seconds for each second, where there is no ratio to show."
Rows = list[tuple[str, Any]]  # a heading and None, or a label and a row of the table


def far_apart(spent: pd.DataFrame) -> bool:
    """Whether the figures span more than a decade: then they are dots, not bars from zero."""
    bounds = _bounds(spent)
    return not bounds.empty and bool(bounds.max() > DECADE * bounds.min())


def note(spent: pd.DataFrame) -> str:
    """What "s/s" means, where it is shown."""
    whole = spent[spent["role"] == "all"]
    shown = whole["median_relative"].isna() & whole["median_host_cpu_s_per_s"].notna()
    return PER_SECOND if shown.any() else ""


def draw(axes: Axes, rows: Rows, spent: pd.DataFrame, first: str) -> None:
    """Host CPU for each unit of work relative to `first`: bars made of roles, or dots."""
    axes.set_title("host CPU spent on the same work")
    apart = far_apart(spent)
    for y, (_, row) in enumerate(rows):
        if row is not None:
            mine = (spent["backend"] == row.backend) & (spent["workload"] == row.workload)
            _row(axes, y, notes.rows_of(spent[mine]), apart)
    if _bounds(spent).empty:
        axes.set_xticks([])
        return
    if apart:
        parts.decades(axes, _bounds(spent), units.ratio, name=f"times {first}, by unit of work")
    else:
        axes.set_xlim(left=0)
        axes.grid(axis="x", color=FAINT)
        axes.set_xlabel(f"times {first}, by unit of work")
    parts.baseline(axes, f"as much as {first}")


def words(cost: Any) -> str:
    """What the panel says of one backend and workload; empty where nothing was read."""
    if units.known(cost.median_relative):
        figures = notes.figures(cost, "relative")
        return units.with_interval(*figures, units.ratio) + " its CPU for each unit of work"
    if units.known(cost.median_host_cpu_s_per_s):
        spent = units.text(cost.median_host_cpu_s_per_s, units.plain)
        return f"{spent} host CPU seconds per second"
    return ""


def _bounds(spent: pd.DataFrame) -> pd.Series:
    whole = spent[spent["role"] == "all"]
    columns = [whole[f"{figure}_relative"] for figure in ("median", "low", "high")]
    known = pd.concat(columns).dropna()
    positive: pd.Series = known[known > 0]
    return positive


def _row(axes: Axes, y: int, found: Sequence[Any], apart: bool) -> None:
    roles = {row.role: row for row in found}
    whole = roles.get("all")
    if whole is None or not units.known(whole.median_host_cpu_s_per_s):
        parts.remark(axes, y, "not read")
    elif not units.known(whole.median_relative):
        text = units.text(whole.median_host_cpu_s_per_s, units.plain)
        parts.values(axes, [(y, f"{text} s/s", "")])
    else:
        _figure(axes, y, roles, apart)


def _figure(axes: Axes, y: int, roles: dict[str, Any], apart: bool) -> None:
    whole = roles["all"]
    figures = notes.figures(whole, "relative")
    if apart:
        parts.dot(axes, y, figures, str(whole.backend))
    else:
        _stack(axes, y, roles)
        parts.whisker(axes, y, *figures[1:])
    parts.values(axes, [(y, *units.text_and_interval(*figures, units.ratio))])


def _stack(axes: Axes, y: int, roles: dict[str, Any]) -> None:
    widths = [
        (role, roles[role].median_relative)
        for role in parts.ROLES
        if role in roles and units.known(roles[role].median_relative)
    ]
    parts.stack(axes, y, str(roles["all"].backend), widths)
