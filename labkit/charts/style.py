"""One look for all charts: a backend has the same colour, hatch and marker everywhere."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil, log10
from typing import TYPE_CHECKING, Any
from zlib import crc32

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 9.6  # inches; text sizes are in points
INK, GREY, FAINT = "#222222", "#666666", "#e3e3e3"
NOTE_CHARACTERS = 157  # that fit in a line of the note
DARK = 0.2
TICKS_APART = 5  # pixels between two labels of an axis

RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same on every computer
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.edgecolor": GREY,
    "axes.axisbelow": True,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "xtick.color": GREY,
    "xtick.labelsize": 8,
    "ytick.left": False,
    "grid.color": FAINT,
    "hatch.linewidth": 0.7,
    "svg.hashsalt": "labkit",
}


@dataclass(frozen=True)
class Look:
    """How a backend is drawn. Hatch and marker tell it apart without colour."""

    colour: str
    hatch: str
    marker: str


# Colours of petroff10 (Petroff 2021, "Accessible Color Sequences for Data Visualization").
LOOKS = {
    "host": Look("#94a4a2", "", "o"),
    "docker": Look("#3f90da", "//", "s"),
    # The parts of a container engine: one family of blues, the deeper the outer.
    "chroot": Look("#c9dcef", "", "<"),
    "unshare": Look("#a5c9e8", "\\\\", ">"),
    "crun": Look("#92dadd", "**", "*"),
    "runc": Look("#82b7e3", "--", "h"),
    "containerd": Look("#60a4dd", "||", "P"),
    "docker-cli": Look("#2a69a8", "++", "X"),
    "bubblewrap": Look("#7ec3c5", "oo", "8"),
    "firejail": Look("#4f9a94", "||", "D"),
    "nspawn": Look("#5f8f5f", "\\\\", "H"),
    "lxc": Look("#8ab17d", "//", "p"),
    "podman": Look("#c86fc9", "//", "d"),
    "runsc": Look("#832db6", "..", "v"),
    "uml": Look("#a96b59", "xx", "^"),
    "kubernetes": Look("#1f4e8c", "oo", "p"),
    "xen": Look("#e76300", "--", "P"),
    "qemu": Look("#ffa90e", "..", "D"),
    "qemu-resumed": Look("#ffd487", "..", "d"),
    "virtualbox": Look("#bd1f01", "xx", "^"),
    "vmware": Look("#717581", "||", "s"),
    "paas": Look("#832db6", "\\\\", "P"),
    "virtualbox-resumed": Look("#de8f80", "xx", "v"),
}
# Of names that have no look of their own; colour and marker are chosen apart from each other.
OTHERS = (
    Look("#832db6", "\\\\", "v"),
    Look("#a96b59", "++", "P"),
    Look("#e76300", "||", "X"),
    Look("#b9ac70", "oo", "p"),
    Look("#717581", "--", "h"),
    Look("#92dadd", "**", "*"),
)


def look(backend: str) -> Look:
    """A backend's look: a fixed one, or one that depends on its name alone."""
    if backend in LOOKS:
        return LOOKS[backend]
    rest, place = divmod(crc32(backend.encode()), len(OTHERS))
    return replace(OTHERS[place], marker=OTHERS[rest % len(OTHERS)].marker)


def tint(colour: str, white: float) -> tuple[float, float, float]:
    """A colour (#rrggbb) mixed with so much white (0 to 1)."""
    parts = (byte / 255 for byte in bytes.fromhex(colour.removeprefix("#")))
    red, green, blue = (part + (1 - part) * white for part in parts)
    return red, green, blue


def on(face: tuple[float, float, float]) -> str:
    """The colour of a text that can be read on this one: what the eye takes for dark (the relative
    luminance of WCAG 2) gets white."""
    linear = (((part + 0.055) / 1.055) ** 2.4 for part in face)
    weighed = zip((0.2126, 0.7152, 0.0722), linear, strict=True)
    return "white" if sum(weight * part for weight, part in weighed) < DARK else INK


# Whose it is, or whom it reaches → face, edge, words of the key. Told apart by words, too.
ORANGE, BLUE = "#ffa90e", "#3f90da"
WHOSE: dict[str, tuple[tuple[float, float, float], str, str]] = {
    "host": (tint(ORANGE, 0.45), ORANGE, "the host's, or reaches it"),
    "own": (tint(BLUE, 0.6), BLUE, "its own"),
    "nothing": (tint(GREY, 0.75), GREY, "refused, or taken away"),
    "unknown": ((1.0, 1.0, 1.0), FAINT, "not tried, or not known"),
}


@contextmanager
def drawing() -> Iterator[None]:
    """Matplotlib's defaults with our settings, whatever the user has set."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(RC)
        yield


def panels(
    body: float,
    ratios: tuple[float, ...] = (1.0,),
    *,
    title: str,
    subtitle: str,
    note: str,
    keys: Sequence[Artist] = (),
    columns: int = 0,
    share: bool = True,
) -> tuple[Figure, list[Axes]]:
    """A figure of panels side by side, `body` inches high, that `share` their rows. Heading, keys
    (in so many columns, else in one line) and note get room of their own, so that nothing overlaps
    them."""
    from matplotlib.figure import Figure

    lines = _wrapped(note)
    notes = 0.2 + 0.165 * len(lines)
    columns = columns or max(len(keys), 1)
    legend = 0.1 + 0.2 * ceil(len(keys) / columns) if keys else 0
    head, foot = 0.78, notes + legend
    height = head + body + foot
    figure = Figure(figsize=(WIDTH, height), facecolor="white")
    rect = (0.012, foot / height, 0.974, body / height)
    figure.set_layout_engine("constrained", rect=rect, w_pad=0.08, h_pad=0.04)
    figure.text(0.015, 1 - 0.12 / height, title, size=14, weight="bold", va="top")
    figure.text(0.015, 1 - 0.45 / height, subtitle, size=9, color=GREY, va="top")
    text = "\n".join(lines)
    figure.text(0.015, 0.1 / height, text, size=8, color=GREY, va="bottom", linespacing=1.35)
    if keys:
        figure.legend(
            handles=keys,
            ncols=columns,
            loc="center left",
            bbox_to_anchor=(0.008, (notes + legend / 2 - 0.02) / height),
            frameon=False,
            fontsize=8,
        )
    axes = figure.subplots(1, len(ratios), sharey=share, squeeze=False, width_ratios=ratios)
    return figure, list(axes[0])


def settle(figure: Figure) -> None:
    """Lays the figure out once and for all. The solver's last digits differ from run to run, and
    with them the text of an SVG: so they are rounded off. Nothing is drawn here: the engine
    measures the texts by itself, and a figure that has none left is drawn once when it is saved,
    not twice."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
    figure.set_layout_engine(None)
    for axes in figure.axes:
        left, bottom, width, height = axes.get_position().bounds
        axes.set_position((round(left, 5), round(bottom, 5), round(width, 5), round(height, 5)))
        if axes.get_xscale() == "log":
            _thin(axes)
            _small_ticks(axes)


def _thin(axes: Axes) -> None:
    """Takes labels away until none touches its neighbour: first those between decades, then every
    second one. How wide the axis is shows only when all is laid out."""
    while _touching(axes):
        ticks = list(axes.get_xticks())
        tens = [tick for tick in ticks if log10(tick).is_integer()]
        axes.set_xticks(tens if len(tens) < len(ticks) else ticks[::2])


def _small_ticks(axes: Axes) -> None:
    """Those of an axis that leaves them to us (parts.decades): one line of marks. Matplotlib makes
    five artists of each, which takes a sixth of all that a chart does."""
    from matplotlib.lines import Line2D
    from matplotlib.markers import TICKDOWN
    from matplotlib.ticker import LogLocator, NullLocator

    if not isinstance(axes.xaxis.get_minor_locator(), NullLocator):
        return
    locator = LogLocator(subs="auto")
    locator.set_axis(axes.xaxis)
    (low, high), labelled = axes.get_xlim(), set(axes.get_xticks())
    marks = [tick for tick in locator() if low <= tick <= high and tick not in labelled]
    looks: dict[str, Any] = {
        "linestyle": "",
        "marker": TICKDOWN,
        "markersize": 2,
        "markeredgewidth": 0.6,
    }
    place: dict[str, Any] = {
        "transform": axes.get_xaxis_transform(),
        "clip_on": False,
        "zorder": 2.01,
    }
    axes.add_line(Line2D(marks, [0] * len(marks), color=GREY, **looks, **place))


def _touching(axes: Axes) -> bool:
    boxes = [label.get_window_extent() for label in axes.get_xticklabels() if label.get_text()]
    return any(right.x0 - left.x1 < TICKS_APART for left, right in pairwise(boxes))


def _wrapped(note: str) -> list[str]:
    lines = []
    for paragraph in note.splitlines():
        lines += textwrap.wrap(paragraph, NOTE_CHARACTERS, break_on_hyphens=False)
    return lines
