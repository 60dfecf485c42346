"""The selftest for readers: what the command prints, and two lines for the foot of a report."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from labkit.charts import units
from labkit.records import Estimate, Replays, Selftest
from labkit.selftest import tables

WIDTH = 100
NONE_YET = "no selftest on this computer yet: labkit selftest"
FLOOR = """The floor: from the spawn of the smallest possible process to its parsed line. So much
of a startup is Python's spawn, the kernel and the lab's parser, whatever the backend."""
NULL = """Null trials: start, ready, stop, no work. What sampling adds to a startup (paired by
block), and what the lab's own process spends on a whole trial."""
TWICE = """The same backend twice, under two names: the ratio of the two, paired by block. Then 100
replays each in which nothing differs, by construction: in how many does the interval exclude 1?
The last number of blocks is judged, beside it what chance allows. "+10 %": in how many it does so
where a difference of 10 % is put in."""
SAMPLER = """The sampler while the workload cpu runs: its CPU time, and the work done with it
relative to without."""
INTERVAL = "Median, below it in brackets its 95 % interval (BCa)."


def report_text(selftest: Selftest) -> str:
    """All figures, part by part, then the verdict."""
    parts = [
        (FLOOR, tables.floor(selftest)),
        (NULL, tables.null_trials(selftest)),
        (TWICE, tables.same_twice(selftest)),
        (SAMPLER, tables.sampler(selftest)),
    ]
    lines = []
    for words, rows in parts:
        if len(rows) > 1:
            lines += [*_wrapped(words), "", *tables.aligned(rows), ""]
    lines += [*_wrapped(INTERVAL), *_wrapped(honest(selftest)), "", *verdict_lines(selftest)]
    return "\n".join(lines)


def honest(selftest: Selftest) -> str:
    """How often an interval of so many blocks is wrong, over all comparisons."""
    counts = _together(selftest)
    if not counts:
        return ""
    rates = ", ".join(
        f"at n = {n} in {100 * alarms / of:.2g} %" for n, (alarms, of) in counts.items()
    )
    return (
        f"Of all replays without a difference, the interval excludes 1 {rates}; nominal is 5 %. "
        "With 5 blocks, an interval within its values cannot do better than 1 in 16 (6.25 %): so "
        "often do all signs agree."
    )


def verdict_lines(selftest: Selftest) -> list[str]:
    """Whether all is within its bounds."""
    if not selftest.violations:
        return ["verdict: the lab is within its bounds"]
    lines = ["verdict: out of bounds"]
    return lines + [
        line
        for text in selftest.violations
        for line in textwrap.wrap(text, WIDTH, initial_indent="  - ", subsequent_indent="    ")
    ]


def footer_lines(selftest: Selftest | None) -> tuple[str, ...]:
    """For the foot of a report: two lines, or that there is none."""
    if selftest is None:
        return (NONE_YET,)
    return _costs_line(selftest), _errors_line(selftest)


def _costs_line(selftest: Selftest) -> str:
    floors = [f"{_text(f.spawn_to_line_s, units.time)} ({f.stream})" for f in selftest.floor]
    added = [
        f"{null.backend} {_text(null.sampler_adds_s, tables.milliseconds)}"
        for null in selftest.null_trials
        if not null.backend.startswith("floor")
    ]
    shares = [f"{c.backend} {_text(c.cpu_share, tables.percent)}" for c in selftest.sampler]
    date = selftest.created_at[:16].replace("T", " ")
    return (
        f"Selftest of {date} UTC. Floor of any startup: {_list(floors)}. Sampling adds to a "
        f"startup: {_list(added)}; it takes of one CPU: {_list(shares)}."
    )


def _errors_line(selftest: Selftest) -> str:
    ratios = [
        f"{same.backend} {same.quantity} {_text(same.ratio, units.ratio)}"
        for same in selftest.same_twice
    ]
    rates = [f"{alarms} of {of} at n = {n}" for n, (alarms, of) in _together(selftest).items()]
    verdict = "out of bounds: " + "; ".join(selftest.violations) if selftest.violations else ""
    return (
        f"The same backend twice: {_list(ratios)}. Replays without a difference in which the 95 % "
        f"interval excludes 1: {_list(rates)}. {verdict or 'All is within its bounds'}."
    )


def _together(selftest: Selftest) -> dict[int, tuple[int, int]]:
    """Blocks → (alarms, replays) of all comparisons."""
    every: list[Replays] = [r for same in selftest.same_twice for r in same.false_alarms]
    return {
        blocks: (
            sum(r.alarms for r in every if r.blocks == blocks),
            sum(r.replays for r in every if r.blocks == blocks),
        )
        for blocks in dict.fromkeys(r.blocks for r in every)
    }


def _text(value: Estimate, scale: units.Scale) -> str:
    return units.with_interval(value.median, value.low, value.high, scale)


def _list(parts: Sequence[str]) -> str:
    return ", ".join(parts) or "not tested"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(" ".join(text.split()), WIDTH)
