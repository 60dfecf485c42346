"""Images at rest and containers that run: which bytes, and which pages, are there only once."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from labkit import notes, units
from labkit.charts import parts
from labkit.charts.chart import Chart, drawn
from labkit.charts.style import GREY, look, panels, tint
from labkit.text_table import stacked

LAYERS_TITLE = "Which bytes of the images are there only once?"
PAGES_TITLE = "How much memory do ten containers take, of one image and of ten?"
NEW, AGAIN = "brought by this image", "in the store already, with an image above"
# Whose look stands for containers of one image, and for those of an image each.
ONE, EACH = "docker", "an image each"


@drawn
def image_layers(table: pd.DataFrame, *, badge: str = "") -> Chart:
    """From `stats.image_layers`: a bar for each image, a part for each of its layers; what an image
    above has brought already is drawn pale."""
    notes.require(table)
    names = list(table["image"].unique())
    note = (
        "Sizes as Docker tells them, the lowest layer at the left. A layer is told by the digest "
        "of its content: images with the same one have it once in the store."
    )
    figure, (axes,) = panels(
        0.6 + 0.45 * len(names),
        title=LAYERS_TITLE,
        subtitle="Size of each image's layers, in the order in which the images are loaded",
        keys=_layer_keys(),
        note=stacked(note, badge),
    )
    parts.rows(axes, names)
    for y, name in enumerate(names):
        _stack(axes, y, table[table["image"] == name])
    axes.set_xlim(left=0)
    parts.linear(axes, units.size)
    parts.values(axes, [(y, *_sizes(table, name)) for y, name in enumerate(names)])
    return Chart(LAYERS_TITLE, figure, _layers_alt(table, names), table, badge)


@drawn
def page_sharing(table: pd.DataFrame, *, badge: str = "") -> Chart:
    """From `stats.page_sharing`: all containers together, and what each further one added."""
    notes.require(table)
    sources = list(table["images"].unique())
    counts = sorted(table["running"].unique())
    note = (
        "PSS of the containers' own processes; their helpers are the same in both. A page that "
        f"several map is divided among them. {_readings(table)}"
    )
    figure, axes = panels(
        0.7 + 0.3 * len(counts),
        (1, 1),
        title=PAGES_TITLE,
        subtitle="The same Python program; the images hold the same files, built by each anew",
        keys=[_source_key(number) for number in sources],
        note=stacked(note, badge),
    )
    parts.rows(axes[0], [f"{count} running" for count in counts])
    for panel, column, heading in zip(
        axes,
        ("total_pss_bytes", "marginal_pss_bytes"),
        ("all together", "the last one added"),
        strict=True,
    ):
        panel.set_title(heading)
        _points(panel, table, column, counts)
    return Chart(PAGES_TITLE, figure, _pages_alt(table), table, badge)


def _stack(axes: Axes, y: int, rows: pd.DataFrame) -> None:
    widths = [("instance" if row.new else "helper", row.size_bytes) for row in notes.rows_of(rows)]
    parts.stack(axes, y, "docker", widths)


def _sizes(table: pd.DataFrame, name: str) -> tuple[str, str]:
    mine = table[table["image"] == name]
    new = units.text(float(mine["new_bytes"].sum()), units.size)
    return units.text(float(mine["size_bytes"].sum()), units.size), f"new: {new}"


def _layer_keys() -> list[Patch]:
    style = look("docker")
    return [
        parts.key(NEW, facecolor=style.colour, edgecolor="white", hatch=style.hatch),
        parts.key(AGAIN, facecolor=tint(style.colour, 0.65), edgecolor=style.colour),
    ]


def _layers_alt(table: pd.DataFrame, names: list[str]) -> str:
    said = []
    for name in names:
        size, new = _sizes(table, name)
        mine = notes.rows_of(table[table["image"] == name])
        layers = ", ".join(
            f"{row.title} {units.text(float(row.size_bytes), units.size)}"
            + ("" if row.new else " (there already)")
            for row in mine
        )
        said.append(f"{name} {size}, {new}: {layers}")
    return f"{LAYERS_TITLE} {'; '.join(said)}."


def _points(axes: Axes, table: pd.DataFrame, column: str, counts: list[Any]) -> None:
    texts: dict[int, list[str]] = {}
    for row in notes.rows_of(table):
        y, value = counts.index(row.running), getattr(row, column)
        parts.dot(axes, y, (value, None, None), _look(row.images))
        texts.setdefault(y, []).append(units.text(value, units.memory))
    axes.set_xlim(left=0)
    parts.linear(axes, units.memory)
    parts.values(axes, [(y, " · ".join(said), "") for y, said in texts.items()])


def _look(images: int) -> str:
    return ONE if images == 1 else EACH


def _source_key(images: int) -> Line2D:
    style = look(_look(images))
    name = "all of one image" if images == 1 else f"of {images} images, in turn"
    return parts.line_key(name, ls="", marker=style.marker, ms=8, color=style.colour, mec=GREY)


def _readings(table: pd.DataFrame) -> str:
    n = int(table["n"].max())
    return "One reading each: no interval." if n == 1 else f"The median of n = {n} readings."


def _pages_alt(table: pd.DataFrame) -> str:
    said = []
    for images, rows in table.groupby("images", sort=False):
        last = notes.rows_of(rows)[-1]
        each = [units.text(value, units.memory) for value in rows["marginal_pss_bytes"]]
        whole = units.text(last.total_pss_bytes, units.memory)
        source = "one image" if images == 1 else f"{images} images"
        said.append(f"{last.running} containers of {source} {whole}, one by one {', '.join(each)}")
    return f"{PAGES_TITLE} PSS: {'; '.join(said)}."
