"""iperf3 -J, what the client prints. Source: the manual of iperf 3, "JSON output".

What has arrived at the receiver (`sum_received.bytes`) is divided by the client's own seconds: the
server's clock may be a guest's. They stand in `sum_sent`, or where the server sends (`-R`) in
`sum_received`. A round trip of zero was not told. It and the retransmits are of the TCP connection
that ends on the client's computer, where a port is forwarded: stats/programs.py leaves them out.
"""

from __future__ import annotations

from labkit.guest.programs.metric import Metric, as_json, at, known, number, unreadable

VERSION = r'"version":\s*"(iperf [\w.-]+)"'


def metrics(report: str) -> list[Metric]:
    """The bandwidth that has arrived, how often TCP sent again, its mean round trip."""
    data = as_json("iperf3", report)
    if error := at(data, "error"):
        raise unreadable("iperf3", f"it says: {error}", report)
    side = "sum_received" if at(data, "start", "test_start", "reverse") else "sum_sent"
    arrived = number(at(data, "end", "sum_received", "bytes"))
    seconds = number(at(data, "end", side, "seconds"))
    if not arrived or not seconds:
        raise unreadable("iperf3", "nothing has arrived", report)
    return known(
        [
            ("bandwidth", "B/s", arrived / seconds),
            (
                "round_trip",
                "us",
                number(at(data, "end", "streams", 0, "sender", "mean_rtt")) or None,
            ),
            ("retransmits", "count", number(at(data, "end", "sum_sent", "retransmits"))),
        ]
    )
