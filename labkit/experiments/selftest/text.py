"""The selftest for readers: what the command prints."""

from __future__ import annotations

from labkit import units
from labkit.recordings.selftest import Estimate, Selftest, together
from labkit.text_table import aligned, stacked, wrapped

# A cell may hold two lines: a median, and its interval. The first row is the heading.
Rows = list[list[str]]

FLOOR = """The floor: from the spawn of a process that only says a line to this line, parsed. So
much of a startup is Python's spawn, the kernel and the lab's parser, whatever the backend."""
OVERHEAD = """Overhead trials: start, ready, stop, no work. What sampling adds to a startup (paired
by block), and what the lab's own process spends on a whole trial."""
A_A = """The A/A test: the same backend under two names. The ratio of the two, paired by block. Then
100 resamples each in which nothing differs, by construction: in how many does the interval exclude
1? The last number of blocks is judged, beside it what chance allows. "+10 %": in how many it does
so where a difference of 10 % is put in."""
SAMPLER = """The sampler while the workload cpu runs: its CPU time, and the work done with it
relative to without."""
INTERVAL = """Median, below it in brackets its 95 % interval (BCa bootstrap); of the ratio of two
names Hodges and Lehmann's estimate, and the interval of Wilcoxon's signed ranks."""


def report_text(selftest: Selftest) -> str:
    """All figures, part by part, then the verdict."""
    parts = [
        (FLOOR, _floor(selftest)),
        (OVERHEAD, _overhead(selftest)),
        (A_A, _a_a(selftest)),
        (SAMPLER, _sampler(selftest)),
    ]
    lines = []
    for words, rows in parts:
        if len(rows) > 1:
            lines += [*wrapped(words), "", *aligned(rows), ""]
    lines += [*wrapped(INTERVAL), *wrapped(honest(selftest)), "", *verdict_lines(selftest)]
    return "\n".join(lines)


def honest(selftest: Selftest) -> str:
    """How often an interval of so many blocks is wrong, over all comparisons."""
    counts = together(selftest)
    if not counts:
        return ""
    rates = ", ".join(
        f"at n = {n} in {100 * alarms / of:.2g} %" for n, (alarms, of) in counts.items()
    )
    return (
        f"Of all resamples without a difference, the interval excludes 1 {rates}; nominal is 5 %. "
        "With 5 blocks, an interval within its values cannot do better than 1 in 16 (6.25 %): so "
        "often do all signs agree."
    )


def verdict_lines(selftest: Selftest) -> list[str]:
    """Whether all is within its bounds."""
    if not selftest.violations:
        return ["verdict: the lab is within its bounds"]
    lines = ["verdict: out of bounds"]
    return lines + [line for text in selftest.violations for line in wrapped(text, mark="  - ")]


def _floor(selftest: Selftest) -> Rows:
    rows = [["stream", "n", "spawn to parsed line"]]
    for row in selftest.floor:
        value = row.spawn_to_line_s
        rows.append([row.stream, str(value.n), _cell(value, units.time)])
    return rows


def _overhead(selftest: Selftest) -> Rows:
    rows = [["backend", "n", "startup", "sampling adds", "lab's CPU time", "that of one CPU"]]
    for row in selftest.overhead:
        figures = [
            _cell(row.startup_s, units.time),
            _cell(row.sampler_adds_s, units.milliseconds),
            _cell(row.lab_cpu_s, units.time),
            _cell(row.lab_cpu_share, units.percent),
        ]
        rows.append([row.backend, str(row.startup_s.n), *figures])
    return rows


def _a_a(selftest: Selftest) -> Rows:
    first = selftest.a_a[:1]
    heads = [f"n = {drawn.blocks}" for test in first for drawn in test.false_alarms]
    effects = [f"+{s.effect - 1:.0%}, n = {s.found.blocks}".replace("%", " %") for s in first]
    rows = [["backend", "quantity", "n", "ratio", *heads, *effects]]
    for row in selftest.a_a:
        *shown, judged = row.false_alarms
        alarms = [str(drawn.alarms) for drawn in shown]
        alarms.append(f"{judged.alarms} ({judged.least} to {judged.most})")
        ratio = _cell(row.ratio, units.ratio)
        name, n = row.backend, str(row.ratio.n)
        rows.append([name, row.quantity, n, ratio, *alarms, str(row.found.alarms)])
    return rows


def _sampler(selftest: Selftest) -> Rows:
    rows = [["backend", "n", "of one CPU", "work, sampled / not"]]
    for row in selftest.sampler:
        figures = [_cell(row.cpu_share, units.percent), _cell(row.throughput_ratio, units.ratio)]
        rows.append([row.backend, str(row.cpu_share.n), *figures])
    return rows


def _cell(value: Estimate, scale: units.Scale) -> str:
    interval = units.interval_text(value.median, value.low, value.high, scale)
    return stacked(units.text(value.median, scale), interval)
