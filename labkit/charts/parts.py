"""What the charts are put together from: rows, markers with intervals, columns of values."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from labkit import units
from labkit.charts.style import FAINT, GREY, INK, WHOSE, Look, look, tint
from labkit.notes import figures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

VALUE_SIZE = 8.5
BRIEF = 1.8  # decades: so few have room, and need, for labels in between
# How each role's part of a bar differs from the backend's plain colour.
ROLES = {
    "instance": "the instance itself",
    "helper": "its helper (such as containerd-shim)",
    "services": "services that all instances share",
}


def rows(axes: Axes, labels: Sequence[str], *, top: float = -0.6) -> None:
    """Labels the rows 0, 1, … from top to bottom."""
    axes.set_yticks(range(len(labels)), labels, color=INK)
    axes.set_ylim(len(labels) - 0.4, top)
    axes.tick_params(axis="y", length=0, labelsize=9.5)


def headed_rows(axes: Axes, shown: Sequence[tuple[str, Any]]) -> None:
    """Rows in groups: one without anything to show is the heading of those below it."""
    rows(axes, [text for text, _ in shown])
    for tick_label, (_, row) in zip(axes.get_yticklabels(), shown, strict=True):
        if row is None:
            tick_label.set_fontweight("bold")
    separate(axes, shown)


def separate(axes: Axes, shown: Sequence[tuple[str, Any]]) -> None:
    """A line between groups of rows."""
    for y, (_, row) in enumerate(shown):
        if row is None and y:
            axes.axhline(y - 0.5, color=FAINT, linewidth=0.8)


def dot(axes: Axes, y: float, figures: tuple[Any, Any, Any], backend: str) -> None:
    """A median's marker and its interval's line; nothing where there is no median."""
    median, low, high = figures
    if not units.known(median):
        return
    style = look(backend)
    whisker(axes, y, low, high, caps=14)  # ends that show beside the marker
    axes.plot([median], [y], style.marker, ms=8, color=style.colour, mec=INK, mew=0.7, zorder=3)


def dots(axes: Axes, shown: Iterable[tuple[float, Any]], name: str, scale: units.Scale) -> None:
    """A marker with its interval for each (y, row) that there is, its figures right of them."""
    known = [(y, row) for y, row in shown if row is not None]
    for y, row in known:
        dot(axes, y, figures(row, name), str(row.backend))
    texts = ((y, units.text_and_interval(*figures(row, name), scale)) for y, row in known)
    values(axes, [(y, *text) for y, text in texts])


def whisker(axes: Axes, y: float, low: Any, high: Any, *, caps: float = 7) -> None:
    """An interval as a line with ends; nothing where there is none, or it has no width."""
    if not (units.known(low) and units.known(high) and low < high):
        return
    looks: dict[str, Any] = {"solid_capstyle": "butt", "zorder": 2.5}
    axes.plot([low, high], [y, y], color="white", lw=3.4, **looks)  # below black: seen on any bar
    axes.plot([low, high], [y, y], "-|", ms=caps, mew=1.4, lw=1.4, color=INK, **looks)


def part(axes: Axes, y: float, left: float, width: float, backend: str, role: str) -> None:
    """One role's part of a bar."""
    style = look(backend)
    looks: dict[str, dict[str, Any]] = {
        "instance": {"facecolor": style.colour, "edgecolor": "white", "hatch": style.hatch},
        "helper": {"facecolor": tint(style.colour, 0.65), "edgecolor": style.colour},
        "services": {"facecolor": "white", "edgecolor": style.colour, "hatch": "////"},
    }
    height = 0.42 if role != "services" else 0.26
    axes.barh(y, width, left=left, height=height, linewidth=0.8, **looks[role])


def stack(axes: Axes, y: float, backend: str, widths: Iterable[tuple[str, float]]) -> None:
    """A bar made of parts, each of a role and so wide, side by side."""
    left = 0.0
    for role, width in widths:
        part(axes, y, left, width, backend, role)
        left += width


def step(
    axes: Axes, y: int, row: tuple[float, float, float, float], style: Look, **looks: Any
) -> None:
    """A step of a waterfall: from `start`, so long, with the line of its interval."""
    start, median, low, high = row
    looks = {"facecolor": style.colour, "edgecolor": "white", "hatch": style.hatch, **looks}
    axes.barh(y, median, left=start, height=0.48, zorder=2, **looks)
    if units.known(low):  # a single one has no interval
        whisker(axes, y, start + low, start + high, caps=11)


def join(axes: Axes, y: int, end: float) -> None:
    """The line from a step of a waterfall to the one below it."""
    axes.vlines(end, y + 0.24, y + 0.76, colors=GREY, linewidths=0.8, zorder=1)


def columns(axes: Axes, names: Sequence[str], size: float) -> None:
    """Names of columns, above them; the axis itself is not drawn."""
    axes.set_xticks(range(len(names)), names, color=INK, size=size)
    axes.xaxis.tick_top()
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(-0.5, len(names) - 0.5)
    axes.spines["bottom"].set_visible(False)


def from_zero(axes: Axes, text: str) -> None:
    """A linear x axis of bars that begin at zero."""
    axes.set_xlim(left=0)
    axes.set_xlabel(text)
    axes.grid(axis="x", color=FAINT)


def key(label: str, **looks: Any) -> Patch:
    """A key of an area."""
    from matplotlib.patches import Patch

    return Patch(label=label, **looks)


def whose_keys(present: Collection[str]) -> list[Patch]:
    """The legend of those colours that say whose a thing is and that are there."""
    return [
        key(words, facecolor=face, edgecolor=edge)
        for touches, (face, edge, words) in WHOSE.items()
        if touches in present
    ]


def line_key(label: str, **looks: Any) -> Line2D:
    """A key of a line or a marker."""
    from matplotlib.lines import Line2D

    return Line2D([], [], label=label, **looks)


def role_keys(roles: Iterable[str]) -> list[Patch]:
    """Keys of the roles in neutral grey: the colour says the backend, the shade the role. None
    where there is only one role."""
    looks: dict[str, dict[str, Any]] = {
        "instance": {"facecolor": GREY},
        "helper": {"facecolor": tint(GREY, 0.65), "edgecolor": GREY},
        "services": {"facecolor": "white", "edgecolor": GREY, "hatch": "////"},
    }
    present = set(roles)
    keys = [key(ROLES[role], **looks[role]) for role in ROLES if role in present]
    return keys if len(keys) > 1 else []


def values(axes: Axes, texts: Iterable[tuple[float, str, str]]) -> None:
    """A column right of the axes: (row, value in bold, interval in grey)."""
    for y, value, interval in texts:
        _right(axes, y, value, 5.5 if interval else 0, weight="bold" if interval else "normal")
        if interval:
            _right(axes, y, interval, -5.5, size=7.5, color=GREY)


def remark(axes: Axes, y: float, text: str) -> None:
    """Why there is no value, in its place."""
    _right(axes, y, text, 0, color=GREY)


def _right(axes: Axes, y: float, text: str, up: float, **looks: Any) -> None:
    axes.annotate(
        text,
        (1, y),
        xycoords=axes.get_yaxis_transform(),
        xytext=(10, up),
        textcoords="offset points",
        va="center",
        **{"size": VALUE_SIZE, **looks},
    )


def arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], **looks: Any) -> None:
    """From one point to another."""
    axes.annotate("", end, xytext=start, arrowprops={"arrowstyle": "-|>", "color": INK, **looks})


def baseline(axes: Axes, text: str) -> None:
    """A dashed line at 1×, with its meaning in the first row, which is a heading's. The axis has
    its limits already: the text goes where there is more room."""
    axes.axvline(1, color=INK, linewidth=1, linestyle=(0, (4, 3)), zorder=0)
    place, _ = axes.transAxes.inverted().transform(axes.transData.transform((1, 0)))
    right = place < 0.5
    axes.annotate(
        text,
        (1, 0),
        xytext=(4 if right else -4, 0),
        textcoords="offset points",
        size=7.5,
        color=GREY,
        ha="left" if right else "right",
        va="center",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},  # over the grid
    )


def decades(
    axes: Axes, shown: Iterable[Any], scale: units.Scale, *, name: str = "", most: float = 4.5
) -> None:
    """A logarithmic x axis, which says so below it or in its title; it begins at a decade, spans
    one at least, and leaves room for the last marker. `most`: so many decades have room for a label
    each; few get labels in between."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    powers = [math.log10(value) for value in shown if units.known(value) and value > 0] or [0.0]
    low = math.floor(min(powers) - 0.05)
    limit = max(max(powers) + 0.15, low + 1.0)
    axes.set_xscale("log")
    axes.set_xlim(10.0**low, 10.0**limit)
    step = math.ceil((limit - low) / most)
    between = (1, 2, 5) if limit - low < BRIEF else (1,)
    powers_shown = range(low, math.floor(limit) + 1, step)
    ticks = [digit * 10.0**power for power in powers_shown for digit in between]
    axes.xaxis.set_major_locator(FixedLocator([tick for tick in ticks if tick <= 10.0**limit]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value, scale)))
    axes.xaxis.set_minor_locator(NullLocator())  # style.settle draws the small ones
    axes.grid(axis="x", color=FAINT)
    if name or "logarithmic" not in axes.get_title(loc="left"):
        axes.set_xlabel(f"{name} (logarithmic axis)" if name else "logarithmic")


def linear(axes: Axes, scale: units.Scale) -> None:
    """An x axis with a grid, whose ticks are round numbers in the unit of its largest one."""
    from matplotlib.ticker import FuncFormatter, MultipleLocator

    reach = max(map(abs, axes.get_xlim()))
    divisor, suffix = scale(reach)
    steps = (m * 10.0**p for p in range(-3, 7) for m in (1, 2, 5))
    step = next(step for step in steps if reach / divisor / step <= 5)
    axes.xaxis.set_major_locator(MultipleLocator(step * divisor))
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{round(value / divisor, 6):g}{suffix}")
    )
    axes.grid(axis="x", color=FAINT)


def tick(value: float, scale: units.Scale) -> str:
    """A tick's label, without digits that say nothing."""
    divisor, suffix = scale(value)
    return f"{round(value / divisor, 9):g}{suffix}"
