"""ab (apache2-utils), its text and then what `-e FILE` writes. Source: httpd 2.4, support/ab.c: the
file has a row "Percentage served,Time in ms" and one for each percent; the text has whole
milliseconds only, so that latencies are taken from the file. Of few requests the last percents are
not among them: the file takes the one after the last then, which is zero.
"""

from __future__ import annotations

from labkit.guest.programs.metric import Metric, after, known, unreadable

VERSION = r"^Server Software:\s*(\S+)"


def metrics(report: str) -> list[Metric]:
    """requests a second, percentiles, and how many requests got no proper answer."""
    rate = after(report, r"^Requests per second:\s*(\S+) ")
    if not rate:
        raise unreadable("ab", "it tells no requests per second", report)
    failed = after(report, r"^Failed requests:\s*(\S+)$")
    others = after(report, r"^Non-2xx responses:\s*(\S+)$")
    return known(
        [
            ("requests", "1/s", rate),
            *((f"p{percent}", "us", _us(report, percent)) for percent in (50, 95, 99)),
            ("failed", "count", None if failed is None else failed + (others or 0)),
        ]
    )


def _us(report: str, percent: int) -> float | None:
    """Not told of fewer requests than one is above: p99 from 100 on, as in requests.csv."""
    requests = after(report, r"^Complete requests:\s*(\d+)$") or 0
    found = after(report, rf"^{percent},(\S+)$")
    return None if found is None or requests * (100 - percent) < 100 else found * 1000
