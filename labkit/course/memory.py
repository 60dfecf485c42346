"""The exercises of 03-memory."""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd

from labkit.course.exercise import exercise, number, recorded
from labkit.experiments.benchmark import stats
from labkit.units import GIB


@cache
def _table() -> pd.DataFrame:
    run = recorded()
    return stats.memory(run.samples, run.trials)


def _docker() -> pd.Series:
    """Role → median of PSS in bytes."""
    table = _table()
    rows = table[(table["backend"] == "docker") & (table["metric"] == "pss")]
    return rows.set_index("role")["median_bytes"]


@exercise(
    "03-order",
    "the program's file is mapped into other processes of this computer too",
    "a shared page counts in full, in part, or not at all",
)
def order(answer: Any) -> str:
    """RSS, PSS and USS of the bare process, the smallest first."""
    table = _table()
    rows = table[(table["backend"] == "host") & (table["role"] == "each")]
    sizes = rows.set_index("metric")["median_bytes"].reindex(["rss", "pss", "uss"])
    names = [str(name).lower() for name in answer]
    if sorted(names) != sorted(sizes.index):
        return "it is a list of the three names rss, pss and uss, each of them once"
    if names == list(sizes.sort_values().index):
        return ""
    return "what each of them does with a shared page decides, and one is not in its place"


@exercise(
    "03-helper",
    "take the rows of docker with the metric pss",
    "the role `each` is instance and helper together: it is what you divide by",
)
def helper(answer: Any) -> str:
    """What part of a container's PSS is its helper's, in percent?"""
    sizes = _docker()
    truth = 100 * sizes["helper"] / sizes["each"]
    itself = 100 * sizes["instance"] / sizes["each"]
    relative = 100 * sizes["helper"] / sizes["instance"]
    return number(
        answer,
        truth,
        (truth / 100, "in percent, please"),
        (itself, "this is the part of the container itself"),
        (relative, "this is the helper relative to the container, and not to both together"),
    )


@exercise(
    "03-density",
    "what the services take is gone before the first container",
    "a GiB has 1024 MiB; divide what is left by what one of fifty takes",
    # In more room, to forget the services would be within the rounding.
    given=(8, 2, 3, 4, 5, 6, 7),
)
def density(answer: Any, gib: int) -> str:
    """How many containers fit into {given} GiB, by PSS, with the services that they share? Use what
    fifty of them took, not what a lone one takes."""
    sizes, each, room = _docker(), _of_many(), gib * GIB
    services = sizes["services"]
    lone = "this divides by what a lone one takes; what does one of fifty take?"
    once = "the services are there once, and not once for each container"
    return number(
        answer,
        (room - services) // each,
        (room // each, "the services take room too, once for all"),
        *(
            ((room - gone) // sizes[of], lone)
            for of in ("each", "instance")
            for gone in (0, services)
        ),
        (room // (each + services), once),
        part=0.012,
    )


def _of_many() -> float:
    """What one of many containers takes, in bytes (PSS)."""
    run = recorded("density")
    table = stats.instances(run.instances, run.trials)
    rows = table[(table["backend"] == "docker") & (table["metric"] == "pss")]
    most = rows[rows["role"] == "all"].nlargest(1, "running").iloc[0]
    return float(most["total_bytes"] / most["running"])
