"""The wrong and the right quotients as plain text."""

from __future__ import annotations

from typing import Any

from labkit import notes, units
from labkit.experiments.mistakes import stats
from labkit.experiments.mistakes.pairs import MISTAKES
from labkit.experiments.mistakes.records import MistakesRecording
from labkit.stats.signed_ranks import FEWEST
from labkit.text_table import aligned, stacked, wrapped

HEADINGS = ["mistake", "", "container", "machine", "n", "ratio"]
SCALES = {**units.METRICS, "B/s": units.bandwidth, "s": units.time, "CPU": units.percent}
EXPLAINED = (
    "ratio: the container's figure divided by the machine's, of the same repeat (Hodges and "
    "Lehmann's estimate), below it its 95 % interval (Wilcoxon's signed ranks)."
)


def text(recording: MistakesRecording) -> str:
    table = stats.ratios(recording.figures)
    lines = [HEADINGS, *(_line(row) for row in notes.rows_of(table))]
    means = [f"{name}: {mistake.quantity}." for name, mistake in MISTAKES.items()]
    doubt = [notes.caution(table, FEWEST)] if len(table) and table["few"].any() else []
    told = (line for part in (*means, EXPLAINED, *doubt) for line in wrapped(part))
    return "\n".join([*aligned(lines, right=[4]), "", *told])


def _line(row: Any) -> list[str]:
    scale = SCALES[row.unit]
    ratio = units.text_and_interval(*notes.figures(row, "ratio"), units.ratio)
    return [
        stacked(row.mistake, units.label(row.backend, row.engine)),
        row.arm,
        stacked(units.text(row.container_median, scale), row.container_way),
        stacked(units.text(row.machine_median, scale), row.machine_way),
        str(row.n),
        stacked(*ratio),
    ]
