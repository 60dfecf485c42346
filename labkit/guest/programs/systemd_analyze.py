"""systemd-analyze time, as it is printed. Source: systemd-analyze(1), and systemd's
src/analyze/analyze-time-data.c: "Startup finished in 5.865s (kernel) + 36.655s (userspace) =
42.521s", of a container its user space alone; lengths as in systemd.time(7), "Parsing Time Spans".
"""

from __future__ import annotations

import re

from labkit.guest.programs.metric import Metric, unreadable

VERSION = r"^(systemd \d+ \([^)]*\))"
PHASES = ("firmware", "loader", "kernel", "initrd", "userspace")
_US = {"d": 86_400e6, "h": 3600e6, "min": 60e6, "s": 1e6, "ms": 1e3, "us": 1.0, "μs": 1.0}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(min|ms|us|μs|h|d|s)\b")
_PHASE = re.compile(r"((?:\d[\d.]*\w+ )+)\((\w+)\)")


def metrics(report: str) -> list[Metric]:
    """The total, then each phase that it tells."""
    line = re.search(r"^Startup finished in (.*)$", report, re.MULTILINE)
    found = _PHASE.findall(line[1]) if line else []
    phases = {name: _us(length) for length, name in found if name in PHASES}
    if not phases:
        raise unreadable("systemd-analyze", "it does not tell how long the boot took", report)
    lengths = [("total", sum(phases.values())), *phases.items()]
    return [Metric(name, "us", value) for name, value in lengths]


def _us(span: str) -> float:
    return sum(float(number) * _US[unit] for number, unit in _SPAN.findall(span))
