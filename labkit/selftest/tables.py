"""The tables of a selftest: rows of cells, of which the first row is the heading."""

from __future__ import annotations

from itertools import zip_longest

from labkit.charts import units
from labkit.records import Estimate, Selftest

Rows = list[list[str]]  # a cell may hold two lines: a median, and its interval


def milliseconds(_value: float) -> units.Unit:
    """A difference of two durations, whatever its size."""
    return 1e-3, " ms"


def percent(_value: float) -> units.Unit:
    """A share."""
    return 1e-2, " %"


def floor(selftest: Selftest) -> Rows:
    rows = [["stream", "n", "spawn to parsed line"]]
    for row in selftest.floor:
        value = row.spawn_to_line_s
        rows.append([row.stream, str(value.n), _cell(value, units.time)])
    return rows


def null_trials(selftest: Selftest) -> Rows:
    rows = [["backend", "n", "startup", "sampling adds", "lab's CPU time", "that of one CPU"]]
    for row in selftest.null_trials:
        figures = [
            _cell(row.startup_s, units.time),
            _cell(row.sampler_adds_s, milliseconds),
            _cell(row.lab_cpu_s, units.time),
            _cell(row.lab_cpu_share, percent),
        ]
        rows.append([row.backend, str(row.startup_s.n), *figures])
    return rows


def same_twice(selftest: Selftest) -> Rows:
    first = selftest.same_twice[:1]
    heads = [f"n = {replays.blocks}" for same in first for replays in same.false_alarms]
    found = [f"+{s.effect - 1:.0%}, n = {s.found.blocks}".replace("%", " %") for s in first]
    rows = [["backend", "quantity", "n", "ratio", *heads, *found]]
    for row in selftest.same_twice:
        *shown, judged = row.false_alarms
        alarms = [str(replays.alarms) for replays in shown]
        alarms.append(f"{judged.alarms} ({judged.least} to {judged.most})")
        ratio = _cell(row.ratio, units.ratio)
        name, n = row.backend, str(row.ratio.n)
        rows.append([name, row.quantity, n, ratio, *alarms, str(row.found.alarms)])
    return rows


def sampler(selftest: Selftest) -> Rows:
    rows = [["backend", "n", "of one CPU", "work, sampled / not"]]
    for row in selftest.sampler:
        figures = [_cell(row.cpu_share, percent), _cell(row.throughput_ratio, units.ratio)]
        rows.append([row.backend, str(row.cpu_share.n), *figures])
    return rows


def aligned(rows: Rows) -> list[str]:
    """The rows as lines, in columns."""
    lines = [
        list(line)
        for row in rows
        for line in zip_longest(*(c.split("\n") for c in row), fillvalue="")
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]


def _cell(value: Estimate, scale: units.Scale) -> str:
    interval = units.interval_text(value.median, value.low, value.high, scale)
    return "\n".join(filter(None, [units.text(value.median, scale), interval]))
