"""Ratios to a reference: in pairs, and of two medians."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit import stats

SAMPLES = st.lists(st.floats(min_value=0.01, max_value=100), min_size=2, max_size=8)
FIGURES = ["median_ratio", "low_ratio", "high_ratio"]


def frame(values: list[Any]) -> pd.DataFrame:
    blocks = range(1, len(values) + 1)
    return pd.DataFrame({"backend": "docker", "block": blocks, "value": values}, dtype="object")


def only(values: list[Any], reference: list[Any], pair: str | None = None) -> Any:
    table = stats.ratios(frame(values), frame(reference), "value", ["backend"], pair=pair)
    assert len(table) == 1
    return table.iloc[0]


def test_pairs_cancel_what_disturbs_a_whole_block() -> None:
    row = only([2.0, 20.0, 200.0], [1.0, 10.0, 100.0], pair="block")
    assert list(row[FIGURES]) == [2.0, 2.0, 2.0]
    assert row["n_ratio"] == 3
    apart = only([2.0, 20.0, 200.0], [1.0, 10.0, 100.0])
    assert apart["median_ratio"] == 2.0
    assert apart["low_ratio"] < 1 < apart["high_ratio"]


def test_a_pair_that_is_not_whole_does_not_count() -> None:
    row = only([2.0, None, 8.0, 9.0], [1.0, 1.0, 2.0, 0.0], pair="block")
    assert row["n_ratio"] == 2
    assert row["median_ratio"] == pytest.approx(math.sqrt(2 * 4))


def test_a_reference_only_counts_where_it_is_alike() -> None:
    values = pd.DataFrame(
        {"backend": "docker", "block": 1, "workload": ["cpu", "fork"], "value": [1.0, 9.0]}
    )
    reference = values.assign(backend="host", value=[2.0, 3.0])
    keys = ["backend", "workload"]
    table = stats.ratios(values, reference, "value", keys, match=["workload"], pair="block")
    assert list(table["median_ratio"]) == [0.5, 3.0]
    assert list(table["delta"]) == [-1.0, 1.0]


@pytest.mark.parametrize("pair", ["block", None])
@pytest.mark.parametrize(("values", "reference"), [([], [1.0]), ([1.0], []), ([1.0], [0.0])])
def test_what_cannot_be_divided_is_not_known(
    values: list[float], reference: list[float], pair: str | None
) -> None:
    given_values = frame([*values, None])
    table = stats.ratios(given_values, frame(reference), "value", ["backend"], pair=pair)
    assert table[FIGURES].isna().all(axis=None)


def test_one_value_on_a_side_has_a_ratio_and_no_interval() -> None:
    row = only([4.0], [1.0, 2.0, 3.0])
    assert row["median_ratio"] == 2.0
    assert math.isnan(row["low_ratio"])


@settings(max_examples=25, deadline=None)
@given(SAMPLES, SAMPLES, st.sampled_from(["block", None]))
def test_the_unit_of_the_values_does_not_matter(
    first: list[float], second: list[float], pair: str | None
) -> None:
    row = only(first, second, pair)
    scaled = only([1024 * v for v in first], [1024 * v for v in second], pair)
    assert list(scaled[FIGURES]) == pytest.approx(list(row[FIGURES]), nan_ok=True)
    assert scaled["delta"] == row["delta"]


@settings(max_examples=25, deadline=None)
@given(SAMPLES, SAMPLES)
def test_the_interval_of_two_medians_holds_their_ratio(
    first: list[float], second: list[float]
) -> None:
    row = only(first, second)
    low, high = min(first) / max(second), max(first) / min(second)
    assert low * 0.999 <= row["low_ratio"] <= row["median_ratio"] <= row["high_ratio"]
    assert row["high_ratio"] <= high * 1.001


def test_of_a_block_that_was_begun_twice_the_later_reference_counts() -> None:
    """A resumed run may hold a block's baseline twice: the first one is of the torn block."""
    values = pd.DataFrame({"backend": ["docker"], "block": [1], "value": [4.0]})
    reference = pd.DataFrame({"backend": "host", "block": [1, 1], "value": [1.0, 2.0]})
    table = stats.ratios(values, reference, "value", ["backend"], pair="block")
    assert table["median_ratio"].tolist() == [2.0]
