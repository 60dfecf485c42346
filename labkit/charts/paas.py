"""What a deployment leaves to its user: the layers of each model, and one app put into service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from labkit.charts import notes, parts, units
from labkit.charts.chart import Chart
from labkit.charts.style import FAINT, GREY, INK, drawing, panels, settle, tint

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLE = "How much does the user have to do?"
ROOM = 2.5  # a narrow panel's last marker needs more room behind it than others
LAYERS_TITLE = "Who manages what?"
SOURCE = (
    "Models: NIST SP 800-145 (2011). The layers are those of the stack that is drawn in common. "
    "Storage and network mean the devices: a user of IaaS decides how much of them, and how it is "
    "used. NIST has no model for containers; there, the image is the user's."
)
# Each way looks like what it runs on.
LOOKS = {"IaaS": "qemu", "containers": "docker", "PaaS": "paas"}
# Column → its heading, how a figure is written, and whether the axis is logarithmic.
PANELS: dict[str, tuple[str, units.Scale, bool]] = {
    "steps": ("steps", units.whole, False),
    "lines": ("lines to write", units.whole, False),
    "bytes": ("bytes to supply", units.size, True),
    "median_s": ("the computer's time", units.time, True),
}


def deployments(table: pd.DataFrame, *, badge: str = "") -> Chart:
    """From `stats.deployments`: steps, lines, bytes and seconds of each way."""
    notes.require(table)
    rows = notes.rows_of(table)
    sizes = f"n = {table['n'].max()}" if table["n"].nunique() == 1 else "n differs"
    note = notes.note(_as_backends(table), badge, *_sentences(table))
    with drawing():
        figure, axes = panels(
            0.8 + 0.5 * len(rows),
            (1, 1, 1, 1),
            title=TITLE,
            subtitle=f"The same web app on three ways into service, each really gone; {sizes}",
            keys=[],
            note=note,
        )
        parts.rows(axes[0], [_label(row) for row in rows])
        for panel, (column, (heading, scale, logarithmic)) in zip(
            axes, PANELS.items(), strict=True
        ):
            panel.set_title(heading)
            (_dots if logarithmic else _bars)(panel, rows, column, scale)
        settle(figure)
    data = table.drop(columns="few")
    return Chart(TITLE, figure, _alt(rows), data, badge)


def responsibilities(table: pd.DataFrame) -> Chart:
    """From `labkit.paas.layers`: a cell for each layer and model, filled where it is the user's."""
    models, names = list(table["model"].unique()), list(table["layer"].unique())
    with drawing():
        figure, (axes,) = panels(
            0.5 + 0.36 * len(names),
            (1.0,),
            title=LAYERS_TITLE,
            subtitle="Filled: the user manages it; empty: the provider does",
            keys=[],
            note=SOURCE,
        )
        parts.rows(axes, names)
        for row in notes.rows_of(table):
            _cell(axes, models.index(row.model), names.index(row.layer), row.managed_by == "user")
        axes.set_xticks(range(len(models)), models, color=INK, size=9.5)
        axes.xaxis.tick_top()
        axes.tick_params(axis="x", length=0)
        axes.set_xlim(-0.5, len(models) - 0.5)
        axes.spines["bottom"].set_visible(False)
        settle(figure)
    wide = table.pivot(index="layer", columns="model", values="managed_by")
    data = wide.loc[names, models].reset_index().rename_axis(columns=None)
    return Chart(LAYERS_TITLE, figure, _layers_alt(table, models), data, "")


def _label(row: Any) -> str:
    return f"{row.way} ({row.engine})"


def _text(value: float, scale: units.Scale) -> str:
    return f"{value:,.0f}" if scale is units.whole else units.text(value, scale)


def _bars(axes: Axes, rows: list[Any], column: str, scale: units.Scale) -> None:
    from matplotlib.ticker import MaxNLocator

    for y, row in enumerate(rows):
        parts.part(axes, y, 0, getattr(row, column), LOOKS[row.model], "instance")
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.grid(axis="x", color=FAINT)
    parts.values(axes, [(y, _text(getattr(row, column), scale), "") for y, row in enumerate(rows)])


def _dots(axes: Axes, rows: list[Any], column: str, scale: units.Scale) -> None:
    shown, column_texts = [], []
    for y, row in enumerate(rows):
        value = getattr(row, column)
        low, high = (row.low_s, row.high_s) if column == "median_s" else (None, None)
        parts.dot(axes, y, (value, low, high), LOOKS[row.model])
        shown += [value, low, high]
        interval = units.interval_text(value, low, high, scale)
        column_texts.append((y, _text(value, scale), interval))
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
    """The notes count trials of backends; here they are those of ways."""
    return table.rename(columns={"way": "backend"})


def _sentences(table: pd.DataFrame) -> list[str]:
    app = table["app_lines"].max()
    return [
        f"Lines: of the text files that the user writes, {app:.0f} of them the app itself. Bytes: "
        "these files, and what the user brings along and has to keep up to date. Time: the "
        "computer's, until the app has answered; nobody's typing.",
        notes.interval(table),
    ]


def _alt(rows: list[Any]) -> str:
    said = "; ".join(_words(row) for row in rows)
    return f"{TITLE} {said}."


def _words(row: Any) -> str:
    figures = [
        f"{heading} {_text(getattr(row, column), scale)}"
        for column, (heading, scale, _) in PANELS.items()
    ]
    return f"{_label(row)}: {', '.join(figures)}"


def _layers_alt(table: pd.DataFrame, models: list[str]) -> str:
    users = table[table["managed_by"] == "user"].groupby("model")["layer"].agg(", ".join)
    said = "; ".join(f"{model}: {users.get(model, 'nothing')}" for model in models)
    return f"{LAYERS_TITLE} The user manages with {said}."
