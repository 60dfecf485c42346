"""The exercises of 12-from-one-container-to-many."""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd

from labkit.course.exercise import exercise, number, recorded
from labkit.experiments.orchestration import stats


@cache
def _outcomes() -> pd.DataFrame:
    return stats.outcomes(recorded("orchestration").outcomes).set_index("part")


@exercise(
    "12-lost",
    "the row `rollout abrupt` of the table has the columns sent and lost",
    "where none of N was lost, with 95 % confidence less than 3 in N are: the rule of three",
)
def lost(answer: Any) -> str:
    """Of 100,000 requests during abrupt rollouts, how many at most would be lost, with 95 %
    confidence? The upper bound of Poisson's rate (Garwood 1936), which is the rule of three where
    none was lost."""
    from scipy.stats import chi2

    table = _outcomes()
    sent, lost = (float(table[name]["rollout abrupt"]) for name in ("sent", "lost"))
    truth = float(chi2.ppf(0.95, 2 * (lost + 1)) / 2) / sent * 100_000
    both = float(table["sent"].sum())
    patient_too = (truth * sent / both, "only the abrupt rollouts are asked for")
    return number(answer, truth, patient_too, (truth / 100_000, "of 100,000, not of one"))


@exercise(
    "12-each",
    "the row `scale` has median_s and pods; one of these pods was there before",
    "divide median_s by the number of pods that were added",
)
def each(answer: Any) -> str:
    """When one pod becomes many, how many seconds is that for each pod that was added: the whole
    time divided by their number?"""
    table = _outcomes()
    pods, seconds = (float(table[name]["scale"]) for name in ("pods", "median_s"))
    return number(answer, seconds / (pods - 1), (seconds, "this is the time of all of them"))
