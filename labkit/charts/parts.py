"""What the charts are put together from: rows, markers with intervals, columns of values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from labkit import units
from labkit.charts.style import FAINT, GREY, INK, look, tint

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Patch

VALUE_SIZE = 8.5
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


def whisker(axes: Axes, y: float, low: Any, high: Any, *, caps: float = 7) -> None:
    """An interval as a line with ends; nothing where there is none, or it has no width."""
    if not (units.known(low) and units.known(high) and low < high):
        return
    for line, width in (("white", 3.4), (INK, 1.4)):  # white below black: seen on any bar
        axes.hlines(y, low, high, colors=line, linewidths=width, zorder=2.4)
    axes.plot([low, high], [y, y], "|", ms=caps, mew=1.4, color=INK, zorder=2.5)


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


def role_keys(roles: Iterable[str]) -> list[Patch]:
    """Keys of the roles in neutral grey: the colour says the backend, the shade the role. None
    where there is only one role."""
    from matplotlib.patches import Patch

    looks: dict[str, dict[str, Any]] = {
        "instance": {"facecolor": GREY},
        "helper": {"facecolor": tint(GREY, 0.65), "edgecolor": GREY},
        "services": {"facecolor": "white", "edgecolor": GREY, "hatch": "////"},
    }
    present = set(roles)
    keys = [Patch(label=ROLES[role], **looks[role]) for role in ROLES if role in present]
    return keys if len(keys) > 1 else []


def values(axes: Axes, texts: Iterable[tuple[float, str, str]]) -> None:
    """A column right of the axes: (row, value in bold, interval in grey)."""
    for y, value, interval in texts:
        axes.annotate(
            value,
            (1, y),
            xycoords=axes.get_yaxis_transform(),
            xytext=(10, 0 if not interval else 5.5),
            textcoords="offset points",
            size=VALUE_SIZE,
            weight="bold" if interval else "normal",
            va="center",
        )
        if interval:
            axes.annotate(
                interval,
                (1, y),
                xycoords=axes.get_yaxis_transform(),
                xytext=(10, -5.5),
                textcoords="offset points",
                size=7.5,
                color=GREY,
                va="center",
            )


def remark(axes: Axes, y: float, text: str) -> None:
    """Why there is no value, in its place."""
    axes.annotate(
        text,
        (1, y),
        xycoords=axes.get_yaxis_transform(),
        xytext=(10, 0),
        textcoords="offset points",
        size=VALUE_SIZE,
        color=GREY,
        va="center",
    )


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


def decades(axes: Axes, shown: Iterable[Any], scale: units.Scale) -> None:
    """A logarithmic x axis that begins at a decade, spans one at least, and leaves room for the
    last marker."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

    powers = [math.log10(value) for value in shown if units.known(value) and value > 0] or [0.0]
    low = math.floor(min(powers) - 0.05)
    limit = max(max(powers) + 0.15, low + 1.0)
    axes.set_xscale("log")
    axes.set_xlim(10.0**low, 10.0**limit)
    # At most five labels: decades are wide, their names too.
    step = math.ceil((limit - low) / 4.5)
    ticks = [10.0**power for power in range(low, math.floor(limit) + 1, step)]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value, scale)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.grid(axis="x", color=FAINT)


def linear(axes: Axes, scale: units.Scale) -> None:
    """An x axis whose ticks are round numbers in the unit of its largest one."""
    from matplotlib.ticker import FuncFormatter, MultipleLocator

    reach = max(map(abs, axes.get_xlim()))
    divisor, suffix = scale(reach)
    steps = (m * 10.0**p for p in range(-3, 7) for m in (1, 2, 5))
    step = next(step for step in steps if reach / divisor / step <= 5)
    axes.xaxis.set_major_locator(MultipleLocator(step * divisor))
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{round(value / divisor, 6):g}{suffix}")
    )


def tick(value: float, scale: units.Scale) -> str:
    """A tick's label, without digits that say nothing."""
    divisor, suffix = scale(value)
    return f"{value / divisor:g}{suffix}"
