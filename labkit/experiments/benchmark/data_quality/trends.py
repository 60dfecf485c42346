"""Quality issues of order: values that drift over the run, or depend on the place in the block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd

from labkit.experiments.benchmark.data_quality.issue import QualityIssue, series

# A run has some thirty series to look at, twice each. At this level none of 4,000 series without
# a trend seemed to drift, and 0.2 % seemed to depend on their place (simulated, lognormal values,
# n = 10 and 20): a false alarm in one run of twenty.
LEVEL = 0.998
LEAST_TRIALS = 10  # below this, the interval of a slope does not keep its level
WORTH = 0.1  # of the median, from the first to the last: less would not change what a reader sees


@dataclass(frozen=True)
class Trend:
    """A straight line through values: where it begins and where it ends."""

    first: float
    last: float

    @property
    def change(self) -> float:
        """As a part of the beginning."""
        return self.last / self.first - 1


def trend(places: pd.Series, values: pd.Series) -> Trend | None:
    """The line of Theil and Sen (Sen 1968, "Estimates of the Regression Coefficient Based on
    Kendall's Tau", JASA 63), where its slope is surely not zero and worth a word."""
    if len(values) < LEAST_TRIALS or places.nunique() < 2:
        return None
    slope, low, high = _slope(places.to_numpy(float), values.to_numpy(float))
    intercept = values.median() - slope * places.median()
    line = Trend(*(float(intercept + slope * place) for place in (places.min(), places.max())))
    sure = low > 0 or high < 0
    worth = abs(line.last - line.first) >= WORTH * values.median()
    return line if sure and worth and min(line.first, line.last) > 0 else None


def _slope(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    """The median of the slopes between each two points, and two of them as its interval (Sen 1968,
    section 3). Without an interval, where there are too many ties, both bounds are NaN."""
    apart = x[:, None] > x[None, :]
    slopes = np.sort((y[:, None] - y[None, :])[apart] / (x[:, None] - x[None, :])[apart])
    ties = [np.unique(axis, return_counts=True)[1] for axis in (x, y)]
    sizes = [(1, len(x)), *((-1, size) for counts in ties for size in counts[counts > 1])]
    variance = sum(sign * n * (n - 1) * (2 * n + 5) for sign, n in sizes) / 18
    if variance <= 0:
        return float(np.median(slopes)), np.nan, np.nan
    reach = NormalDist().inv_cdf((1 + LEVEL) / 2) * variance**0.5
    last = min(round((len(slopes) + reach) / 2), len(slopes) - 1)
    first = max(round((len(slopes) - reach) / 2) - 1, 0)
    return float(np.median(slopes)), float(slopes[first]), float(slopes[last])


def trends(values: pd.DataFrame, trials: pd.DataFrame) -> Iterator[QualityIssue]:
    """Drifts and order effects, for each backend and quantity (columns of quantities.by_trial)."""
    for one in series(values.merge(_places(trials), on="trial")):
        drift = trend(one.rows["block"], one.rows["value"])
        if drift:
            sentence = (
                f"{one.about} drifts over the run, from {one.amount(drift.first)} to "
                f"{one.amount(drift.last)} ({_percent(drift)}): does the computer grow hot or "
                "full? let it rest, then run again"
            )
            yield one.issue("drift", sentence)
        order = trend(one.rows["place"], one.rows["value"])
        if order:
            sentence = (
                f"{one.about} depends on its place in the block ({_percent(order)} from first to "
                "last): what ran before disturbs it; compare with a run of fewer backends"
            )
            yield one.issue("order", sentence)


def _places(trials: pd.DataFrame) -> pd.DataFrame:
    """trial, place: the how-manieth of its block it was, whether or not it failed."""
    measured = trials[trials["stage"] == "measured"]
    place = measured.groupby("block")["trial"].rank(method="first")
    return measured[["trial"]].assign(place=place)


def _percent(line: Trend) -> str:
    return f"{line.change * 100:+.0f} %"
