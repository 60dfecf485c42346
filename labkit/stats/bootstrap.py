"""The interval that every figure carries."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

RESAMPLES = 9_999
LEVEL = 0.95

Interval = tuple[float | None, float | None, float | None]


def interval(values: Iterable[Any], seed: int = 0) -> Interval:
    """(median, low, high): the median and its 95 % interval, in the unit of the values.

    The interval is the bias-corrected and accelerated bootstrap (BCa; Efron 1987, "Better
    Bootstrap Confidence Intervals", JASA 82). None and NaN are left out. Without values all three
    are None; one value has no interval; equal values have an interval of no width. The order of
    the values does not matter.
    """
    known = np.sort(np.array([_number(value) for value in values], dtype=float))
    known = known[np.isfinite(known)]
    if known.size == 0:
        return None, None, None
    median = float(np.median(known))
    if known.size == 1:
        return median, None, None
    if known[0] == known[-1]:
        return median, median, median
    low, high = _bounds(known, seed)
    # With few, skewed values the correction may step over the median itself; interpolation may
    # round beyond the values.
    return median, max(min(low, median), float(known[0])), min(max(high, median), float(known[-1]))


def _bounds(values: np.ndarray, seed: int) -> tuple[float, float]:
    low, high = _bootstrap(values, "BCa", seed)
    # BCa is undefined where leaving out any one value changes nothing (many ties).
    if not (np.isfinite(low) and np.isfinite(high)):
        low, high = _bootstrap(values, "percentile", seed)
    return low, high


def _bootstrap(values: np.ndarray, method: str, seed: int) -> tuple[float, float]:
    from scipy.stats import bootstrap  # imported here: it takes seconds

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # degenerate data is dealt with by the caller
        bounds = bootstrap(
            (values,),
            np.median,
            n_resamples=RESAMPLES,
            confidence_level=LEVEL,
            method=method,
            rng=np.random.default_rng(seed),
        ).confidence_interval
    return float(bounds.low), float(bounds.high)


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)
