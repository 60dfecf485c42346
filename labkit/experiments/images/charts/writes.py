"""Copy-on-write: what the first byte costs that is written to a file of the image."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from labkit import notes, units
from labkit.charts import parts
from labkit.charts.chart import Chart, drawn
from labkit.charts.style import panels
from labkit.text_table import stacked

TITLE = "What does the first byte cost that is written to a file of the image?"
# (place, write) → how its row is named, and which look it has.
PLACES = {
    ("image", 1): ("image, first write", "docker"),
    ("image", 2): ("image, second write", "unshare"),
    ("volume", 1): ("volume, first write", "paas"),
    ("tmpfs", 1): ("memory, first write", "host"),
}


@drawn
def copy_up(table: pd.DataFrame, *, badge: str = "") -> Chart:
    """From `stats.copy_up`: time of one appended byte, and by how much the container's own
    layer grew on the disk, for each size of file."""
    notes.require(table)
    lines = _write_lines(table)
    column = "upper_grew_bytes" if table["upper_grew_bytes"].notna().any() else "layer_grew_bytes"
    seen = "on the disk" if column.startswith("upper") else "by Docker"
    note = (
        "One byte is appended by a shell in the container; time on the host's clock, from the "
        f"request to the answer. {notes.interval_and_few(table)}"
    )
    figure, axes = panels(
        0.9 + 0.3 * len(lines),
        (1.3, 1),
        title=TITLE,
        subtitle=f"n = {table['n'].max()} containers; growth of the container's layer {seen}",
        note=stacked(note, badge),
    )
    parts.headed_rows(axes[0], lines)
    _write_times(axes[0], lines, table)
    _growth(axes[1], lines, column)
    return Chart(TITLE, figure, _writes_alt(lines, column), table, badge)


def _write_lines(table: pd.DataFrame) -> list[tuple[str, Any]]:
    """A heading for each size, and below it a row for each place."""
    lines: list[tuple[str, Any]] = []
    for size, group in table.groupby("file_bytes"):
        lines.append((f"a file of {units.text(float(str(size)), units.memory)}", None))
        found = {(row.place, row.write): row for row in notes.rows_of(group)}
        lines += [(text, found[key]) for key, (text, _) in PLACES.items() if key in found]
    return lines


def _write_times(axes: Axes, lines: list[tuple[str, Any]], table: pd.DataFrame) -> None:
    axes.set_title("time for one byte")
    shown = [(y, row) for y, (_, row) in enumerate(lines) if row is not None]
    for y, row in shown:
        backend = PLACES[row.place, row.write][1]
        parts.dot(axes, y, notes.figures(row, "s"), backend)
    # The widest value of an interval needs room behind it.
    reach = [1.5 * value for value in (*table["high_s"], *table["median_s"])]
    parts.decades(axes, [*table["low_s"], *reach], _short)
    parts.values(axes, [(y, _short_text(row.median_s), "") for y, row in shown])


def _growth(axes: Axes, lines: list[tuple[str, Any]], column: str) -> None:
    axes.set_title("the container's layer grew by")
    parts.separate(axes, lines)
    shown = [(y, row) for y, (_, row) in enumerate(lines) if row is not None]
    for y, row in shown:
        backend = PLACES[row.place, row.write][1]
        if getattr(row, column) > 0:
            parts.part(axes, y, 0, getattr(row, column), backend, "instance")
    axes.set_xlim(left=0)
    parts.linear(axes, units.memory)
    parts.values(axes, [(y, _grew(row, column), "") for y, row in shown])


def _grew(row: Any, column: str) -> str:
    value = getattr(row, column)
    return "nothing" if value == 0 else units.text(value, units.memory)


def _short(seconds: float) -> units.Unit:
    """Times down to microseconds."""
    return (1e-6, " µs") if abs(seconds) < 1e-3 else units.time(seconds)


def _short_text(seconds: float) -> str:
    return units.text(seconds, _short)


def _writes_alt(lines: list[tuple[str, Any]], column: str) -> str:
    said = []
    for text, row in lines:
        if row is None:
            said.append(f"{text[0].upper()}{text[1:]}:")
        else:
            grew = _grew(row, column)
            said.append(f"{text} {_short_text(row.median_s)}, the layer grew by {grew};")
    return f"{TITLE} {' '.join(said)}".rstrip(";") + "."
