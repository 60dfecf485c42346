"""The spectrum: what is shared with the host, and what that costs or spares, a row a boundary."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from labkit import notes, units
from labkit.charts import parts
from labkit.charts.chart import Chart, drawn, shown_data
from labkit.charts.style import WHOSE, panels
from labkit.experiments.benchmark.stats.spectrum import ASPECTS, LIMITS

TITLE = "What does each boundary share with the host, and what does it cost?"
SUBTITLE = "From a bare process to a whole machine; medians of"
MEANING = (
    "System calls, capabilities: the host's where its own kernel takes them; refused where a "
    "filter decides, or none is left. Memory: PSS of instance and helper. A read and a write: of "
    "one byte, two system calls."
)
# Quantity → its heading, its scale.
COSTS = {
    "s": ("until ready", units.time),
    "mib": ("memory (MiB)", units.plain),
    "call_us": ("a read and a write (µs)", units.plain),
}


@drawn
def spectrum(table: pd.DataFrame, *, badge: str = "") -> Chart:
    """From `stats.spectrum`: squares say whose each thing is; then three costs, each on a
    logarithmic axis."""
    notes.require(table)
    note = notes.note(table, badge, MEANING, notes.interval(table))
    figure, (shares, *costs) = panels(
        1.4 + 0.42 * len(table),
        (1.25, 1.0, 1.0, 1.0),
        title=TITLE,
        subtitle=f"{SUBTITLE} {notes.sizes(table)}",
        keys=parts.whose_keys(set(table[[*ASPECTS, *LIMITS]].to_numpy().ravel())),
        note=note,
    )
    parts.rows(shares, notes.labels_with_few(table))
    _shares(shares, table)
    for axes, (name, (heading, scale)) in zip(costs, COSTS.items(), strict=True):
        axes.set_title(heading)
        for y, row in enumerate(notes.rows_of(table)):
            parts.dot(axes, y, notes.figures(row, name), str(row.backend))
        figures = [f"{figure}_{name}" for figure in ("median", "low", "high")]
        parts.decades(axes, pd.concat([table[each] for each in figures]), scale, most=2.2)
        parts.values(axes, _values(table, name, scale))
    return Chart(TITLE, figure, _alt(table), shown_data(table), badge)


def _values(table: pd.DataFrame, name: str, scale: units.Scale) -> list[tuple[float, str, str]]:
    return [
        (y, units.text(notes.figures(row, name)[0], scale), "")
        for y, row in enumerate(notes.rows_of(table))
    ]


def _shares(axes: Axes, table: pd.DataFrame) -> None:
    names = [*ASPECTS, *LIMITS]
    for x, name in enumerate(names):
        for y, touches in enumerate(table[name]):
            face, edge, _ = WHOSE[touches]
            axes.barh(y, 0.8, left=x - 0.4, height=0.7, facecolor=face, edgecolor=edge)
    parts.columns(axes, names, 7.5)
    axes.tick_params(axis="x", labelrotation=90)


def _alt(table: pd.DataFrame) -> str:
    """Short, for so many rows: the data table says the rest."""
    said = (
        f"{row.backend if row.engine == 'native' else units.label(row.backend, row.engine)} "
        f"{row.shared}, {units.text(row.median_s, units.time)}"
        for row in notes.rows_of(table)
    )
    things = len(ASPECTS) + len(LIMITS)
    return f"Of {things} things so many the host's, and median time until ready: {'; '.join(said)}."
