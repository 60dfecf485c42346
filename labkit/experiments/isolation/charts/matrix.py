"""What is shared with the host, what is its own, what is refused: a cell an aspect and instance."""

from __future__ import annotations

import textwrap
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from labkit import notes
from labkit.charts import parts
from labkit.charts.chart import Chart, drawn
from labkit.charts.style import GREY, INK, WHOSE, panels
from labkit.text_table import stacked
from labkit.units import label

TITLE = "What does an instance see, and what may it do?"
SUBTITLE = "Asked by the same probe behind each boundary, in one start each"
EXPLAINED = (
    "The host's: the same object of the same kernel. Allowed: blue where it acts on what the "
    "instance has for itself, such as a guest's kernel, orange where it acts on the host. "
    "Not tried: what would change the host itself."
)
WIDE = 5  # so many columns have room for word and detail in one line
Rows = list[tuple[str, Any]]  # a section and None, or an aspect and its cells


@drawn
def matrix(table: pd.DataFrame, *, badge: str = "") -> Chart:
    """From `stats.matrix`: a column a backend. Colour says whose it is, the word what it is."""
    notes.require(table)
    backends = [backend for backend, _ in notes.labels(table)]
    rows = _rows(table)
    wide = len(backends) <= WIDE
    figure, (axes,) = panels(
        0.75 + (0.25 if wide else 0.33) * len(rows),
        title=TITLE,
        subtitle=SUBTITLE,
        keys=parts.whose_keys(set(table["touches"])),
        note=stacked(f"{EXPLAINED} {notes.engines(table)}", badge),
    )
    parts.headed_rows(axes, rows)
    axes.tick_params(axis="y", labelsize=9)
    for y, (_, cells) in enumerate(rows):
        for cell in [] if cells is None else cells:
            _cell(axes, backends.index(cell.backend), y, cell, wide)
    _columns(axes, table, wide)
    return Chart(TITLE, figure, _alt(table), _data(table, backends), badge)


def _rows(table: pd.DataFrame) -> Rows:
    rows: Rows = []
    for section, part in table.groupby("section", sort=False):
        rows.append((str(section), None))
        for aspect, cells in part.groupby("aspect", sort=False):
            rows.append((str(aspect), notes.rows_of(cells)))
    return rows


def _cell(axes: Axes, x: int, y: int, cell: Any, wide: bool) -> None:
    face, edge, _ = WHOSE[cell.touches]
    axes.barh(y, 0.95, left=x - 0.475, height=0.88, facecolor=face, edgecolor=edge, linewidth=0.6)
    colour = GREY if cell.touches == "unknown" else INK
    if wide:
        text = f"{cell.word} · {_short(cell.detail, 16)}" if cell.detail else cell.word
        axes.text(x, y, text, ha="center", va="center", size=8, color=colour)
        return
    lift = 0.17 if cell.detail else 0.0
    axes.text(x, y - lift, cell.word, ha="center", va="center", size=7.5, color=colour)
    if cell.detail:
        short = _short(cell.detail, 12)
        axes.text(x, y + 0.22, short, ha="center", va="center", size=6.3, color=colour)


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _columns(axes: Axes, table: pd.DataFrame, wide: bool) -> None:
    pairs = table[["backend", "engine"]].drop_duplicates()
    names = [_heading(row.backend, row.engine, 22 if wide else 13) for row in notes.rows_of(pairs)]
    parts.columns(axes, names, 9 if wide else 7.5)


def _heading(backend: str, engine: str, width: int) -> str:
    """A label in lines that a column has room for."""
    text = label(backend, engine)
    if len(text) <= width:
        return text
    spaced = backend.replace(":", ": ").replace("=", "= ")
    return "\n".join([*textwrap.wrap(spaced, width), *textwrap.wrap(f"({engine})", width + 1)])


def _alt(table: pd.DataFrame) -> str:
    """For each backend what is the host's, its own, allowed on which of both, refused."""
    return f"{TITLE} " + " ".join(
        f"{text}: {'; '.join(_groups(table[table['backend'] == backend]))}."
        for backend, text in notes.labels(table)
    )


def _groups(mine: pd.DataFrame) -> list[str]:
    """What was seen and tried, in groups of the same word."""
    words = mine["word"].where(mine["word"] != "allowed", "allowed, reaches " + mine["touches"])
    limits = mine["section"] == "what limits it"
    limited = [f"{row.aspect}: {row.word}" for row in notes.rows_of(mine[limits])]
    grouped = mine[~limits].groupby(words[~limits], sort=False)["aspect"].agg(", ".join)
    return [f"{word}: {aspects}" for word, aspects in grouped.items()] + limited


def _data(table: pd.DataFrame, backends: list[str]) -> pd.DataFrame:
    text = table["word"].where(table["detail"] == "", table["word"] + " · " + table["detail"])
    wide = table.assign(text=text).pivot(index="aspect", columns="backend", values="text")
    return wide.loc[table["aspect"].unique(), backends].reset_index().rename_axis(columns=None)
