"""Cliff's delta: its range, its sign, its words."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit import stats

SAMPLES = st.lists(st.integers(min_value=-50, max_value=50), min_size=1, max_size=12)


@given(SAMPLES, SAMPLES)
def test_it_lies_between_minus_one_and_one_and_turns_with_its_sides(
    first: list[int], second: list[int]
) -> None:
    delta = stats.cliffs_delta(first, second)
    assert -1 <= delta <= 1
    assert stats.cliffs_delta(second, first) == pytest.approx(-delta)


@given(SAMPLES, SAMPLES)
def test_only_the_order_of_values_counts(first: list[int], second: list[int]) -> None:
    stretched = [[math.exp(value / 10) for value in side] for side in (first, second)]
    assert stats.cliffs_delta(*stretched) == pytest.approx(stats.cliffs_delta(first, second))


@given(SAMPLES)
def test_a_group_is_not_ahead_of_itself(values: list[int]) -> None:
    assert stats.cliffs_delta(values, values) == 0


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([3, 4], [1, 2], 1.0),
        ([1, 2], [3, 4], -1.0),
        ([1, 2, 3], [2], 0.0),
        ([2, 3], [2], 0.5),
        ([2, None, float("nan")], [1], 1.0),
    ],
)
def test_by_hand(first: list[float], second: list[float], expected: float) -> None:
    assert stats.cliffs_delta(first, second) == expected


def test_without_values_it_is_not_known() -> None:
    assert math.isnan(stats.cliffs_delta([], [1.0]))
    assert stats.magnitude(float("nan")) == ""


@pytest.mark.parametrize(
    ("delta", "word"),
    [(0.0, "negligible"), (-0.15, "small"), (0.33, "medium"), (-0.474, "large"), (1.0, "large")],
)
def test_magnitudes_have_words(delta: float, word: str) -> None:
    assert stats.magnitude(delta) == word
