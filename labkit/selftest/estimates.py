"""Values → a median with its interval, as a record."""

from __future__ import annotations

from collections.abc import Sequence

from labkit.records import Estimate
from labkit.stats import interval


def estimate(values: Sequence[float | None]) -> Estimate:
    """The median and its 95 % BCa interval (labkit.stats.interval); None values are left out."""
    known = [value for value in values if value is not None]
    median, low, high = interval(known)
    return Estimate(n=len(known), median=median, low=low, high=high)
