"""sysbench's text: it has no machine-readable form for these tests. Source: sysbench 1.0,
src/sysbench.c and src/tests: "events per second" (cpu), "Total operations: N (M per second)" and
"(M MiB/sec)" (memory); threads and mutex tell events and total time only.

Latencies there are milliseconds with two decimals: below 10 us they are not told at all.
"""

from __future__ import annotations

from labkit.guest.programs.metric import Metric, after, known, unreadable
from labkit.units import MIB

VERSION = r"^(sysbench [\w.-]+)"


def metrics(report: str) -> list[Metric]:
    """events a second, for memory also the bandwidth; mean and p95 of an event's latency."""
    seconds = after(report, r"^\s*total time:\s*(\S+)s$")
    events = after(report, r"^\s*total number of events:\s*(\S+)$")
    rate = after(report, r"^\s*events per second:\s*(\S+)$")
    if rate is None:
        rate = after(report, r"^Total operations: \d+ \((\S+) per second\)$")
    if rate is None and seconds and events is not None:
        rate = events / seconds
    if not rate:
        raise unreadable("sysbench", "it tells no events", report)
    bandwidth = after(report, r"MiB transferred \((\S+) MiB/sec\)$")
    return known(
        [
            ("events", "1/s", rate),
            ("bandwidth", "B/s", None if bandwidth is None else bandwidth * MIB),
            ("mean", "us", _us(report, "avg")),
            ("p95", "us", _us(report, "95th percentile")),
        ]
    )


def _us(report: str, name: str) -> float | None:
    """Zero is no latency, but one that its two decimals cannot show."""
    found = after(report, rf"^\s*{name}:\s*(\S+)$")
    return found * 1000 if found else None
