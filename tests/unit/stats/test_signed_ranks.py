"""The interval of paired ratios: against tables of Wilcoxon's test, and against all averages."""

from __future__ import annotations

import numpy as np
import pytest

from labkit.stats.signed_ranks import _left_out, interval_of_logs, paired_ratio_interval

# Hollander, Wolfe, Chicken 2014, table A.4: the largest sum of ranks that is rejected at 5 %.
CRITICAL = {6: 0, 7: 2, 8: 3, 10: 8, 15: 25, 20: 52, 25: 89}


@pytest.mark.parametrize(("n", "sum_of_ranks"), CRITICAL.items())
def test_as_many_averages_are_left_out_as_the_tables_say(n: int, sum_of_ranks: int) -> None:
    assert _left_out(n) == sum_of_ranks


@pytest.mark.parametrize("n", [2, 3, 5])
def test_few_pairs_say_no_more_than_their_least_and_greatest(n: int) -> None:
    quotients = [1.1**k for k in range(n)]
    _, low, high = paired_ratio_interval(quotients)
    assert (low, high) == pytest.approx((quotients[0], quotients[-1]))


@pytest.mark.parametrize("n", [6, 60, 61, 200])
def test_bounds_are_walsh_averages(n: int) -> None:
    logs = np.random.default_rng(n).normal(0, 1, n)
    first, second = np.triu_indices(n)
    averages, beyond = np.sort((logs[first] + logs[second]) / 2), _left_out(n)
    wanted = (np.median(averages), averages[beyond], averages[-1 - beyond])
    assert interval_of_logs(logs) == pytest.approx(wanted, abs=1e-12)


def test_turned_round_the_ratio_is_its_inverse() -> None:
    quotients = np.random.default_rng(1).lognormal(0.1, 0.3, 12)
    ratio, low, high = paired_ratio_interval(quotients)
    assert ratio and low and high
    assert paired_ratio_interval(1 / quotients) == pytest.approx((1 / ratio, 1 / high, 1 / low))


@pytest.mark.parametrize(
    ("quotients", "expected"),
    [([], (None, None, None)), ([2.0], (2.0, None, None)), ([3.0] * 4, (3.0, 3.0, 3.0))],
)
def test_little_data(quotients: list[float], expected: tuple[float | None, ...]) -> None:
    assert paired_ratio_interval(quotients) == expected


def test_a_zero_has_no_logarithm_and_still_an_interval() -> None:
    ratio, low, high = paired_ratio_interval([0.0, 1.0, 2.0, 3.0])
    assert (ratio, low, high) == (1.5, 0.0, 3.0)
