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
    "the table `table` has the columns sent and lost",
    "both rows whose part begins with rollout, their lost added",
)
def lost(answer: Any) -> str:
    """How many requests were lost during all rollouts, abrupt and patient together?"""
    counts = _outcomes()[["sent", "lost"]].sum()
    every = (float(counts["sent"]), "these are the requests that were sent")
    return number(answer, float(counts["lost"]), every, part=0)


@exercise(
    "12-each",
    "the row `scale` has median_s and pods; one of these pods was there before",
    "divide median_s by the number of pods that were added",
)
def each(answer: Any) -> str:
    """When one pod becomes many, how many seconds does each further one take, on average?"""
    table = _outcomes()
    pods, seconds = (float(table[name]["scale"]) for name in ("pods", "median_s"))
    return number(answer, seconds / (pods - 1), (seconds, "this is the time of all of them"))
