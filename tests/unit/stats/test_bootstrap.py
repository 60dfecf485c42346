"""Intervals: what they hold, and what they do with little data."""

from __future__ import annotations

import math
import warnings
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit import stats

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
