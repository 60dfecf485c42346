"""The exercises of 06-isolation."""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd

from labkit import neighbours, stats
from labkit.course.exercise import Exercise
from labkit.course.judging import direction, near


@cache
def _trials() -> pd.DataFrame:
    return neighbours.load().trials


@cache
def _work() -> pd.DataFrame:
    """What docker's neighbours did, by kind and condition."""
    table = stats.neighbours_work(_trials())
    return table[table["backend"] == "docker"].set_index(["kind", "condition"])


def worst(answer: Any) -> str:
    """Which neighbour without limits lengthens the slow requests of a container the most?"""
    table = stats.neighbours(_trials())
    mine = table[(table["backend"] == "docker") & (table["condition"] == "unlimited")]
    tails = mine[mine["quantity"] == "p95"].set_index("kind")["median_ratio"]
    if answer not in tails.index:
        return "it is one of the kinds of neighbours: cpu, memory or disk"
    return "" if answer == tails.idxmax() else "another one lengthens them more"


def both(answer: Any) -> str:
    """How many times as much does a neighbour compute that has a CPU of its own?"""
    rates = _work()["median_mib_per_s"]
    truth = float(rates["cpu", "limited"] / rates["cpu", "unlimited"])
    if near(answer, truth):
        return ""
    if near(answer, 1 / truth):
        return "the other way round: with a CPU of its own, in multiples of without"
    return direction(answer, truth)


def refused(answer: Any) -> str:
    """How often was the container that wanted more than its memory limit refused, in all?"""
    truth = float(_work()["refused"]["memory", "limited"])
    if near(answer, truth, part=0):
        return ""
    if near(answer, float(_work()["refused"].sum()), part=0) and truth:
        return "count only the neighbour that takes memory"
    return direction(answer, truth)


EXERCISES = {
    "06-worst": Exercise(
        worst,
        (
            "the rows of docker with the quantity p95 and the condition unlimited",
            "of these three, the kind with the largest median_ratio",
        ),
    ),
    "06-both": Exercise(
        both,
        (
            "the table `work` has the column median_mib_per_s; look at docker and the kind cpu",
            "divide the row `limited` by the row `unlimited`",
        ),
    ),
    "06-refused": Exercise(
        refused,
        (
            "the table `work` has the column refused",
            "the row of docker with the kind memory and the condition limited",
        ),
    ),
}
