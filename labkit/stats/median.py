"""The bootstrap distribution of a median, in closed form: nothing is drawn at random.

The median of a resample is one of the values (of an odd number), or the mean of two of them. How
likely each is follows from the binomial distribution alone (Efron 1979, "Bootstrap Methods:
Another Look at the Jackknife", Annals of Statistics 7, section 3, for odd numbers; Maritz and
Jarrett 1978, "A Note on Estimating the Variance of the Sample Median", JASA 73, for both).
"""

from __future__ import annotations

from functools import lru_cache
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

NORMAL = NormalDist()
# In standard deviations of the rank: what lies farther from the middle has no weight that counts.
FAR = 7.0


class _Resampled(NamedTuple):
    """(x[lower] + x[upper]) / 2 is the median of a resample with this probability."""

    lower: np.ndarray
    upper: np.ndarray
    weight: np.ndarray


def bca_bounds(sample: tuple[float, ...], level: float) -> tuple[float, float]:
    """Bounds of the bias-corrected and accelerated interval of the median of sorted values, two
    or more (Efron 1987, "Better Bootstrap Confidence Intervals", JASA 82); those of the percentile
    interval where leaving out any one value changes nothing (many ties)."""
    x, tail = np.array(sample), (1 - level) / 2
    lower, upper, weight = _resampled(len(x))
    medians = (x[lower] + x[upper]) / 2
    below = weight[medians < np.median(x)].sum() + weight[medians == np.median(x)].sum() / 2
    shares = [_corrected(share, below, x) for share in (tail, 1 - tail)]
    order = np.argsort(medians, kind="stable")
    reached = np.searchsorted(np.cumsum(weight[order]), shares)
    low, high = medians[order[np.minimum(reached, len(order) - 1)]]
    return float(low), float(high)


def _corrected(share: float, below: float, x: np.ndarray) -> float:
    """Which share of the distribution is to lie below a bound instead of `share`."""
    left_out, times = _jackknife(x)
    off = (left_out * times).sum() / len(x) - left_out
    spread = (times * off**2).sum()
    if spread == 0 or not 0 < below < 1:
        return share
    acceleration = (times * off**3).sum() / (6 * spread**1.5)
    bias = NORMAL.inv_cdf(below)
    shifted = bias + NORMAL.inv_cdf(share)
    return NORMAL.cdf(bias + shifted / (1 - acceleration * shifted))


def _jackknife(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The medians with one value left out, and how often each occurs."""
    half, odd = divmod(len(x), 2)
    if not odd:
        return x[[half, half - 1]], np.array([half, half])
    before, middle, after = x[half - 1 : half + 2]
    medians = [(middle + after) / 2, (before + after) / 2, (before + middle) / 2]
    return np.array(medians), np.array([half, 1, half])


@lru_cache(maxsize=512)
def _resampled(n: int) -> _Resampled:
    half, odd = divmod(n, 2)
    reach = int(FAR * n**0.5 / 2) + 2
    ranks = np.arange(max(1, half + 1 - reach), min(n, half + 1 + reach) + 1)
    if odd:
        return _Resampled(ranks - 1, ranks - 1, np.diff(_at_least(half + 1, n, ranks), prepend=0))
    own = np.diff(_at_least(half, n, ranks), prepend=0)  # of the lower one of the middle two
    # The lower half ends at one rank, the upper half begins at another.
    ways = _log_factorials(n)[n] - 2 * _log_factorials(n)[half]
    ends, begins = _log_ends(ranks, n, half), _log_ends(n + 1 - ranks, n, half)
    first, second = np.triu_indices(len(ranks), 1)
    apart = np.exp(ways + ends[first] + begins[second])
    same = own - np.bincount(first, apart, len(ranks))
    places = np.arange(len(ranks))
    lower, upper = np.concatenate([first, places]), np.concatenate([second, places])
    weight = np.concatenate([apart, np.maximum(same, 0)])
    return _Resampled(ranks[lower] - 1, ranks[upper] - 1, weight)


def _log_ends(ranks: np.ndarray, n: int, half: int) -> np.ndarray:
    """The logarithm of the probability that so many draws all are of these ranks or below, and
    one at least is of the rank itself."""
    ends: np.ndarray = half * np.log(ranks / n) + np.log1p(-(((ranks - 1) / ranks) ** half))
    return ends


def _at_least(m: int, n: int, ranks: np.ndarray) -> np.ndarray:
    """The probability that at least m of n drawn values are among the first so many."""
    k, share = np.arange(m, n + 1), (ranks / n)[:, None]
    log = _log_factorials(n)
    ways = log[n] - log[k] - log[n - k]
    with np.errstate(divide="ignore", invalid="ignore"):
        rest = np.where(k == n, 0.0, (n - k) * np.log1p(-share))
    likely: np.ndarray = np.exp(ways + k * np.log(share) + rest).sum(axis=1)
    return likely


def _log_factorials(n: int) -> np.ndarray:
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
