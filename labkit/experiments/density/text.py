"""The experiment's result as plain text, for the command line."""

from __future__ import annotations

from typing import Any

import pandas as pd

from labkit import notes, units
from labkit.experiments.density import stats
from labkit.experiments.density.records import Density
from labkit.stats.spread import FEW
from labkit.text_table import WIDTH, aligned, stacked, wrapped

HEADINGS = ["instances", "n", "one by one", "together", "speed-up"]
HEADINGS += ["starts/s\nCPU each", "memory each\na further one"]
EXPLAINED = (
    "one by one: each instance is requested when the one before is ready; together: all are "
    "requested at once. Both columns: from the first request until all are ready, in brackets the "
    "95 % interval. speed-up: one by one divided by together, within each block. The other columns "
    "are of those that start together: how many start in a second, CPU time of the whole computer "
    "(empty where all together took less than 0.1 s, since the kernel counts it in steps of 0.01 "
    "s), memory as PSS with what the shared services grew by. a further one: the slope of the "
    "memory from the number before."
)


def text(recording: Density) -> str:
    """A line a backend and number of instances, then what it means."""
    table = stats.groups(recording.groups)
    speed = {(r.backend, r.level): r for r in notes.rows_of(stats.speed_up(recording.groups))}
    cells = {(r.backend, r.level, r.way): r for r in notes.rows_of(table)}
    facts = {(r.backend, r.level): r for r in notes.rows_of(table)}
    lines = [HEADINGS]
    for (name, level), any_way in facts.items():
        one, together = (cells.get((name, level, way)) for way in ("one by one", "together"))
        figures = [
            _figure(one, "s", units.time),
            _figure(together, "s", units.time),
            _figure(speed.get((name, level)), "ratio", units.ratio),
            _two(together, ("per_s", units.plain), ("cpu_s", units.time)),
            _two(together, ("bytes", units.memory), ("marginal_bytes", units.memory)),
        ]
        named = f"{level} × {units.label(name, any_way.engine)}"
        counts = sorted({way.n for way in (one, together) if way is not None})
        lines.append([named, "/".join(map(str, counts)), *figures])
    few = table["few"].any()
    doubt = [f"Fewer than {FEW} blocks: intervals cover less than they say."] if few else []
    said = [EXPLAINED, *doubt, *knee_words(stats.knees(table)), *_reasons(recording.groups)]
    right = range(1, len(HEADINGS))
    return "\n".join(
        [
            *aligned(lines, right=right, width=WIDTH),
            "",
            *(line for words in said for line in wrapped(words)),
        ]
    )


def knee_words(knees: pd.DataFrame) -> list[str]:
    """A sentence for each backend."""
    return [
        f"{units.label(row.backend, row.engine)}: "
        + (
            f"from {row.knee} instance{'s' if row.knee > 1 else ''} on, starting twice as many "
            "together no longer gives 10 % more starts per second."
            if pd.notna(row.knee)
            else "more instances that start together may still give more starts per second: "
            "no limit was reached."
        )
        for row in notes.rows_of(knees)
    ]


def _reasons(recorded: pd.DataFrame) -> list[str]:
    """Each reason once, with the groups that it holds for: what failed or was left out, and whose
    memory is not known."""
    reasons: dict[str, list[str]] = {}
    for row in notes.rows_of(recorded):
        why = row.error if row.status != "ok" else row.memory_why
        if isinstance(why, str):
            what = "no memory" if row.status == "ok" else row.status
            group = f"block {row.block}, {row.backend}, {row.level} {row.way}"
            reasons.setdefault(f"({what}): {' '.join(why.split())}", []).append(group)
    return [f"{'; '.join(groups)} {reason}" for reason, groups in reasons.items()]


def _figure(row: Any, name: str, scale: units.Scale) -> str:
    if row is None:
        return units.UNKNOWN
    return stacked(*units.text_and_interval(*notes.figures(row, name), scale))


def _two(row: Any, *figures: tuple[str, units.Scale]) -> str:
    """Two medians, one below the other."""
    return stacked(
        *(units.text(row and notes.figures(row, name)[0], scale) for name, scale in figures)
    )
