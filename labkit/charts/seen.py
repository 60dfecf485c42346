"""What is shared with the host, what is its own, what is refused: a cell an aspect and instance."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import pandas as pd

from labkit.charts import notes, parts
from labkit.charts.chart import Chart
from labkit.charts.style import FAINT, GREY, INK, drawing, panels, settle, tint
from labkit.units import label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Patch

TITLE = "What does an instance see, and what may it do?"
SUBTITLE = "Asked by the same probe behind each boundary, in one start each"
EXPLAINED = (
    "The host's: the same object of the same kernel. Allowed: blue where it acts on what the "
    "instance has for itself, such as a guest's kernel, orange where it acts on the host. "
    "Not tried: what would change the host itself."
)
# Whose it is, or whom it reaches → face, edge, words of the key. Told apart by words, too.
ORANGE, BLUE = "#ffa90e", "#3f90da"
FACES: dict[str, tuple[tuple[float, float, float], str, str]] = {
    "host": (tint(ORANGE, 0.45), ORANGE, "the host's, or reaches it"),
    "own": (tint(BLUE, 0.6), BLUE, "its own"),
    "nothing": (tint(GREY, 0.75), GREY, "refused, or taken away"),
    "unknown": ((1.0, 1.0, 1.0), FAINT, "not tried, or not known"),
}
WIDE = 5  # so many columns have room for word and detail in one line
Rows = list[tuple[str, Any]]  # a section and None, or an aspect and its cells


def seen(table: pd.DataFrame, *, badge: str = "") -> Chart:
    """From `stats.seen`: a column a backend. Colour says whose it is, the word what it is."""
    notes.require(table)
    backends = [backend for backend, _ in notes.labels(table)]
    rows = _rows(table)
    wide = len(backends) <= WIDE
    with drawing():
        figure, (axes,) = panels(
            0.75 + (0.25 if wide else 0.33) * len(rows),
            (1.0,),
            title=TITLE,
            subtitle=SUBTITLE,
            keys=_keys(table),
            note="\n".join(filter(None, [f"{EXPLAINED} {notes.engines(table)}", badge])),
        )
        parts.headed_rows(axes, rows)
        axes.tick_params(axis="y", labelsize=9)
        for y, (_, cells) in enumerate(rows):
            for cell in [] if cells is None else cells:
                _cell(axes, backends.index(cell.backend), y, cell, wide)
        _columns(axes, table, wide)
        settle(figure)
    return Chart(TITLE, figure, _alt(table), _data(table, backends), badge)


def _rows(table: pd.DataFrame) -> Rows:
    rows: Rows = []
    for section, part in table.groupby("section", sort=False):
        rows.append((str(section), None))
        for aspect, cells in part.groupby("aspect", sort=False):
            rows.append((str(aspect), notes.rows_of(cells)))
    return rows


def _cell(axes: Axes, x: int, y: int, cell: Any, wide: bool) -> None:
    face, edge, _ = FACES[cell.touches]
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
    axes.set_xticks(range(len(names)), names, color=INK, size=9 if wide else 7.5)
    axes.xaxis.tick_top()
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(-0.5, len(names) - 0.5)
    axes.spines["bottom"].set_visible(False)


def _heading(backend: str, engine: str, width: int) -> str:
    """A label in lines that a column has room for."""
    text = label(backend, engine)
    if len(text) <= width:
        return text
    spaced = backend.replace(":", ": ").replace("=", "= ")
    return "\n".join([*textwrap.wrap(spaced, width), *textwrap.wrap(f"({engine})", width + 1)])


def _keys(table: pd.DataFrame) -> list[Patch]:
    from matplotlib.patches import Patch

    present = set(table["touches"])
    return [
        Patch(facecolor=face, edgecolor=edge, label=words)
        for touches, (face, edge, words) in FACES.items()
        if touches in present
    ]


def _alt(table: pd.DataFrame) -> str:
    """For each backend what is the host's, its own, allowed on which of both, refused."""
    return f"{TITLE} " + " ".join(
        f"{text}: {'; '.join(_said(table[table['backend'] == backend]))}."
        for backend, text in notes.labels(table)
    )


def _said(mine: pd.DataFrame) -> list[str]:
    """What was seen and tried, in groups of the same word."""
    words = mine["word"].where(mine["word"] != "allowed", "allowed, reaches " + mine["touches"])
    limits = mine["section"] == "what limits it"
    said = [f"{row.aspect}: {row.word}" for row in notes.rows_of(mine[limits])]
    grouped = mine[~limits].groupby(words[~limits], sort=False)["aspect"].agg(", ".join)
    return [f"{word}: {aspects}" for word, aspects in grouped.items()] + said


def _data(table: pd.DataFrame, backends: list[str]) -> pd.DataFrame:
    text = table["word"].where(table["detail"] == "", table["word"] + " · " + table["detail"])
    wide = table.assign(text=text).pivot(index="aspect", columns="backend", values="text")
    return wide.loc[table["aspect"].unique(), backends].reset_index().rename_axis(columns=None)
