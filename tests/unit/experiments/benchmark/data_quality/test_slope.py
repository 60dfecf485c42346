"""The slope of a trend: as scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import theilslopes

from labkit.experiments.benchmark.data_quality.trends import LEVEL, _slope


@pytest.mark.parametrize("seed", range(6))
def test_slope_and_bounds_are_those_of_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = np.repeat(np.arange(1.0, 11.0), 1 + seed % 2)
    y = np.round(rng.lognormal(0, 0.3, len(x)) + 0.02 * x, 1 + seed % 3)
    theirs = theilslopes(y, x, alpha=LEVEL)
    assert _slope(x, y) == pytest.approx((theirs.slope, theirs.low_slope, theirs.high_slope))


def test_equal_values_have_no_interval() -> None:
    slope, low, high = _slope(np.arange(10.0), np.ones(10))
    assert slope == 0 and np.isnan([low, high]).all()
