"""False alarms: their rate on data without a difference, and that a difference is seen."""

from __future__ import annotations

import numpy as np
import pytest

from labkit.experiments.selftest.stats import resampling
from labkit.experiments.selftest.stats.resampling import bounds, false_alarms, found, sign_test
from labkit.stats.bootstrap import Interval


def noise(sigma: float, n: int = 16, seed: int = 1) -> list[float]:
    """Ratios of a thing to itself: log-normal, around 1."""
    return [float(x) for x in np.exp(np.random.default_rng(seed).normal(0, sigma, n))]


@pytest.mark.parametrize("ratios", [noise(0.05), [1.5 * ratio for ratio in noise(0.05)]])
def test_without_a_difference_the_alarms_are_as_rare_as_they_should_be(
    ratios: list[float],
) -> None:
    """Also where the blocks do differ: which name is which is drawn anew for each resample."""
    answer = false_alarms(ratios, 40, seed=(1,))
    assert answer.resamples == 100
    assert answer.least <= answer.alarms <= answer.most < 20


def test_a_difference_of_ten_percent_is_seen_in_most_resamples() -> None:
    assert found(noise(0.02), 10, 1.1, seed=(1,)).alarms > 90


def test_a_difference_that_is_far_below_the_noise_is_not() -> None:
    assert found(noise(0.3), 10, 1.001, seed=(1,)).alarms < 25


def test_an_interval_that_is_too_narrow_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def narrow(ratios: np.ndarray) -> Interval:
        middle = float(np.median(ratios))
        return middle, middle * 0.999, middle * 1.001

    monkeypatch.setattr(resampling, "paired_ratio_interval", narrow)
    answer = false_alarms(noise(0.05), 40, seed=(1,))
    assert answer.alarms > answer.most


def test_the_seed_makes_the_resamples() -> None:
    first = false_alarms(noise(0.05), 5, seed=(1, 2), count=20)
    assert first == false_alarms(noise(0.05), 5, seed=(1, 2), count=20)


def test_equal_values_are_no_alarm() -> None:
    assert false_alarms([1.0] * 5, 5, seed=(1,), count=10).alarms == 0


def test_what_chance_allows() -> None:
    """Binomial, 100 resamples at 5 %: P(X > 11) = 0.43 %, P(X = 0) = 0.59 %."""
    assert bounds(100) == (0, 11)
    least, most = bounds(1000)
    assert 30 < least < 50 < most < 70
    assert bounds(100, tests=4)[1] > bounds(100)[1]


@pytest.mark.parametrize(
    ("ratios", "p"),
    [([1.1] * 10, 2 / 2**10), ([1.1, 0.9] * 5, 1.0), ([1.0] * 3, 1.0), ([], 1.0)],
)
def test_the_sign_test(ratios: list[float], p: float) -> None:
    assert sign_test(ratios) == pytest.approx(p)
