"""The parts below a program, from the computer upwards: a stack for each way of running it."""

from __future__ import annotations

import textwrap
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from labkit import notes
from labkit.charts import parts
from labkit.charts.chart import Chart, drawn
from labkit.charts.style import INK, WHOSE, panels
from labkit.text_table import stacked
from labkit.units import label

TITLE = "What lies between the program and the computer?"
SUBTITLE = "From below: the parts of each way, with what was measured in one instance"
ARROW = (
    "Arrow: where a system call of the program ends. What starts and watches an instance "
    "(dockerd, for one) stands beside this way and is not passed."
)
KEYS = {"host": "one for all: the host's", "own": "one for each instance"}
LINE = 37  # characters in a column, where there are four


@drawn
def stacks(table: pd.DataFrame, *, badge: str = "") -> Chart:
    """From `stats.stacks`: a column a backend; what neighbours share is one block."""
    notes.require(table)
    backends = [backend for backend, _ in notes.labels(table)]
    figure, (axes,) = panels(
        0.9 + 0.66 * len(table["level"].unique()),
        title=TITLE,
        subtitle=SUBTITLE,
        keys=_keys(),
        note=stacked(f"{ARROW} {notes.engines(table)}", badge),
    )
    for level, rows in table.groupby("level"):
        for block in _blocks(notes.rows_of(rows), backends):
            _draw(axes, int(str(level)), block, backends)
    for x, backend in enumerate(backends):
        _arrow(axes, x, table[table["backend"] == backend])
    _columns(axes, table)
    return Chart(TITLE, figure, _alt(table), table.reset_index(drop=True), badge)


def _blocks(rows: list[Any], backends: list[str]) -> list[list[Any]]:
    """A level's rows; neighbours that share the host's are together."""
    blocks: list[list[Any]] = []
    for row in rows:
        if blocks and _is_one(blocks[-1][-1], row, backends):
            blocks[-1].append(row)
        else:
            blocks.append([row])
    return blocks


def _is_one(left: Any, right: Any, backends: list[str]) -> bool:
    beside = backends.index(right.backend) == backends.index(left.backend) + 1
    same = (left.part, left.detail, left.whose) == (right.part, right.detail, right.whose)
    return beside and same and left.whose == "host"


def _draw(axes: Axes, level: int, block: list[Any], backends: list[str]) -> None:
    first, span = backends.index(block[0].backend), len(block)
    face, edge, _ = WHOSE[block[0].whose]
    look: dict[str, Any] = {"facecolor": face, "edgecolor": edge, "linewidth": 0.9}
    axes.barh(level, span - 0.06, left=first - 0.47, height=0.9, **look)
    x = first + (span - 1) / 2
    width = span * LINE * 4 // max(len(backends), 3)
    lines = textwrap.wrap(
        block[0].detail, width, break_on_hyphens=False, max_lines=3, placeholder=" …"
    )
    lift = 0.045 + 0.085 * len(lines)
    axes.text(x, level + lift, block[0].part, ha="center", va="center", size=9, weight="bold")
    axes.text(
        x,
        level - 0.175 + 0.025 * len(lines),
        "\n".join(lines),
        ha="center",
        va="center",
        size=7,
        color=INK,
    )


def _arrow(axes: Axes, x: int, rows: pd.DataFrame) -> None:
    """From the program down to the kernel that answers it."""
    kernel, top = rows.loc[rows["answers"], "level"], rows["level"].max()
    for level in kernel:
        parts.arrow(axes, (x + 0.44, top - 0.1), (x + 0.44, level + 0.38), linewidth=1.3)


def _columns(axes: Axes, table: pd.DataFrame) -> None:
    pairs = table[["way", "backend", "engine"]].drop_duplicates()
    names = [f"{row.way}\n{label(row.backend, row.engine)}" for row in notes.rows_of(pairs)]
    parts.columns(axes, names, 9)
    axes.set_ylim(-0.5, table["level"].max() + 0.55)
    axes.set_yticks([])


def _keys() -> list[Patch]:
    return [
        parts.key(words, facecolor=WHOSE[whose][0], edgecolor=WHOSE[whose][1])
        for whose, words in KEYS.items()
    ]


def _alt(table: pd.DataFrame) -> str:
    """Each stack from below, and the kernel that answers."""
    sentences = []
    for (way, backend, engine), rows in table.groupby(["way", "backend", "engine"], sort=False):
        parts = [
            f"{row.part} ({row.detail}; {'shared' if row.whose == 'host' else 'its own'})"
            for row in notes.rows_of(rows)
        ]
        kernel = ", ".join(rows.loc[rows["answers"], "part"])
        above = " above ".join(reversed(parts))
        sentences.append(
            f"{way}, {label(str(backend), str(engine))}: {above}; its calls end in the {kernel}."
        )
    return f"{TITLE} {' '.join(sentences)}"
