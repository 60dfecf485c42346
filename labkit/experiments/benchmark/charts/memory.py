"""How much memory one more instance takes."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from labkit import notes, units
from labkit.charts import parts
from labkit.charts.chart import Chart, drawn, shown_data
from labkit.charts.style import panels

TITLE = "How much memory does one more instance take?"
METRICS = {
    "rss": "RSS: resident memory; a shared page counts in full for each process.",
    "pss": "PSS: resident memory; a shared page is divided among the processes that share it, so "
    "it depends on what else runs.",
    "uss": "USS: resident memory that no other process shares.",
    "cgroup": "cgroup: what the kernel charges to the control group, page cache included.",
    "cgroup_peak": "cgroup, peak: the most that was charged to it at any moment.",
    "guest": "guest's view: memory in use as the guest's own kernel counts it.",
    "host_delta": "host's loss: what the whole computer had available before, less what it has "
    "meanwhile; whatever else runs is in it, so it is noisy.",
}
# Only in a run where nothing else could be read.
DAEMON = {
    "daemon": "daemon's count: what the engine's daemon says that the container uses, page cache "
    "included; asked only where its processes cannot be read from here."
}
BELOW = 0.4  # how far the services' bar lies below its row


@drawn
def memory(table: pd.DataFrame, *, metric: str = "pss", badge: str = "") -> Chart:
    """From `stats.memory`: instance and helper as one bar with the interval of their sum, the
    services that instances share below it. For `rss`, `pss`, `uss` and `cgroup`: the others have
    no such parts, see `charts.verdict`. The data table holds all metrics."""
    shown = table[table["metric"] == metric]
    notes.require(shown)
    pairs = notes.labels(table)
    name = metric if metric == "cgroup" else metric.upper()
    note = notes.note(shown, badge, METRICS[metric], notes.interval(shown))
    subtitle = f"{name} from ready to stop; median of {notes.sizes(shown)}"
    keys = parts.role_keys(shown.loc[shown["median_bytes"].notna(), "role"])
    figure, (axes,) = panels(
        0.65 + 0.68 * len(pairs), title=TITLE, subtitle=subtitle, keys=keys, note=note
    )
    parts.rows(axes, [text for _, text in pairs], top=-0.5)
    axes.set_ylim(len(pairs) - 0.25, -0.5)
    for y, (backend, _) in enumerate(pairs):
        _row(axes, y, shown[shown["backend"] == backend], backend)
    parts.from_zero(axes, f"{name} in MiB")
    return Chart(TITLE, figure, _alt(shown, name), shown_data(table), badge)


def _row(axes: Axes, y: int, table: pd.DataFrame, backend: str) -> None:
    roles = {str(row.role): row for row in notes.rows_of(table) if units.known(row.median_bytes)}
    if "each" not in roles:
        parts.remark(axes, y, "not read")
    widths = [
        (role, _mib(roles[role].median_bytes)) for role in ("instance", "helper") if role in roles
    ]
    parts.stack(axes, y, backend, widths)
    if "each" in roles:
        each = roles["each"]
        parts.whisker(axes, y, _mib(each.low_bytes), _mib(each.high_bytes))
        parts.values(axes, [(y, *_value(each))])
    if "services" in roles:
        services = roles["services"]
        width = _mib(services.median_bytes)
        parts.part(axes, y + BELOW, 0.0, width, backend, "services")
        text = units.text(services.median_bytes, units.memory)
        parts.values(axes, [(y + BELOW, f"+ {text}, shared", "")])


def _value(row: Any) -> tuple[str, str]:
    return units.text_and_interval(*notes.figures(row, "bytes"), units.memory)


def _mib(size: float) -> float:
    return size / units.MIB


def _alt(shown: pd.DataFrame, name: str) -> str:
    def sentence(role: str) -> str:
        rows = notes.rows_of(shown[shown["role"] == role])
        return "; ".join(notes.words(row, "bytes", units.memory) for row in rows)

    each, shared = sentence("each"), sentence("services")
    text = f"{TITLE} Median {name} of an instance and its helper"
    text += f"{notes.with_interval(shown)}, {notes.sizes(shown)}: {each}."
    if shared:
        text += f" Services that all instances share: {shared}."
    return f"{text} {notes.caution(shown)}".strip()
