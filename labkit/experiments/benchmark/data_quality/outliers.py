"""Quality issues of single trials: those far from the others, and a slow first one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from labkit.experiments.benchmark.data_quality.issue import QualityIssue, Series, named, series

# A modified z-score above this marks an outlier: Iglewicz & Hoaglin 1993, "How to Detect and
# Handle Outliers". It is taken of the logarithms: durations and rates are skewed to the right.
FAR = 3.5
# By that score alone, one in five (n = 5) to one in eleven (n = 30) samples without any outlier
# would have one. Half as much again is what a reader would call far off, too: with it, one in 600
# where values spread by 10 %, and still one in twelve where they spread by 20 % (simulated,
# lognormal values).
WORTH = math.log(1.5)
# Values that hardly differ have a tiny spread, in which each is an "outlier".
LEAST_SPREAD = math.log(1.01)
LEAST_TRIALS = 5  # below this, nobody knows which ones are "the others"


def scores(values: pd.Series, among: pd.Series) -> pd.Series:
    """How far each value lies from the median of `among`: its modified z-score, with its sign;
    zero where it is not worth a word. NaN for what has no logarithm."""
    logarithms = np.log(among.where(among > 0))
    middle = logarithms.median()
    spread = max(float((logarithms - middle).abs().median()), LEAST_SPREAD)
    off = np.log(values.where(values > 0)) - middle
    found: pd.Series = 0.6745 * off.where(off.abs() >= WORTH, 0.0) / spread
    return found


def outliers(values: pd.DataFrame, warmups: Mapping[str, int]) -> Iterator[QualityIssue]:
    """Trials far from the others, for each backend and quantity (columns of quantities.by_trial).
    A slow first start has a likely reason, and a sentence of its own."""
    for one in series(values):
        if len(one.rows) < LEAST_TRIALS:
            continue
        rows = one.rows.sort_values("trial", ignore_index=True)
        score = scores(rows["value"], rows["value"])
        far = score.abs() > FAR
        if one.quantity == "startup_s" and far[0] and score[0] > 0:
            yield _slow_first(one, rows, warmups.get(one.backend, 0) + 1)
            far[0] = False
        if far.any():
            yield _far_off(one, rows[far], rows.loc[~far, "value"].median())


def _slow_first(one: Series, rows: pd.DataFrame, warmups: int) -> QualityIssue:
    first, others = rows["value"].iloc[0], rows["value"].iloc[1:].median()
    sentence = (
        f"the first start of {one.backend} took {one.amount(first)}, the others "
        f"{one.amount(others)}: were caches cold? use --warmups {warmups}"
    )
    return one.issue("slow first", sentence, rows["trial"].iloc[:1])


def _far_off(one: Series, far: pd.DataFrame, others: float) -> QualityIssue:
    there = ", ".join(one.amount(value) for value in far["value"])
    sentence = (
        f"{one.about}: {named(far['trial'])} far off ({there}; the others {one.amount(others)}): "
        f"did something disturb it? more trials tell (--repeats {2 * len(one.rows)})"
    )
    return one.issue("outlier", sentence, far["trial"])
