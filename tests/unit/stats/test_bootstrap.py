"""Intervals: what they hold, and what they do with little data."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from itertools import product
from statistics import median
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit import stats
from labkit.stats.median import _resampled

VALUES = st.floats(min_value=1e-6, max_value=1e12)


@settings(max_examples=40, deadline=None)
@given(st.lists(VALUES, min_size=2, max_size=12))
def test_interval_holds_the_median_and_stays_within_the_values(values: list[float]) -> None:
    median, low, high = stats.interval(values)
    assert low is not None and median is not None and high is not None
    assert min(values) <= low <= median <= high <= max(values)


@settings(max_examples=20, deadline=None)
@given(st.lists(VALUES, min_size=2, max_size=8), st.randoms(use_true_random=False))
def test_interval_does_not_depend_on_the_order(values: list[float], random: Any) -> None:
    shuffled = values.copy()
    random.shuffle(shuffled)
    assert stats.interval(values) == stats.interval(shuffled)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], (None, None, None)),
        ([None, float("nan")], (None, None, None)),
        ([3.0], (3.0, None, None)),
        ([3.0, None], (3.0, None, None)),
        ([2, 2, 2], (2.0, 2.0, 2.0)),
    ],
)
def test_interval_of_little_data(values: list[Any], expected: tuple[Any, ...]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert stats.interval(values) == expected


def test_interval_of_many_ties_is_defined() -> None:
    _, low, high = stats.interval([1.0] * 9 + [2.0])
    assert low == 1.0
    assert high is not None and math.isfinite(high)


@pytest.mark.parametrize("n", [2, 3, 5, 8, 9, 20, 41])
def test_bounds_in_closed_form_are_those_of_resamples(n: int) -> None:
    """scipy draws them at random: a bound may come out as the next one of the values, which hold
    a share of the distribution each."""
    from scipy.stats import bootstrap

    sample = np.sort(np.random.default_rng(n).lognormal(0, 0.3, n))
    drawn = bootstrap((sample,), np.median, n_resamples=20_000, rng=np.random.default_rng(1))
    medians = drawn.bootstrap_distribution
    _, *ours = stats.interval(sample)
    for bound, theirs in zip(ours, drawn.confidence_interval, strict=True):
        assert bound is not None
        between = sorted([bound, theirs])
        apart = ((medians > between[0]) & (medians < between[1])).mean()
        assert apart < 0.01


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6])
def test_the_distribution_is_that_of_all_resamples_there_are(n: int) -> None:
    """Each of n values in each of n places: counted, not drawn."""
    counted = Counter(median(resample) for resample in product(range(n), repeat=n))
    ours: Counter[float] = Counter()
    for lower, upper, weight in zip(*_resampled(n), strict=True):
        ours[(lower + upper) / 2] += weight
    assert {value: ours[value] for value in counted} == pytest.approx(
        {value: count / n**n for value, count in counted.items()}
    )
    assert sum(ours.values()) == pytest.approx(1)


@pytest.mark.parametrize("n", [1667, 10_000])
def test_many_values_have_the_width_that_theory_gives(n: int) -> None:
    """Of normal values the median's standard error is sqrt(pi / 2 n) of their deviation."""
    _, low, high = stats.interval(np.random.default_rng(n).normal(0, 1, n))
    assert low is not None and high is not None
    assert (high - low) == pytest.approx(2 * 1.96 * math.sqrt(math.pi / 2 / n), rel=0.3)
