"""What the charts are put together from: rows, markers with intervals, columns of values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from labkit.charts import units
from labkit.charts.style import FAINT, GREY, INK, look, tint

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Patch

VALUE_SIZE = 8.5
# How each role's part of a bar differs from the backend's plain colour.
ROLES = {
    "instance": "the instance itself",
    "helper": "its helper (containerd-shim)",
    "services": "services that all instances share",
}


def rows(axes: Axes, labels: Sequence[str], *, top: float = -0.6) -> None:
    """Labels the rows 0, 1, … from top to bottom."""
    axes.set_yticks(range(len(labels)), labels, color=INK)
    axes.set_ylim(len(labels) - 0.4, top)
    axes.tick_params(axis="y", length=0, labelsize=9.5)


def dot(axes: Axes, y: float, figures: tuple[Any, Any, Any], backend: str) -> None:
    """A median's marker and its interval's line; nothing where there is no median."""
    median, low, high = figures
    if not units.known(median):
        return
    style = look(backend)
    if units.known(low) and units.known(high):
        whisker(axes, y, low, high, colour=style.colour)
    axes.plot(
        [median], [y], style.marker, ms=8, color=style.colour, mec=INK, mew=0.7, clip_on=False
    )


def whisker(axes: Axes, y: float, low: float, high: float, *, colour: str = INK) -> None:
    """An interval as a line with ends."""
    for width, line in ((3.2, INK), (1.8, colour)) if colour != INK else ((1.4, INK),):
        axes.hlines(y, low, high, colors=line, linewidths=width)
    axes.plot([low, high], [y, y], "|", ms=7, mew=1.4, color=INK)


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


def role_legend(roles: Iterable[str]) -> list[Patch]:
    """Keys of the roles in neutral grey: the colour says the backend, the shade the role."""
    from matplotlib.patches import Patch

    looks: dict[str, dict[str, Any]] = {
        "instance": {"facecolor": GREY},
        "helper": {"facecolor": tint(GREY, 0.65), "edgecolor": GREY},
        "services": {"facecolor": "white", "edgecolor": GREY, "hatch": "////"},
    }
    present = set(roles)
    return [Patch(label=ROLES[role], **looks[role]) for role in ROLES if role in present]


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


def decades(axes: Axes, medians: Iterable[Any], scale: units.Scale) -> None:
    """A logarithmic x axis over whole decades, so that even one value has ticks around it."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

    positive = [value for value in medians if units.known(value) and value > 0]
    low = math.floor(math.log10(min(positive, default=1.0)))
    high = max(math.ceil(math.log10(max(positive, default=1.0))), low + 1)
    axes.set_xscale("log")
    axes.set_xlim(10.0**low, 10.0**high)
    # At most five labels: decades are wide, their names too.
    step = math.ceil((high - low + 1) / 5)
    ticks = [10.0**power for power in range(low, high + 1, step)]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value, scale)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.grid(axis="x", color=FAINT)


def tick(value: float, scale: units.Scale) -> str:
    """A tick's label, without digits that say nothing."""
    divisor, suffix = scale(value)
    return f"{value / divisor:g}{suffix}"
