"""Published figures beside ours: only those of the same definition, the others by name."""

from __future__ import annotations

from typing import Any, Literal

import pandas as pd
from matplotlib.axes import Axes

from labkit import notes, units
from labkit.charts import parts
from labkit.charts.chart import Chart, drawn
from labkit.charts.style import FAINT, INK, look, panels
from labkit.errors import UsageError
from labkit.experiments.benchmark.charts import citations
from labkit.experiments.benchmark.stats.published import FEW_BELOW
from labkit.text_table import stacked
from labkit.units import label

Quantity = Literal["startup", "cpu_throughput"]
TITLES = {
    "startup": "How do these start times compare with published ones?",
    "cpu_throughput": "How does this share of the processor compare with published ones?",
}
ESTIMATES = {"startup": "median", "cpu_throughput": "ratio by Hodges and Lehmann"}
SCALES = {"startup": units.time, "cpu_throughput": units.ratio}
HEADING = "throughput"
KEY = "Filled: measured in this run. Hollow, in italics: published."
ARROW = "Arrow: a bound, not a measurement."
ELSEWHERE = "Published figures come from other computers and programs: compare magnitudes."
ROOM = 1.06  # for the last marker
PAIR = ["from_milestone", "to_milestone"]
Rows = list[tuple[str, Any]]  # a heading and None, or a label and a row of one of the tables


@drawn
def published(
    table: pd.DataFrame, ours: pd.DataFrame, *, quantity: Quantity = "startup", badge: str = ""
) -> Chart:
    """From `stats.beside` and `stats.comparable`: each published figure that is shown, below those
    of ours that it stands beside. Below the chart: what is not drawn, and why."""
    table, ours = (part[part["quantity"] == quantity] for part in (table, ours))
    shown = table[table["shown"]]
    rows = _rows(shown, ours)
    _require(rows)
    drawn = ours[ours["backend"].isin(_backends(rows))]
    scale = SCALES[quantity]
    arrow = ARROW if (shown["bound"] != "=").any() else ""
    interval = notes.interval if quantity == "startup" else notes.ratio_interval
    said = (KEY, arrow, interval(drawn), ELSEWHERE)
    note = notes.note(drawn, "", *said, few_below=FEW_BELOW[quantity])
    figure, (axes,) = panels(
        0.75 + 0.42 * len(rows),
        title=TITLES[quantity],
        subtitle=f"Where the definitions agree; ours: {ESTIMATES[quantity]}, {notes.sizes(drawn)}",
        note=stacked(note, *citations.refused(table), badge),
    )
    parts.rows(axes, [text for text, _ in rows])
    _draw(axes, rows, scale)
    _axis(axes, rows, quantity)
    alt = _alt(rows, table, drawn, scale)
    return Chart(TITLES[quantity], figure, alt, _data(table, ours), badge)


def _rows(shown: pd.DataFrame, ours: pd.DataFrame) -> Rows:
    """By pair of milestones, and in it by what stands beside what: first ours, then published."""
    rows: Rows = []
    for pair, figures in shown.groupby(PAIR, sort=False, dropna=False):
        of_pair = ours[(ours[PAIR].fillna("") == [name or "" for name in _known(pair)]).all(axis=1)]
        rows.append((" → ".join(filter(None, _known(pair))) or HEADING, None))
        for names, group in figures.groupby("beside", sort=False):
            mine = of_pair[of_pair["backend"].isin(str(names).split(", "))]
            rows += [(label(row.backend, row.engine), row) for row in notes.rows_of(mine)]
            rows += [(label(row.subject, row.engine), row) for row in notes.rows_of(group)]
    return rows


def _known(pair: Any) -> list[str | None]:
    return [name if isinstance(name, str) else None for name in pair]


def _is_ours(row: Any) -> bool:
    return hasattr(row, "median")


def _backends(rows: Rows) -> list[str]:
    return [row.backend for _, row in rows if row is not None and _is_ours(row)]


def _require(rows: Rows) -> None:
    if not rows:
        raise UsageError(
            "there is nothing to draw: no published figure is comparable with this run",
            resolution="the column `reason` of stats.beside tells why, for each of them",
        )


def _draw(axes: Axes, rows: Rows, scale: units.Scale) -> None:
    for y, (_, row) in enumerate(rows):
        name = axes.get_yticklabels()[y]
        if row is None:
            name.set_fontweight("bold")
            if y:
                axes.axhline(y - 0.5, color=FAINT, linewidth=0.8)
        elif _is_ours(row):
            parts.dots(axes, [(y, row)], "", scale)
        else:
            name.set_fontstyle("italic")
            _hollow(axes, y, row)
            parts.values(axes, [(y, citations.value(row), citations.origin(row))])


def _hollow(axes: Axes, y: int, row: Any) -> None:
    """The shape of what it stands beside; an arrow where it is a bound."""
    marker = look(str(row.beside).split(", ")[0]).marker
    axes.plot([row.amount], [y], marker, ms=8, color="white", mec=INK, mew=1.5, zorder=3)
    if row.bound != "=":
        towards = -22 if row.bound == "<=" else 22
        axes.annotate(
            "",
            (row.amount, y),
            xytext=(towards, 0),
            textcoords="offset points",
            arrowprops={"arrowstyle": "<-", "color": INK, "shrinkB": 4, "shrinkA": 0},
            zorder=2.5,
        )


def _axis(axes: Axes, rows: Rows, quantity: str) -> None:
    bounds = pd.Series([bound for _, row in rows if row is not None for bound in _extent(row)])
    if quantity == "startup":
        parts.decades(axes, bounds, units.time, name="time between the two milestones")
        return
    axes.set_xlim(0, ROOM * bounds.max())
    axes.grid(axis="x", color=FAINT)
    axes.set_xlabel("times the bare process of the same source and computer")
    parts.baseline(axes, "as fast as the bare process")


def _extent(row: Any) -> tuple[Any, ...]:
    return notes.figures(row) if _is_ours(row) else (row.amount,)


def _alt(rows: Rows, table: pd.DataFrame, drawn: pd.DataFrame, scale: units.Scale) -> str:
    groups: list[list[str]] = []
    for text, row in rows:
        if row is None:
            groups.append([])
        groups[-1].append(f"{text}:" if row is None else _words(text, row, scale) + ";")
    sentences = [" ".join(group).rstrip(";") + "." for group in groups]
    refused = len(citations.missed(table))
    quantity = table["quantity"].iloc[0]
    opening = f"{TITLES[quantity]} Ours: {ESTIMATES[quantity]}{notes.with_interval(drawn)}"
    left = f"Not drawn: {refused} figures; the data table says why." if refused else ""
    doubt = notes.caution(drawn, FEW_BELOW[quantity])
    parts_of_text = [f"{opening}, {notes.sizes(drawn)}.", *sentences, left, doubt]
    return " ".join(filter(None, parts_of_text))


def _words(name: str, row: Any, scale: units.Scale) -> str:
    if _is_ours(row):
        return f"{name} {units.with_interval(*notes.figures(row), scale)}"
    return f"published, {name} {citations.value(row)} ({citations.origin(row)})"


def _data(table: pd.DataFrame, ours: pd.DataFrame) -> pd.DataFrame:
    """Ours, then all published figures of this quantity, drawn or not."""
    mine = ours.assign(source="this run", value=ours["median"], bound="=", shown=True)
    theirs = table.drop(columns=["value", "backend"]).rename(
        columns={"subject": "backend", "amount": "value", "samples": "n"}
    )
    columns = ["backend", "engine", "source", "year", "workload", *PAIR, "bound", "value"]
    columns += ["low", "high", "statistic", "n", "shown", "reason", "definition"]
    return pd.concat([mine, theirs], ignore_index=True).reindex(columns=columns)
