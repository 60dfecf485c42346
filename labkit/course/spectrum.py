"""The exercises of 11-the-spectrum, and the table that they and the chapter look at."""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd

from labkit.course.exercise import exercise, largest, number, recorded
from labkit.experiments.benchmark import stats
from labkit.experiments.isolation.stats import matrix


@cache
def boundaries() -> pd.DataFrame:
    """`stats.spectrum` of the two recordings that the chapter shows, a row a backend."""
    run, seen = recorded("spectrum"), recorded("spectrum-isolation")
    return stats.spectrum(run.trials, run.results, run.samples, matrix(seen.answers))


@exercise(
    "11-quickest",
    "only rows whose `shared` is 0",
    "of these, the one with the smallest median_s",
)
def quickest(answer: Any) -> str:
    """Of the boundaries that share none of the eight things with the host, which starts first?"""
    table = boundaries().set_index("backend")
    if answer in table.index and table.at[answer, "shared"]:
        return "this one shares something with the host"
    seconds = table[table["shared"] == 0]["median_s"]
    return largest(
        answer, -seconds, "it is the name of a boundary of the table", "another is first"
    )


@exercise(
    "11-calls",
    "the column median_call_us has the time of one read and one write of a byte",
    "divide the row of runsc by the row of host",
)
def calls(answer: Any) -> str:
    """How many times as long as on the host do a read and a write take behind runsc? (The medians
    of the table, divided.)"""
    times = boundaries().set_index("backend")["median_call_us"]
    truth = float(times["runsc"] / times["host"])
    return number(answer, truth, (1 / truth, "the other way round: runsc in multiples of the host"))
