"""Who started whom while a container runs, what each holds in memory, who talks to whom."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from labkit import notes, units
from labkit.charts import parts
from labkit.charts.chart import Chart, drawn
from labkit.charts.style import FAINT, GREY, INK, look, panels

TITLE = "Which processes does one container need?"
# Role → the backend whose colour it has: what a component is, is the same in all charts.
COLOURS = {
    "container": "docker",
    "containerd-shim": "containerd",
    "containerd": "runc",
    "dockerd": "unshare",
    "docker": "docker-cli",
}
MONO = "DejaVu Sans Mono"  # comes with matplotlib; the tree's lines need one width
BRANCH = "└ "


@drawn
def process_tree(tree: pd.DataFrame, connections: pd.DataFrame, *, badge: str = "") -> Chart:
    """From the tables `tree` (or `survivors`) and `connections`: the tree with the memory
    of each process (left), the Unix sockets that join them (right), where any is known."""
    notes.require(tree)
    lines = drawable(tree, connections)
    note = notes.note(tree.assign(n=0, few=False, engine="", backend=""), badge, _note(tree, lines))
    figure, axes = panels(
        0.75 + 0.42 * len(tree),
        (1.0, 1.25) if len(lines) else (1.0,),
        title=TITLE,
        subtitle="Each process below the one that started it; memory (PSS), one reading",
        note=note,
    )
    _memory(axes[0], tree)
    for sockets in axes[1:]:
        _sockets(sockets, tree, lines)
    return Chart(TITLE, figure, _alt(tree, lines), _data(tree, lines), badge)


def drawable(tree: pd.DataFrame, connections: pd.DataFrame) -> pd.DataFrame:
    """The connections between two processes of the tree, the longest arrows last."""
    known = connections.dropna(subset=["client"])
    known = known[known["client"].isin(tree["pid"]) & known["server"].isin(tree["pid"])]
    place = {pid: y for y, pid in enumerate(tree["pid"])}
    ends = known.assign(
        start=known["client"].map(place).astype(int), end=known["server"].map(place).astype(int)
    )
    ends = ends[ends["start"] != ends["end"]]
    length = (ends["start"] - ends["end"]).abs()
    return ends.assign(length=length).sort_values(["length", "end"], ignore_index=True)


def _memory(axes: Axes, tree: pd.DataFrame) -> None:
    axes.set_title("memory (PSS)")
    labels = [_name(row) for row in notes.rows_of(tree)]
    width = max(map(len, labels))
    parts.rows(axes, [text.ljust(width) for text in labels])
    for text in axes.get_yticklabels():
        text.set_fontfamily(MONO)
        text.set_fontsize(8)
    column = []
    for y, row in enumerate(notes.rows_of(tree)):
        backend = COLOURS.get(row.role)
        colour = look(backend).colour if backend else GREY
        if units.known(row.pss_bytes):
            axes.barh(y, row.pss_bytes, height=0.5, facecolor=colour, edgecolor="white", zorder=2)
        column.append((y, units.text(row.pss_bytes, units.memory), _fate(row)))
    parts.linear(axes, units.memory)
    parts.values(axes, column)


def _sockets(axes: Axes, tree: pd.DataFrame, lines: pd.DataFrame) -> None:
    axes.set_title("who asks whom, over which Unix socket")
    axes.tick_params(axis="y", labelleft=False)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.set_xlim(0, len(lines))
    for x, row in enumerate(notes.rows_of(lines)):
        parts.arrow(axes, (x + 0.12, row.start), (x + 0.12, row.end), linewidth=1.1, shrinkA=2)
        axes.plot([x + 0.12], [row.start], "o", ms=4, color=INK)
        axes.annotate(
            _short(row.address).replace(".sock", "\n.sock"),
            (x + 0.12, (row.start + row.end) / 2),
            xytext=(5, 0),
            textcoords="offset points",
            size=7.5,
            color=GREY,
            va="center",
        )
    for y in range(len(tree)):
        axes.axhline(y, color=FAINT, linewidth=0.8, zorder=0)


def _name(row: Any) -> str:
    """Indented below its parent, with its process id."""
    branch = "  " * (row.depth - 1) + BRANCH if row.depth else ""
    role = "" if row.role in row.name else f" ({row.role})"
    return f"{branch}{row.name}{role} {row.pid}"


def _fate(row: Any) -> str:
    survives = getattr(row, "survives", None)
    return "" if survives is None else ("lives on" if survives else "ends")


def _short(address: str) -> str:
    """A socket's file; of the shim's, whose name is a digest, its beginning."""
    name = address.rpartition("/")[2]
    return name if len(name) <= 24 else name[:8] + "…"


def _note(tree: pd.DataFrame, lines: pd.DataFrame) -> str:
    sentence = (
        "A process without a line above it was started by one that has ended since, or that is "
        "not shown. PSS: a page that several processes share is divided among them."
    )
    if len(lines):
        sentence += " An arrow leads from the process that asks to the one that answers."
    if "survives" in tree:
        sentence += " lives on, ends: when the daemon is killed."
    return sentence


def _alt(tree: pd.DataFrame, lines: pd.DataFrame) -> str:
    names = dict(zip(tree["pid"], tree["name"], strict=True))
    said = []
    for row in notes.rows_of(tree):
        below = f" below {names[row.parent]}" if row.parent in names else ""
        fate = f", {_fate(row)}" if _fate(row) else ""
        size = units.text(row.pss_bytes, units.memory)
        said.append(f"{row.name} ({row.role}){below} {size}{fate}")
    joined = [
        f"{names[row.client]} asks {names[row.server]} over {_short(row.address)}"
        for row in notes.rows_of(lines)
    ]
    return f"{TITLE} {'; '.join(said)}. {'; '.join(joined)}.".replace(" .", "")


def _data(tree: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """The tree, each process with the addresses that it asks."""
    asks = lines.groupby("client")["address"].agg(", ".join)
    listens = tree["listens"].map(", ".join)
    return tree.assign(listens=listens, asks=tree["pid"].map(lambda pid: asks.get(pid, ""))).drop(
        columns="depth"
    )
