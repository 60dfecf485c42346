"""What a deployment leaves to its user: the parts of each model, and one app put into service."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from labkit import notes, units
from labkit.charts import parts
from labkit.charts.chart import Chart, drawn, shown_data
from labkit.charts.style import FAINT, GREY, INK, panels, tint

TITLE = "How much does the user have to do?"
ROOM = 2.5  # a narrow panel's last marker needs more room behind it than others
WHO_MANAGES_TITLE = "Who manages what?"
SOURCE = (
    "Models: NIST SP 800-145 (2011). The parts are those of the stack that is drawn in common. "
    "Storage and network mean the devices: a user of IaaS decides how much of them, and how it is "
    "used. NIST has no model for containers; there, the image is the user's."
)
# Each method looks like what it runs on.
LOOKS = {"IaaS": "qemu", "containers": "docker", "PaaS": "paas"}
# Column → its heading, how a figure is written, and whether the axis is logarithmic.
PANELS: dict[str, tuple[str, units.Scale, bool]] = {
    "steps": ("steps", units.whole, False),
    "lines": ("lines to write", units.whole, False),
    "bytes": ("bytes to supply", units.size, True),
    "median_s": ("the computer's time", units.time, True),
}


@drawn
def deployments(table: pd.DataFrame, *, badge: str = "") -> Chart:
    """From `stats.deployments`: steps, lines, bytes and seconds of each method."""
    notes.require(table)
    rows = notes.rows_of(table)
    sizes = f"n = {table['n'].max()}" if table["n"].nunique() == 1 else "n differs"
    note = notes.note(_as_backends(table), badge, *_sentences(table))
    figure, axes = panels(
        1.0 + 0.5 * len(rows),
        (1, 1, 1, 1),
        title=TITLE,
        subtitle=f"The same web app put into service by three methods, really done; {sizes}",
        note=note,
    )
    parts.rows(axes[0], [_label(row) for row in rows])
    for panel, (column, (heading, scale, logarithmic)) in zip(axes, PANELS.items(), strict=True):
        panel.set_title(heading)
        (_dots if logarithmic else _bars)(panel, rows, column, scale)
    return Chart(TITLE, figure, _alt(rows), shown_data(table), badge)


@drawn
def responsibilities(table: pd.DataFrame) -> Chart:
    """From `responsibilities`: a cell for each part and model, filled where it is the user's."""
    models, names = list(table["model"].unique()), list(table["part"].unique())
    figure, (axes,) = panels(
        0.5 + 0.36 * len(names),
        title=WHO_MANAGES_TITLE,
        subtitle="Filled: the user manages it; empty: the provider does",
        note=SOURCE,
    )
    parts.rows(axes, names)
    for row in notes.rows_of(table):
        _cell(axes, models.index(row.model), names.index(row.part), row.managed_by == "user")
    parts.columns(axes, models, 9.5)
    wide = table.pivot(index="part", columns="model", values="managed_by")
    data = wide.loc[names, models].reset_index().rename_axis(columns=None)
    return Chart(WHO_MANAGES_TITLE, figure, _who_manages_alt(table, models), data, "")


def _label(row: Any) -> str:
    return f"{row.method} ({row.engine})"


def _bars(axes: Axes, rows: list[Any], column: str, scale: units.Scale) -> None:
    from matplotlib.ticker import MaxNLocator

    for y, row in enumerate(rows):
        parts.part(axes, y, 0, getattr(row, column), LOOKS[row.model], "instance")
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.grid(axis="x", color=FAINT)
    parts.values(
        axes, [(y, units.text(getattr(row, column), scale), "") for y, row in enumerate(rows)]
    )


def _dots(axes: Axes, rows: list[Any], column: str, scale: units.Scale) -> None:
    shown, column_texts = [], []
    for y, row in enumerate(rows):
        value = getattr(row, column)
        low, high = (row.low_s, row.high_s) if column == "median_s" else (None, None)
        parts.dot(axes, y, (value, low, high), LOOKS[row.model])
        shown += [value, low, high]
        interval = units.interval_text(value, low, high, scale)
        column_texts.append((y, units.text(value, scale), interval))
    parts.decades(axes, [value * ROOM for value in shown if units.known(value)], scale)
    parts.values(axes, column_texts)


def _cell(axes: Axes, x: int, y: int, users: bool) -> None:
    colour = GREY
    axes.barh(
        y,
        0.94,
        left=x - 0.47,
        height=0.86,
        facecolor=tint(colour, 0.6) if users else "white",
        edgecolor=colour if users else FAINT,
        linewidth=1,
    )
    words = {True: ("user", INK), False: ("provider", GREY)}[users]
    axes.text(x, y, words[0], ha="center", va="center", size=8.5, color=words[1])


def _as_backends(table: pd.DataFrame) -> pd.DataFrame:
    """The notes count trials of backends; here they are those of methods."""
    return table.rename(columns={"method": "backend"})


def _sentences(table: pd.DataFrame) -> list[str]:
    app = table["app_lines"].max()
    return [
        f"Lines: of the text files that the user writes, {app:.0f} of them the app itself. Bytes: "
        "these files, and what the user brings along and has to keep up to date. Time: the "
        "computer's, until the app has answered; nobody's typing.",
        notes.interval(table),
    ]


def _alt(rows: list[Any]) -> str:
    return f"{TITLE} {'; '.join(map(_words, rows))}."


def _words(row: Any) -> str:
    figures = [
        f"{heading} {units.text(getattr(row, column), scale)}"
        for column, (heading, scale, _) in PANELS.items()
    ]
    return f"{_label(row)}: {', '.join(figures)}"


def _who_manages_alt(table: pd.DataFrame, models: list[str]) -> str:
    users = table[table["managed_by"] == "user"].groupby("model")["part"].agg(", ".join)
    said = "; ".join(f"{model}: {users.get(model, 'nothing')}" for model in models)
    return f"{WHO_MANAGES_TITLE} The user manages with {said}."
