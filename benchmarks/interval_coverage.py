"""How often the lab's 95 % interval of a median holds the true median, beside two other methods.

Values are drawn from a lognormal distribution, whose median is 1: skewed to the right, as
durations are. For each number of trials: how many of the intervals hold that 1, and how wide they
are (median width, relative to the true median). An interval that does not exist counts as a miss.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable

import numpy as np
from scipy.stats import bootstrap, quantile_test

from labkit.stats import interval
from labkit.stats.bootstrap import LEVEL, RESAMPLES

Bounds = tuple[float, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=1000, help="samples for each n")
    parser.add_argument("--sizes", default="3,5,10,20,30")
    parser.add_argument("--sigma", type=float, default=0.3, help="of the values' logarithms")
    options = parser.parse_args()
    print(f"lognormal, sigma {options.sigma}; {options.repeats} samples for each n")
    for n in map(int, options.sizes.split(",")):
        rng = np.random.default_rng(n)
        samples = rng.lognormal(0, options.sigma, (options.repeats, n))
        words = [f"{name} {describe(method, samples)}" for name, method in METHODS.items()]
        print(f"n = {n:2}: " + "; ".join(words), flush=True)


def describe(method: Callable[[np.ndarray], Bounds], samples: np.ndarray) -> str:
    bounds = np.array([method(sample) for sample in samples])
    held = (bounds[:, 0] <= 1) & (bounds[:, 1] >= 1)
    exists = np.isfinite(bounds).all(axis=1)
    if not exists.any():
        return "gives none"
    width = np.median((bounds[:, 1] - bounds[:, 0])[exists])
    return f"{held.mean():.1%} (width {width:.2f})"


def ours(sample: np.ndarray) -> Bounds:
    _, low, high = interval(sample)
    return (np.nan, np.nan) if low is None or high is None else (low, high)


def percentile(sample: np.ndarray) -> Bounds:
    found = bootstrap(
        (sample,),
        np.median,
        n_resamples=RESAMPLES,
        confidence_level=LEVEL,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return float(found.low), float(found.high)


def order_statistics(sample: np.ndarray) -> Bounds:
    """Exact for any continuous distribution: two of the values themselves, chosen by the binomial
    distribution (Conover 1999, "Practical Nonparametric Statistics", 3.2)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = quantile_test(sample, q=1, p=0.5).confidence_interval(confidence_level=LEVEL)
    return float(found.low), float(found.high)


METHODS: dict[str, Callable[[np.ndarray], Bounds]] = {
    "BCa": ours,
    "percentile": percentile,
    "order statistics": order_statistics,
}


if __name__ == "__main__":
    main()
