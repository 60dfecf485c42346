"""fio --output-format=json. Source: fio's HOWTO, "JSON output"; latencies there are nanoseconds,
bandwidth is bytes a second, and each direction has a part of its own.

Percentiles are fio's own, of completion latency (clat): from the submission to the completion.
Zero is no latency, but one that is shorter than the steps of the clock there.
"""

from __future__ import annotations

from labkit.guest.programs.metric import Metric, as_json, at, known, number, unreadable

PERCENTILES = {"50.000000": "p50", "95.000000": "p95", "99.000000": "p99"}

VERSION = r'"fio version" : "(fio-[\w.-]+)"'


def metrics(report: str) -> list[Metric]:
    """iops, bandwidth, and of the latency mean and percentiles; of the direction that was used."""
    job = at(as_json("fio", report), "jobs", 0)
    if error := at(job, "error"):
        raise unreadable("fio", f"its job ended with error {error}", report)
    for direction in ("read", "write"):
        part = at(job, direction)
        if iops := number(at(part, "iops")):
            return known(
                [
                    ("iops", "1/s", iops),
                    ("bandwidth", "B/s", number(at(part, "bw_bytes"))),
                    ("mean", "us", _us(at(part, "clat_ns", "mean"))),
                    *(
                        (name, "us", _us(at(part, "clat_ns", "percentile", key)))
                        for key, name in PERCENTILES.items()
                    ),
                ]
            )
    raise unreadable("fio", "it has neither read nor written", report)


def _us(nanoseconds: object) -> float | None:
    value = number(nanoseconds)
    return value / 1000 if value else None
