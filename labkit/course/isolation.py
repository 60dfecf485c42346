"""The exercises of 06-isolation."""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd

from labkit.course.exercise import exercise, largest, number, recorded
from labkit.experiments.neighbours import stats


@cache
def _trials() -> pd.DataFrame:
    return recorded("neighbours").trials


@cache
def _work() -> pd.DataFrame:
    """What docker's neighbours did, by kind and condition."""
    table = stats.neighbours_work(_trials())
    return table[table["backend"] == "docker"].set_index(["kind", "condition"])


@exercise(
    "06-worst",
    "the rows of docker with the quantity p95 and the condition unlimited",
    "of these three, the kind with the largest median_ratio",
)
def worst(answer: Any) -> str:
    """Which neighbour without limits lengthens the slow requests of a container the most?"""
    table = stats.neighbours(_trials())
    rows = table[(table["backend"] == "docker") & (table["condition"] == "unlimited")]
    tails = rows[rows["quantity"] == "p95"].set_index("kind")["median_ratio"]
    unknown = "it is one of the kinds of neighbours: cpu, memory or disk"
    return largest(answer, tails, unknown, "another one lengthens them more")


@exercise(
    "06-both",
    "the table `work` has the column median_mib_per_s; look at docker and the kind cpu",
    "divide the row `limited` by the row `unlimited`",
)
def both(answer: Any) -> str:
    """How many times as much does a neighbour compute that has a CPU of its own?"""
    rates = _work()["median_mib_per_s"]
    truth = float(rates["cpu", "limited"] / rates["cpu", "unlimited"])
    other = "the other way round: with a CPU of its own, in multiples of without"
    return number(answer, truth, (1 / truth, other))


@exercise(
    "06-refused",
    "the table `work` has the column refused",
    "the row of docker with the kind memory and the condition limited",
)
def refused(answer: Any) -> str:
    """How often was the container that wanted more than its memory limit refused, in all?"""
    counts = _work()["refused"]
    every = (float(counts.sum()), "count only the neighbour that takes memory")
    return number(answer, float(counts["memory", "limited"]), every, part=0)
