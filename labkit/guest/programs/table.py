"""Which parser reads which program's report."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from labkit.errors import UsageError
from labkit.guest.programs import ab, console, fio, iperf3, lines, redis, sysbench, systemd_analyze
from labkit.guest.programs.metric import Metric

# Program → report → metrics; the first one is what the program is asked for.
PROGRAMS: Mapping[str, Callable[[str], list[Metric]]] = {
    "ab": ab.metrics,
    console.NAME: console.metrics,
    "fio": fio.metrics,
    "iperf3": iperf3.metrics,
    "lines": lines.metrics,
    "redis": redis.metrics,
    "sysbench": sysbench.metrics,
    "systemd-analyze": systemd_analyze.metrics,
}
# Asked of an instance itself (Instance.told): no workload of the plan.
ASKED = ("systemd-analyze", console.NAME)


# Where a report says of which program, and which version, it is.
VERSIONS: Mapping[str, str] = {
    "ab": ab.VERSION,
    console.NAME: console.VERSION,
    "fio": fio.VERSION,
    "iperf3": iperf3.VERSION,
    "sysbench": sysbench.VERSION,
    "systemd-analyze": systemd_analyze.VERSION,
}


def version_of(program: str, report: str) -> str:
    """Such as fio-3.33; empty where the report does not tell."""
    pattern = VERSIONS.get(program)
    found = re.search(pattern, report, re.MULTILINE) if pattern else None
    return found[1] if found else ""


def metrics_of(program: str, report: str) -> list[Metric]:
    """Each once. BackendError for a report that makes no sense, UsageError for a program nobody
    knows."""
    if program not in PROGRAMS:
        raise UsageError(
            f"the lab cannot read reports of {program!r}",
            details=f"it reads those of: {', '.join(PROGRAMS)}",
            resolution="print lines of «name unit value», and say «# report: lines»",
        )
    found: dict[str, Metric] = {}
    for metric in PROGRAMS[program](report):
        found.setdefault(metric.name, metric)
    return list(found.values())
