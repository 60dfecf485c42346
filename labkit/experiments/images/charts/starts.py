"""What a first start and an image's size cost in time."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from labkit import notes, units
from labkit.charts import parts
from labkit.charts.chart import Chart, drawn
from labkit.charts.style import panels
from labkit.text_table import stacked
from labkit.units import label

NOTHING_TITLE = "How long is it from nothing to ready?"
SIZES_TITLE = "Does a larger image start more slowly?"
TOTAL = "total"


@drawn
def cold_load(table: pd.DataFrame, *, badge: str = "") -> Chart:
    """From `stats.cold_load`: for each way and start the time until ready, the part of it that
    brings the image into its place, and the image's bytes."""
    notes.require(table)
    totals = notes.rows_of(table[table["title"] == TOTAL])
    note = (
        "The image lies on this computer's disk: no network is in it, and the bytes say what a "
        "download would carry. Again: the image is in its place already. "
        f"{notes.interval_and_few(table)} {notes.engines(table)}"
    )
    figure, axes = panels(
        0.9 + 0.42 * len(totals),
        (1.3, 1.3, 1),
        title=NOTHING_TITLE,
        subtitle=f"From an empty store, and once more; {_sizes(table)}",
        note=stacked(note, badge),
    )
    parts.rows(axes[0], [_way(row) for row in totals])
    stored = _stored(table)
    brought = [stored.get(row.way) if row.start == 1 else None for row in totals]
    _times(axes[0], totals, "until ready", totals)
    _times(axes[1], brought, "of that, the image", totals)
    _bytes(axes[2], totals)
    return Chart(NOTHING_TITLE, figure, _nothing_alt(totals, stored), table, badge)


@drawn
def base_images(table: pd.DataFrame, *, badge: str = "") -> Chart:
    """From `stats.base_images`: bytes of each image, and the time to the program's first line."""
    notes.require(table)
    rows = notes.rows_of(table.assign(backend="docker"))
    note = (
        "From the request to the program's first line; the image is in the store and its files "
        f"have been read before. {notes.interval_and_few(table)}"
    )
    figure, axes = panels(
        0.9 + 0.42 * len(rows),
        (1, 1.3),
        title=SIZES_TITLE,
        subtitle="One program that says it is ready, from three images; and the same in "
        f"Python; n = {table['n'].max()}",
        note=stacked(note, badge),
    )
    parts.rows(axes[0], [f"{row.image}, program {row.program}" for row in rows])
    axes[0].set_title("size of the image")
    for y, row in enumerate(rows):
        parts.dot(axes[0], y, (row.image_bytes, None, None), "docker")
    parts.decades(axes[0], [2.5 * row.image_bytes for row in rows], units.size)
    sizes = [units.text(float(row.image_bytes), units.size) for row in rows]
    parts.values(axes[0], [(y, size, "") for y, size in enumerate(sizes)])
    axes[1].set_title("until ready")
    parts.dots(axes[1], enumerate(rows), "s", units.time)
    axes[1].margins(x=0.06)
    axes[1].set_xlim(left=0)
    parts.linear(axes[1], units.time)

    said = "; ".join(
        f"{row.image}, program {row.program}: {size}, ready after {_words(row)}"
        for row, size in zip(rows, sizes, strict=True)
    )
    return Chart(SIZES_TITLE, figure, f"{SIZES_TITLE} {said}.", table, badge)


def _stored(table: pd.DataFrame) -> dict[str, Any]:
    """Way → the step that brings its image into the store."""
    first = table[(table["start"] == 1) & (table["step"] == 1) & (table["title"] != TOTAL)]
    return {row.way: row for row in notes.rows_of(first)}


def _times(axes: Axes, rows: list[Any], heading: str, totals: list[Any]) -> None:
    axes.set_title(heading)
    shown = [(y, row) for y, row in enumerate(rows) if row is not None]
    parts.dots(axes, shown, "s", units.time)
    # Room behind the last marker.
    reach = [1.6 * value for _, row in shown for value in (row.median_s, row.high_s)]
    low = [value for _, row in shown for value in (row.median_s, row.low_s)]
    parts.decades(axes, [*low, *reach], units.time)
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


def _words(row: Any) -> str:
    return units.with_interval(*notes.figures(row, "s"), units.time)


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
