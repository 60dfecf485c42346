"""Which boundary needs the least memory depends on who counts."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from labkit import notes, units
from labkit.charts import parts
from labkit.charts.chart import Chart, drawn, shown_data
from labkit.charts.style import INK, look, panels
from labkit.experiments.benchmark.charts.memory import DAEMON, METRICS

TITLE = "How does the verdict change with the metric?"
NAMES = {
    "rss": "RSS",
    "pss": "PSS",
    "uss": "USS",
    "cgroup": "cgroup",
    "cgroup_peak": "cgroup, peak",
    "guest": "guest's view",
    "daemon": "daemon's count",
    "host_delta": "host's loss",
}
SHARED = "Hollow: what all instances of a backend share besides (dockerd, VBoxSVC, …)."


@drawn
def verdict(table: pd.DataFrame, *, badge: str = "") -> Chart:
    """From `stats.verdict`: a row a metric, a marker a backend; lines that cross are backends that
    change places."""
    notes.require(table)
    metrics = [metric for metric in NAMES if metric in set(table["metric"])]
    defined = [{**METRICS, **DAEMON}[metric] for metric in metrics]
    shared = SHARED if table["services_bytes"].notna().any() else ""
    note = notes.note(table, badge, *defined, notes.interval(table), shared)
    subtitle = f"Memory of one instance, from ready to stop; median of {notes.sizes(table)}"
    figure, (axes,) = panels(
        0.65 + 0.5 * len(metrics),
        title=TITLE,
        subtitle=subtitle,
        keys=[_key(*pair) for pair in notes.labels(table)],
        note=note,
        columns=3,
    )
    parts.rows(axes, [NAMES[metric] for metric in metrics])
    _axis(axes, table)
    for backend, group in table.groupby("backend", sort=False):
        _trace(axes, group, metrics, str(backend))
    for y, metric in enumerate(metrics):
        _missing(axes, y, table[table["metric"] == metric])
    return Chart(TITLE, figure, _alt(table, metrics), shown_data(table), badge)


def _trace(axes: Axes, table: pd.DataFrame, metrics: list[str], backend: str) -> None:
    """A backend's markers, and the lines between those of neighbouring metrics."""
    known = {row.metric: row for row in notes.rows_of(table) if _drawable(row.median_bytes)}
    style = look(backend)
    for y, metric in enumerate(metrics):
        row = known.get(metric)
        if row is None:
            continue
        parts.dot(axes, y, tuple(_mib(row, name) for name in ("median", "low", "high")), backend)
        if _drawable(row.services_bytes):
            x = row.services_bytes / units.MIB
            axes.plot([x], [y], style.marker, ms=7, mfc="white", mec=style.colour, zorder=2)
        below = known.get(metrics[y + 1]) if y + 1 < len(metrics) else None
        if below is not None:
            ends = [_mib(row, "median"), _mib(below, "median")]
            axes.plot(ends, [y, y + 1], color=style.colour, linewidth=1.6, zorder=1)


def _missing(axes: Axes, y: float, table: pd.DataFrame) -> None:
    """Whose marker is not there."""
    rows = notes.rows_of(table)
    nothing = [row.backend for row in rows if not units.known(row.median_bytes)]
    below = [row.backend for row in rows if units.known(row.median_bytes) and row.median_bytes <= 0]
    if len(nothing) == len(rows):
        parts.remark(axes, y, "not read")
    elif nothing:
        parts.remark(axes, y, _without(nothing, [row.backend for row in rows]))
    elif below:
        parts.remark(axes, y, f"below zero:\n{_short(below)}")


def _without(nothing: list[str], backends: list[str]) -> str:
    """Who has no marker, or who alone has one: whichever is shorter to say."""
    there = [backend for backend in backends if backend not in nothing]
    if len(there) < len(nothing):
        return f"known only of\n{_short(there)}"
    return f"not known of\n{_short(nothing)}"


def _short(backends: list[str]) -> str:
    """Three names at most: the data table has all, with the reason."""
    more = f" and {len(backends) - 3} others" if len(backends) > 3 else ""
    return ", ".join(backends[:3]) + more


def _axis(axes: Axes, table: pd.DataFrame) -> None:
    names = ("median_bytes", "low_bytes", "high_bytes", "services_bytes")
    shown = [size / units.MIB for name in names for size in table[name] if _drawable(size)]
    parts.decades(axes, shown, units.plain, name="MiB")


def _key(backend: str, text: str) -> Line2D:
    style = look(backend)
    return parts.line_key(text, color=style.colour, marker=style.marker, ms=7, mec=INK, mew=0.7)


def _drawable(size: Any) -> bool:
    """Whether it has a place on a logarithmic axis."""
    return units.known(size) and size > 0


def _mib(row: Any, name: str) -> Any:
    size = getattr(row, f"{name}_bytes")
    return size / units.MIB if _drawable(size) else None


def _alt(table: pd.DataFrame, metrics: list[str]) -> str:
    """For each metric the backends in their order, the least first."""
    sentences = []
    for metric in metrics:
        rows = table[table["metric"] == metric].sort_values("rank", kind="stable")
        words = [
            notes.words(row, "bytes", units.memory) + (f" ({row.reason})" if row.reason else "")
            for row in notes.rows_of(rows)
        ]
        sentences.append(f"{NAMES[metric]}: {'; '.join(words)}.")
    text = f"{TITLE} Median memory of one instance by each metric, the least first"
    text += f"{notes.with_interval(table)}, {notes.sizes(table)}. {' '.join(sentences)}"
    return f"{text} {notes.caution(table)}".strip()
