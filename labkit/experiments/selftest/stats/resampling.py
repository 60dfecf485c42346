"""How often an interval claims a difference where none is: measured blocks, resampled.

A resample draws blocks (with replacement where it needs more than there are) and assigns the two
names at random within each block: a random sign of the logarithm of its ratio. So nothing differs,
whatever was measured (the idea of a randomization test; Fisher 1935, "The Design of Experiments"),
and a 95 % interval should leave out 1 in 5 of 100 resamples. How many it may be by chance is
binomial.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from labkit.recordings.selftest import Resampling
from labkit.stats.bootstrap import LEVEL, Interval
from labkit.stats.signed_ranks import paired_ratio_interval

COUNT = 100
# The share of sound selftests that this part of the verdict lets pass.
ACCEPTED = 0.99


def false_alarms(
    ratios: Sequence[float], blocks: int, *, seed: Sequence[int], count: int = COUNT, tests: int = 1
) -> Resampling:
    """Resamples in which nothing differs. tests: how many such verdicts are given together; the
    chance to be wrong is shared among them (Bonferroni)."""
    alarms = _alarms(ratios, blocks, count, seed, effect=1.0)
    least, most = bounds(count, tests)
    return Resampling(blocks=blocks, resamples=count, alarms=alarms, least=least, most=most)


def found(
    ratios: Sequence[float], blocks: int, effect: float, *, seed: Sequence[int]
) -> Resampling:
    """The same resamples with an effect put in, such as 1.1: how often it is seen."""
    alarms = _alarms(ratios, blocks, COUNT, seed, effect)
    return Resampling(blocks=blocks, resamples=COUNT, alarms=alarms, least=0, most=COUNT)


def bounds(count: int, tests: int = 1) -> tuple[int, int]:
    """The fewest and the most alarms that chance explains."""
    from scipy.stats import binom  # imported here: it takes seconds

    tail = (1 - ACCEPTED) / tests / 2
    rate = 1 - LEVEL
    return int(binom.ppf(tail, count, rate)), int(binom.ppf(1 - tail, count, rate))


def sign_test(ratios: Sequence[float]) -> float:
    """The probability of so many ratios on one side of 1, if each side is equally likely."""
    from scipy.stats import binomtest

    sides = [ratio > 1 for ratio in ratios if ratio != 1]
    return float(binomtest(sum(sides), len(sides)).pvalue) if sides else 1.0


def _alarms(
    ratios: Sequence[float], blocks: int, count: int, seed: Sequence[int], effect: float
) -> int:
    rng = np.random.default_rng([*seed, blocks])
    logs = np.log(np.asarray(ratios, dtype=float))
    alarms = 0
    for _ in range(count):
        drawn = rng.choice(logs, blocks, replace=blocks > len(logs))
        drawn *= rng.choice([-1.0, 1.0], blocks)
        alarms += _excludes_one(paired_ratio_interval(effect * np.exp(drawn)))
    return alarms


def _excludes_one(interval: Interval) -> bool:
    _, low, high = interval
    return low is not None and high is not None and not low <= 1 <= high
