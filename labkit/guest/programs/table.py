"""Which parser reads which program's report."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from labkit.errors import UsageError
from labkit.guest.programs import ab, fio, iperf3, lines, redis, sysbench
from labkit.guest.programs.metric import Metric

# Program → report → metrics; the first one is what the program is asked for.
PROGRAMS: Mapping[str, Callable[[str], list[Metric]]] = {
    "ab": ab.metrics,
    "fio": fio.metrics,
    "iperf3": iperf3.metrics,
    "lines": lines.metrics,
    "redis": redis.metrics,
    "sysbench": sysbench.metrics,
}


def metrics_of(program: str, report: str) -> list[Metric]:
    """BackendError for a report that makes no sense, UsageError for a program nobody knows."""
    if program not in PROGRAMS:
        raise UsageError(
            f"the lab cannot read reports of {program!r}",
            details=f"it reads those of: {', '.join(PROGRAMS)}",
            resolution="print lines of «name unit value», and say «# report: lines»",
        )
    return PROGRAMS[program](report)
