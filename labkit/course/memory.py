"""The exercises of 03-memory."""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd

from labkit import stats
from labkit.course.exercise import Exercise
from labkit.course.judging import direction, near
from labkit.course.recorded import recorded

ROOM = 8 * 2**30


@cache
def _table() -> pd.DataFrame:
    run = recorded()
    return stats.memory(run.samples, run.trials)


def _docker(metric: str = "pss") -> pd.Series:
    """Role → median in bytes."""
    table = _table()
    mine = table[(table["backend"] == "docker") & (table["metric"] == metric)]
    return mine.set_index("role")["median_bytes"]


def order(answer: Any) -> str:
    """RSS, PSS and USS of the bare process, the smallest first."""
    table = _table()
    mine = table[(table["backend"] == "host") & (table["role"] == "each")]
    sizes = mine.set_index("metric")["median_bytes"].reindex(["rss", "pss", "uss"])
    names = [str(name).lower() for name in answer]
    if sorted(names) != sorted(sizes.index):
        return "it is a list of the three names rss, pss and uss, each of them once"
    if names == list(sizes.sort_values().index):
        return ""
    return "what each of them does with a shared page decides, and one is not in its place"


def helper(answer: Any) -> str:
    """What part of a container's PSS is its helper's, in percent?"""
    sizes = _docker()
    truth = 100 * sizes["helper"] / sizes["each"]
    if near(answer, truth):
        return ""
    if near(answer, truth / 100):
        return "in percent, please"
    if near(answer, 100 * sizes["instance"] / sizes["each"]):
        return "this is the part of the container itself"
    if near(answer, 100 * sizes["helper"] / sizes["instance"]):
        return "this is the helper relative to the container, and not to both together"
    return direction(answer, truth)


def density(answer: Any) -> str:
    """How many such containers fit into 8 GiB, with the services that they share?"""
    sizes = _docker()
    truth = (ROOM - sizes["services"]) // sizes["each"]
    if near(answer, truth, part=0.005):
        return ""
    if near(answer, ROOM // sizes["each"], part=0.005):
        return "the services take room too, once for all"
    if near(answer, ROOM // (sizes["each"] + sizes["services"]), part=0.005):
        return "the services are there once, and not once for each container"
    if near(answer, (ROOM - sizes["services"]) // sizes["instance"], part=0.005):
        return "beside each container stands its helper"
    return direction(answer, truth)


EXERCISES = {
    "03-order": Exercise(
        order,
        (
            "the program's file is mapped into other processes of this computer too",
            "a shared page counts in full, in part, or not at all",
        ),
    ),
    "03-helper": Exercise(
        helper,
        (
            "take the rows of docker with the metric pss",
            "the role `each` is instance and helper together: it is what you divide by",
        ),
    ),
    "03-density": Exercise(
        density,
        (
            "what the services take is gone before the first container",
            "8 GiB are 8 * 1024 MiB; divide what is left by the role `each`, and drop the rest",
        ),
    ),
}
