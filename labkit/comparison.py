"""The comparison of a run's backends: a table for people, what its columns mean, what to doubt."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from labkit import stats, units
from labkit.charts import notes
from labkit.stats import LoadedRun

WIDTH = 100  # columns of a terminal that the printed table fits
GAP = 2
HEADINGS = (
    "backend",
    "n",
    "startup",
    "start vs host",
    "memory (PSS)",
    "CPU vs host",
    "host CPU/unit",
)
QUANTITIES: tuple[tuple[str, units.Scale], ...] = (
    ("startup_s", units.time),
    ("startup_ratio", units.ratio),
    ("pss_bytes", units.memory),
    ("ratio", units.ratio),
    ("host_cpu_relative", units.ratio),
)
DEFINITIONS = {
    "startup": "seconds from the request to the agent's first line, on the host's clock",
    "start vs host": "startup in multiples of the bare process's in the same block",
    "memory (PSS)": "resident memory of instance and helper; a shared page is divided among its "
    "users",
    "CPU vs host": "speed at the workload cpu, relative to the bare process in the same block",
    "host CPU/unit": "host CPU time (instance, helper, services) for each unit of that work, "
    "likewise",
}
MEDIAN = "Median, in brackets its 95 % interval; below a backend's name its engine."
ENGINE = "Below a backend's name its engine."


@dataclass(frozen=True)
class Cell:
    """A value, and in a line below it its interval or what else belongs to it."""

    value: str
    below: str = ""


def cells(run: LoadedRun) -> list[list[Cell]]:
    """One row a backend, one cell for each of HEADINGS."""
    rows = []
    for row in stats.summary(run).to_dict("records"):
        figures = {str(name): value for name, value in row.items()}
        words = [Cell(str(figures["backend"]), f"({figures['engine']})"), Cell(str(figures["n"]))]
        rows.append([*words, *(_cell(figures, name, scale) for name, scale in QUANTITIES)])
    return rows


def table_text(run: LoadedRun) -> str:
    """The comparison as aligned text: two lines a backend, medians and below them their
    intervals; then what the columns mean, what to keep in mind, and what to doubt."""
    table = aligned([Cell(name) for name in HEADINGS], cells(run))
    return "\n".join([*table, "", *_legend(run), *doubts_text(run)])


def doubts_text(run: LoadedRun) -> list[str]:
    """What to doubt in this run, as lines; none where there is nothing."""
    found = [line for doubt in stats.doubts(run) for line in bullet(doubt.sentence)]
    return ["", "To be doubted:", *found] if found else []


def bullet(text: str) -> list[str]:
    """A point of a list in lines no wider than WIDTH."""
    return textwrap.wrap(f"- {text}", WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def aligned(headings: Sequence[Cell], rows: Sequence[Sequence[Cell]]) -> list[str]:
    """Rows of cells as lines no wider than WIDTH. Columns that do not fit follow below the
    others, in a table of their own that begins with the first column again."""
    table = [headings, *rows]
    widths = [
        max(len(text) for c in column for text in (c.value, c.below)) for column in _turned(table)
    ]
    lines = []
    for number, part in enumerate(_parts(widths)):
        lines += [""] if number else []
        for row in table:
            for line in ([cell.value for cell in row], [cell.below for cell in row]):
                text = (" " * GAP).join(line[place].ljust(widths[place]) for place in part)
                lines += [text.rstrip()] if text.strip() else []
    return lines


def legend(text: str) -> list[str]:
    """A sentence in lines no wider than WIDTH."""
    return textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def explained(run: LoadedRun) -> str:
    """What the figures are; of a single trial each, there is no interval."""
    return MEDIAN if notes.repeated(stats.backends(run.trials)) else ENGINE


def cautions(run: LoadedRun) -> list[str]:
    """What to keep in mind when reading this run."""
    table = stats.backends(run.trials)
    table["few"] = table["n"] < stats.FEW
    failed = table[table["n_failed"] > 0]
    counts = ", ".join(f"{row.backend} {row.n_failed}" for row in notes.rows_of(failed))
    lost = f"Failed trials, left out of all figures: {counts}." if counts else ""
    texts = [ending(run), notes.caution(table), notes.engines(table), lost, *_left_empty(run)]
    return [text for text in texts if text]


def ending(run: LoadedRun) -> str:
    """Why there are no more trials, where that was not the plan; how precise the ratios are, where
    the run waited for that."""
    plan = run.manifest.plan
    measured = run.trials[run.trials["stage"] == "measured"]
    ended = f"Ended after {measured['block'].nunique()} blocks"
    if run.ending is None:
        planned = sum(plan.trials.values()) + sum(plan.warmups.values())
        return (
            f"This run was broken off, or goes on: {len(run.trials)} of {planned} trials are "
            f"there. To go on: labkit run --resume {run.manifest.run_id}"
        )
    if run.ending.reason == "failures":
        return "This run ended early: every backend has failed."
    if run.ending.reason == "precision":
        return f"{ended}: precision reached; {_widest(run, 'is')}."
    if run.ending.reason == "time budget":
        spent = f"time budget of {plan.budget_s:g} s spent"
        return f"{ended}: {spent}; {_widest(run, 'is still')}. For more: --time-budget."
    return ""


def _widest(run: LoadedRun, verb: str) -> str:
    found = stats.widest(run.trials, run.results)
    if found is None or found.width == float("inf"):
        return "no ratio to the host has an interval yet"
    wanted = run.manifest.plan.until_precision or 0.0
    return (
        f"the widest interval {verb} {found.width * 100:.3g} % of its ratio ({found.backend}, "
        f"{found.what}); asked for: {wanted * 100:g} %"
    )


def _cell(row: dict[str, Any], name: str, scale: units.Scale) -> Cell:
    median, low, high = (row[f"{figure}_{name}"] for figure in ("median", "low", "high"))
    interval = units.interval_text(median, low, high, scale)
    return Cell(units.text(median, scale), interval.replace(" – ", "–"))


def _turned(table: Sequence[Sequence[Cell]]) -> Iterator[tuple[Cell, ...]]:
    """The columns of a table."""
    return zip(*table, strict=True)


def _parts(widths: Sequence[int]) -> list[list[int]]:
    """Which columns stand side by side."""
    parts = [[0]]
    for place in range(1, len(widths)):
        whole = sum(widths[shown] + GAP for shown in parts[-1]) + widths[place]
        if whole > WIDTH and len(parts[-1]) > 1:
            parts.append([0])
        parts[-1].append(place)
    return parts


def _legend(run: LoadedRun) -> list[str]:
    meanings = [f"{name}: {meaning}." for name, meaning in DEFINITIONS.items()]
    return [line for text in [explained(run), *meanings, *cautions(run)] for line in legend(text)]


def _left_empty(run: LoadedRun) -> list[str]:
    """What a backend leaves out, and why. That one only starts cold is worth a line where
    another one is resumed."""
    infos = run.manifest.backends
    resumed = any(info.start == "resumed" for info in infos.values())
    asked = {text.partition(":")[0] for text in run.manifest.plan.workloads}
    asked |= {"resumed start"} if resumed else set()
    return [
        f"Left empty: {name}, {what}: {why}."
        for name, info in infos.items()
        for what, why in info.cannot.items()
        if what in asked
    ]
