"""How a backend's figures change along one axis of a sweep."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from labkit import notes, units
from labkit.backends.own.names import rank, swept
from labkit.charts.chart import Chart, drawn
from labkit.charts.style import FAINT, INK, look, panels
from labkit.recordings.facts import DISK_FORMAT
from labkit.text_table import stacked

# The axis, the question, and what to keep in mind.
AXES = {
    "cpus": (
        "CPUs of each instance",
        "What do more CPUs change?",
        "A workload that works on one processor gains nothing by a second one.",
    ),
    "memory": ("memory of each instance in MiB", "What do more MiB change?", ""),
    DISK_FORMAT: (
        "format of the file behind each machine's scratch disk",
        "What does the format of a disk change?",
        "The disk is empty at each start; in a format other than raw, its file grows as the guest "
        "writes, and says where each part of the disk lies.",
    ),
}
# Of the lab's own quantities; a program's figure has the scale of its unit.
SCALES: dict[str, units.Unit] = {
    "startup_s": (1.0, "s"),
    "pss_bytes": (units.MIB, "MiB"),
    "ops_per_s": (1.0, ""),
}
LETTERS = 26  # that fit above a panel
LINES = ("-", "--", ":", "-.")
FILLS = ("full", "none", "left", "right")  # where no line leads from one value to the next
NOTE = "Marker: median; line: its 95 % interval."


@drawn
def scaling(table: pd.DataFrame, *, badge: str = "") -> Chart:
    """From the rows of one setting of `stats.scaling`: a panel a quantity, a line a backend."""
    notes.require(table)
    setting, values = str(table["setting"].iloc[0]), sorted(table["value"].unique(), key=rank)
    axis, title, note = AXES[setting]
    joined = setting != DISK_FORMAT
    lines = list(table["line"].unique())
    shown = list(table.groupby(["quantity", "workload"], sort=False))
    figure, axes = panels(
        2.6,
        (1.0,) * len(shown),
        title=title,
        subtitle=f"{axis}; from n = {table['n'].min()} trials a point on",
        note=stacked(" ".join(filter(None, (NOTE, note, notes.engines(table)))), badge),
        keys=[Line2D([], [], label=line, **_style(line, lines, joined)) for line in lines],
        columns=3,
        share=False,
    )
    for panel, (_, rows) in zip(axes, shown, strict=True):
        panel.set_title(_heading(rows))
        for line, points in rows.groupby("line", sort=False):
            apart = 0.06 if joined else min(0.18, 0.8 / len(lines))  # none hides another
            shift = apart * (lines.index(line) - (len(lines) - 1) / 2)
            places = [values.index(value) + shift for value in points["value"]]
            _draw(panel, points, places, _style(str(line), lines, joined), _scale(rows)[0])
        panel.set_xticks(range(len(values)), [str(value) for value in values])
        panel.set_xlim(-0.4, len(values) - 0.6)
        panel.margins(y=0.08)  # the highest marker is whole
        panel.set_ylim(bottom=0)
        panel.grid(axis="y", color=FAINT)
    return Chart(title, figure, _alt(title, table), table.reset_index(drop=True), badge)


def _draw(
    axes: Axes, rows: pd.DataFrame, at: Sequence[float], style: dict[str, Any], scale: float
) -> None:
    axes.vlines(at, rows["low"] / scale, rows["high"] / scale, color=INK, linewidth=1)
    axes.plot(at, rows["median"] / scale, **style)


def _style(line: str, lines: list[Any], joined: bool) -> dict[str, Any]:
    """Of a backend, and of the values that its line has on the other axes."""
    base = swept(line)[0]
    style, alike = look(base), [other for other in lines if swept(other)[0] == base]
    place = alike.index(line) % len(LINES)
    told = {"linestyle": LINES[place]} if joined else {"linestyle": "", "fillstyle": FILLS[place]}
    return {"color": style.colour, "marker": style.marker, "mec": INK, "ms": 6, **told}


def _scale(rows: pd.DataFrame) -> units.Unit:
    """Divisor and unit that all points of a panel are drawn in."""
    row = notes.rows_of(rows)[0]
    if row.quantity in SCALES:
        return SCALES[row.quantity]
    divisor, suffix = units.METRICS[row.unit](float(rows["median"].max()))
    return divisor, {"/s": "1/s", "": row.unit}.get(suffix, suffix.strip())


def _heading(rows: pd.DataFrame) -> str:
    row, unit = notes.rows_of(rows)[0], _scale(rows)[1]
    said = f"{_name(row)} in {unit or f'{row.unit}/s'}"
    # A line may end after each setting of a workload.
    return "\n".join(textwrap.wrap(said.replace(":", ": "), LETTERS)).replace(": ", ":")


def _name(row: Any) -> str:
    if row.quantity in SCALES:
        return units.name(row.quantity, row.workload)
    return f"{row.workload}, {row.quantity}"


def _amount(row: Any) -> str:
    if row.quantity in SCALES:
        return units.amount(row.median, row.quantity)
    return units.text(row.median, units.METRICS[row.unit])


def _alt(title: str, table: pd.DataFrame) -> str:
    said = [
        f"{row.backend} ({row.engine}), {_name(row)}: {_amount(row)}"
        for row in notes.rows_of(table)
    ]
    return f"{title} Medians with 95 % intervals: {'; '.join(said)}."
