"""What an orchestrator did, as plain text."""

from __future__ import annotations

from collections.abc import Iterator

from labkit import notes, units
from labkit.experiments.orchestration import stats
from labkit.experiments.orchestration.records import Orchestration

MEANS = {
    "heal": "a pod is deleted, until another one answers",
    "scale": "until the last of {pods:.0f} pods answers",
    "rollout abrupt": "all {pods:.0f} pods replaced, each ended at once",
    "rollout patient": "all {pods:.0f} pods replaced, each serves on for a while",
}


def text(recording: Orchestration) -> str:
    return "\n".join(_lines(recording))


def _lines(recording: Orchestration) -> Iterator[str]:
    yield f"{'part':<16} {'n':>3} {'median':>8} {'95 % interval':>17} {'requests':>9} {'lost':>9}"
    rows = notes.rows_of(stats.outcomes(recording.outcomes))
    for row in rows:
        figures = (row.median_s, row.low_s, row.high_s)
        times = units.text_and_interval(*figures, units.time)
        counts = (f"{n:.0f}" if units.known(n) else units.UNKNOWN for n in (row.sent, row.lost))
        yield "{:<16} {:>3} {:>8} {:>17} {:>9} {:>9}".format(row.part, row.n, *times, *counts)
    yield ""
    yield from (f"{row.part}: {MEANS[str(row.part)].format(pods=row.pods)}" for row in rows)
