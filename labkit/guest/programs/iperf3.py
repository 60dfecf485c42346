"""iperf3 -J. Source: iperf 3, "JSON output" of its manual: `end.sum_received` is what has arrived at
the receiver, in bits a second."""

from __future__ import annotations

import json

from labkit.guest.programs.metric import Metric, at, known, number, unreadable


def metrics(report: str) -> list[Metric]:
    """The bandwidth that has arrived, how often TCP sent again, its mean round trip."""
    try:
        data = json.loads(report)
    except (ValueError, RecursionError) as error:
        raise unreadable("iperf3", f"it is no JSON ({error})", report) from None
    if error := at(data, "error"):
        raise unreadable("iperf3", f"it says: {error}", report)
    bits = number(at(data, "end", "sum_received", "bits_per_second"))
    if not bits:
        raise unreadable("iperf3", "nothing has arrived", report)
    return known(
        [
            ("bandwidth", "B/s", bits / 8),
            ("round_trip", "us", number(at(data, "end", "streams", 0, "sender", "mean_rtt"))),
            ("retransmits", "count", number(at(data, "end", "sum_sent", "retransmits"))),
        ]
    )
