"""redis-benchmark --csv. Source: redis 7, src/redis-benchmark.c: a row a command with its rate and
latencies in milliseconds; the first row names the columns. Zero is no latency, but one that is
shorter than the clock shows."""

from __future__ import annotations

import csv
import io

from labkit.guest.programs.metric import Metric, known, number, unreadable

LATENCIES = {
    "avg_latency_ms": "mean",
    "p50_latency_ms": "p50",
    "p95_latency_ms": "p95",
    "p99_latency_ms": "p99",
}


def metrics(report: str) -> list[Metric]:
    """Of each command: its rate, and its latencies, as in set, set_p50."""
    try:
        rows = list(csv.DictReader(io.StringIO(report), strict=True))
    except csv.Error as error:
        raise unreadable("redis-benchmark", str(error), report) from None
    found = []
    for row in rows:
        command = str(row.get("test") or "").split(" ")[0].lower()
        if not command.isidentifier():
            continue
        latencies = [
            (f"{command}_{name}", "us", _us(row.get(column))) for column, name in LATENCIES.items()
        ]
        found += known([(command, "1/s", number(row.get("rps"))), *latencies])
    if not any(metric.unit == "1/s" for metric in found):
        raise unreadable("redis-benchmark", "no row has a rate", report)
    return found


def _us(milliseconds: object) -> float | None:
    value = number(milliseconds)
    return value * 1000 if value else None
