"""The A/A test: the same backend under two names, in one interleaved run of real trials."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

import pandas as pd

from labkit.experiments.selftest.stats import resampling
from labkit.recordings.selftest import AATest, Estimate, Quantity
from labkit.stats.signed_ranks import paired_ratio_interval

# The rate of false alarms is shown for the numbers of blocks that runs have, and judged at the
# last one: of 2,000 resamples of 12 or 20 blocks of simulated noise the interval was wrong in 6.0
# and 6.8 % at n = 5, 4.8 and 5.6 % at 10, 2.8 and 3.1 % at 40, where each block is drawn more than
# once.
BLOCKS = (5, 10, 40)
EFFECT, EFFECT_BLOCKS = 1.1, 10
# What is compared → its column.
QUANTITIES: Mapping[Quantity, str] = {"startup": "startup_s", "cpu": "ops_per_s"}


def a_a_tests(trials: pd.DataFrame, names: Sequence[str], seed: int) -> tuple[AATest, ...]:
    """One figure a backend and quantity; the same seed gives the same resamples."""
    return tuple(_tests(trials, names, seed))


def _tests(trials: pd.DataFrame, names: Sequence[str], seed: int) -> Iterator[AATest]:
    tests = len(names) * len(QUANTITIES)
    for place, name in enumerate(names):
        for number, (quantity, column) in enumerate(QUANTITIES.items()):
            ratios = tuple(paired_ratios(trials, name, column))
            yield _test(name, quantity, ratios, (seed, place, number), tests)


# It takes seconds, and text, page and verdict ask for it.
@lru_cache(maxsize=64)
def _test(
    name: str, quantity: Quantity, ratios: tuple[float, ...], draws: tuple[int, ...], tests: int
) -> AATest:
    return AATest(
        backend=name,
        quantity=quantity,
        ratio=_estimate(ratios),
        sign_test_p=resampling.sign_test(ratios),
        false_alarms=tuple(
            resampling.false_alarms(ratios, blocks, seed=draws, tests=tests) for blocks in BLOCKS
        ),
        effect=EFFECT,
        found=resampling.found(ratios, EFFECT_BLOCKS, EFFECT, seed=draws),
    )


def _estimate(ratios: tuple[float, ...]) -> Estimate:
    ratio, low, high = paired_ratio_interval(ratios)
    return Estimate(n=len(ratios), median=ratio, low=low, high=high)


def paired_ratios(trials: pd.DataFrame, name: str, column: str) -> list[float]:
    """The second name's value relative to the first's, for each block that has both."""
    rows = trials[(trials["part"] == "a_a") & (trials["backend"] == name) & (trials[column] > 0)]
    value = {
        second: rows[rows["second"] == second].set_index("block")[column]
        for second in (False, True)
    }
    ratios = (value[True] / value[False]).dropna()
    return [float(ratio) for ratio in ratios.sort_index()]
