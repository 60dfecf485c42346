"""What a first write, a first start and an image's size cost in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from labkit.charts import notes, parts, units
from labkit.charts.chart import Chart
from labkit.charts.style import FAINT, drawing, label, panels, settle

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WRITES_TITLE = "What does the first byte cost that is written to a file of the image?"
NOTHING_TITLE = "How long is it from nothing to ready?"
FLAVOURS_TITLE = "Does a larger image start more slowly?"
PLACES = {
    ("image", 1): ("image, first write", "docker"),
    ("image", 2): ("image, second write", "unshare"),
    ("volume", 1): ("volume, first write", "paas"),
    ("tmpfs", 1): ("memory, first write", "host"),
}
TOTAL = "total"


def first_writes(table: pd.DataFrame, *, badge: str = "") -> Chart:
    """From `stats.first_writes`: time of one appended byte, and by how much the container's own
    layer grew on the disk, for each size of file."""
    notes.require(table)
    lines = _write_lines(table)
    column = "upper_grew_bytes" if table["upper_grew_bytes"].notna().any() else "layer_grew_bytes"
    seen = "on the disk" if column.startswith("upper") else "by Docker"
    note = (
        "One byte is appended by a shell in the container; time on the host's clock, from the "
        f"request to the answer. {_interval(table)}"
    )
    with drawing():
        figure, axes = panels(
            0.7 + 0.3 * len(lines),
            (1.3, 1),
            title=WRITES_TITLE,
            subtitle=f"n = {table['n'].max()} containers; growth of the container's layer {seen}",
            keys=[],
            note="\n".join(filter(None, (note, badge))),
        )
        parts.headed_rows(axes[0], lines)
        _write_times(axes[0], lines, table)
        _growth(axes[1], lines, column)
        settle(figure)
    return Chart(WRITES_TITLE, figure, _writes_alt(lines, column), table, badge)


def from_nothing(table: pd.DataFrame, *, badge: str = "") -> Chart:
    """From `stats.from_nothing`: for each way and start the time until ready, the part of it that
    brings the image into its place, and the image's bytes."""
    notes.require(table)
    totals = notes.rows_of(table[table["title"] == TOTAL])
    note = (
        "The image lies on this computer's disk: no network is in it, and the bytes say what a "
        "download would carry. Again: the image is in its place already. "
        f"{_interval(table)} {notes.engines(table)}"
    )
    with drawing():
        figure, axes = panels(
            0.7 + 0.42 * len(totals),
            (1.3, 1.3, 1),
            title=NOTHING_TITLE,
            subtitle=f"Time on logarithmic axes; {_sizes(table)}",
            keys=[],
            note="\n".join(filter(None, (note.strip(), badge))),
        )
        parts.rows(axes[0], [_way(row) for row in totals])
        stored = _stored(table)
        brought = [stored.get(row.way) if row.start == 1 else None for row in totals]
        _times(axes[0], totals, "all: until ready", totals)
        _times(axes[1], brought, "of it: the image", totals)
        _bytes(axes[2], totals)
        settle(figure)
    return Chart(NOTHING_TITLE, figure, _nothing_alt(totals, stored), table, badge)


def flavours(table: pd.DataFrame, *, badge: str = "") -> Chart:
    """From `stats.flavours`: bytes of each image, and the time to the program's first line."""
    notes.require(table)
    rows = notes.rows_of(table)
    note = (
        "From the request to the program's first line; the image is in the store and its files "
        f"have been read before. {_interval(table)}"
    )
    with drawing():
        figure, axes = panels(
            0.7 + 0.42 * len(rows),
            (1, 1.3),
            title=FLAVOURS_TITLE,
            subtitle="One program that says it is ready, from three images; and the same in "
            f"Python; n = {table['n'].max()}",
            keys=[],
            note="\n".join(filter(None, (note, badge))),
        )
        parts.rows(axes[0], [f"{row.image}: {row.program}" for row in rows])
        axes[0].set_title("size of the image")
        for y, row in enumerate(rows):
            parts.dot(axes[0], y, (row.image_bytes, None, None), "docker")
            parts.dot(axes[1], y, (row.median_s, row.low_s, row.high_s), "docker")
        parts.decades(axes[0], [2.5 * row.image_bytes for row in rows], units.size)
        sizes = [units.text(float(row.image_bytes), units.size) for row in rows]
        parts.values(axes[0], [(y, size, "") for y, size in enumerate(sizes)])
        axes[1].set_title("until ready")
        axes[1].margins(x=0.06)
        axes[1].set_xlim(left=0)
        parts.linear(axes[1], units.time)
        axes[1].grid(axis="x", color=FAINT)
        parts.values(axes[1], [(y, *_time(row)) for y, row in enumerate(rows)])
        settle(figure)
    said = "; ".join(
        f"{row.image}, program {row.program}: {size}, ready after {_words(row)}"
        for row, size in zip(rows, sizes, strict=True)
    )
    return Chart(FLAVOURS_TITLE, figure, f"{FLAVOURS_TITLE} {said}.", table, badge)


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
        parts.dot(axes, y, (row.median_s, row.low_s, row.high_s), backend)
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
    axes.grid(axis="x", color=FAINT)
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
    return f"{WRITES_TITLE} {' '.join(said)}".rstrip(";") + "."


def _stored(table: pd.DataFrame) -> dict[str, Any]:
    """Way → the step that brings its image into the store."""
    first = table[(table["start"] == 1) & (table["step"] == 1) & (table["title"] != TOTAL)]
    return {row.way: row for row in notes.rows_of(first)}


def _times(axes: Axes, rows: list[Any], heading: str, totals: list[Any]) -> None:
    axes.set_title(heading)
    shown = [(y, row) for y, row in enumerate(rows) if row is not None]
    for y, row in shown:
        parts.dot(axes, y, (row.median_s, row.low_s, row.high_s), row.backend)
    # Room behind the last marker.
    reach = [1.6 * value for _, row in shown for value in (row.median_s, row.high_s)]
    low = [value for _, row in shown for value in (row.median_s, row.low_s)]
    parts.decades(axes, [*low, *reach], units.time)
    parts.values(axes, [(y, *_time(row)) for y, row in shown])
    for y, row in enumerate(rows):
        if row is None and totals[y].start != 1:
            parts.remark(axes, y, "is there")


def _bytes(axes: Axes, totals: list[Any]) -> None:
    axes.set_title("image to be brought")
    shown = [(y, row) for y, row in enumerate(totals) if row.start == 1]
    for y, row in shown:
        parts.dot(axes, y, (row.bytes, None, None), row.backend)
    parts.decades(axes, [2.5 * row.bytes for _, row in shown], units.size)
    parts.values(axes, [(y, units.text(float(row.bytes), units.size), "") for y, row in shown])


def _way(row: Any) -> str:
    name = label(row.way, row.engine)
    return name if row.start == 1 else "again"


def _time(row: Any) -> tuple[str, str]:
    interval = units.interval_text(row.median_s, row.low_s, row.high_s, units.time)
    return units.text(row.median_s, units.time), interval


def _words(row: Any) -> str:
    return units.with_interval(row.median_s, row.low_s, row.high_s, units.time)


def _nothing_alt(totals: list[Any], stored: dict[str, Any]) -> str:
    said = [
        f"{label(row.way, row.engine)}: {units.text(float(row.bytes), units.size)}, "
        f"{row.step} steps, ready after {_words(row)}, the image took {_words(stored[row.way])}"
        if row.start == 1
        else f"again {_words(row)}"
        for row in totals
    ]
    return f"{NOTHING_TITLE} {'; '.join(said)}."


def _sizes(table: pd.DataFrame) -> str:
    low, high = table["n"].min(), table["n"].max()
    return f"n = {high}" if low == high else f"n = {low} to {high}"


def _interval(table: pd.DataFrame) -> str:
    return f"{notes.interval(table)} {_few(table)}".strip()


def _few(table: pd.DataFrame) -> str:
    few = table.loc[table["few"], "n"]
    if few.empty:
        return ""
    if few.min() == 1:
        return "n = 1: a single value has no interval."
    return f"n = {few.min()}: intervals cover less than they say."
