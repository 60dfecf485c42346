"""What programs have reported, as a table for people: a row a figure, a column a backend."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import pandas as pd

from labkit import notes, units
from labkit.backends.own.names import short
from labkit.experiments.benchmark import stats
from labkit.experiments.benchmark.data_quality.issue import clock_off, named
from labkit.experiments.benchmark.records import Run
from labkit.experiments.benchmark.stats.frames import in_blocks, yardstick
from labkit.experiments.benchmark.stats.programs import at_forwarder, by_wrong_clock
from labkit.guest.programs import ASKED
from labkit.text_table import WIDTH, aligned, stacked, wrapped

# Of the latencies of a program the first of these that it tells is in the text.
TAILS = ("p99", "p95", "mean")
MEANS = (
    "Programs report of themselves: median of the trials, its 95 % interval, below it the multiple "
    "of {first} in the same block. Of a time (ms, µs) less is better, of all else more. Not told, "
    "so “–”: a percentile of too few requests, a time shorter than the program's clock shows."
)


def shown(run: Run, *, all_of_it: bool = True) -> tuple[list[str], list[list[str]]]:
    """Headings and rows; without `all_of_it`, of each workload its first figure and one latency,
    and of what an instance says of itself nothing (boot.py)."""
    table = stats.programs(run)
    backends = list(dict.fromkeys(table["backend"]))
    first = yardstick(run.trials)
    rows = []
    for (workload, metric), group in table.groupby(["workload", "metric"], sort=False):
        if not all_of_it and (workload in ASKED or metric not in _chief(table, str(workload))):
            continue
        by_backend = {row.backend: row for row in notes.rows_of(group)}
        cells = [_cell(by_backend.get(name), name == first) for name in backends]
        rows.append([str(workload), str(metric), *cells])
    return ["program", "figure", *map(short, map(str, backends))], rows


def text(run: Run) -> list[str]:
    """Lines, in front of which there is an empty one; none where no program has reported."""
    headings, rows = shown(run, all_of_it=False)
    wrong = [line for sentence in wrong_clocks(run) for line in wrapped(sentence)]
    if not rows:
        return ["", *wrong] if wrong else []
    meaning = MEANS.format(first=short(yardstick(run.trials)))
    more = "All figures: the report, metrics.csv; what the programs printed: reports.csv."
    return ["", *aligned([headings, *rows], width=WIDTH), "", *wrapped(f"{meaning} {more}"), *wrong]


def left_empty(run: Run) -> list[str]:
    """All that programs have reported and that is in no figure, with the reason."""
    return [*wrong_clocks(run), *_at_forwarder(run)]


def _at_forwarder(run: Run) -> Iterator[str]:
    rows = at_forwarder(run, in_blocks(run.metrics, run.trials))
    for workload, mine in rows.groupby("workload", sort=False):
        names = ", ".join(short(str(name)) for name in mine["backend"].unique())
        yield (
            f"Left empty: {workload}, {' and '.join(mine['metric'].unique())}, of {names}: the "
            "TCP connection that they are of ends at a forwarder on this computer, and not in the "
            "instance. A round trip to the program itself: p50 of nginx:connections=1:keepalive=1."
        )


def wrong_clocks(run: Run) -> list[str]:
    """What is in no figure, since the program that measured it went by a clock that was off."""
    sentences = []
    for backend, rows in by_wrong_clock(run).groupby("backend", sort=False):
        sentences.append(
            f"Left empty: {short(str(backend))}, {_lacking(rows)}: the guest's clock, by which a "
            f"program measures inside, ran {clock_off(rows['part'])}; end other programs, and "
            "measure again."
        )
    return sentences


def wrong_clock_note(run: Run, workloads: Collection[str]) -> str:
    """The same below a chart of these workloads; empty where there is nothing to say."""
    rows = by_wrong_clock(run)
    rows = rows[rows["workload"].isin(workloads)]
    each = [
        f"{short(str(backend))}, {_lacking(mine)}"
        for backend, mine in rows.groupby("backend", sort=False)
    ]
    return f"Left empty, since the guest's clock was off: {'; '.join(each)}." if each else ""


def chief(table: pd.DataFrame, place: int) -> pd.DataFrame:
    """Of each workload in the table its first figure (place 0), or its latency (1), if it has
    one."""
    names = {name: _chief(table, str(name)) for name in table["workload"].unique()}
    pairs = zip(table["workload"], table["metric"], strict=True)
    kept = [metric in names[workload][place : place + 1] for workload, metric in pairs]
    return table[pd.Series(kept, table.index, dtype=bool)]


def chiefs(table: pd.DataFrame) -> pd.DataFrame:
    """Both of each workload."""
    return table[table.index.isin([*chief(table, 0).index, *chief(table, 1).index])]


def _lacking(rows: pd.DataFrame) -> str:
    """Of which trials which workloads are left out: they need not be the same."""
    workloads: dict[str, list[str]] = {}
    for workload, mine in rows.groupby("workload", sort=False):
        workloads.setdefault(named(mine["trial"]), []).append(str(workload))
    return "; ".join(f"{', '.join(names)} of {trials}" for trials, names in workloads.items())


def _chief(table: Any, workload: str) -> Sequence[str]:
    names = list(dict.fromkeys(table[table["workload"] == workload]["metric"]))
    tails = [name for tail in TAILS for name in names if name in (tail, f"{names[0]}_{tail}")]
    return [names[0], *tails[:1]]


def _cell(row: Any, is_first: bool) -> str:
    if row is None:
        return units.UNKNOWN
    scale = units.METRICS[row.unit]
    value, interval = units.text_and_interval(row.median, row.low, row.high, scale)
    ratio = "" if is_first else _ratio(row)
    return stacked(value, interval.replace(" – ", "–"), ratio)


def _ratio(row: Any) -> str:
    figures = (row.median_ratio, row.low_ratio, row.high_ratio)
    if not units.known(row.median_ratio):
        return ""
    return units.with_interval(*figures, units.ratio).replace(" – ", "–")
