"""The lab's own plain form, for a workload of one's own: lines of «name unit value», such as
«start us 12500». Units: those of metric.UNITS."""

from __future__ import annotations

import re

from labkit.guest.programs.metric import UNITS, Metric, number, unreadable

MOST = 50


def metrics(report: str) -> list[Metric]:
    """Each line a metric, each name once."""
    found: dict[str, Metric] = {}
    for line in report.splitlines():
        words = line.split()
        if not words:
            continue
        value = number(words[-1])
        if len(words) != 3 or value is None or not re.fullmatch(r"[a-z]\w*", words[0], re.ASCII):
            raise unreadable("the workload", f"a line is not «name unit value»: {line!r}", report)
        if words[1] not in UNITS:
            units = ", ".join(UNITS)
            raise unreadable("the workload", f"{words[1]!r} is no unit ({units})", report)
        found.setdefault(words[0], Metric(words[0], words[1], value))
    if not 0 < len(found) <= MOST:
        raise unreadable("the workload", f"it has {len(found)} figures, not 1 to {MOST}", report)
    return list(found.values())
