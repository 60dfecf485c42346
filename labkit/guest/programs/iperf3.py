"""iperf3 -J. Source: the manual of iperf 3, "JSON output": `end.sum_received` is what has arrived
at the receiver, in bits a second. A round trip of zero was not told."""

from __future__ import annotations

import json

from labkit.guest.programs.metric import Metric, at, known, number, unreadable

VERSION = r'"version":\s*"(iperf [\w.-]+)"'


def metrics(report: str) -> list[Metric]:
    """The bandwidth that has arrived, how often TCP sent again, its mean round trip."""
    try:
        data = json.loads(report)
    except (ValueError, RecursionError) as reason:
        raise unreadable("iperf3", f"it is no JSON ({reason})", report) from None
    if error := at(data, "error"):
        raise unreadable("iperf3", f"it says: {error}", report)
    bits = number(at(data, "end", "sum_received", "bits_per_second"))
    if not bits:
        raise unreadable("iperf3", "nothing has arrived", report)
    return known(
        [
            ("bandwidth", "B/s", bits / 8),
            (
                "round_trip",
                "us",
                number(at(data, "end", "streams", 0, "sender", "mean_rtt")) or None,
            ),
            ("retransmits", "count", number(at(data, "end", "sum_sent", "retransmits"))),
        ]
    )
